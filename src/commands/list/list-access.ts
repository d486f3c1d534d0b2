/** What every command on lists does: finding the list at a key and changing it. */

import { WRONG_TYPE, type Database } from '../../keyspace/database.ts';
import { LIST_TRIM, PUSH_LEFT, PUSH_RIGHT } from '../../keyspace/collection/list/list-delta.ts';
import { LISTS, listOf } from '../../keyspace/collection/list/list-type.ts';
import type { ListView } from '../../keyspace/collection/list/list-view.ts';
import { DeltaWriter } from '../../keyspace/pieces.ts';
import { LIST } from '../../keyspace/value-type.ts';
import type { ByteRange } from '../../lib/byte-range.ts';
import type { Int64 } from '../../lib/int64.ts';
import { KiB } from '../../lib/size-units.ts';
import type { Args } from '../../protocol/args.ts';
import { CollectionMaker, type MadeType } from '../collection-maker.ts';
import type { Flag, WriteContext } from '../command.ts';
import { WRONG_TYPE_TEXT } from '../reply-errors.ts';

/**
 * Most elements of one list: commands that add to it refuse more with a clear reply. With elements
 * of 100 bytes its directory takes 1.5 GB of RAM.
 */
export const LIST_ELEMENTS_MAX = 1_000_000_000;

export const ONE_KEY = Object.freeze({ first: 1, last: 1, step: 1 });
export const READING: readonly Flag[] = Object.freeze(['readonly']);
export const ADDING: readonly Flag[] = Object.freeze(['write', 'denyoom']);

/** Bytes of elements that one delta of a list that is made adds: they go to its last block. */
const STORED_DELTA_BYTES = 64 * KiB;

const TOO_MANY_ELEMENTS = `ERR a list holds at most ${LIST_ELEMENTS_MAX} elements`;

/** Null when there is none; undefined when there is another type, and the error is replied. */
export type ListOrNone = ListView | null | undefined;

export function readList({ args, db, reply }: WriteContext): ListOrNone {
  const found = db.readCollection(args.at(1), LIST);
  if (found === undefined) return null;
  return found === WRONG_TYPE ? void reply.error(WRONG_TYPE_TEXT) : listOf(found);
}

/** Of a list about to be changed. */
export function findList({ args, db, reply }: WriteContext, keyArg = 1): ListOrNone {
  const found = db.findCollection(args.at(keyArg), LIST);
  if (found === undefined) return null;
  return found === WRONG_TYPE ? void reply.error(WRONG_TYPE_TEXT) : listOf(found);
}

/** Deltas of all commands on lists: one is in use at a time. */
export const listDelta = new DeltaWriter();

/** Applies a delta that leaves an element. */
export function changeList({ db, random }: WriteContext, key: ByteRange, delta: ByteRange): void {
  db.changeCollection(key, LISTS, delta, random);
}

/** An end of a list. */
export interface End {
  readonly isLeft: boolean;
  readonly push: number;
  readonly pushed: string;
  readonly popped: string;
}

export const LEFT: End = Object.freeze(
  { isLeft: true, push: PUSH_LEFT, pushed: 'lpush', popped: 'lpop' });
export const RIGHT: End = Object.freeze(
  { isLeft: false, push: PUSH_RIGHT, pushed: 'rpush', popped: 'rpop' });

/** The end that an argument names, or undefined. */
export function endOf(args: Args, at: number): End | undefined {
  if (args.is(at, 'LEFT')) return LEFT;
  return args.is(at, 'RIGHT') ? RIGHT : undefined;
}

/** Applies a delta that pushes to an end; makes the list when there is none. */
export function pushDelta(
  ctx: WriteContext, key: ByteRange, list: ListView | null, end: End, delta: ByteRange,
): void {
  changeList(ctx, key, delta);
  if (list === null) ctx.db.notify('n', 'new', key);
  ctx.db.notify('l', end.pushed, key);
}

/** Takes elements off both ends; the key goes with its last element. */
export function takeOff(
  ctx: WriteContext, key: ByteRange, list: ListView, left: number, right: number,
): void {
  if (left + right === list.size) {
    ctx.db.remove(key);
    return;
  }
  listDelta.begin(LIST_TRIM);
  listDelta.number(left);
  listDelta.number(right);
  changeList(ctx, key, listDelta.finish());
}

/** Takes elements off one end, as the commands that pop do. */
export function popFrom(
  ctx: WriteContext, key: ByteRange, list: ListView, end: End, count: number,
): void {
  const isGone = count === list.size;
  takeOff(ctx, key, list, end.isLeft ? count : 0, end.isLeft ? 0 : count);
  notifyTaken(ctx.db, key, end.popped, isGone);
}

export function notifyTaken(db: Database, key: ByteRange, event: string, isGone: boolean): void {
  db.notify('l', event, key);
  if (isGone) db.notify('g', 'del', key);
}

/** So many elements from an index on, in one direction or the other. */
export function replyElements(
  { reply }: WriteContext, list: ListView, first: number, count: number, isForward: boolean,
): void {
  const step = isForward ? 1 : -1;
  reply.array(count);
  for (let index = first, left = count; left > 0; index += step, left--) {
    // Else a list that is larger than RAM would be read to its end.
    if (reply.isTooLarge) return;
    reply.bulkRange(list.at(index));
  }
}

/** A list of elements, from the left. */
export class ListMaker extends CollectionMaker {
  constructor() {
    super(MADE_LIST);
  }

  add({ buf, start, end }: ByteRange): void {
    this.beginElement();
    listDelta.bytes(buf, start, end);
  }
}

const MADE_LIST: MadeType = Object.freeze({
  type: LISTS, notified: 'l', deltaBytes: STORED_DELTA_BYTES,
  begin: () => listDelta.begin(PUSH_RIGHT), finish: () => listDelta.finish(),
});

/** The error if so many elements more would take a list beyond its bounds, or undefined. */
export function boundError(list: ListView | null, added: number): string | undefined {
  const isBeyond = list !== null && list.size + added > LIST_ELEMENTS_MAX;
  return isBeyond ? TOO_MANY_ELEMENTS : undefined;
}

/** An index as a request has it, counted from the left; it may not be there. */
export function indexFromLeft(index: Int64, size: number): number {
  const number = Number(index);
  return number < 0 ? size + number : number;
}

export interface Span {
  readonly first: number;
  readonly count: number;
}

/** The elements from one index to another one, both as a request has them. */
export function spanOf(start: Int64, stop: Int64, size: number): Span {
  const first = Math.max(0, indexFromLeft(start, size));
  const last = Math.min(size - 1, indexFromLeft(stop, size));
  return { first, count: Math.max(0, last - first + 1) };
}
