/**
 * Makes the hint of a segment: from rows, or by reading the segment from end to end.
 *
 * A hint is never needed, only fast: an error here is the caller's to report and forget. `pause` is
 * called between slices of work; a serving thread lets the event loop run there, recovery does not.
 */

import type { Files } from '../../io/files.ts';
import { DiskError } from '../../io/files.ts';
import type { KeyHash } from '../../lib/key-hash.ts';
import { visitRecords } from '../compaction/segment-scan.ts';
import {
  KIND_DELETED, KIND_PAD, entryExpireAtAt, entryKeyBytesAt, entryKeyStartAt, entryKindAt,
  entrySpaceAt, entryTypeByteAt, entryValueIndexAt,
} from '../format/data-entry.ts';
import { encodeHint } from '../format/hint.ts';
import type { SegmentSummary } from '../format/hint.ts';
import { HintRows, rowKind, rowValueIndex } from '../format/hint-rows.ts';
import { hintFileName } from '../format/segment-header.ts';
import { expirySecondsOfMs } from '../index/index-slot.ts';

/** Records between two looks at the clock while a hint is made: about 0.1 ms. */
const HINT_SLICE_RECORDS = 512;

/** Written at once. */
const WRITE_BYTES = 1024 * 1024;

export type Pause = () => Promise<void>;

/** Adds the row of the record at buf[at], which starts at `offset` of its segment. */
export function addRow(rows: HintRows, hasher: KeyHash, buf: Buffer, at: number, offset: number,
  bytes: number): void {
  const start = entryKeyStartAt(buf, at);
  hasher.hash(buf, start, start + entryKeyBytesAt(buf, at));
  rows.add(hasher.hi, hasher.lo, entryKindAt(buf, at), entryTypeByteAt(buf, at),
    entrySpaceAt(buf, at), offset, bytes, expirySecondsOfMs(entryExpireAtAt(buf, at)),
    entryValueIndexAt(buf, at));
}

/** Reads `bytes` bytes of a segment; throws DAMAGED at the first thing that is not sound. */
export async function scanRows(files: Files, path: string, id: number, bytes: number,
  hasher: KeyHash, pause: Pause): Promise<HintRows> {
  const file = await files.openRead(path);
  try {
    const rows = new HintRows();
    await visitRecords(file, id, bytes, pause, (scan) => {
      if (entryKindAt(scan.buf, scan.at) === KIND_PAD) return;
      addRow(rows, hasher, scan.buf, scan.at, scan.offset, scan.bytes);
    });
    return rows;
  } finally {
    await file.close();
  }
}

/** What the rows of a segment say about it. */
export function summaryOf(rows: HintRows, id: number, bytes: number,
  position: number): SegmentSummary {
  const { words } = rows;
  let tombstones = 0;
  let min = Infinity;
  let max = 0;
  for (let row = 0; row < rows.count; row += 1) {
    const valueIndex = rowValueIndex(words, row);
    if (rowKind(words, row) === KIND_DELETED) tombstones += 1;
    if (valueIndex < min) min = valueIndex;
    if (valueIndex > max) max = valueIndex;
  }
  return {
    id, bytes, records: rows.count, tombstones, position,
    minValueIndex: rows.count === 0 ? 0 : min, maxValueIndex: max,
  };
}

/**
 * Sorts the rows and writes the hint file, durable but for its name; one that is there is replaced.
 */
export async function writeHint(files: Files, dir: string, summary: SegmentSummary, rows: HintRows,
  pause: Pause): Promise<void> {
  const path = `${dir}/${hintFileName(summary.id)}`;
  const bytes = Buffer.concat(await encodeWithPauses(summary, rows, pause));
  await files.unlink(path).catch((error: unknown) => {
    if (!(error instanceof DiskError) || error.code !== 'ENOENT') throw error;
  });
  const file = await files.create(path);
  try {
    for (let at = 0; at < bytes.length; at += WRITE_BYTES) {
      await file.write(bytes, at, Math.min(WRITE_BYTES, bytes.length - at), at);
      await pause();
    }
    await file.datasync();
  } finally {
    await file.close();
  }
}

async function encodeWithPauses(summary: SegmentSummary, rows: HintRows,
  pause: Pause): Promise<Buffer[]> {
  const steps = encodeHint(summary, rows, HINT_SLICE_RECORDS);
  for (;;) {
    const step = steps.next();
    if (step.done === true) return step.value;
    await pause();
  }
}
