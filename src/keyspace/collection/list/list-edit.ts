/**
 * Deltas of a list in one piece, applied to a large one: each element that changes is a delta of
 * its block, but for those that are pushed together. Blocks go as a whole where all their elements
 * do.
 */

import type { ByteRange } from '../../../lib/byte-range.ts';
import { DeltaWriter, PieceReader } from '../../pieces.ts';
import type { BlockDirectory } from '../block-directory.ts';
import type { LargeEdit } from '../large-edit.ts';
import type { LargeList } from './large-list.ts';
import type { ListBlock } from './list-block.ts';
import {
  LIST_INSERT, LIST_REMOVE, LIST_SET, LIST_TRIM, PUSH_LEFT, PUSH_RIGHT, badListDelta,
} from './list-delta.ts';
import { LIST_SHAPE, partsOf } from './list-shape.ts';

/**
 * More elements than these are taken off a block by cutting it: two blocks written, where each
 * element by itself is a delta of six bytes and its way into the log.
 */
const ONE_BY_ONE_MAX = 64;

/**
 * What is pushed goes to a block in deltas of at most so many elements, which is what the growth of
 * one may say (large-delta.ts), and of about so many bytes, so that a block is not much too large.
 */
const PUSHED_TOGETHER_MAX = 250;
const PUSHED_TOGETHER_BYTES_MAX = 2048;

type Directory = BlockDirectory<ListBlock, undefined>;

export function changeLargeList(edit: LargeEdit, { directory }: LargeList, delta: ByteRange): void {
  const { buf, start, end } = delta;
  const op = buf[start]!;
  const reader = new PieceReader(buf, start + 1, end);
  switch (op) {
    case PUSH_LEFT: return push(edit, directory, op, reader);
    case PUSH_RIGHT: return push(edit, directory, op, reader);
    case LIST_TRIM: {
      const left = reader.number();
      takeLast(edit, directory, reader.number());
      return takeFirst(edit, directory, left);
    }
    case LIST_SET: return set(edit, directory, reader);
    case LIST_INSERT: return insert(edit, directory, reader);
    case LIST_REMOVE: return remove(edit, directory, reader);
    default: throw badListDelta(op);
  }
}

// ---- Adding -------------------------------------------------------------------------------------

function push(edit: LargeEdit, directory: Directory, op: number, reader: PieceReader): void {
  while (reader.hasMore) {
    const { at } = reader;
    let count = 0;
    do {
      reader.next();
      count++;
    } while (reader.hasMore && count < PUSHED_TOGETHER_MAX &&
      reader.at - at < PUSHED_TOGETHER_BYTES_MAX);
    const entry = op === PUSH_LEFT ? 0 : directory.length - 1;
    edit.change(directory, entry, op, reader.buf, at, reader.at);
    edit.maybeSplit(directory, entry, LIST_SHAPE);
  }
}

function set(edit: LargeEdit, directory: Directory, reader: PieceReader): void {
  const index = reader.number();
  const entry = directory.entryAt(index);
  changeAt(edit, directory, LIST_SET, entry, index - directory.countBefore(entry), reader);
  edit.maybeSplit(directory, entry, LIST_SHAPE);
  edit.maybeJoin(directory, entry, LIST_SHAPE);
}

function insert(edit: LargeEdit, directory: Directory, reader: PieceReader): void {
  const index = reader.number();
  const entry = index === directory.size ? directory.length - 1 : directory.entryAt(index);
  changeAt(edit, directory, LIST_INSERT, entry, index - directory.countBefore(entry), reader);
  edit.maybeSplit(directory, entry, LIST_SHAPE);
}

/** Operation, numbers and pieces of one block. */
const inBlock = new DeltaWriter();

function changeAt(
  edit: LargeEdit, directory: Directory, op: number, entry: number, index: number,
  { at, buf, limit }: PieceReader,
): void {
  inBlock.restart();
  inBlock.number(index);
  inBlock.raw(buf, at, limit);
  const { buf: pieces, end } = inBlock.finish();
  edit.change(directory, entry, op, pieces, 0, end);
}

// ---- Taking off an end --------------------------------------------------------------------------

/** How many elements a TRIM takes off each end. */
const FIRST = Buffer.from([1, 0]);
const LAST = Buffer.from([0, 1]);

function takeFirst(edit: LargeEdit, directory: Directory, count: number): void {
  let [left, entry] = [count, 0];
  while (entry < directory.length - 1 && directory.countOf(entry) <= left) {
    left -= directory.countOf(entry++);
  }
  while (entry > 0) edit.drop(directory, --entry);
  takeOffBlock(edit, directory, 0, left, true);
}

function takeLast(edit: LargeEdit, directory: Directory, count: number): void {
  let left = count;
  while (directory.length > 1 && directory.countOf(directory.length - 1) <= left) {
    left -= directory.countOf(directory.length - 1);
    edit.drop(directory, directory.length - 1);
  }
  takeOffBlock(edit, directory, directory.length - 1, left, false);
}

/** The block keeps an element, or it is the last one. */
function takeOffBlock(
  edit: LargeEdit, directory: Directory, entry: number, count: number, isLeft: boolean,
): void {
  if (count === 0) return;
  const rest = directory.countOf(entry) - count;
  if (count > ONE_BY_ONE_MAX && rest > 0) {
    const block = directory.blockToChange(entry);
    edit.split(directory, entry, partsOf(block, [isLeft ? count : rest]), LIST_SHAPE);
    edit.drop(directory, isLeft ? entry : entry + 1);
  } else {
    const numbers = isLeft ? FIRST : LAST;
    for (let i = 0; i < count; i++) edit.change(directory, entry, LIST_TRIM, numbers, 0, 2);
  }
  edit.maybeJoin(directory, entry, LIST_SHAPE);
}

// ---- Taking from anywhere -----------------------------------------------------------------------

/** From the last one to the first, so that indexes stay what they are. */
function remove(edit: LargeEdit, directory: Directory, reader: PieceReader): void {
  const indexes: number[] = [];
  for (let index = 0; reader.hasMore; indexes.push(index)) index += reader.number();
  let entry = directory.entryAt(indexes.at(-1)!);
  let first = directory.countBefore(entry);
  for (;;) {
    const here: number[] = [];
    while (indexes.length > 0 && indexes.at(-1)! >= first) here.push(indexes.pop()! - first);
    const before = entry > 0 ? directory.countOf(entry - 1) : 0;
    if (here.length > 0) removeFromBlock(edit, directory, entry, here);
    if (indexes.length === 0) return;
    entry--;
    first -= before;
  }
}

/** The indexes go down. */
function removeFromBlock(
  edit: LargeEdit, directory: Directory, entry: number, indexes: readonly number[],
): void {
  if (indexes.length === directory.countOf(entry) && directory.length > 1) {
    return edit.drop(directory, entry);
  }
  for (const index of indexes) {
    inBlock.restart();
    inBlock.number(index);
    const { buf, end } = inBlock.finish();
    edit.change(directory, entry, LIST_REMOVE, buf, 0, end);
  }
  edit.maybeJoin(directory, entry, LIST_SHAPE);
}
