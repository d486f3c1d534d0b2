/**
 * The rows of one sealed segment in hint order, read block by block from its hint file, blocking.
 *
 * A bad block means that the hint cannot be used; that is found out before any row is taken over
 * (`isUsable`), so that a merge never has to go back.
 */

import type { Files, ReadFile } from '../../io/files.ts';
import {
  HINT_BLOCK_HEADER_BYTES, HINT_HEADER_BYTES, decodeHintHeader, hintBlockCount, hintBlockOffset,
  hintBlockRows, isHintBlockSound,
} from '../format/hint.ts';
import { ROW_BYTES } from '../format/hint-rows.ts';
import type { SealedSegment } from '../format/manifest.ts';
import { hintFileName } from '../format/segment-header.ts';

export class HintRun {
  /** The slot of the segment. */
  readonly slot: number;
  /** Rows of the current block; the next one takes the same place. */
  readonly words: Uint32Array;
  row = -1;

  readonly #file: ReadFile;
  readonly #records: number;
  readonly #buf: Uint8Array;
  #block = -1;
  #rows = 0;

  private constructor(slot: number, file: ReadFile, records: number) {
    this.slot = slot;
    this.#file = file;
    this.#records = records;
    const bytes = HINT_BLOCK_HEADER_BYTES + hintBlockRows(records, 0) * ROW_BYTES;
    this.#buf = new Uint8Array(bytes);
    this.words = new Uint32Array(this.#buf.buffer, HINT_BLOCK_HEADER_BYTES);
  }

  /** Opens the hint of a segment; undefined if it is missing, of another segment or damaged. */
  static async open(files: Files, dir: string, segment: SealedSegment,
    slot: number): Promise<HintRun | undefined> {
    const path = `${dir}/${hintFileName(segment.id)}`;
    if (!await files.exists(path)) return undefined;
    const file = await files.openRead(path);
    if (isUsable(file, segment)) return new HintRun(slot, file, segment.records);
    await file.close();
    return undefined;
  }

  /** Goes to the next row: row `row` of `words`. False at the end. */
  next(): boolean {
    this.row += 1;
    if (this.row < this.#rows) return true;
    if (this.#block + 1 >= hintBlockCount(this.#records)) return false;
    this.#block += 1;
    this.#rows = hintBlockRows(this.#records, this.#block);
    const bytes = HINT_BLOCK_HEADER_BYTES + this.#rows * ROW_BYTES;
    this.#file.readSync(this.#buf, 0, bytes, hintBlockOffset(this.#block));
    this.row = 0;
    return true;
  }

  async close(): Promise<void> {
    await this.#file.close();
  }
}

function isUsable(file: ReadFile, segment: SealedSegment): boolean {
  const head = Buffer.alloc(HINT_HEADER_BYTES);
  if (file.readSync(head, 0, HINT_HEADER_BYTES, 0) < HINT_HEADER_BYTES) return false;
  const summary = decodeHintHeader(head);
  const isRight = summary !== undefined && summary.id === segment.id &&
    summary.bytes === segment.bytes && summary.records === segment.records;
  if (!isRight) return false;
  const rowsMax = hintBlockRows(segment.records, 0);
  const buf = new Uint8Array(HINT_BLOCK_HEADER_BYTES + rowsMax * ROW_BYTES);
  for (let block = 0; block < hintBlockCount(segment.records); block += 1) {
    const bytes = HINT_BLOCK_HEADER_BYTES + hintBlockRows(segment.records, block) * ROW_BYTES;
    const read = file.readSync(buf, 0, bytes, hintBlockOffset(block));
    if (read < bytes) return false;
    if (!isHintBlockSound(buf.subarray(0, bytes), segment.id, segment.records, block)) return false;
  }
  return true;
}
