/**
 * Keys whose state is a base and deltas, or that are warm: one object each.
 *
 *     base PUT <- delta <- delta <- EXPIRE (at the end only)          live: the value, while warm
 *     BEGIN <- PAGE <- PAGE <- BASE <- RUN <- RUN <- delta            a huge one
 *
 * Which records count when another follows, chain-shape.ts says. Every record of a chain carries
 * the key's whole expiry and, but for PAGE, when the key last changed, so the last one tells both.
 * The index slot of such a key holds the chain's id.
 *
 * Invariants: a chain always has a base. Live bytes of segments count every record that `places`
 * visits, once. Recovery makes cold chains without a key; key, expiry
 * and stamp are known once `key` is set. RAM held by live values is counted in `bytes`.
 */

import { lruLinks, LruList, type LruLinks } from '../../lib/lru-list.ts';
import type { LiveValue } from '../../keyspace/live-value.ts';
import type { ValueType } from '../../keyspace/value-type.ts';
import { ChainShape } from './chain-shape.ts';
import type { DeltaRun } from './delta-run.ts';
import { FLAG_RAW, KIND_BEGIN, KIND_EXPIRE } from '../format/data-entry.ts';
import { NO_STAMP } from '../format/version-stamp.ts';
import { placeOf, placeSlot } from '../memory/residents.ts';
import type { SegmentTable } from '../segments/segment-table.ts';
import type { Space } from '../index/space-table.ts';
import { sizeClassBytes } from '../index/size-class.ts';

/** Warm values that get a second chance in a row before one of them goes cold all the same. */
const SECOND_CHANCES_MAX = 64;

/** RAM of a chain object, its place in the Map and a small key. */
const CHAIN_BYTES = 520;
const PLACE_BYTES = 16;

/** Where a record is, and its size class. */
export interface RecordPlace {
  readonly slot: number;
  readonly offset: number;
  readonly sizeClass: number;
}

/** A chain as it was; see chain-image.ts. */
export interface KeptImage {
  readonly epoch: number;
  readonly isSettled: boolean;
  /** The chain's group is about to be written and emptied before the end of the turn. */
  beforeFlush(group: DeltaRun): void;
}

/** Records side by side: where each is, and its size class. */
export class PlaceList {
  readonly places: number[] = [];
  readonly classes: number[] = [];
  /** By the size classes. */
  bytes = 0;
  /** An image of the chain refers to it (chain-image.ts): it may grow, else it is copied first. */
  isKept = false;

  get length(): number {
    return this.places.length;
  }

  push(place: number, sizeClass: number): void {
    this.places.push(place);
    this.classes.push(sizeClass);
    this.bytes += sizeClassBytes(sizeClass);
  }

  /** Goes back to an earlier length. */
  cut(length: number, bytes: number): void {
    this.places.length = this.classes.length = length;
    this.bytes = bytes;
  }

  copy(): PlaceList {
    const copy = new PlaceList();
    for (const place of this.places) copy.places.push(place);
    for (const sizeClass of this.classes) copy.classes.push(sizeClass);
    copy.bytes = this.bytes;
    return copy;
  }

  forEach(each: (place: number, sizeClass: number) => void): void {
    this.places.forEach((place, i) => each(place, this.classes[i]!));
  }

  /** Takes records out and gives each to `each`. */
  remove(from: number, count: number, each: (place: number, sizeClass: number) => void): void {
    const places = this.places.splice(from, count);
    this.classes.splice(from, count).forEach((sizeClass, i) => {
      this.bytes -= sizeClassBytes(sizeClass);
      each(places[i]!, sizeClass);
    });
  }
}

