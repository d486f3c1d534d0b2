/**
 * Walks over the keys of a space: SCAN, RANDOMKEY and the expiry cycle.
 *
 * The index gives places; keys that are not in RAM are read, with their segments pinned.
 *
 * A key that cannot be read is never left out in silence: `scan` and `randomKey` reject with the
 * StoreError that names file and offset, and the same cursor can be asked for again. A list without
 * some keys looks whole, and what is copied or deleted by it is wrong for good. With `isTolerant`
 * (the operator takes what is sound) such a key is left out, and the log says so. The walk of the
 * expiry cycle answers nobody: it logs such a key and goes on. A record whose value alone is
 * damaged has a key all the same, proven by its hash: it is listed, and logged.
 */

import type { ScanPage, ScannedKey } from '../../keyspace/storage.ts';
import type { ValueType } from '../../keyspace/value-type.ts';
import type { Chain } from '../chains/chains.ts';
import {
  entryExpireAtAt, entryKeyBytesAt, entryKeyStartAt, entryTypeAt,
} from '../format/data-entry.ts';
import { EXPIRY_SECONDS_MAX } from '../index/index-slot.ts';
import type { ReadNow } from './read-now.ts';
import type { LoadedRecord } from '../memory/residents.ts';
import { sizeClassBytes } from '../index/size-class.ts';
import type { Segment } from '../segments/segment.ts';
import { StoreError, WRONG_KEY, damaged } from '../store-error.ts';
import { forEachAtOnce, type StoreLoader } from './store-loader.ts';
import type { StoreParts } from '../store-parts.ts';
import type { KeyIndex } from '../index/key-index.ts';

/** Index slots that one step of the expiry cycle looks at: about 0.1 ms. */
const EXPIRY_SLOTS_PER_CALL = 16 * 1024;

/**
 * Slots of the index that INFO looks at for a database's avg_ttl: 16 databases take about a
 * millisecond, and a mean of thousands is good to a few per cent.
 */
const TTL_SAMPLE_SLOTS = 16 * 1024;

/** A key that a walk met: known already, or where to find it. */
type Met = ScannedKey | { readonly chain: Chain } | MetRecord;

interface MetRecord {
  readonly index: KeyIndex;
  /** Of its slot: what the key hashes to. */
  readonly page: number;
  readonly tag: number;
  /** Pinned, while it is waited for. */
  readonly segment: Segment;
  readonly offset: number;
  readonly bytes: number;
}

/** With `isTolerant`: how often a key is picked anew when the one picked cannot be read. */
const RANDOM_TRIES = 8;

export class StoreWalker {
  readonly #parts: StoreParts;
  readonly #loader: StoreLoader;
  readonly #readNow: ReadNow;
  readonly #onDamage: (error: StoreError) => void;
  readonly #isTolerant: boolean;

  constructor(parts: StoreParts, loader: StoreLoader, readNow: ReadNow,
    onDamage: (error: StoreError) => void, isTolerant: boolean) {
    this.#parts = parts;
    this.#loader = loader;
    this.#readNow = readNow;
    this.#onDamage = onDamage;
    this.#isTolerant = isTolerant;
  }

