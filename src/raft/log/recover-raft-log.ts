/**
 * Brings the replicated log back from its segments.
 *
 * The newest segment says which one comes before it, and so on: that chain is the log. The other
 * files are what a truncation or a reset made obsolete. Where the chain ends at a segment that is
 * not there, that was trimmed, unless an older file shows that one was lost.
 *
 * All segments but the newest were durable before the next one began: anything that is wrong with
 * them is damage. The newest may have a torn tail (scan-segment.ts). What it holds came perhaps
 * from the page cache only; after a sync that failed, a later one may succeed without writing those
 * pages. So it is written once more to a fresh segment, and only that is used. It takes the place
 * of the old one in one step: it names the same segment before it.
 *
 * How far the newest segment is durable is also kept outside it (io/watermark-file.ts). If it ends
 * before that place, has another record there, or is not there at all, a vote or entries that
 * others rely on are lost, and the log does not open. When a newer segment has its name, the place
 * tells nothing more: the header of that one says how long the one before it was.
 *
 * It rejects with DiskError or DAMAGED. Until everything was read and found sound, nothing changes.
 */

import type { Files } from '../../io/files.ts';
import { readSyncedPlace } from '../../io/watermark-file.ts';
import type { SyncedPlace, WatermarkOwner } from '../../io/watermark-file.ts';
import { readU32 } from '../../lib/words.ts';
import type { HardState } from '../core/entry.ts';
import { LogIndex } from './log-index.ts';
import { LogSegment } from './log-segment.ts';
import { PendingPart } from './pending-part.ts';
import { damaged } from './raft-log-error.ts';
import type { LogState } from './raft-log.ts';
import { entryAt, hardStateAt, readRecordHeader, recordBytes, writeEntry } from './record.ts';
import type { RecordHeader } from './record.ts';
import { scanSegment } from './scan-segment.ts';
import type { SegmentScan } from './scan-segment.ts';
import { SegmentFiles } from './segment-files.ts';
import {
  HEADER_BYTES_MAX, decodeSegmentHeader, parseSegmentFileName, segmentFileName,
} from './segment-header.ts';
import type { SegmentHeader } from './segment-header.ts';

/** Of the notes: a directory has one replicated log, and nothing tells it from another's. */
export const RAFT_OWNER: WatermarkOwner = [0, 0];

/** The log of `dir`, all of it durable; undefined if there is none. */
export async function recoverRaftLog(files: Files, dir: string): Promise<LogState | undefined> {
  const names = await files.list(dir);
  const sequences = names.map(parseSegmentFileName).filter((each) => each !== undefined)
    .sort((a, b) => a - b);
  const place = await readSyncedPlace(files, dir, RAFT_OWNER);
  const newest = sequences.at(-1) ?? 0;
  if (place !== undefined && place.fileId > newest) {
    throw damaged(`${dir}/${segmentFileName(place.fileId)}`, 0,
      `the file is missing, ${place.bytes} bytes of it were synced`);
  }
  if (sequences.length === 0) return undefined;
  const chain = await readChain(files, dir, sequences);
  const recovery = new Recovery(files, dir, chain, place?.fileId === newest ? place : undefined);
  const state = await recovery.run();
  const used = new Set(state.segments.map(({ sequence }) => sequence));
  await removeOthers(files, dir, sequences.filter((each) => !used.has(each)));
  return state;
}

/** The headers of the log's segments, oldest first. */
async function readChain(files: Files, dir: string,
  sequences: readonly number[]): Promise<SegmentHeader[]> {
  const there = new Set(sequences);
  const chain: SegmentHeader[] = [];
  let wanted = sequences.at(-1)!;
  while (there.has(wanted)) {
    const header = await readHeader(files, `${dir}/${segmentFileName(wanted)}`);
    chain.unshift(header);
    if (header.previousSequence === 0) return chain;
    wanted = header.previousSequence;
  }
  if (sequences[0]! < wanted) {
    const path = `${dir}/${segmentFileName(wanted)}`;
    throw damaged(path, 0, 'the file is missing, older ones are not');
  }
  return chain;
}

async function readHeader(files: Files, path: string): Promise<SegmentHeader> {
  const file = await files.openRead(path);
  try {
    const buf = Buffer.alloc(HEADER_BYTES_MAX);
    const bytes = await file.read(buf, 0, buf.length, 0);
    const decoded = decodeSegmentHeader(buf.subarray(0, bytes));
    if (typeof decoded === 'string') throw damaged(path, 0, decoded);
    const { header } = decoded;
    if (!path.endsWith(`/${segmentFileName(header.sequence)}`)) {
      throw damaged(path, 0, `its header says that this is segment ${header.sequence}`);
    }
    return header;
  } finally {
    await file.close();
  }
}

async function removeOthers(files: Files, dir: string,
  sequences: readonly number[]): Promise<void> {
  for (const sequence of sequences) await files.unlink(`${dir}/${segmentFileName(sequence)}`);
  await files.syncDir(dir);
}

class Recovery {
  readonly #files: Files;
  readonly #dir: string;
  readonly #chain: readonly SegmentHeader[];
  /** How far the newest segment was synced, if that is known. */
  readonly #place: SyncedPlace | undefined;
  readonly #segments: LogSegment[] = [];
  readonly #index: LogIndex;
  #hardState: HardState;
  /** Where the entries of the segment are that is being read, in order. */
  #offsets: number[] = [];

