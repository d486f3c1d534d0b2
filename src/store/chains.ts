/**
 * Keys whose state is a base and deltas, or that are warm: one object each.
 *
 *     base PUT <- delta <- delta <- EXPIRE (at the end only)          live: the value, while warm
 *
 * Every record of a chain carries the key's whole expiry, so the last one tells it, and an EXPIRE
 * is dead as soon as another record follows it. The index slot of such a key holds the chain's id.
 *
 * Invariants: a chain always has a base. Recovery makes cold chains without a key; key and expiry
 * are known once `key` is set. RAM held by live values is counted in `bytes` and kept in order of
 * use.
 */

import { lruLinks, LruList } from '../lib/lru-list.ts';
import type { LruLinks } from '../lib/lru-list.ts';
import type { LiveValue } from '../keyspace/live-value.ts';
import type { ValueType } from '../keyspace/value-type.ts';
import { placeOf, placeSlot } from './residents.ts';
import type { SegmentTable } from './segment-table.ts';
import type { Space } from './space-table.ts';
import { sizeClassBytes } from './size-class.ts';

/** RAM of a chain object, its place in the Map and a small key. */
const CHAIN_BYTES = 400;
const DELTA_BYTES = 16;

/** Where a record is, and its size class. */
export interface RecordPlace {
  readonly slot: number;
  readonly offset: number;
  readonly sizeClass: number;
}

export class Chain {
  readonly id: number;
  readonly space: Space;
  readonly hi: number;
  readonly lo: number;
  readonly type: ValueType;
  base: number;
  baseClass: number;
  readonly deltas: number[] = [];
  readonly deltaClasses: number[] = [];
  /** Bytes of the deltas by their size classes. */
  deltaBytes = 0;
  isLastExpire = false;
  key: Buffer | undefined;
  expireAt = 0;
  raw = false;
  live: LiveValue | undefined;
  /** Commands that keep it warm. */
  pins = 0;
  /** Changes with every change of content; moves do not count. */
  version = 0;
  chargedBytes = 0;
  chargedLiveBytes = 0;
  lru: LruLinks<Chain> = lruLinks();

  constructor(id: number, space: Space, hi: number, lo: number, type: ValueType,
    base: RecordPlace) {
    this.id = id;
    this.space = space;
    this.hi = hi;
    this.lo = lo;
    this.type = type;
    this.base = placeOf(base.slot, base.offset);
    this.baseClass = base.sizeClass;
  }
}

export class ChainTable {
  readonly #byId = new Map<number, Chain>();
  readonly #segments: SegmentTable;
  readonly #lru = new LruList<Chain>();
  #nextId = 1;
  #bytes = 0;
  #warmBytes = 0;

  constructor(segments: SegmentTable) {
    this.#segments = segments;
  }

  /** RAM of live values and of the chains themselves. */
  get bytes(): number {
    return this.#bytes;
  }

  /** RAM of live values alone: what letting them go cold gives back. */
  get warmBytes(): number {
    return this.#warmBytes;
  }

  get size(): number {
    return this.#byId.size;
  }

  all(): Iterable<Chain> {
    return this.#byId.values();
  }

  mustGet(id: number): Chain {
    const chain = this.#byId.get(id);
    if (chain === undefined) throw new Error(`chains: a slot names chain ${id}; there is none`);
    return chain;
  }

  has(chain: Chain): boolean {
    return this.#byId.get(chain.id) === chain;
  }

  /** A chain on a base whose live bytes are accounted for already. */
  create(space: Space, hi: number, lo: number, type: ValueType, base: RecordPlace,
    id: number = this.#nextId): Chain {
    const chain = new Chain(id, space, hi, lo, type, base);
    this.#nextId = Math.max(this.#nextId, id + 1);
    this.#byId.set(id, chain);
    this.charge(chain);
    return chain;
  }

  /** Adds a record of the chain that was appended just now. */
  addDelta(chain: Chain, record: RecordPlace, isExpire: boolean): void {
    if (chain.isLastExpire) this.#dropLast(chain);
    this.#segments.bySlot[record.slot]!.addLive(record.sizeClass);
    this.restoreDelta(chain, record, isExpire);
  }