  async scan(spaceId: number, cursor: number, count: number): Promise<ScanPage> {
    const index = this.#parts.spaces.get(spaceId)?.index;
    if (index === undefined) return { cursor: 0, keys: [] };
    const met: Met[] = [];
    const next = index.scan(cursor, count, (slot) => met.push(this.#meet(index, slot)));
    return { cursor: next, keys: await this.#resolve(met, this.#isTolerant) };
  }

  async randomKey(spaceId: number, random: () => number): Promise<ScannedKey | undefined> {
    for (let tries = 1; tries <= RANDOM_TRIES; tries += 1) {
      const index = this.#parts.spaces.get(spaceId)?.index;
      const slot = index?.randomSlot(random) ?? -1;
      if (index === undefined || slot === -1) return undefined;
      const mayPickAnother = this.#isTolerant && tries < RANDOM_TRIES;
      const [key] = await this.#resolve([this.#meet(index, slot)], mayPickAnother);
      if (key !== undefined) return key;
    }
    return undefined;
  }

  scanNow(spaceId: number, cursor: number, count: number): ScanPage {
    const index = this.#parts.spaces.get(spaceId)?.index;
    if (index === undefined) return { cursor: 0, keys: [] };
    const slots: number[] = [];
    const next = index.scan(cursor, count, (slot) => slots.push(slot));
    return { cursor: next, keys: slots.map((slot) => this.#keyNow(index, slot)) };
  }

  randomKeyNow(spaceId: number, random: () => number): ScannedKey | undefined {
    const index = this.#parts.spaces.get(spaceId)?.index;
    const slot = index?.randomSlot(random) ?? -1;
    return index === undefined || slot === -1 ? undefined : this.#keyNow(index, slot);
  }

  /** Reads no structure and changes no slot: those of one scan stay valid. */
  #keyNow(index: KeyIndex, slot: number): ScannedKey {
    const { chains, residents } = this.#parts;
    if (index.isChained(slot)) {
      const chain = chains.mustGet(index.chainOf(slot));
      this.#readNow.identify(chain);
      return scannedChain(chain, chain.key!);
    }
    const met = this.#recordAt(index, slot);
    return this.#scanned(residents.readNow(met.segment, met.offset, met.bytes, false), met);
  }

  async findExpired(spaceId: number, nowMs: number, max: number): Promise<readonly Buffer[]> {
    const space = this.#parts.spaces.get(spaceId);
    if (space === undefined || space.index.expiringCount === 0) return [];
    const met: Met[] = [];
    const { index } = space;
    const nowSeconds = Math.floor(nowMs / 1000);
    const slotsMax = Math.max(max, EXPIRY_SLOTS_PER_CALL);
    const visit = (slot: number): void => {
      if (met.length < max) met.push(this.#meet(index, slot));
    };
    space.expiryPosition = index.sampleExpiring(space.expiryPosition, slotsMax, nowSeconds, visit);
    if (met.length === 0) return [];
    const keys = await this.#resolve(met, true);
    return keys.filter((key) => key.expireAt !== 0 && key.expireAt <= nowMs).map(({ key }) => key);
  }

  /** By what the index knows, which is seconds; exact to half of one when it is small. */
  averageTtlMs(spaceId: number, nowMs: number): number {
    const space = this.#parts.spaces.get(spaceId);
    if (space === undefined || space.index.expiringCount === 0) return 0;
    const { index } = space;
    let sum = 0;
    let count = 0;
    index.sampleExpiring(space.expiryPosition, TTL_SAMPLE_SLOTS, EXPIRY_SECONDS_MAX, (slot) => {
      sum += Math.max(0, index.expirySecondsOf(slot) * 1000 - nowMs);
      count += 1;
    });
    return count === 0 ? 0 : Math.round(sum / count);
  }

  // ---- Inside -----------------------------------------------------------------------------------

  #meet(index: KeyIndex, slot: number): Met {
    const { chains, residents, segments } = this.#parts;
    if (index.isChained(slot)) {
      const chain = chains.mustGet(index.chainOf(slot));
      return chain.key === undefined ? { chain } : scannedChain(chain, chain.key);
    }
    const met = this.#recordAt(index, slot);
    const isFound = residents.find(met.segment.slot, met.offset);
    if (isFound && this.#hasHash(residents, met)) return scannedRecord(residents);
    segments.pin(met.segment);
    return met;
  }

  #recordAt(index: KeyIndex, slot: number): MetRecord {
    return {
      index, page: index.pageOf(slot), tag: index.loOf(slot),
      segment: this.#parts.segments.mustGet(index.segmentOf(slot)),
      offset: index.offsetOf(slot), bytes: sizeClassBytes(index.sizeClassOf(slot)),
    };
  }

  /**
   * The keys in the order in which they were met; the first that cannot be read is thrown, or with
   * `mayLeaveOut` logged.
   */
  async #resolve(met: readonly Met[], mayLeaveOut: boolean): Promise<ScannedKey[]> {
    const keys: (ScannedKey | undefined)[] = [];
    try {
      await forEachAtOnce([...met.keys()], async (i) => {
        keys[i] = await this.#resolveOne(met[i]!, mayLeaveOut);
      });
    } finally {
      for (const each of met) if ('segment' in each) this.#parts.segments.unpin(each.segment);
    }
    return keys.filter((key) => key !== undefined);
  }

  async #resolveOne(met: Met, mayLeaveOut: boolean): Promise<ScannedKey | undefined> {
    if ('key' in met) return met;
    try {
      return 'chain' in met ? await this.#resolveChain(met.chain) : await this.#resolveRecord(met);
    } catch (error) {
      if (!mayLeaveOut || !(error instanceof StoreError)) throw error;
      this.#onDamage(error);
      return undefined;
    }
  }

  async #resolveRecord(met: MetRecord): Promise<ScannedKey> {
    const { segment, offset, bytes } = met;
    return this.#scanned(await this.#parts.residents.read(segment, offset, bytes, false), met);
  }

  #scanned(record: LoadedRecord, met: MetRecord): ScannedKey {
    const { segment, offset } = met;
    const scanned = scannedRecord(record);
    if (!this.#hasHash(record, met)) {
      throw damaged(segment.path, offset, WRONG_KEY, scanned.key);
    }
    if (record.isDamaged === true) {
      this.#onDamage(damaged(segment.path, offset, 'the checksum of a record is wrong',
        scanned.key));
    }
    return scanned;
  }

  /** Whether the key of the record at buf[at] is one that belongs into this page with this tag. */
  #hasHash(
    { buf, at }: Pick<LoadedRecord, 'buf' | 'at'>, { index, page, tag }: MetRecord,
  ): boolean {
    const { hasher } = this.#parts;
    const start = entryKeyStartAt(buf, at);
    hasher.hash(buf, start, start + entryKeyBytesAt(buf, at));
    return index.pageOfHash(hasher.hi) === page && hasher.lo === tag;
  }

  /** The key of a chain that changed while it was read was overwritten or is known now. */
  async #resolveChain(chain: Chain): Promise<ScannedKey | undefined> {
    await this.#loader.identify(chain);
    return chain.key === undefined ? undefined : scannedChain(chain, chain.key);
  }
}

function scannedChain(chain: Chain, key: Buffer): ScannedKey {
  return { key, type: chain.type, expireAt: chain.expireAt };
}

function scannedRecord({ buf, at }: Pick<LoadedRecord, 'buf' | 'at'>): ScannedKey {
  const start = entryKeyStartAt(buf, at);
  return {
    key: Buffer.from(buf.subarray(start, start + entryKeyBytesAt(buf, at))),
    type: entryTypeAt(buf, at) as ValueType,
    expireAt: entryExpireAtAt(buf, at),
  };
}
