/**
 * Brings cold keys into RAM for commands that wait for them.
 *
 * The index may change while a read is under way (another command writes the key, the compactor
 * moves the record), so after each read the key is probed anew, until the probe says that it is
 * there in the form that was asked for, or absent. What was loaded is held until the command gives
 * it back.
 */

import { ByteRange } from '../../lib/byte-range.ts';
import { NEED_VALUE, type KeyToLoad } from '../../keyspace/storage.ts';
import { STRING } from '../../keyspace/value-type.ts';
import { READS_AT_ONCE } from '../limits.ts';
import type { Chain } from '../chains/chains.ts';
import {
  entryBytesAt, entryBytesToKeyEndAt, entryExpireAtAt, entryIsRawAt, entryKeyBytesAt,
  entryKeyStartAt, entryStampAt, entryTypeAt,
} from '../format/data-entry.ts';
import { placeOffset, placeSlot, type Held, type LoadedRecord } from '../memory/residents.ts';
import type { Segment } from '../segments/segment.ts';
import { sizeClassBytes } from '../index/size-class.ts';
import type { StoreChanges } from '../changes/store-changes.ts';
import { WRONG_KEY, damaged } from '../store-error.ts';
import type { StoreParts } from '../store-parts.ts';
import { ValueLoader, type ReadRecord } from './value-loader.ts';
import type { KeyIndex } from '../index/key-index.ts';
import { MiB } from '../../lib/size-units.ts';

/** Bytes of records that one prefetch keeps in RAM. The rest is read when the request runs. */
const PREFETCH_BYTES_MAX = 16 * MiB;

/** What one `load` keeps in RAM. */
interface Kept {
  /** With the bytes that each takes. */
  readonly records: Map<Held, number>;
  readonly chains: Set<Chain>;
  bytes: number;
  /** One value is kept however large it is: a request of one key has to be served by it. */
  hasValue: boolean;
  /** Something was not kept: what is read from now on may leave RAM again at once. */
  isFull: boolean;
}

export class StoreLoader {
  readonly #parts: StoreParts;
  readonly #changes: StoreChanges;
  readonly #values: ValueLoader;

  constructor(parts: StoreParts, changes: StoreChanges) {
    this.#parts = parts;
    this.#changes = changes;
    this.#values = new ValueLoader(parts);
  }