  /** Adds a record whose live bytes are accounted for already. */
  restoreDelta(chain: Chain, record: RecordPlace, isExpire: boolean): void {
    chain.deltas.push(placeOf(record.slot, record.offset));
    chain.deltaClasses.push(record.sizeClass);
    chain.deltaBytes += sizeClassBytes(record.sizeClass);
    chain.isLastExpire = isExpire;
    chain.version += 1;
    this.charge(chain);
  }

  /** The whole value was written again: the old base and the deltas are dead. */
  rebase(chain: Chain, record: RecordPlace): void {
    this.#releaseRecords(chain);
    chain.base = placeOf(record.slot, record.offset);
    chain.baseClass = record.sizeClass;
    chain.deltas.length = 0;
    chain.deltaClasses.length = 0;
    chain.deltaBytes = 0;
    chain.isLastExpire = false;
    chain.version += 1;
    this.#segments.bySlot[record.slot]!.addLive(record.sizeClass);
    this.charge(chain);
  }

  /** Forgets a chain and gives up its records: the key was overwritten or removed. */
  release(chain: Chain): void {
    this.#releaseRecords(chain);
    this.forget(chain);
  }

  /** Forgets a chain without its records: the key's slot points to the base again. */
  forget(chain: Chain): void {
    chain.version += 1;
    this.#byId.delete(chain.id);
    this.#bytes -= chain.chargedBytes;
    this.#warmBytes -= chain.chargedLiveBytes;
    chain.chargedBytes = chain.chargedLiveBytes = 0;
    chain.live = undefined;
    if (this.#lru.has(chain)) this.#lru.remove(chain);
  }

  /** Counts what the chain takes now. */
  charge(chain: Chain): void {
    const live = chain.live?.memoryBytes ?? 0;
    const bytes = CHAIN_BYTES + (chain.key?.length ?? 0) + chain.deltas.length * DELTA_BYTES + live;
    this.#bytes += bytes - chain.chargedBytes;
    this.#warmBytes += live - chain.chargedLiveBytes;
    chain.chargedBytes = bytes;
    chain.chargedLiveBytes = live;
  }

  /** Makes the chain warm. */
  warm(chain: Chain, live: LiveValue): void {
    chain.live = live;
    this.charge(chain);
    this.#lru.touch(chain);
  }

  touch(chain: Chain): void {
    if (chain.live !== undefined) this.#lru.touch(chain);
  }

  /** The warm chain unused for longest that nobody pins; undefined if there is none. */
  oldestWarm(): Chain | undefined {
    let chain = this.#lru.oldest;
    while (chain !== undefined && chain.pins > 0) chain = chain.lru.newer;
    return chain;
  }

  /** The compactor moved one of the chain's records; false if it is none of them any more. */
  moveIf(chain: Chain, from: number, to: number): boolean {
    if (chain.base === from) {
      chain.base = to;
      return true;
    }
    const at = chain.deltas.indexOf(from);
    if (at === -1) return false;
    chain.deltas[at] = to;
    return true;
  }

  /** The size class of the chain's record at this place; -1 if it has none there. */
  classAt(chain: Chain, place: number): number {
    if (chain.base === place) return chain.baseClass;
    const at = chain.deltas.indexOf(place);
    return at === -1 ? -1 : chain.deltaClasses[at]!;
  }

  #dropLast(chain: Chain): void {
    const place = chain.deltas.pop()!;
    const sizeClass = chain.deltaClasses.pop()!;
    chain.deltaBytes -= sizeClassBytes(sizeClass);
    this.#segments.bySlot[placeSlot(place)]!.subtractLive(sizeClass);
  }

  #releaseRecords(chain: Chain): void {
    this.#segments.bySlot[placeSlot(chain.base)]!.subtractLive(chain.baseClass);
    for (let i = 0; i < chain.deltas.length; i += 1) {
      const segment = this.#segments.bySlot[placeSlot(chain.deltas[i]!)]!;
      segment.subtractLive(chain.deltaClasses[i]!);
    }
  }
}
