/**
 * Walks over the keys of a space: SCAN, RANDOMKEY and the expiry cycle.
 *
 * The index gives places; keys that are not in RAM are read, with their segments pinned. A record
 * that cannot be read is reported and left out: one bad sector must not make a database unlistable.
 */

import type { ScanPage, ScannedKey } from '../keyspace/storage.ts';
import type { ValueType } from '../keyspace/value-type.ts';
import { EXPIRY_SLOTS_PER_CALL, READS_AT_ONCE, TTL_SAMPLE_SLOTS } from '../limits.ts';
import type { Chain } from './chains.ts';
import {
  entryExpireAtAt, entryKeyBytesAt, entryKeyStartAt, entryTypeAt,
} from './format/data-entry.ts';
import { EXPIRY_SECONDS_MAX } from './index-slot.ts';
import type { ReadNow } from './read-now.ts';
import type { LoadedRecord } from './residents.ts';
import { sizeClassBytes } from './size-class.ts';
import type { Segment } from './segment.ts';
import { StoreError, damaged } from './store-error.ts';
import type { StoreLoader } from './store-loader.ts';
import { forEachAtOnce } from './store-loader.ts';
import type { StoreParts } from './store-parts.ts';
import type { ValueIndex } from './value-index.ts';

/** A key that a walk met: known already, or where to find it. */
type Met = ScannedKey | { readonly chain: Chain } | {
  readonly segment: Segment;
  readonly offset: number;
  readonly bytes: number;
};

/** How often a random pick is tried again when its record is damaged. */
const RANDOM_TRIES = 8;

export class StoreWalker {
  readonly #parts: StoreParts;
  readonly #loader: StoreLoader;
  readonly #readNow: ReadNow;
  readonly #onDamage: (error: StoreError) => void;

  constructor(parts: StoreParts, loader: StoreLoader, readNow: ReadNow,
    onDamage: (error: StoreError) => void) {
    this.#parts = parts;
    this.#loader = loader;
    this.#readNow = readNow;
    this.#onDamage = onDamage;
  }

  async scan(spaceId: number, cursor: number, count: number): Promise<ScanPage> {
    const index = this.#parts.spaces.get(spaceId)?.index;
    if (index === undefined) return { cursor: 0, keys: [] };
    const met: Met[] = [];
    const next = index.scan(cursor, count, (slot) => met.push(this.#meet(index, slot)));
    return { cursor: next, keys: await this.#resolve(met) };
  }

  async randomKey(spaceId: number, random: () => number): Promise<ScannedKey | undefined> {
    for (let tries = 0; tries < RANDOM_TRIES; tries += 1) {
      const index = this.#parts.spaces.get(spaceId)?.index;
      const slot = index?.randomSlot(random) ?? -1;
      if (index === undefined || slot === -1) return undefined;
      const [key] = await this.#resolve([this.#meet(index, slot)]);
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
  #keyNow(index: ValueIndex, slot: number): ScannedKey {
    const { chains, residents, segments } = this.#parts;
    if (index.isChained(slot)) {
      const chain = chains.mustGet(index.chainOf(slot));
      this.#readNow.identify(chain);
      return scannedChain(chain, chain.key!);
    }
    const segment = segments.mustGet(index.segmentOf(slot));
    const offset = index.offsetOf(slot);
    const bytes = sizeClassBytes(index.sizeClassOf(slot));
    const record = residents.readNow(segment, offset, bytes, false);
    if (record.isDamaged !== true) return scannedRecord(record);
    throw damaged(segment.path, offset, 'the checksum of a record is wrong');
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
    const keys = await this.#resolve(met);
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

  #meet(index: ValueIndex, slot: number): Met {
    const { chains, residents, segments } = this.#parts;
    if (index.isChained(slot)) {
      const chain = chains.mustGet(index.chainOf(slot));
      return chain.key === undefined ? { chain } : scannedChain(chain, chain.key);
    }
    const segment = segments.bySlot[index.segmentOf(slot)]!;
    const offset = index.offsetOf(slot);
    if (residents.find(segment.slot, offset)) return scannedRecord(residents);
    segments.pin(segment);
    return { segment, offset, bytes: sizeClassBytes(index.sizeClassOf(slot)) };
  }

  /** The keys in the order in which they were met. */
  async #resolve(met: readonly Met[]): Promise<ScannedKey[]> {
    const keys: (ScannedKey | undefined)[] = [];
    await forEachAtOnce([...met.keys()], READS_AT_ONCE, async (i) => {
      keys[i] = await this.#resolveOne(met[i]!);
    });
    return keys.filter((key) => key !== undefined);
  }

  async #resolveOne(met: Met): Promise<ScannedKey | undefined> {
    if ('key' in met) return met;
    try {
      if ('chain' in met) return await this.#resolveChain(met.chain);
      const { segment, offset, bytes } = met;
      const record = await this.#parts.residents.read(segment, offset, bytes, false);
      if (record.isDamaged !== true) return scannedRecord(record);
      throw damaged(segment.path, offset, 'the checksum of a record is wrong');
    } catch (error) {
      if (!(error instanceof StoreError)) throw error;
      this.#onDamage(error);
      return undefined;
    } finally {
      if ('segment' in met) this.#parts.segments.unpin(met.segment);
    }
  }

  /**
   * A chain that changed while it was read belongs to a key that was overwritten or is known now.
   */
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