  constructor(files: Files, dir: string, chain: readonly SegmentHeader[],
    place: SyncedPlace | undefined) {
    this.#place = place;
    this.#files = files;
    this.#dir = dir;
    this.#chain = chain;
    this.#index = new LogIndex(chain[0]!.base);
    this.#hardState = chain.at(-1)!.hardState;
  }

  async run(): Promise<LogState> {
    for (const [i, header] of this.#chain.slice(0, -1).entries()) {
      await this.#readOlder(header, this.#chain[i + 1]!);
    }
    this.#segments.push(await this.#rewriteNewest(this.#chain.at(-1)!));
    return { segments: this.#segments, index: this.#index, hardState: this.#hardState };
  }

  #path(sequence: number): string {
    return `${this.#dir}/${segmentFileName(sequence)}`;
  }

  async #readOlder(header: SegmentHeader, next: SegmentHeader): Promise<void> {
    const segment = new LogSegment(this.#path(header.sequence), header);
    const bytes = await this.#files.readAll(segment.path);
    const { end } = this.#scan(segment, bytes.subarray(0, next.previousBytes));
    if (end !== next.previousBytes) {
      throw damaged(segment.path, end, `it was durable to byte ${next.previousBytes}`);
    }
    const { base } = next;
    if (this.#index.termOf(base.index) !== base.term) {
      throw damaged(this.#path(next.sequence), 0,
        `it goes on behind entry ${base.index} of term ${base.term}, which is not there`);
    }
    this.#index.keepUpTo(base.index, base.timeMs);
    segment.keepUpTo(base.index);
    segment.end = segment.written = segment.synced = segment.zeroed = end;
    segment.isNamed = true;
    this.#segments.push(segment);
  }

  /** Takes the records of a segment into the index. */
  #scan(segment: LogSegment, bytes: Uint8Array): SegmentScan {
    const { sequence, headerBytes, header: { durableBytes } } = segment;
    this.#offsets = [];
    return scanSegment({ bytes, sequence, headerBytes, durableBytes }, (header, at) => {
      this.#visit(segment, bytes, header, at);
    });
  }

  #visit(segment: LogSegment, bytes: Uint8Array, header: RecordHeader, at: number): void {
    if (header.entryKind === undefined) {
      this.#hardState = hardStateAt(bytes, at, header);
      return;
    }
    const entry = entryAt(bytes, at, header, header.entryKind);
    const place = entry.index - segment.base.index - 1;
    const problem = place < 0
      ? `entry ${entry.index} is not behind the base ${segment.base.index}`
      : this.#index.problemOf(entry);
    if (problem !== undefined) throw damaged(segment.path, at, problem);
    this.#index.append(entry);
    segment.addEntry(entry.index, at);
    this.#offsets.length = place;
    this.#offsets.push(at);
  }

  async #rewriteNewest(header: SegmentHeader): Promise<LogSegment> {
    const old = new LogSegment(this.#path(header.sequence), header);
    const bytes = await this.#files.readAll(old.path);
    this.#hardState = header.hardState;
    const { end, isDamaged } = this.#scan(old, bytes);
    if (isDamaged) throw damaged(old.path, end, 'it was durable beyond this');
    this.#mustReachPlace(old.path, bytes, end);
    const sequence = header.sequence + 1;
    const fresh = new LogSegment(this.#path(sequence),
      { ...header, sequence, hardState: this.#hardState });
    const part = this.#copyEntries(bytes, old, fresh);
    const files = new SegmentFiles(this.#files, this.#dir, 0, () => undefined);
    try {
      await files.create(fresh, part);
    } catch (error) {
      await fresh.file?.close().catch(() => undefined);
      throw error;
    }
    return fresh;
  }

  /** Refuses a file that lost what was synced, or is another one. */
  #mustReachPlace(path: string, bytes: Uint8Array, end: number): void {
    const place = this.#place;
    if (place === undefined) return;
    if (end < place.bytes) {
      throw damaged(path, end,
        `the log ends here, although it was synced up to byte ${place.bytes}`);
    }
    const { proof } = place;
    // The sum is seeded with the place and covers the sum of the payload.
    if (proof === undefined || readU32(bytes, proof.at) === proof.sum) return;
    throw damaged(path, proof.at, 'the record here is not the one that was synced: the file was ' +
      'exchanged, or another copy of it was put in its place');
  }

  /** The entries that count, from bytes whose checksums were verified. */
  #copyEntries(bytes: Uint8Array, from: LogSegment, to: LogSegment): PendingPart {
    const part = new PendingPart(to, undefined, 0, from.lastIndex);
    for (const at of this.#offsets) {
      const header = readRecordHeader(bytes, at, from.sequence, at)!;
      const entry = entryAt(bytes, at, header, header.entryKind!);
      const { sequence, end: offset } = to;
      const copyBytes = recordBytes(entry.payload.length);
      const copyAt = part.reserve(copyBytes);
      writeEntry(part.buf, copyAt, { sequence, offset, durableBytes: 0 }, entry);
      to.addEntry(entry.index, offset);
      to.end += copyBytes;
    }
    return part;
  }
}
