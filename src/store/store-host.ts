/** The store as the compactor sees it (compaction-host.ts). */

import type { Files } from '../io/files.ts';
import type { KeyHashSeed } from '../lib/key-hash.ts';
import { placeOf, placeOffset, placeSlot } from './memory/residents.ts';
import type {
  CompactionHost, RecordColumns, SealedSegmentStats,
} from './compaction/compaction-host.ts';
import { KIND_DELETED, KIND_PUT } from './format/data-entry.ts';
import type { SealedSegment } from './format/manifest.ts';
import { segmentFileName } from './format/segment-header.ts';
import type { ManifestKeeper } from './segments/manifest-keeper.ts';
import type { Sealer } from './sealer.ts';
import type { Segment } from './segments/segment.ts';
import { damaged, type StoreError } from './store-error.ts';
import type { StoreParts } from './store-parts.ts';
import type { TakeBack } from './changes/take-back.ts';
import type { KeyIndex } from './index/key-index.ts';

export interface StoreHostOptions {
  readonly parts: StoreParts;
  readonly keeper: ManifestKeeper;
  readonly sealer: Sealer;
  readonly segmentBytes: number;
  readonly takeBack: Pick<TakeBack, 'asked' | 'spoiled'>;
  readonly freeBytes: () => number;
  readonly setWriteDelay: (delayMs: number) => void;
  readonly onDamage: (error: StoreError) => void;
}

export class StoreHost implements CompactionHost {
  readonly files: Files;
  readonly dir: string;
  readonly seed: KeyHashSeed;
  readonly segmentBytes: number;
  readonly #options: StoreHostOptions;
  readonly #parts: StoreParts;

  constructor(options: StoreHostOptions) {
    this.#options = options;
    this.#parts = options.parts;
    this.files = options.parts.files;
    this.dir = options.parts.dir;
    this.seed = options.parts.seed;
    this.segmentBytes = options.segmentBytes;
  }

  sealedSegments(): readonly SealedSegmentStats[] {
    this.#options.takeBack.asked();
    return this.#parts.segments.all()
      .filter(({ state }) => state === 'sealed')
      .map((segment) => ({
        ...segment.sealedEntry(),
        slot: segment.slot,
        liveBytes: segment.liveBytes,
        liveRecords: segment.liveRecords,
      }));
  }

  stamp(): string {
    let sealed = 0;
    let liveBytes = 0;
    for (const segment of this.#parts.segments.all()) {
      if (segment.state === 'sealed') sealed += 1;
      liveBytes += segment.liveBytes;
    }
    return `${this.appendedBytes()} ${liveBytes} ${sealed}`;
  }

  logBytes(): number {
    return this.#sum((segment) => segment.bytes);
  }

  liveBytes(): number {
    return this.#sum((segment) => segment.liveBytes);
  }

  appendedBytes(): number {
    return this.#parts.writer.appendedLsn;
  }

  minOpenValueIndex(): number {
    let min = Infinity;
    for (const segment of this.#parts.segments.all()) {
      if (segment.state === 'open') min = Math.min(min, segment.minValueIndex);
    }
    return min;
  }

  async rollActive(): Promise<void> {
    await this.#parts.writer.roll();
    await this.#options.sealer.idle();
    const { failure } = this.#parts.writer;
    if (failure !== undefined) throw failure;
  }

  async syncLog(): Promise<void> {
    await this.#parts.writer.syncAppended();
  }

  takenBack(): number {
    return this.#options.takeBack.spoiled;
  }