export class Chain extends ChainShape {
  readonly id: number;
  readonly space: Space;
  readonly hi: number;
  readonly lo: number;
  readonly type: ValueType;
  /** A PUT, or the BASE of the pages. */
  base: number;
  baseClass: number;
  /** BEGIN and PAGEs of a base in pages. */
  pages: PlaceList | undefined;
  /** PAGEs of the base that is being written. */
  pending: PlaceList | undefined;
  /** What came after the base: as many as the shape's `length`. */
  deltas = new PlaceList();
  key: Buffer | undefined;
  expireAt = 0;
  raw = false;
  /** When the key last changed, by its records in the log (format/version-stamp.ts). */
  stamp = NO_STAMP;
  live: LiveValue | undefined;
  /** The single deltas at the tail's end, for the next RUN; undefined while they are not known. */
  run: DeltaRun | undefined;
  /** Deltas of this tick that are not in the log yet (delta-groups.ts). */
  group: DeltaRun | undefined;
  /** As it was before the changes of this epoch; undefined if none may have to be undone. */
  image: KeptImage | undefined;
  /** The epoch in which the undo journal noted last how long `group` was. */
  groupEpoch = 0;
  /** The load that is under way. */
  loading: Promise<void> | undefined;
  /** Commands that keep it warm, and a base that is being written. */
  pins = 0;
  /** Changes with every change of content; moves and expiries do not count. */
  version = 0;
  chargedBytes = 0;
  chargedLiveBytes = 0;
  lru: LruLinks<Chain> = lruLinks();
  /** Since it came into the list, or to its front. */
  isUsed = false;

  constructor(id: number, space: Space, hi: number, lo: number, type: ValueType,
    base: RecordPlace) {
    super();
    this.id = id;
    this.space = space;
    this.hi = hi;
    this.lo = lo;
    this.type = type;
    this.base = placeOf(base.slot, base.offset);
    this.baseClass = base.sizeClass;
  }

  /** Bytes of all records but the base, by their size classes. */
  get logBytes(): number {
    return this.deltas.bytes + (this.pages?.bytes ?? 0) + (this.pending?.bytes ?? 0);
  }

  /** Whether the base has the value as it is: nothing but an expiry may have come behind it. */
  get isBaseCurrent(): boolean {
    return this.length === Number(this.isLastExpire) && this.pages === undefined;
  }

  /** Whether the base alone says everything, so that an index slot can point to it. */
  get isPlain(): boolean {
    return this.length === 0 && this.pages === undefined && this.pending === undefined;
  }
}

/** What recovery knows of a chain beside its base. A ChainFold is one. */
export interface ChainRecords {
  /** BEGIN and PAGEs; none if the base is a PUT. */
  readonly pages: readonly RecordPlace[];
  readonly tail: readonly RecordPlace[];
  readonly singlesFrom: number;
  readonly isLastExpire: boolean;
}

function listOf(records: readonly RecordPlace[]): PlaceList {
  const list = new PlaceList();
  for (const { slot, offset, sizeClass } of records) list.push(placeOf(slot, offset), sizeClass);
  return list;
}

export function typeByteOf(chain: Chain): number {
  return chain.raw ? chain.type | FLAG_RAW : chain.type;
}

export class ChainTable {
  /** What live values may take; set at each commit. */
  liveBudgetBytes = Infinity;
  readonly #byId = new Map<number, Chain>();
  readonly #segments: SegmentTable;
  readonly #lru = new LruList<Chain>();
  #nextId = 1;
  #bytes = 0;
  #warmBytes = 0;
  /** Called before the records of a chain change. */
  onTouch: (chain: Chain) => void = () => undefined;

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

