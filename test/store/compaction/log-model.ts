// A log without bytes: keys, versions and segments as numbers. It drives the pure choice through
// millions of writes in a second, and checks tombstones in a way that a real log cannot: it knows,
// for each key, every record that still exists anywhere.
import type { Choice, ChoosePolicy, SegmentFacts } from '../../../src/store/compaction/choose.ts';
import { choose, tombstoneFloor } from '../../../src/store/compaction/choose.ts';

interface ModelRecord { readonly key: number; readonly version: number; readonly dead: boolean }

interface ModelSegment {
  readonly id: number;
  sealed: boolean;
  records: ModelRecord[];
  live: number;
  tombstones: number;
  newestTombstone: number;
  cleanSince: number;
}

/** How a tombstone may be dropped; a test plants a wrong one. */
export type TombstonePolicy = (version: number, floor: number) => boolean;

export const mayDrop: TombstonePolicy = (version, floor) => version < floor;

export interface LogModelOptions {
  readonly segmentRecords: number;
  readonly diskRatioMax: number;
  readonly minRecords?: number;
  readonly mayDrop?: TombstonePolicy;
}

export class LogModel {
  readonly segments = new Map<number, ModelSegment>();
  /** key -> version and segment of its newest record, while it exists. */
  readonly index = new Map<number, { version: number; segment: number }>();
  readonly #options: LogModelOptions;
  #active: ModelSegment;
  #nextId = 1;
  #version = 1;
  records = 0;
  userRecords = 0;
  copiedRecords = 0;
  rounds = 0;
  peakRatio = 0;

  constructor(options: LogModelOptions) {
    this.#options = options;
    this.#active = this.#newSegment(false);
  }

  put(key: number): void {
    const version = this.#version++;
    this.#kill(key);
    this.#append(this.#active, { key, version, dead: false });
    this.#active.live++;
    this.index.set(key, { version, segment: this.#active.id });
    this.#afterWrite();
  }

  remove(key: number): void {
    if (!this.index.has(key)) return;
    const version = this.#version++;
    this.#kill(key);
    this.index.delete(key);
    this.#appendTombstone(this.#active, { key, version, dead: true });
    this.#afterWrite();
  }

  /** Compacts once if the choice says so. */
  step(demanded = false): Choice | null {
    const choice = choose(this.facts(), this.policy(), demanded);
    if (choice === null) return null;
    this.rounds++;
    if (choice.inputs.length > 0) this.#copy(choice);
    for (const id of [...choice.drop, ...choice.inputs]) this.#drop(id);
    return choice;
  }

  /** What recovery would find: the newest record of each key wins. */
  recover(): Map<number, number> {
    const newest = new Map<number, ModelRecord>();
    for (const segment of this.segments.values()) {
      for (const record of segment.records) {
        const known = newest.get(record.key);
        if (known === undefined || known.version < record.version) newest.set(record.key, record);
      }
    }
    const state = new Map<number, number>();
    for (const [key, record] of newest) if (!record.dead) state.set(key, record.version);
    return state;
  }

  facts(): SegmentFacts[] {
    return [...this.segments.values()].map((segment) => ({
      id: segment.id,
      sealed: segment.sealed,
      bytes: segment.records.length,
      liveBytes: segment.live,
      tombstoneBytes: segment.tombstones,
      newestTombstone: segment.newestTombstone,
      cleanSince: this.#isClean(segment) ? this.#version : segment.cleanSince,
    }));
  }

  policy(): ChoosePolicy {
    return {
      diskRatioMax: this.#options.diskRatioMax,
      besideBytes: 0,
      minBytes: this.#options.minRecords ?? 0,
      segmentBytes: this.#options.segmentRecords,
      slackBytes: 0,
      nextValueIndex: this.#version,
    };
  }

  get tombstones(): number {
    let count = 0;
    for (const segment of this.segments.values()) count += segment.tombstones;
    return count;
  }

  #copy(choice: Choice): void {
    this.#roll();
    const without = new Set(choice.inputs);
    const floor = tombstoneFloor(this.facts(), without);
    const out = this.#newSegment(true);
    out.cleanSince = this.#version;
    const drop = this.#options.mayDrop ?? mayDrop;
    for (const id of choice.inputs) {
      for (const record of this.segments.get(id)!.records) this.#copyRecord(id, record, out, floor, drop);
    }
    this.#notePeak();
    if (out.records.length === 0) this.#drop(out.id);
  }

  #copyRecord(
    from: number, record: ModelRecord, out: ModelSegment, floor: number, drop: TombstonePolicy,
  ): void {
    const current = this.index.get(record.key);
    if (record.dead) {
      if (current !== undefined || drop(record.version, floor)) return;
      this.#appendTombstone(out, record);
    } else {
      if (current?.segment !== from || current.version !== record.version) return;
      this.#append(out, record);
      out.live++;
      this.index.set(record.key, { version: record.version, segment: out.id });
    }
    this.copiedRecords++;
  }

  /** Nothing in it is dead, so nothing in it is hidden. */
  #isClean(segment: ModelSegment): boolean {
    return segment.sealed && segment.live + segment.tombstones === segment.records.length;
  }

  #append(segment: ModelSegment, record: ModelRecord): void {
    segment.records.push(record);
    if (!segment.sealed) segment.cleanSince = Math.min(segment.cleanSince, record.version);
    this.records++;
  }

  #appendTombstone(segment: ModelSegment, record: ModelRecord): void {
    this.#append(segment, record);
    segment.tombstones++;
    segment.newestTombstone = Math.max(segment.newestTombstone, record.version);
  }

  #kill(key: number): void {
    const old = this.index.get(key);
    if (old !== undefined) this.segments.get(old.segment)!.live--;
  }

  #afterWrite(): void {
    this.userRecords++;
    if (this.#active.records.length >= this.#options.segmentRecords) this.#roll();
    this.#notePeak();
  }

  #roll(): void {
    if (this.#active.records.length === 0) return;
    this.#active.sealed = true;
    this.#active = this.#newSegment(false);
  }

  #newSegment(sealed: boolean): ModelSegment {
    const segment: ModelSegment = {
      id: this.#nextId++, sealed, records: [], live: 0, tombstones: 0, newestTombstone: 0,
      cleanSince: sealed ? this.#version : Infinity,
    };
    this.segments.set(segment.id, segment);
    return segment;
  }

  #drop(id: number): void {
    this.records -= this.segments.get(id)!.records.length;
    this.segments.delete(id);
  }

  #notePeak(): void {
    if (this.index.size > 0) this.peakRatio = Math.max(this.peakRatio, this.records / this.index.size);
  }
}
