/** Parts of strings: reading a range, writing at an offset, appending. */

import { WRONG_TYPE } from '../../keyspace/database.ts';
import { defineCommands, type WriteContext } from '../command.ts';
import { NOT_AN_INTEGER, STRING_TOO_LONG, WRONG_TYPE_TEXT } from '../reply-errors.ts';
import { isReversed, spanOf } from './strings-bounds.ts';
import { beginEdit } from './strings-edit.ts';

const ONE_KEY = Object.freeze({ first: 1, last: 1, step: 1 });
const OFFSET_OUT_OF_RANGE = 'ERR offset is out of range';
const NO_BYTES = Buffer.alloc(0);

function getrange(ctx: WriteContext): void {
  const { args, reply } = ctx;
  const first = args.int64(2);
  const last = args.int64(3);
  if (first === undefined || last === undefined) return reply.error(NOT_AN_INTEGER);
  const found = ctx.db.readString(args.at(1));
  if (found === WRONG_TYPE) return reply.error(WRONG_TYPE_TEXT);
  if (found === undefined || isReversed(first, last)) return reply.bulk(NO_BYTES);
  const { buf, start, end } = found.value;
  const span = spanOf(first, last, end - start);
  if (span.first > span.last) return reply.bulk(NO_BYTES);
  reply.bulk(buf, start + span.first, start + span.last + 1);
}

function append(ctx: WriteContext): void {
  const { args, db, reply } = ctx;
  const key = args.at(1);
  const value = args.at(2);
  const found = db.findString(key);
  if (found === WRONG_TYPE) return reply.error(WRONG_TYPE_TEXT);
  const before = found === undefined ? 0 : found.value.length;
  const after = before + value.length;
  if (found === undefined) {
    // As in Redis, the value is as if SET had made it, and its length was checked as an argument's.
    db.put(key, value);
    db.notify('n', 'new', key);
  } else {
    if (after > ctx.limits.stringBytes) return reply.error(STRING_TOO_LONG);
    const edit = beginEdit(db, key, found, after, before);
    edit.write(before, value.view());
    edit.commit();
  }
  db.notify('$', 'append', key);
  reply.integer(after);
}

function setrange(ctx: WriteContext): void {
  const { args, db, reply } = ctx;
  const offset = args.int64(2);
  if (offset === undefined) return reply.error(NOT_AN_INTEGER);
  if (offset < 0) return reply.error(OFFSET_OUT_OF_RANGE);
  const key = args.at(1);
  const found = db.findString(key);
  if (found === WRONG_TYPE) return reply.error(WRONG_TYPE_TEXT);
  const before = found === undefined ? 0 : found.value.length;
  const value = args.at(3);
  if (value.length === 0) return reply.integer(before);
  const end = Number(offset) + value.length;
  if (end > ctx.limits.stringBytes) return reply.error(STRING_TOO_LONG);
  const after = Math.max(before, end);
  const edit = beginEdit(db, key, found, after, Number(offset));
  edit.write(Number(offset), value.view());
  edit.commit();
  if (found === undefined) db.notify('n', 'new', key);
  db.notify('$', 'setrange', key);
  reply.integer(after);
}

export const stringSliceCommands = defineCommands([
  {
    name: 'append', group: 'string', since: '2.0.0', arity: 3, flags: ['write', 'denyoom', 'fast'],
    keys: ONE_KEY, complexity: 'O(N) in the bytes appended', apply: append,
    summary: 'Appends to the string at a key; an absent key counts as empty.',
  },
  {
    name: 'getrange', group: 'string', since: '2.4.0', arity: 4, flags: ['readonly'],
    keys: ONE_KEY, complexity: 'O(N) in the bytes replied', execute: getrange,
    summary: 'Replies a part of a string, from one position to another.',
  },
  {
    name: 'substr', group: 'string', since: '1.0.0', arity: 4, flags: ['readonly'],
    keys: ONE_KEY, complexity: 'O(N) in the bytes replied', execute: getrange,
    summary: 'The old name of GETRANGE.',
  },
  {
    name: 'setrange', group: 'string', since: '2.2.0', arity: 4, flags: ['write', 'denyoom'],
    keys: ONE_KEY, complexity: 'O(N) in the bytes written', apply: setrange,
    summary: 'Overwrites a part of a string from an offset on; a gap is filled with zeros.',
  },
]);
