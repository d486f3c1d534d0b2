/**
 * A Storage of plain Maps: for tests of commands, and the oracle of the store's model tests.
 *
 * It keeps what the store keeps (a base and deltas), so that `reopened()` can show that replaying
 * them gives the same live values. `coldKeys` makes chosen keys COLD until they are loaded.
 */

import { ByteRange } from '../../src/lib/byte-range.ts';
import type { BlockPort } from '../../src/keyspace/collection/block-port.ts';
import type { LiveCodec, LiveValue } from '../../src/keyspace/live-value.ts';
import { LIVE_CODECS } from '../../src/keyspace/codecs.ts';
import { LiveString, liveStringCodec } from '../../src/keyspace/live-string.ts';
import {
  COLD, type Found, type KeyToLoad, type Need, type ScannedKey, type ScanPage, type Storage,
} from '../../src/keyspace/storage.ts';
import { BLOCK, STRING, type ValueType } from '../../src/keyspace/value-type.ts';
import { NO_STAMP, stampOfValueIndex, versionOf } from '../../src/store/format/version-stamp.ts';

interface Entry {
  type: ValueType;
  expireAt: number;
  raw: boolean;
  value: Buffer;
  live: LiveValue | undefined;
  /** What a log would hold of a live value. */
  base: Buffer;
  deltas: Buffer[];
  /** When it last changed: see src/store/format/version-stamp.ts. */
  stamp: number;
}

const NO_BYTES = Buffer.alloc(0);

export class MemoryStorage implements Storage {
  readonly spaces = new Map<number, Map<string, Entry>>();
  /** latin1 keys that are COLD until loaded. */
  readonly coldKeys = new Set<string>();
  readonly codecs: ReadonlyMap<ValueType, LiveCodec>;
  /** Number of effects so far. */
  effects = 0;
  logIndex = NO_STAMP;
  onTakenBack: () => void = () => undefined;
  /** How to undo each change so far, once somebody has set a mark. */
  readonly #undo: (() => void)[] = [];
  #hasMarks = false;
  #valueIndex = 0;

  constructor(codecs: readonly LiveCodec[] = []) {
    this.codecs = new Map(codecs.map((codec) => [codec.type, codec]));
  }

  readonly lookahead = {
    add: (): void => {}, addElement: (): void => {}, run: (): void => {}, clear: (): void => {},
  };

  uniqueNumber(): number {
    return ++this.#valueIndex;
  }

  isLarge(space: number, key: ByteRange): boolean {
    return this.#space(space).get(key.latin1())?.live?.isLarge === true;
  }

  readonly blocks: BlockPort = {
    read: (space, key) => {
      const entry = this.#space(space).get(key.latin1());
      return entry && new ByteRange(entry.value);
    },
    write: (space, key, bytes) => this.putPacked(space, key, BLOCK, bytes, 0),
    remove: (space, key) => void this.remove(space, key),
  };

  begin(): void {}

  mustLoad(_space: number, key: ByteRange, _need: Need): boolean {
    return this.coldKeys.has(key.latin1());
  }

  find(space: number, key: ByteRange, _need: Need): Found | undefined | typeof COLD {
    if (this.coldKeys.has(key.latin1())) return COLD;
    const entry = this.#space(space).get(key.latin1());
    if (entry === undefined) return undefined;
    const { type, expireAt, raw, live } = entry;
    const bytes = live instanceof LiveString ? live.bytes() : entry.value;
    return { type, expireAt, raw, live, value: new ByteRange(bytes) };
  }

  findNow(space: number, key: ByteRange, need: Need): Found | undefined {
    this.coldKeys.delete(key.latin1());
    const found = this.find(space, key, need);
    return found === COLD ? undefined : found;
  }

  version(space: number, key: ByteRange): number | typeof COLD {
    if (this.coldKeys.has(key.latin1())) return COLD;
    const entry = this.#space(space).get(key.latin1());
    return entry === undefined ? 0 : versionOf(entry.stamp, this.logIndex !== NO_STAMP);
  }

  async load(keys: readonly KeyToLoad[]): Promise<() => void> {
    for (const { key } of keys) this.coldKeys.delete(key.toString('latin1'));
    return () => {};
  }

