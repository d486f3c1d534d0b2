/**
 * The hint file of a segment as bytes (drawn in FORMAT.md): a 64-byte header, a directory, then
 * blocks of sorted rows packed by columns, each with its checksum. A hint that is missing or
 * damaged is no loss: it is made again by scanning the segment.
 */

import { checksum } from '../../lib/checksum.ts';
import { readU32, readU48, writeU32, writeU48 } from '../../lib/words.ts';
import { RowPacker, arePackedRows } from './hint-columns.ts';
import { HintMarks } from './hint-marks.ts';
import { runToEnd, sortRows, type HintRows } from './hint-rows.ts';
import { packColumn, packedWords, unpackColumn } from './packed-column.ts';

export const HINT_HEADER_BYTES = 64;
/** Of the hint format alone; 1 had rows of 32 bytes. A hint of another version is made again. */
export const HINT_VERSION = 2;
/** Rows of a block, fewer in the last one. */
export const HINT_BLOCK_ROWS = 2048;
const BLOCK_HEADER_WORDS = 4;

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

export interface HintHeader extends SegmentSummary {
  readonly directoryBytes: number;
}

/** Where the blocks are, and the marks that their rows need. */
export interface HintDirectory {
  /** Offset in the file of each block, and of the end. */
  readonly blockOffsets: Float64Array;
  readonly marks: HintMarks;
}

const MAGIC = 'DKVSHINT';
const SUM_AT = 60;
/** In the place of a block's number. */
const DIRECTORY_NUMBER = 0xffffffff;

/**
 * The pieces of a hint file. A generator, so that a serving thread can pause where it yields.
 * The rows are in the order of their records.
 */
export function* encodeHint(summary: SegmentSummary, rows: HintRows,
  stepRows?: number): Generator<void, Buffer[], void> {
  const order = yield* sortRows(rows, stepRows);
  const packer = new RowPacker(rows);
  const blocks: Buffer[] = [];
  for (let from = 0; from < rows.count; from += HINT_BLOCK_ROWS) {
    yield;
    const numbers = order.subarray(from, from + HINT_BLOCK_ROWS);
    blocks.push(seal(summary.id, blocks.length, numbers.length, packer.pack(numbers)));
  }
  const directory = encodeDirectory(summary.id, blocks, packer.marks);
  return [encodeHeader(summary, directory.length), directory, ...blocks];
}

export function encodeHintNow(summary: SegmentSummary, rows: HintRows): Buffer[] {
  return runToEnd(encodeHint(summary, rows));
}

/** The header, or undefined if the bytes are no sound hint header of this version. */
export function decodeHintHeader(buf: Uint8Array): HintHeader | undefined {
  if (buf.length < HINT_HEADER_BYTES) return undefined;
  const magic = Buffer.from(buf.buffer, buf.byteOffset, MAGIC.length).toString('latin1');
  if (magic !== MAGIC) return undefined;
  if (readU32(buf, SUM_AT) !== checksum(buf, 0, SUM_AT)) return undefined;
  if (readU32(buf, 8) !== HINT_VERSION) return undefined;
  return {
    id: readU48(buf, 16),
    bytes: readU48(buf, 22),
    records: readU32(buf, 28),
    tombstones: readU32(buf, 12),
    minValueIndex: readU48(buf, 38),
    maxValueIndex: readU48(buf, 44),
    position: readU48(buf, 32),
    directoryBytes: readU32(buf, 50),
  };
}

export function hintBlockCount(records: number): number {
  return Math.ceil(records / HINT_BLOCK_ROWS);
}

/** Rows of block number `block` in a hint of `records` rows. */
export function hintBlockRows(records: number, block: number): number {
  return Math.max(0, Math.min(HINT_BLOCK_ROWS, records - block * HINT_BLOCK_ROWS));
}

/**
 * The columns of block number `block`, if `bytes` are exactly that block; undefined if it is
 * damaged. The bytes begin at a multiple of 4 of their buffer and are not copied.
 */
export function openHintBlock(bytes: Uint8Array, id: number, rows: number,
  block: number): Uint32Array | undefined {
  const packed = unseal(bytes, id, rows, block);
  return packed !== undefined && arePackedRows(packed, rows) ? packed : undefined;
}

