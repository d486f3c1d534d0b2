/** Values of hashes as numbers. What is logged is the new number, never the increment. */

import type { ByteRange } from '../../lib/byte-range.ts';
import { addInt64, formatInt, parseInt64 } from '../../lib/int64.ts';
import type { Int64 } from '../../lib/int64.ts';
import { addLongDouble, formatLongDouble, parseLongDouble } from '../../lib/long-double.ts';
import type { LongDouble } from '../../lib/long-double.ts';
import { defineCommands, type WriteContext, type Flag } from '../command.ts';
import { ONE_KEY, boundError, findHash, setFieldText } from './hash-access.ts';
import { NAN_OR_INFINITY, NOT_AN_INTEGER, NOT_A_FLOAT, OVERFLOW } from '../reply-errors.ts';

const CHANGING: readonly Flag[] = Object.freeze(['write', 'denyoom', 'fast']);
const THE_FIELD = Object.freeze({ first: 2, end: 3, step: 1 });
const VALUE_NOT_AN_INTEGER = 'ERR hash value is not an integer';
const VALUE_NOT_A_FLOAT = 'ERR hash value is not a float';
const INFINITE_INCREMENT = 'ERR value is NaN or Infinity';
const ZERO: LongDouble = { finite: true, mantissa: 0n, exponent: 0 };

function hincrby(ctx: WriteContext): void {
  const { args, db, reply } = ctx;
  const increment = args.int64(3);
  if (increment === undefined) return reply.error(NOT_AN_INTEGER);
  const hash = findHash(ctx, THE_FIELD);
  if (hash === undefined) return;
  const before = integerIn(hash?.get(args.at(2)));
  if (before === undefined) return reply.error(VALUE_NOT_AN_INTEGER);
  const after = addInt64(before, increment);
  if (after === undefined) return reply.error(OVERFLOW);
  const refused = boundError(ctx, hash);
  if (refused !== undefined) return reply.error(refused);
  setFieldText(ctx, hash, formatInt(after));
  db.notify('h', 'hincrby', args.at(1));
  reply.integer(after);
}

function integerIn(value: ByteRange | undefined): Int64 | undefined {
  return value === undefined ? 0 : parseInt64(value.buf, value.start, value.end);
}

function hincrbyfloat(ctx: WriteContext): void {
  const { args, db, reply } = ctx;
  const increment = floatIn(args.at(3));
  if (increment === undefined) return reply.error(NOT_A_FLOAT);
  if (!increment.finite) return reply.error(INFINITE_INCREMENT);
  const hash = findHash(ctx, THE_FIELD);
  if (hash === undefined) return;
  const before = floatIn(hash?.get(args.at(2)));
  if (before === undefined) return reply.error(VALUE_NOT_A_FLOAT);
  const after = addLongDouble(before, increment);
  if (after === undefined) return reply.error(NAN_OR_INFINITY);
  const refused = boundError(ctx, hash);
  if (refused !== undefined) return reply.error(refused);
  const text = formatLongDouble(after);
  setFieldText(ctx, hash, text);
  db.notify('h', 'hincrbyfloat', args.at(1));
  reply.bulkText(text);
}

/** An absent value counts as 0; undefined if it is not a number. */
function floatIn(value: ByteRange | undefined): LongDouble | undefined {
  return value === undefined ? ZERO : parseLongDouble(value.buf, value.start, value.end);
}

export const hashNumberCommands = defineCommands([
  {
    name: 'hincrby', group: 'hash', since: '2.0.0', arity: 4, flags: CHANGING, keys: ONE_KEY,
    complexity: 'O(1)', apply: hincrby,
    summary: 'Adds an integer to the integer in a field of a hash; an absent field counts as 0.',
  },
  {
    name: 'hincrbyfloat', group: 'hash', since: '2.6.0', arity: 4, flags: CHANGING, keys: ONE_KEY,
    complexity: 'O(1)', apply: hincrbyfloat,
    summary: 'Adds a float to the number in a field of a hash; an absent field counts as 0.',
  },
]);
