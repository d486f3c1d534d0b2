// A whole hint file as rows in RAM, for tests; undefined if any part of it is not sound.
import { unpackRows } from '../../src/store/format/hint-columns.ts';
import {
  HINT_HEADER_BYTES, decodeHintDirectory, decodeHintHeader, hintBlockCount, hintBlockRows,
  openHintBlock,
} from '../../src/store/format/hint.ts';
import { ROW_WORDS } from '../../src/store/format/hint-rows.ts';

export function readHint(file: Uint8Array): Uint32Array | undefined {
  const bytes = new Uint8Array(file);
  const header = decodeHintHeader(bytes);
  if (header === undefined) return undefined;
  const end = HINT_HEADER_BYTES + header.directoryBytes;
  const directory = decodeHintDirectory(bytes.subarray(HINT_HEADER_BYTES, end), header);
  if (directory === undefined) return undefined;
  const { blockOffsets, marks } = directory;
  const words = new Uint32Array(header.records * ROW_WORDS);
  let at = 0;
  for (let block = 0; block < hintBlockCount(header.records); block++) {
    const rows = hintBlockRows(header.records, block);
    const part = bytes.subarray(blockOffsets[block], blockOffsets[block + 1]);
    const packed = openHintBlock(part, header.id, rows, block);
    if (packed === undefined) return undefined;
    unpackRows(packed, rows, marks, words.subarray(at));
    at += rows * ROW_WORDS;
  }
  return words;
}