/** The same for a block that was found to be sound before. */
export function packedPart(bytes: Uint8Array): Uint32Array {
  const words = bytes.length / 4 - BLOCK_HEADER_WORDS;
  return new Uint32Array(bytes.buffer, bytes.byteOffset + BLOCK_HEADER_WORDS * 4, words);
}

/** The directory of the hint with this header; undefined if it is damaged. */
export function decodeHintDirectory(bytes: Uint8Array,
  { id, records, directoryBytes }: HintHeader): HintDirectory | undefined {
  const blocks = hintBlockCount(records);
  const packed = unseal(bytes, id, blocks, DIRECTORY_NUMBER);
  if (packed === undefined) return undefined;
  const marks = readU32(bytes, 8);
  const columns = unpackAll(packed, [blocks, marks, marks, marks]);
  if (columns === undefined) return undefined;
  const [lengths, places, low, high] = columns as
    [Uint32Array, Uint32Array, Uint32Array, Uint32Array];
  const blockOffsets = new Float64Array(blocks + 1);
  blockOffsets[0] = HINT_HEADER_BYTES + directoryBytes;
  for (let block = 0; block < blocks; block += 1) {
    blockOffsets[block + 1] = blockOffsets[block]! + lengths[block]!;
  }
  return { blockOffsets, marks: new HintMarks(places, low, high) };
}

// ---- Inside -------------------------------------------------------------------------------------

function encodeHeader(summary: SegmentSummary, directoryBytes: number): Buffer {
  const buf = Buffer.alloc(HINT_HEADER_BYTES);
  buf.write(MAGIC, 0, 'latin1');
  writeU32(buf, 8, HINT_VERSION);
  writeU32(buf, 12, summary.tombstones);
  writeU48(buf, 16, summary.id);
  writeU48(buf, 22, summary.bytes);
  writeU32(buf, 28, summary.records);
  writeU48(buf, 32, summary.position);
  writeU48(buf, 38, summary.minValueIndex);
  writeU48(buf, 44, summary.maxValueIndex);
  writeU32(buf, 50, directoryBytes);
  writeU32(buf, SUM_AT, checksum(buf, 0, SUM_AT));
  return buf;
}

function encodeDirectory(id: number, blocks: readonly Buffer[], marks: HintMarks): Buffer {
  const lengths = Uint32Array.from(blocks, (block) => block.length);
  const columns = [lengths, marks.places, marks.low, marks.high].map(packColumn);
  return seal(id, DIRECTORY_NUMBER, blocks.length, columns, marks.count);
}

/** Columns behind a block header. */
function seal(id: number, number: number, rows: number, columns: readonly Uint32Array[],
  marks = 0): Buffer {
  const words = columns.reduce((sum, column) => sum + column.length, BLOCK_HEADER_WORDS);
  const block = new Uint32Array(words);
  block[1] = rows;
  block[2] = marks;
  let at = BLOCK_HEADER_WORDS;
  for (const column of columns) {
    block.set(column, at);
    at += column.length;
  }
  const buf = Buffer.from(block.buffer);
  writeU32(buf, 0, sumOf(buf, id, number));
  return buf;
}

function unseal(bytes: Uint8Array, id: number, rows: number,
  number: number): Uint32Array | undefined {
  if (bytes.length < BLOCK_HEADER_WORDS * 4 || bytes.length % 4 !== 0) return undefined;
  if (readU32(bytes, 4) !== rows) return undefined;
  if (readU32(bytes, 0) !== sumOf(bytes, id, number)) return undefined;
  return packedPart(bytes);
}

function unpackAll(packed: Uint32Array, counts: readonly number[]): Uint32Array[] | undefined {
  const columns: Uint32Array[] = [];
  let at = 0;
  for (const count of counts) {
    const words = packedWords(packed, at, count);
    if (words === -1) return undefined;
    const column = new Uint32Array(count);
    unpackColumn(packed, at, count, column, 0, 1);
    columns.push(column);
    at += words;
  }
  return at === packed.length ? columns : undefined;
}

function sumOf(buf: Uint8Array, id: number, number: number): number {
  return checksum(buf, 4, buf.length, (Math.imul(id, 0x9e3779b1) ^ number) >>> 0);
}
