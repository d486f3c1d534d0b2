/**
 * Strings as numbers: counters of 64 bits and floats. What is logged is the new number, never the
 * increment. The key keeps its expiry.
 */

import { WRONG_TYPE } from '../../keyspace/database.ts';
import type { Found } from '../../keyspace/storage.ts';
import { ByteRange } from '../../lib/byte-range.ts';
import {
  INT64_BYTES_MAX, INT64_MIN, addInt64, negateInt64, parseInt64, writeInt,
} from '../../lib/int64.ts';
import type { Int64 } from '../../lib/int64.ts';
import { addLongDouble, formatLongDouble, parseLongDouble } from '../../lib/long-double.ts';
import type { LongDouble } from '../../lib/long-double.ts';
import { viewOf } from '../../lib/views.ts';
import { defineCommands, type WriteContext, type Flag } from '../command.ts';
import {
  NAN_OR_INFINITY, NOT_AN_INTEGER, NOT_A_FLOAT, OVERFLOW, WRONG_TYPE_TEXT,
} from '../reply-errors.ts';

const ONE_KEY = Object.freeze({ first: 1, last: 1, step: 1 });
const CHANGING: readonly Flag[] = Object.freeze(['write', 'denyoom', 'fast']);
const DECREMENT_OVERFLOW = 'ERR decrement would overflow';

function addToInteger(ctx: WriteContext, increment: Int64): void {
  const { db, reply } = ctx;
  const key = ctx.args.at(1);
  const found = db.findString(key);
  if (found === WRONG_TYPE) return reply.error(WRONG_TYPE_TEXT);
  const before = found === undefined ? 0 : integerIn(found);
  if (before === undefined) return reply.error(NOT_AN_INTEGER);
  const after = addInt64(before, increment);
  if (after === undefined) return reply.error(OVERFLOW);
  storeNumber(ctx, found, digitsOf(after), 'incrby');
  reply.integer(after);
}

function integerIn(found: Found): Int64 | undefined {
  const { buf, start, end } = found.value;
  return parseInt64(buf, start, end);
}

/** Room for the longest integer, refilled by each command: a counter makes no garbage. */
const digitBytes = Buffer.alloc(INT64_BYTES_MAX);
const digits = new ByteRange(digitBytes, 0, 0, viewOf(digitBytes));

/** Borrowed until the next call. */
function digitsOf(value: Int64): ByteRange {
  digits.end = writeInt(digits.buf, 0, value);
  return digits;
}

function storeNumber(
  ctx: WriteContext, found: Found | undefined, number: ByteRange, event: string,
): void {
  const key = ctx.args.at(1);
  const existed = found !== undefined;
  ctx.db.put(key, number, found?.expireAt ?? 0);
  if (!existed) ctx.db.notify('n', 'new', key);
  ctx.db.notify('$', event, key);
}

function incrby(ctx: WriteContext): void {
  const increment = ctx.args.int64(2);
  if (increment === undefined) return ctx.reply.error(NOT_AN_INTEGER);
  addToInteger(ctx, increment);
}

function decrby(ctx: WriteContext): void {
  const decrement = ctx.args.int64(2);
  if (decrement === undefined) return ctx.reply.error(NOT_AN_INTEGER);
  if (decrement === INT64_MIN) return ctx.reply.error(DECREMENT_OVERFLOW);
  addToInteger(ctx, negateInt64(decrement) as Int64);
}

const ZERO: LongDouble = { finite: true, mantissa: 0n, exponent: 0 };

function incrbyfloat(ctx: WriteContext): void {
  const { args, db, reply } = ctx;
  const found = db.findString(args.at(1));
  if (found === WRONG_TYPE) return reply.error(WRONG_TYPE_TEXT);
  const before = found === undefined ? ZERO : floatIn(found.value);
  const increment = floatIn(args.at(2));
  if (before === undefined || increment === undefined) return reply.error(NOT_A_FLOAT);
  const after = addLongDouble(before, increment);
  if (after === undefined) return reply.error(NAN_OR_INFINITY);
  const text = formatLongDouble(after);
  storeNumber(ctx, found, ByteRange.ofText(text), 'incrbyfloat');
  reply.bulkText(text);
}

function floatIn(text: ByteRange): LongDouble | undefined {
  return parseLongDouble(text.buf, text.start, text.end);
}

export const stringNumberCommands = defineCommands([
  {
    name: 'incr', group: 'string', since: '1.0.0', arity: 2, flags: CHANGING, keys: ONE_KEY,
    complexity: 'O(1)', apply: (ctx) => addToInteger(ctx, 1),
    summary: 'Adds one to the integer at a key; an absent key counts as 0.',
  },
  {
    name: 'decr', group: 'string', since: '1.0.0', arity: 2, flags: CHANGING, keys: ONE_KEY,
    complexity: 'O(1)', apply: (ctx) => addToInteger(ctx, -1),
    summary: 'Takes one from the integer at a key; an absent key counts as 0.',
  },
  {
    name: 'incrby', group: 'string', since: '1.0.0', arity: 3, flags: CHANGING, keys: ONE_KEY,
    complexity: 'O(1)', apply: incrby,
    summary: 'Adds an integer to the integer at a key; an absent key counts as 0.',
  },
  {
    name: 'decrby', group: 'string', since: '1.0.0', arity: 3, flags: CHANGING, keys: ONE_KEY,
    complexity: 'O(1)', apply: decrby,
    summary: 'Takes an integer from the integer at a key; an absent key counts as 0.',
  },
  {
    name: 'incrbyfloat', group: 'string', since: '2.6.0', arity: 3, flags: CHANGING, keys: ONE_KEY,
    complexity: 'O(1)', apply: incrbyfloat,
    summary: 'Adds a float to the number at a key; an absent key counts as 0.',
  },
]);
