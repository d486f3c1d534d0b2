/**
 * The hint file of a segment as bytes (drawn in FORMAT.md): a 64-byte header, then blocks of sorted
 * rows, each with its checksum. A hint that is missing or damaged is no loss: it is made again by
 * scanning the segment.
 */

import { checksum } from '../../lib/checksum.ts';
import { readU32, readU48, writeU32, writeU48 } from '../../lib/words.ts';
import type { HintRows } from './hint-rows.ts';
import { ROW_BYTES, ROW_WORDS } from './hint-rows.ts';
import { FORMAT_VERSION } from './segment-header.ts';

export const HINT_HEADER_BYTES = 64;
export const HINT_BLOCK_HEADER_BYTES = 16;
/** Rows of a block, fewer in the last one: a block stays below 64 KiB. */
export const HINT_BLOCK_ROWS = 2047;
export const HINT_BLOCK_BYTES = HINT_BLOCK_HEADER_BYTES + HINT_BLOCK_ROWS * ROW_BYTES;

/** What is known about a segment as a whole, from its header row on. */
export interface SegmentSummary {
  readonly id: number;
  /** Bytes of the segment that count: whatever lies behind them was cut. */
  readonly bytes: number;
  /** PUT, DELTA, DELETED and EXPIRE records. */
  readonly records: number;
  readonly tombstones: number;
  /** 0 if there are no records. */
  readonly minValueIndex: number;
  readonly maxValueIndex: number;
  /** The highest position that a frame carries. */
  readonly position: number;
}

const MAGIC = 'DKVSHINT';
const SUM_AT = 60;

export function encodeHintHeader(summary: SegmentSummary): Buffer {
  const buf = Buffer.alloc(HINT_HEADER_BYTES);
  buf.write(MAGIC, 0, 'latin1');
  writeU32(buf, 8, FORMAT_VERSION);
  writeU32(buf, 12, summary.tombstones);
  writeU48(buf, 16, summary.id);
  writeU48(buf, 22, summary.bytes);
  writeU32(buf, 28, summary.records);
  writeU48(buf, 32, summary.position);
  writeU48(buf, 38, summary.minValueIndex);
  writeU48(buf, 44, summary.maxValueIndex);
  writeU32(buf, SUM_AT, checksum(buf, 0, SUM_AT));
  return buf;
}

/** The summary, or undefined if the bytes are no sound hint header of this version. */
export function decodeHintHeader(buf: Uint8Array): SegmentSummary | undefined {
  if (buf.length < HINT_HEADER_BYTES) return undefined;
  const magic = Buffer.from(buf.buffer, buf.byteOffset, MAGIC.length).toString('latin1');
  if (magic !== MAGIC) return undefined;
  if (readU32(buf, SUM_AT) !== checksum(buf, 0, SUM_AT)) return undefined;
  if (readU32(buf, 8) !== FORMAT_VERSION) return undefined;
  return {
    id: readU48(buf, 16),
    bytes: readU48(buf, 22),
    records: readU32(buf, 28),
    tombstones: readU32(buf, 12),
    minValueIndex: readU48(buf, 38),
    maxValueIndex: readU48(buf, 44),
    position: readU48(buf, 32),
  };
}

/** Where block number `block` starts in the file. */
export function hintBlockOffset(block: number): number {
  return HINT_HEADER_BYTES + block * HINT_BLOCK_BYTES;
}

export function hintBlockCount(records: number): number {
  return Math.ceil(records / HINT_BLOCK_ROWS);
}

/** Rows of block number `block` in a hint of `records` rows. */
export function hintBlockRows(records: number, block: number): number {
  return Math.max(0, Math.min(HINT_BLOCK_ROWS, records - block * HINT_BLOCK_ROWS));
}

/** Block number `block` of a hint, its rows in the given order. */
export function encodeHintBlock(rows: HintRows, order: Uint32Array, id: number,
  block: number): Buffer {
  const count = hintBlockRows(rows.count, block);
  const bytes = new Uint8Array(HINT_BLOCK_HEADER_BYTES + count * ROW_BYTES);
  const words = new Uint32Array(bytes.buffer, HINT_BLOCK_HEADER_BYTES);
  for (let i = 0; i < count; i += 1) {
    const from = order[block * HINT_BLOCK_ROWS + i]! * ROW_WORDS;
    const to = i * ROW_WORDS;
    for (let word = 0; word < ROW_WORDS; word += 1) words[to + word] = rows.words[from + word]!;
  }
  const buf = Buffer.from(bytes.buffer);
  writeU32(buf, 4, count);
  writeU32(buf, 0, blockSum(buf, id, block));
  return buf;
}

/** Whether `buf` is exactly block number `block`, undamaged. */
export function isHintBlockSound(buf: Uint8Array, id: number, records: number,
  block: number): boolean {
  const rows = hintBlockRows(records, block);
  return buf.length === HINT_BLOCK_HEADER_BYTES + rows * ROW_BYTES &&
    readU32(buf, 4) === rows && readU32(buf, 0) === blockSum(buf, id, block);
}

function blockSum(buf: Uint8Array, id: number, block: number): number {
  return checksum(buf, 4, buf.length, (Math.imul(id, 0x9e3779b1) ^ block) >>> 0);
}