  /** See Storage.load. */
  async load(keys: readonly KeyToLoad[]): Promise<() => void> {
    const kept: Kept = {
      records: new Map(), chains: new Set(), bytes: 0, hasValue: false, isFull: false,
    };
    try {
      await forEachAtOnce(keys, (key) => this.#loadKey(key, kept));
    } catch (error) {
      this.#release(kept);
      throw error;
    }
    let isReleased = false;
    return () => {
      if (!isReleased) this.#release(kept);
      isReleased = true;
    };
  }

  /** Key, expiry and stamp of a chain that recovery made; the chain may be gone afterwards. */
  async identify(chain: Chain): Promise<void> {
    if (chain.key !== undefined) return;
    const version = chain.version;
    const key = keyOf(this.#parts, chain, await this.#readAt(chain.base, chain.baseClass, false));
    const { places, classes } = chain.deltas;
    const last = places.length === 0
      ? await this.#readAt(chain.base, chain.baseClass, false)
      : await this.#readAt(places.at(-1)!, classes.at(-1)!, false);
    if (chain.version !== version || chain.key !== undefined) return;
    learnKey(this.#parts, chain, key, last);
  }

  // ---- Inside -----------------------------------------------------------------------------------

  async #loadKey(request: KeyToLoad, kept: Kept): Promise<void> {
    const { probe } = this.#parts;
    const key = new ByteRange(request.key);
    while (!kept.isFull) {
      probe.run(request.space, key);
      if (probe.slot === -1) {
        if (!probe.isCold) return;
        const { damage } = probe;
        const reads = this.#readCandidates(probe.space!.index, probe.hi, probe.lo, kept);
        // Every key with this hash is known, none is the one asked for, and one is damaged.
        if (reads.length === 0 && damage !== undefined) throw damage;
        await allEnded(reads);
        continue;
      }
      const reading = probe.chain === undefined
        ? this.#loadProbed(key, request, kept)
        : this.#loadChain(probe.chain, request, kept);
      if (reading === undefined) return;
      await reading;
    }
  }

  /** Reads the keys of all slots with this hash that are only on disk. */
  #readCandidates(index: KeyIndex, hi: number, lo: number, kept: Kept): Promise<void>[] {
    const reads: Promise<void>[] = [];
    for (let slot = index.find(hi, lo); slot !== -1; slot = index.findNext(slot)) {
      if (index.isChained(slot)) {
        const chain = this.#parts.chains.mustGet(index.chainOf(slot));
        if (chain.key === undefined) reads.push(this.identify(chain));
        continue;
      }
      const segment = this.#parts.segments.mustGet(index.segmentOf(slot));
      const offset = index.offsetOf(slot);
      if (this.#parts.residents.find(segment.slot, offset)) continue;
      const bytes = sizeClassBytes(index.sizeClassOf(slot));
      reads.push(this.#hold(segment, offset, bytes, false, kept));
    }
    return reads;
  }

  /** Undefined when the probed record is in RAM as it is needed, and held. */
  #loadProbed(key: ByteRange, request: KeyToLoad, kept: Kept): Promise<void> | undefined {
    const { probe } = this.#parts;
    const index = probe.space!.index;
    const segment = this.#parts.segments.mustGet(index.segmentOf(probe.slot));
    const offset = index.offsetOf(probe.slot);
    const type = entryTypeAt(probe.buf, probe.at);
    const needsValue = request.need === NEED_VALUE;
    if (needsValue && !probe.isWhole) {
      const bytes = sizeClassBytes(index.sizeClassOf(probe.slot));
      return this.#hold(segment, offset, bytes, true, kept);
    }
    if (needsValue && type !== STRING) {
      this.#changes.warmProbed(key, false);
      return Promise.resolve();
    }
    this.#keep(segment, offset, probe, kept);
    return undefined;
  }

  #loadChain(chain: Chain, request: KeyToLoad, kept: Kept): Promise<void> | undefined {
    const isLoaded = request.need !== NEED_VALUE || chain.live !== undefined;
    if (!isLoaded) {
      // Many may wait for one value: it is read once.
      chain.loading ??= this.#values.load(chain, this.#readOwned).finally(() => {
        chain.loading = undefined;
      });
      return chain.loading;
    }
    if (kept.chains.has(chain)) return undefined;
    kept.chains.add(chain);
    chain.pins += 1;
    return undefined;
  }

  readonly #readOwned: ReadRecord = async (place, sizeClass) =>
    owned(await this.#readAt(place, sizeClass, true));

  /** The record at a place; rejects with DAMAGED if its value is needed and cannot be trusted. */
  async #readAt(place: number, sizeClass: number, wholeOnly: boolean): Promise<LoadedRecord> {
    const bytes = sizeClassBytes(sizeClass);
    const segment = this.#parts.segments.mustGet(placeSlot(place));
    return await this.#read(segment, placeOffset(place), bytes, wholeOnly);
  }

  async #read(segment: Segment, offset: number, bytes: number,
    wholeOnly: boolean): Promise<LoadedRecord> {
    const record = await this.#parts.residents.read(segment, offset, bytes, wholeOnly);
    if (wholeOnly) mustBeWhole(segment, offset, record);
    return record;
  }

  async #hold(segment: Segment, offset: number, bytes: number, wholeOnly: boolean,
    kept: Kept): Promise<void> {
    const record = await this.#read(segment, offset, bytes, wholeOnly);
    this.#keep(segment, offset, record, kept);
  }

  /**
   * Keeps a copy: tail and cache may let go of the record before the command runs. What is beyond
   * PREFETCH_BYTES_MAX was only read, and nothing more is: the command reads it when it runs.
   */
  #keep(segment: Segment, offset: number, record: LoadedRecord, kept: Kept): void {
    const bytes = entryBytesInRam(record);
    if (kept.hasValue && kept.bytes + bytes > PREFETCH_BYTES_MAX) {
      kept.isFull = true;
      return;
    }
    const held = this.#parts.residents.hold(segment, offset, owned(record));
    // Of a large record the key came first, and now all of it takes its place.
    const before = kept.records.get(held);
    if (before !== undefined) this.#parts.residents.release(held);
    kept.bytes += bytes - (before ?? 0);
    kept.hasValue ||= record.isWhole;
    kept.records.set(held, bytes);
  }

  #release(kept: Kept): void {
    for (const held of kept.records.keys()) this.#parts.residents.release(held);
    for (const chain of kept.chains) chain.pins -= 1;
  }
}

