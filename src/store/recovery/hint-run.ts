/**
 * The rows of one sealed segment in hint order, read block by block from its hint file, blocking.
 *
 * A bad block means that the hint cannot be used; that is found out before any row is taken over
 * (`isUsable`), so that a merge never has to go back.
 */

import type { Files, ReadFile } from '../../io/files.ts';
import { unpackRows } from '../format/hint-columns.ts';
import {
  HINT_BLOCK_ROWS, HINT_HEADER_BYTES, decodeHintDirectory, decodeHintHeader, hintBlockCount,
  hintBlockRows, openHintBlock, packedPart, type HintDirectory,
} from '../format/hint.ts';
import { ROW_WORDS } from '../format/hint-rows.ts';
import type { SealedSegment } from '../format/manifest.ts';
import { hintFileName } from '../format/segment-header.ts';

export class HintRun {
  readonly slot: number;
  readonly words: Uint32Array;
  row = -1;

  readonly #file: ReadFile;
  readonly #directory: HintDirectory;
  readonly #records: number;
  #block = -1;
  #rows = 0;

  private constructor(slot: number, file: ReadFile, directory: HintDirectory, records: number) {
    this.slot = slot;
    this.words = new Uint32Array(Math.min(records, HINT_BLOCK_ROWS) * ROW_WORDS);
    this.#file = file;
    this.#directory = directory;
    this.#records = records;
  }

  /** Opens the hint of a segment; undefined if it is missing, of another segment or damaged. */
  static async open(files: Files, dir: string, segment: SealedSegment,
    slot: number): Promise<HintRun | undefined> {
    const path = `${dir}/${hintFileName(segment.id)}`;
    if (!await files.exists(path)) return undefined;
    const file = await files.openRead(path);
    const directory = readDirectory(file, segment);
    if (directory !== undefined && areBlocksSound(file, segment, directory)) {
      return new HintRun(slot, file, directory, segment.records);
    }
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
    const bytes = readBlock(this.#file, this.#directory, this.#block);
    unpackRows(packedPart(bytes), this.#rows, this.#directory.marks, this.words);
    this.row = 0;
    return true;
  }

  async close(): Promise<void> {
    await this.#file.close();
  }
}

function readDirectory(file: ReadFile, segment: SealedSegment): HintDirectory | undefined {
  const head = readUpTo(file, 0, HINT_HEADER_BYTES);
  const header = decodeHintHeader(head);
  const isRight = header !== undefined && header.id === segment.id &&
    header.bytes === segment.bytes && header.records === segment.records;
  if (!isRight) return undefined;
  return decodeHintDirectory(readUpTo(file, HINT_HEADER_BYTES, header.directoryBytes), header);
}

function areBlocksSound(file: ReadFile, { id, records }: SealedSegment,
  directory: HintDirectory): boolean {
  for (let block = 0; block < hintBlockCount(records); block += 1) {
    const bytes = readBlock(file, directory, block);
    if (openHintBlock(bytes, id, hintBlockRows(records, block), block) === undefined) return false;
  }
  return true;
}

function readBlock(file: ReadFile, { blockOffsets }: HintDirectory, block: number): Uint8Array {
  return readUpTo(file, blockOffsets[block]!, blockOffsets[block + 1]! - blockOffsets[block]!);
}

/** Fewer bytes at the end of the file. */
function readUpTo(file: ReadFile, at: number, bytes: number): Uint8Array {
  const buf = new Uint8Array(bytes);
  return buf.subarray(0, file.readSync(buf, 0, bytes, at));
}
