/**
 * One segment of the replicated log as it is used: how far it is, where its entries are, who reads
 * it.
 *
 *     synced <= written <= end        offsets; what lies between written and end waits in a queue
 *
 * Of its entries only some have their offset in RAM: one at least every RAFT_OFFSETS_SPACING_BYTES,
 * and each that replaced others. From one such entry on, up to the index of the next, entries
 * follow each other; what lies between them and that next one was replaced.
 *
 *     file     | 1 | 2 | 3 | 4 | 3' | 4' | 5' |           offsets in RAM: 1, 3'
 *
 * Invariants: bytes before `written` never change. The file has its name only when `isNamed`.
 */

import type { ReadFile, WriteFile } from '../../io/files.ts';
import { RAFT_OFFSETS_SPACING_BYTES } from '../limits.ts';
import type { LogBase } from '../core/entry.ts';
import type { SegmentHeader } from './segment-header.ts';
import { encodeSegmentHeader } from './segment-header.ts';

/** Where entries from `index` on begin, up to the index of the next one. */
export interface OffsetAt {
  readonly index: number;
  readonly offset: number;
}

export class LogSegment {
  readonly path: string;
  readonly headerBytes: number;
  /** Complete once the segment has its name. */
  header: SegmentHeader;
  /** The segment before, if `header.base.timeMs` still has to be read from its entry there. */
  timeFrom: LogSegment | undefined;
  /** Segments that are of no use as soon as this one has its name. */
  readonly obsolete: LogSegment[];
  isNamed = false;
  isRemoved = false;

  /** While it is the newest. */
  file: WriteFile | undefined;
  end: number;
  written = 0;
  synced = 0;
  /** Length of the file: what is behind `written` is zeros. */
  zeroed = 0;
  /** Where the record ends that said last that all was durable. */
  markedEnd = 0;

  lastIndex: number;
  readonly #offsets: OffsetAt[] = [];

  reading: Promise<ReadFile> | undefined;
  #readers = 0;
  #whenUnread: (() => void)[] = [];

  constructor(path: string, header: SegmentHeader, obsolete: LogSegment[] = [],
    timeFrom?: LogSegment) {
    this.path = path;
    this.header = header;
    this.timeFrom = timeFrom;
    this.obsolete = obsolete;
    this.headerBytes = encodeSegmentHeader(header).length;
    this.end = this.headerBytes;
    this.lastIndex = header.base.index;
  }

  get sequence(): number {
    return this.header.sequence;
  }

  get base(): LogBase {
    return this.header.base;
  }

  // ---- Entries ----------------------------------------------------------------------------------

  /** An entry begins at `offset`; those from `index` on are replaced. */
  addEntry(index: number, offset: number): void {
    const isReplacing = index <= this.lastIndex;
    if (isReplacing) this.keepUpTo(index - 1);
    const last = this.#offsets.at(-1);
    const isFar = last === undefined || offset >= last.offset + RAFT_OFFSETS_SPACING_BYTES;
    if (isReplacing || isFar) this.#offsets.push({ index, offset });
    this.lastIndex = index;
  }

  /** The entries behind `index` do not count any more. */
  keepUpTo(index: number): void {
    while ((this.#offsets.at(-1)?.index ?? 0) > index) this.#offsets.pop();
    this.lastIndex = Math.min(this.lastIndex, index);
  }

  /** The offsets in RAM from the last one that is not behind entry `index`. */
  offsetsFrom(index: number): OffsetAt[] {
    return this.#offsets.slice(this.#offsets.findLastIndex((each) => each.index <= index));
  }

  // ---- Readers ----------------------------------------------------------------------------------

  /** As long as it is pinned, its file is neither closed nor removed. */
  pin(): void {
    this.#readers += 1;
  }

  unpin(): void {
    this.#readers -= 1;
    if (this.#readers === 0) for (const done of this.#whenUnread.splice(0)) done();
  }

  get isPinned(): boolean {
    return this.#readers > 0;
  }

  async unread(): Promise<void> {
    while (this.isPinned) await new Promise<void>((resolve) => this.#whenUnread.push(resolve));
  }
}