  put(space: number, key: ByteRange, value: ByteRange, expireAt: number, raw: boolean): void {
    this.effects++;
    this.#note(space, key);
    this.#space(space).set(key.latin1(), {
      type: STRING, expireAt, raw, value: value.copy(), live: undefined, base: NO_BYTES, deltas: [],
      stamp: this.#stamp(),
    });
  }

  putPacked(
    space: number, key: ByteRange, type: ValueType, packed: ByteRange, expireAt: number,
  ): void {
    this.effects++;
    this.#note(space, key);
    this.#space(space).set(key.latin1(), {
      type, expireAt, raw: false, value: packed.copy(), live: undefined, base: NO_BYTES, deltas: [],
      stamp: this.#stamp(),
    });
  }

  putLive(space: number, key: ByteRange, live: LiveValue, expireAt: number): void {
    this.effects++;
    this.#note(space, key);
    this.#space(space).set(key.latin1(), {
      type: live.type, expireAt, raw: live.isLarge === true, value: NO_BYTES, live,
      base: Buffer.from(live.encodeBase()), deltas: [], stamp: this.#stamp(),
    });
  }

  makeLive(space: number, key: ByteRange): LiveValue {
    this.#note(space, key);
    const entry = this.#mustGet(space, key);
    if (entry.live === undefined) {
      entry.live = LiveString.of(entry.value);
      entry.base = entry.value;
      entry.value = NO_BYTES;
    }
    return entry.live;
  }

  change(space: number, key: ByteRange, delta: ByteRange): void {
    this.effects++;
    this.#note(space, key);
    const entry = this.#mustGet(space, key);
    if (entry.live === undefined) throw new Error('assertion failed: not a live value');
    entry.live.applyDelta(delta.buf, delta.start, delta.end);
    entry.deltas.push(delta.copy());
    entry.stamp = this.#stamp();
    if (entry.type === STRING) entry.raw = true;
  }

  expire(space: number, key: ByteRange, expireAt: number): void {
    this.effects++;
    this.#note(space, key);
    const entry = this.#mustGet(space, key);
    entry.expireAt = expireAt;
    entry.stamp = this.#stamp();
  }

  remove(space: number, key: ByteRange): boolean {
    this.effects++;
    this.#note(space, key);
    return this.#space(space).delete(key.latin1());
  }

  count(space: number): number {
    return this.#space(space).size;
  }

  countExpiring(space: number): number {
    return [...this.#space(space).values()].filter((entry) => entry.expireAt > 0).length;
  }

  countAllExpiring(): number {
    return [...this.spaces.keys()].reduce((sum, space) => sum + this.countExpiring(space), 0);
  }

  async scan(space: number, cursor: number, count: number): Promise<ScanPage> {
    return this.scanNow(space, cursor, count);
  }

  scanNow(space: number, cursor: number, count: number): ScanPage {
    const all = [...this.#space(space)];
    const keys = all.slice(cursor, cursor + count).map(scanned);
    return { cursor: cursor + count >= all.length ? 0 : cursor + count, keys };
  }

  async randomKey(space: number, random: () => number): Promise<ScannedKey | undefined> {
    return this.randomKeyNow(space, random);
  }

  randomKeyNow(space: number, random: () => number): ScannedKey | undefined {
    const all = [...this.#space(space)];
    const chosen = all[Math.floor(random() * all.length)];
    return chosen === undefined ? undefined : scanned(chosen);
  }

  async findExpired(space: number, nowMs: number, max: number): Promise<readonly Buffer[]> {
    return [...this.#space(space)]
      .filter(([, entry]) => entry.expireAt > 0 && entry.expireAt <= nowMs)
      .slice(0, max)
      .map(([key]) => Buffer.from(key, 'latin1'));
  }

  averageTtlMs(space: number, nowMs: number): number {
    const expiring = [...this.#space(space).values()].filter(({ expireAt }) => expireAt > 0);
    const sum = expiring.reduce((ms, { expireAt }) => ms + Math.max(0, expireAt - nowMs), 0);
    return expiring.length === 0 ? 0 : Math.round(sum / expiring.length);
  }

  dropSpace(space: number): void {
    const entries = this.#space(space);
    if (this.#hasMarks) this.#undo.push(() => this.spaces.set(space, entries));
    this.spaces.delete(space);
  }

  mark(): number {
    this.#hasMarks = true;
    return this.#undo.length;
  }

  takeBack(mark: number): void {
    while (this.#undo.length > mark) this.#undo.pop()!();
    this.onTakenBack();
  }

  /** Notes how the key is now. */
  #note(space: number, key: ByteRange): void {
    if (!this.#hasMarks) return;
    const name = key.latin1();
    const entry = this.#space(space).get(name);
    const before = entry && { ...entry, deltas: [...entry.deltas] };
    this.#undo.push(() => {
      if (before === undefined) this.#space(space).delete(name);
      else this.#space(space).set(name, this.#replayed(before));
    });
  }

  stringBytesMin(space: number, key: ByteRange, nowMs: number): number {
    const entry = this.#space(space).get(key.latin1());
    if (entry === undefined || entry.type !== STRING) return 0;
    if (entry.expireAt !== 0 && entry.expireAt <= nowMs) return 0;
    return entry.live?.size ?? entry.value.length;
  }

  memoryUsage(space: number, key: ByteRange): number | undefined {
    const entry = this.#space(space).get(key.latin1());
    if (entry === undefined) return undefined;
    return key.length + entry.value.length + (entry.live?.memoryBytes ?? 0);
  }

  /** The same storage as replaying bases and deltas would give it. */
  reopened(): MemoryStorage {
    const copy = new MemoryStorage([...this.codecs.values()]);
    for (const [space, entries] of this.spaces) {
      for (const [key, entry] of entries) copy.#space(space).set(key, copy.#replayed(entry));
    }
    return copy;
  }

  #replayed(entry: Entry): Entry {
    if (entry.live === undefined) return { ...entry, value: Buffer.from(entry.value) };
    const codec = this.codecs.get(entry.type) ??
      LIVE_CODECS.find(({ type }) => type === entry.type) ?? liveStringCodec;
    const live = codec.decodeBase(entry.base, 0, entry.base.length, entry.raw, this.blocks);
    for (const delta of entry.deltas) live.applyDelta(delta, 0, delta.length);
    return { ...entry, live, deltas: [...entry.deltas] };
  }

  #stamp(): number {
    this.#valueIndex++;
    return this.logIndex === NO_STAMP ? stampOfValueIndex(this.#valueIndex) : this.logIndex;
  }

  #space(space: number): Map<string, Entry> {
    let entries = this.spaces.get(space);
    if (entries === undefined) this.spaces.set(space, (entries = new Map()));
    return entries;
  }

  #mustGet(space: number, key: ByteRange): Entry {
    const entry = this.#space(space).get(key.latin1());
    if (entry === undefined) throw new Error('assertion failed: changed a key that is not there');
    return entry;
  }
}

function scanned([key, entry]: readonly [string, Entry]): ScannedKey {
  return { key: Buffer.from(key, 'latin1'), type: entry.type, expireAt: entry.expireAt };
}