/** The key of a chain, from its base; throws DAMAGED if it is another one. */
export function keyOf({ hasher, segments }: StoreParts, chain: Chain, base: LoadedRecord): Buffer {
  const start = entryKeyStartAt(base.buf, base.at);
  const key = Buffer.from(base.buf.subarray(start, start + entryKeyBytesAt(base.buf, base.at)));
  hasher.hash(key, 0, key.length);
  if ((hasher.hi & 0xffff) === chain.hi && hasher.lo === chain.lo) return key;
  const { path } = segments.mustGet(placeSlot(chain.base));
  throw damaged(path, placeOffset(chain.base), WRONG_KEY);
}

/** What a chain that recovery made lacks; `last` is its newest record. */
export function learnKey(
  { chains, probe }: StoreParts, chain: Chain, key: Buffer, last: LoadedRecord,
): void {
  chain.key = key;
  chain.expireAt = entryExpireAtAt(last.buf, last.at);
  chain.raw = entryIsRawAt(last.buf, last.at);
  chain.stamp = entryStampAt(last.buf, last.at);
  if (chains.has(chain)) chains.charge(chain);
  probe.forget();
}

/** Throws DAMAGED unless all of the record can be trusted. */
export function mustBeWhole(segment: Segment, offset: number, record: LoadedRecord): void {
  if (record.isWhole) return;
  const start = entryKeyStartAt(record.buf, record.at);
  const end = start + entryKeyBytesAt(record.buf, record.at);
  throw damaged(segment.path, offset, 'the checksum of a record is wrong',
    Buffer.from(record.buf.subarray(start, end)));
}

/** How much of a record is in RAM: all of it, or up to its key. */
function entryBytesInRam({ buf, at, isWhole }: LoadedRecord): number {
  return isWhole ? entryBytesAt(buf, at) : entryBytesToKeyEndAt(buf, at);
}

/** The same record in memory of its own. */
function owned(record: LoadedRecord): LoadedRecord {
  const { buf, at, isWhole } = record;
  const bytes = entryBytesInRam(record);
  if (at === 0 && buf.length <= bytes + 64) return record;
  return { buf: Buffer.from(buf.subarray(at, at + bytes)), at: 0, isWhole };
}

/** A read that goes on when its load has failed would hold its record for ever. */
async function allEnded(reads: readonly Promise<void>[]): Promise<void> {
  for (const read of await Promise.allSettled(reads)) {
    if (read.status === 'rejected') throw read.reason;
  }
}

/** Runs `work` on READS_AT_ONCE items at a time; when all have ended, throws the first failure. */
export async function forEachAtOnce<T>(
  items: readonly T[], work: (item: T) => Promise<void>,
): Promise<void> {
  let next = 0;
  const failures: unknown[] = [];
  const run = async (): Promise<void> => {
    while (next < items.length && failures.length === 0) {
      const item = items[next]!;
      next += 1;
      await work(item).catch((error: unknown) => failures.push(error));
    }
  };
  await Promise.all(Array.from({ length: Math.min(READS_AT_ONCE, items.length) }, run));
  if (failures.length > 0) throw failures[0];
}