  get(id: number): Chain | undefined {
    return this.#byId.get(id);
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

  /** The records of a chain that recovery made; their live bytes are accounted for already. */
  restore(chain: Chain, records: ChainRecords): void {
    const { tail } = records;
    chain.deltas = listOf(tail);
    chain.pages = records.pages.length === 0 ? undefined : listOf(records.pages);
    chain.length = tail.length;
    chain.singlesFrom = records.singlesFrom;
    chain.isLastExpire = records.isLastExpire;
    chain.version += 1;
    this.charge(chain);
  }

  /** Adds a record behind the base (DELTA, EXPIRE, RUN, BEGIN) that was appended just now. */
  addDelta(chain: Chain, record: RecordPlace, kind: number): void {
    this.onTouch(chain);
    const dead = chain.deadBehind(kind);
    if (dead > 0) ownDeltas(chain).remove(chain.length - dead, dead, this.#subtract);
    this.#addLive(record);
    chain.follow(kind);
    chain.deltas.push(placeOf(record.slot, record.offset), record.sizeClass);
    // An expiry is no content: a command that reads the value goes on.
    if (kind !== KIND_EXPIRE) chain.version += 1;
    this.charge(chain);
  }

  /** Begins a base in pages: the record is its BEGIN. Pages of one begun before are dead. */
  begin(chain: Chain, record: RecordPlace): void {
    this.abandon(chain);
    this.addDelta(chain, record, KIND_BEGIN);
    chain.pending = new PlaceList();
  }

  /** The BEGIN and PAGEs of a base that was appended in one step. */
  adoptPages(chain: Chain, records: readonly RecordPlace[]): void {
    for (const record of records) this.#addLive(record);
    chain.pages = listOf(records);
    this.charge(chain);
  }

  addPage(chain: Chain, record: RecordPlace): void {
    this.onTouch(chain);
    this.#addLive(record);
    chain.pending!.push(placeOf(record.slot, record.offset), record.sizeClass);
    this.charge(chain);
  }

  /** Gives up the pages that have no BASE; their BEGIN stays (chain-shape.ts). */
  abandon(chain: Chain): void {
    if (chain.pending === undefined && chain.begunAt === -1) return;
    this.onTouch(chain);
    chain.pending?.forEach(this.#subtract);
    chain.pending = undefined;
    chain.begunAt = -1;
  }

  /** The BASE was appended: the pages are the base now, and the old one and its deltas are dead. */
  complete(chain: Chain, record: RecordPlace): void {
    this.onTouch(chain);
    const deltas = ownDeltas(chain);
    this.#subtract(chain.base, chain.baseClass);
    chain.pages?.forEach(this.#subtract);
    const pages = new PlaceList();
    const [begin, beginClass] = [deltas.places[chain.begunAt]!, deltas.classes[chain.begunAt]!];
    pages.push(begin, beginClass);
    chain.pending!.places.forEach((place, i) => pages.push(place, chain.pending!.classes[i]!));
    chain.pages = pages;
    chain.pending = undefined;
    deltas.remove(0, chain.rebase(), (place, sizeClass) => {
      if (place !== begin) this.#subtract(place, sizeClass);
    });
    this.#setBase(chain, record);
  }

  /** The whole value was written again: the old base and the deltas are dead. */
  rebase(chain: Chain, record: RecordPlace): void {
    this.onTouch(chain);
    this.#releaseRecords(chain);
    this.#setBase(chain, record);
  }

  /** Forgets a chain and gives up its records: the key was overwritten or removed. */
  release(chain: Chain): void {
    this.onTouch(chain);
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
    chain.live = chain.run = chain.group = undefined;
    if (this.#lru.has(chain)) this.#lru.remove(chain);
  }

  /** Takes the records of a chain off the live bytes, unless that was done when it was released. */
  takeOff(chain: Chain): void {
    if (this.has(chain)) this.#forEachRecord(chain, this.#subtract);
  }

  /** A chain has the records again that it once had: they count, and it is cold. */
  putBack(chain: Chain): void {
    this.#forEachRecord(chain, (place, sizeClass) => {
      this.#segments.mustGet(placeSlot(place)).addLive(sizeClass);
    });
    this.revive(chain);
  }

  /** Undoes `forget`; the chain is cold. */
  revive(chain: Chain): void {
    chain.version += 1;
    this.#byId.set(chain.id, chain);
    this.cool(chain);
  }

  /** Lets go of the value; the chain stays, and its records say the same. */
  cool(chain: Chain): void {
    chain.live = chain.run = undefined;
    this.charge(chain);
    if (this.#lru.has(chain)) this.#lru.remove(chain);
  }

  /** Counts what the chain takes now. */
  charge(chain: Chain): void {
    const live = (chain.live?.memoryBytes ?? 0) + (chain.run?.memoryBytes ?? 0);
    const records = chain.length + (chain.pages?.length ?? 0) + (chain.pending?.length ?? 0);
    const bytes = CHAIN_BYTES + (chain.key?.length ?? 0) + records * PLACE_BYTES + live;
    this.#bytes += bytes - chain.chargedBytes;
    this.#warmBytes += live - chain.chargedLiveBytes;
    chain.chargedBytes = bytes;
    chain.chargedLiveBytes = live;
  }

  warm(chain: Chain, live: LiveValue): void {
    chain.live = live;
    this.charge(chain);
    this.#lru.touch(chain);
  }

  /** The chain was used: it gets a second chance before it goes cold. Writes nothing but a flag. */
  touch(chain: Chain): void {
    chain.isUsed = true;
  }

  /**
   * The warm chain to go cold next, that nobody pins; undefined if there is none. Those that were
   * used since they came to the front go back to the end (second chance: near enough to the order
   * of use, which would cost moving links of three chains in a list at each use).
   */
  oldestWarm(): Chain | undefined {
    let chances = SECOND_CHANCES_MAX;
    let chain = this.#lru.oldest;
    while (chain !== undefined) {
      if (chain.pins > 0) chain = chain.lru.newer;
      else if (!chain.isUsed || chances === 0) return chain;
      else {
        const next: Chain | undefined = chain.lru.newer;
        chain.isUsed = false;
        this.#lru.touch(chain);
        chances -= 1;
        chain = next ?? this.#lru.oldest;
      }
    }
    return undefined;
  }

  /** The compactor moved one of the chain's records: its size class. */
  move(chain: Chain, from: number, to: number): number {
    if (chain.base === from) {
      chain.base = to;
      return chain.baseClass;
    }
    for (const list of [chain.deltas, chain.pages, chain.pending]) {
      const at = list?.places.indexOf(from) ?? -1;
      if (at === -1) continue;
      list!.places[at] = to;
      return list!.classes[at]!;
    }
    throw new Error(`chains: chain ${chain.id} has no record that is moved`);
  }

  /** The size class of the chain's record at this place; -1 if it has none there. */
  classAt(chain: Chain, place: number): number {
    if (chain.base === place) return chain.baseClass;
    for (const list of [chain.deltas, chain.pages, chain.pending]) {
      const at = list?.places.indexOf(place) ?? -1;
      if (at !== -1) return list!.classes[at]!;
    }
    return -1;
  }

  // ---- Inside -----------------------------------------------------------------------------------

  #setBase(chain: Chain, record: RecordPlace): void {
    chain.base = placeOf(record.slot, record.offset);
    chain.baseClass = record.sizeClass;
    chain.version += 1;
    this.#addLive(record);
    this.charge(chain);
  }

  #addLive(record: RecordPlace): void {
    this.#segments.mustGet(record.slot).addLive(record.sizeClass);
  }

  readonly #subtract = (place: number, sizeClass: number): void => {
    this.#segments.mustGet(placeSlot(place)).subtractLive(sizeClass);
  };

  #forEachRecord(chain: Chain, each: (place: number, sizeClass: number) => void): void {
    each(chain.base, chain.baseClass);
    for (const list of [chain.deltas, chain.pages, chain.pending]) list?.forEach(each);
  }

  #releaseRecords(chain: Chain): void {
    this.#forEachRecord(chain, this.#subtract);
    chain.deltas = new PlaceList();
    chain.pages = chain.pending = chain.run = undefined;
    chain.clear();
  }
}

/** The list of deltas, to take records out. */
function ownDeltas(chain: Chain): PlaceList {
  if (chain.deltas.isKept) chain.deltas = chain.deltas.copy();
  return chain.deltas;
}
