/** What the store's tests share: a store on a simulated disk, keys and values as text. */

import { LIVE_CODECS } from '../../src/keyspace/codecs.ts';
import { COLD, NEED_KEY, NEED_VALUE } from '../../src/keyspace/storage.ts';
import type { Found, Need } from '../../src/keyspace/storage.ts';
import type { Clock } from '../../src/io/clock.ts';
import type { Files } from '../../src/io/files.ts';
import { ByteRange } from '../../src/lib/byte-range.ts';
import { MANIFEST_NAME, decodeManifest, type Manifest } from '../../src/store/format/manifest.ts';
import type { HintMaker } from '../../src/store/hints/hint-maker.ts';
import { openStore } from '../../src/store/open-store.ts';
import type { StoreOptions } from '../../src/store/open-store.ts';
import type { TornTail } from '../../src/store/recovery/torn-tails.ts';
import type { Paging } from '../../src/store/store-parts.ts';
import type { Store } from '../../src/store/store.ts';
import type { StoreError } from '../../src/store/store-error.ts';
import type { SimFiles } from '../sim/sim-files.ts';

export const MIB = 1024 * 1024;

export const SMALL: StoreOptions = {
  segmentBytes: 1 * MIB,
  hotTailBytes: 1 * MIB,
  memoryBytes: 64 * MIB,
  readCacheBytes: 4 * MIB,
  appendfsync: 'everysec',
  diskReserveBytes: 0,
  damagedRecords: 'refuse',
  codecs: new Map(LIVE_CODECS.map((codec) => [codec.type, codec])),
};

/** Values of a few hundred bytes are in pages, a page or two a commit; ten deltas make a run. */
export const TINY_PAGES: Paging = {
  baseBytesMin: 600, pageBytes: 200, runBytesMin: 400, runDeltasMin: 10,
  settleBytesPerCommit: 300,
};

/** The manifest as it is on the disk. */
export function manifestOf(disk: SimFiles): Manifest {
  const manifest = decodeManifest(Buffer.from(disk.contentOf(`/data/${MANIFEST_NAME}`)));
  if (typeof manifest === 'string') throw new Error(manifest);
  return manifest;
}

/** What a store told its owner. */
export class Told {
  readonly damage: StoreError[] = [];
  readonly failures: StoreError[] = [];
  readonly problems: string[] = [];
  readonly infos: string[] = [];
  readonly tornTails: TornTail[] = [];

  readonly log = {
    onDamage: (error: StoreError) => void this.damage.push(error),
    onFailure: (error: StoreError) => void this.failures.push(error),
    onProblem: (what: string, error: unknown) => void this.problems.push(`${what}: ${String(error)}`),
    onTornTail: (tail: TornTail) => void this.tornTails.push(tail),
    onInfo: (message: string) => void this.infos.push(message),
  };
}

export interface OpenTest {
  readonly files: Files;
  readonly clock: Clock;
  readonly dir?: string;
  readonly options?: Partial<StoreOptions>;
  readonly told?: Told;
  readonly hints?: HintMaker;
}

export function open(test: OpenTest): Promise<Store> {
  return openStore({
    files: test.files,
    clock: test.clock,
    randomSource: { seed64: () => [0x12345678, 0x9abcdef0] },
    dir: test.dir ?? '/data',
    options: { ...SMALL, ...test.options },
    log: (test.told ?? new Told()).log,
    ...(test.hints === undefined ? {} : { hints: test.hints }),
  });
}

export const range = (text: string | Buffer): ByteRange =>
  new ByteRange(typeof text === 'string' ? Buffer.from(text) : text);

export function put(store: Store, key: string, value: string | Buffer, expireAt = 0, space = 1): void {
  store.put(space, range(key), range(value), expireAt, false);
}

/** Finds a key, loading it if it is cold. */
export async function fetch(store: Store, key: string, need: Need = NEED_VALUE,
  space = 1): Promise<Found | undefined> {
  const found = store.find(space, range(key), need);
  if (found !== COLD) return found;
  const release = await store.load([{ space, key: Buffer.from(key), need }]);
  const loaded = store.find(space, range(key), need);
  release();
  if (loaded === COLD) throw new Error(`${key} is cold after it was loaded`);
  return loaded;
}

/** The string value of a key as text; undefined if absent. */
export async function text(store: Store, key: string, space = 1): Promise<string | undefined> {
  return (await fetch(store, key, NEED_VALUE, space))?.value.text();
}

/** The version of a key that may be cold. */
export async function versionAt(store: Store, key: string, space = 1): Promise<number> {
  const release = await store.load([{ space, key: Buffer.from(key), need: NEED_KEY }]);
  const version = store.version(space, range(key));
  release();
  if (version === COLD) throw new Error(`${key} is cold after it was loaded`);
  return version;
}

/** Puts a key that may be cold. */
export async function set(store: Store, key: string, value: string | Buffer, expireAt = 0,
  space = 1): Promise<void> {
  const release = await store.load([{ space, key: Buffer.from(key), need: NEED_KEY }]);
  put(store, key, value, expireAt, space);
  release();
}

/** Resolves when everything so far is acknowledged; rejects with the failure. */
export function committed(store: Store): Promise<void> {
  const refused = store.commit();
  return new Promise((resolve, reject) => {
    if (refused !== undefined) reject(refused);
    else store.whenAcknowledged((failure) => (failure === null ? resolve() : reject(failure)));
  });
}

/** Throws what a check of the whole index finds: slots, chains, cache and accounts. */
export async function mustAgree(store: Store): Promise<void> {
  const { findings } = await store.checkIndex();
  if (findings.length === 0) return;
  const shown = findings.slice(0, 5).map(({ fault, text }) => `${fault}: ${text}`).join('\n');
  throw new Error(`the index has ${findings.length} faults:\n${shown}`);
}