  reserveSegmentIds(count: number): readonly number[] {
    return Array.from({ length: count }, () => this.#parts.segments.reserveId());
  }

  markLive(slot: number, records: RecordColumns, from: number, to: number,
    answer: Uint8Array): void {
    this.#options.takeBack.asked();
    for (let row = from; row < to; row += 1) {
      const index = this.#indexOf(records, row);
      if (index === undefined || records.kind[row] === KIND_DELETED) continue;
      if (this.#find(index, slot, records, row) !== -1) answer[row >> 3]! |= 1 << (row & 7);
    }
  }

  adoptOutput(entry: SealedSegment): number {
    const { segments } = this.#parts;
    const path = `${this.dir}/${segmentFileName(entry.id, entry.kind)}`;
    const segment = segments.add(entry.id, entry.kind, path, 'adopted', entry.bytes);
    segment.restore(entry);
    return segment.slot;
  }

  moveRecords(fromSlot: number, toSlot: number, records: RecordColumns, newOffset: Uint32Array,
    from: number, to: number): number {
    this.#options.takeBack.asked();
    const fromSegment = this.#segment(fromSlot);
    const toSegment = this.#segment(toSlot);
    let moved = 0;
    for (let row = from; row < to; row += 1) {
      const index = this.#indexOf(records, row);
      if (index === undefined || records.kind[row] === KIND_DELETED) continue;
      const slot = this.#find(index, fromSlot, records, row);
      if (slot === -1) continue;
      const [offset, movedTo] = [records.offset[row]!, newOffset[row]!];
      this.#move(index, slot, placeOf(fromSlot, offset), placeOf(toSlot, movedTo));
      this.#parts.residents.move(fromSegment, offset, toSegment, movedTo);
      moved += 1;
    }
    return moved;
  }

  async switchManifest(inputs: readonly number[], outputs: readonly number[]): Promise<void> {
    const { segments } = this.#parts;
    const leaving = inputs.map((slot) => this.#segment(slot));
    for (const slot of outputs) this.#segment(slot).state = 'sealed';
    for (const segment of leaving) segment.state = 'retired';
    try {
      await this.#options.keeper.changed();
    } catch (error) {
      // Old or new manifest, that is not known: the files of both stay, and both stay listed.
      for (const segment of leaving) segment.state = 'sealed';
      throw error;
    }
    for (const segment of leaving) segments.drop(segment);
  }

  async abandonOutputs(outputs: readonly number[]): Promise<void> {
    const { segments } = this.#parts;
    for (const slot of outputs) segments.drop(this.#segment(slot));
    await segments.unlinked();
  }

  setWriteDelay(delayMs: number): void {
    this.#options.setWriteDelay(delayMs);
  }

  freeBytes(): number {
    return this.#options.freeBytes();
  }

  onDamage(file: string, offset: number, reason: string): void {
    this.#options.onDamage(damaged(file, offset, reason));
  }

  // ---- Inside -----------------------------------------------------------------------------------

  #sum(bytesOf: (segment: Segment) => number): number {
    let sum = 0;
    for (const segment of this.#parts.segments.all()) sum += bytesOf(segment);
    return sum;
  }

  #segment(slot: number): Segment {
    return this.#parts.segments.mustGet(slot);
  }

  #indexOf(records: RecordColumns, row: number): KeyIndex | undefined {
    return this.#parts.spaces.get(records.space[row]!)?.index;
  }

  /** The slot that points to this record of the segment, or whose chain has it; -1 if none. */
  #find(index: KeyIndex, segmentSlot: number, records: RecordColumns, row: number): number {
    const { chains } = this.#parts;
    const place = placeOf(segmentSlot, records.offset[row]!);
    const isPut = records.kind[row] === KIND_PUT;
    let slot = index.find(records.hi[row]!, records.lo[row]!);
    for (; slot !== -1; slot = index.findNext(slot)) {
      if (index.isChained(slot)) {
        const chain = chains.mustGet(index.chainOf(slot));
        if (chains.classAt(chain, place) !== -1) return slot;
      } else if (isPut && placeOf(index.segmentOf(slot), index.offsetOf(slot)) === place) {
        return slot;
      }
    }
    return -1;
  }

  #move(index: KeyIndex, slot: number, from: number, to: number): void {
    const { chains, segments } = this.#parts;
    let sizeClass = index.sizeClassOf(slot);
    if (index.isChained(slot)) {
      sizeClass = chains.move(chains.mustGet(index.chainOf(slot)), from, to);
    } else index.setPlace(slot, placeSlot(to), placeOffset(to), sizeClass);
    segments.mustGet(placeSlot(from)).subtractLive(sizeClass);
    segments.mustGet(placeSlot(to)).addLive(sizeClass);
  }
}
