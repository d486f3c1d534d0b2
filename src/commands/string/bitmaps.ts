/**
 * Strings as arrays of bits: one bit, counting, searching, combining. Bit 0 is the highest bit of
 * byte 0. An absent key is an empty string, and every bit behind the end is 0.
 */

import { WRONG_TYPE } from '../../keyspace/database.ts';
import { combineBits, countBitRange, countBits, findBit, getBit } from '../../lib/bits.ts';
import type { BitOperation } from '../../lib/bits.ts';
import { ByteRange } from '../../lib/byte-range.ts';
import type { Int64 } from '../../lib/int64.ts';
import { defineCommands, type WriteContext } from '../command.ts';
import { NOT_AN_INTEGER, SYNTAX, WRONG_TYPE_TEXT } from '../reply-errors.ts';
import { isReversed, spanOf } from './strings-bounds.ts';
import { beginEdit } from './strings-edit.ts';

const ONE_KEY = Object.freeze({ first: 1, last: 1, step: 1 });
const NOT_A_BIT = 'ERR bit is not an integer or out of range';
const NOT_A_BIT_TO_FIND = 'ERR The bit argument must be 1 or 0.';
const NOT_OF_ONE = 'ERR BITOP NOT must be called with a single source key.';
export const BIT_OFFSET_OUT_OF_RANGE = 'ERR bit offset is not an integer or out of range';

const NO_BYTES = Buffer.alloc(0);

// ---- One bit ------------------------------------------------------------------------------------

/** The bit number in argument `i`, if a string may be long enough to have it. */
function bitOffset(ctx: WriteContext, i: number): number | undefined {
  const offset = ctx.args.int64(i);
  if (offset === undefined || offset < 0) return undefined;
  return Number(offset) / 8 < ctx.limits.stringBytes ? Number(offset) : undefined;
}

function getbit(ctx: WriteContext): void {
  const { args, reply } = ctx;
  const bit = bitOffset(ctx, 2);
  if (bit === undefined) return reply.error(BIT_OFFSET_OUT_OF_RANGE);
  const found = ctx.db.readString(args.at(1));
  if (found === WRONG_TYPE) return reply.error(WRONG_TYPE_TEXT);
  reply.integer(found === undefined ? 0 : getBit(found.value.view(), bit));
}

function setbit(ctx: WriteContext): void {
  const { args, db, reply } = ctx;
  const bit = bitOffset(ctx, 2);
  if (bit === undefined) return reply.error(BIT_OFFSET_OUT_OF_RANGE);
  const value = args.int64(3);
  if (value !== 0 && value !== 1) return reply.error(NOT_A_BIT);
  const key = args.at(1);
  const found = db.findString(key);
  if (found === WRONG_TYPE) return reply.error(WRONG_TYPE_TEXT);
  const bytes = found === undefined ? NO_BYTES : found.value.view();
  const before = getBit(bytes, bit);
  const at = Math.floor(bit / 8);
  if (before !== value || at >= bytes.length) {
    const byte = bytes[at] ?? 0;
    const mask = 0x80 >> (bit % 8);
    const edit = beginEdit(db, key, found, Math.max(bytes.length, at + 1), at);
    edit.write(at, Uint8Array.of(value === 1 ? byte | mask : byte & ~mask));
    edit.commit();
    if (found === undefined) db.notify('n', 'new', key);
    db.notify('$', 'setbit', key);
  }
  reply.integer(before);
}

// ---- Counting and searching ---------------------------------------------------------------------

/** 8 for BIT, 1 for BYTE: positions for each byte of the string; undefined is a syntax error. */
function unitsPerByte(ctx: WriteContext, i: number): 1 | 8 | undefined {
  if (ctx.args.count <= i || ctx.args.is(i, 'BYTE')) return 1;
  return ctx.args.is(i, 'BIT') ? 8 : undefined;
}

/** Like Redis 7.0, judges its options only when the key exists. */
function bitcount(ctx: WriteContext): void {
  const { args, reply } = ctx;
  const found = ctx.db.readString(args.at(1));
  if (found === WRONG_TYPE) return reply.error(WRONG_TYPE_TEXT);
  if (found === undefined) return reply.integer(0);
  const bytes = found.value.view();
  if (args.count === 2) return reply.integer(countBits(bytes, 0, bytes.length));
  if (args.count > 5 || args.count < 4) return reply.error(SYNTAX);
  const first = args.int64(2);
  const last = args.int64(3);
  if (first === undefined || last === undefined) return reply.error(NOT_AN_INTEGER);
  if (isReversed(first, last)) return reply.integer(0);
  const units = unitsPerByte(ctx, 4);
  if (units === undefined) return reply.error(SYNTAX);
  const span = spanOf(first, last, bytes.length * units);
  if (span.first > span.last) return reply.integer(0);
  reply.integer(units === 8
    ? countBitRange(bytes, span.first, span.last + 1)
    : countBits(bytes, span.first, span.last + 1));
}

function bitpos(ctx: WriteContext): void {
  const { args, reply } = ctx;
  const bit = args.int64(2);
  if (bit === undefined) return reply.error(NOT_AN_INTEGER);
  if (bit !== 0 && bit !== 1) return reply.error(NOT_A_BIT_TO_FIND);
  const found = ctx.db.readString(args.at(1));
  if (found === WRONG_TYPE) return reply.error(WRONG_TYPE_TEXT);
  if (found === undefined) return reply.integer(bit === 1 ? -1 : 0);
  const bytes = found.value.view();
  const bits = searchedBits(ctx, bytes.length);
  if (typeof bits === 'string') return reply.error(bits);
  const { first, last } = bits;
  const position = first > last ? -1 : findBit(bytes, bit, first, last + 1);
  // Behind the end of the string all bits are 0, unless the caller said where to stop.
  const isOpen = args.count < 5 && bit === 0 && first <= last;
  reply.integer(position === -1 && isOpen ? bytes.length * 8 : position);
}

/** The bits that BITPOS looks at, both ends inclusive; or the text of an error. */
function searchedBits(ctx: WriteContext, length: number): { first: number; last: number } | string {
  const { args } = ctx;
  if (args.count > 6) return SYNTAX;
  const first: Int64 | undefined = args.count > 3 ? args.int64(3) : 0;
  if (first === undefined) return NOT_AN_INTEGER;
  const units = unitsPerByte(ctx, 5);
  if (units === undefined) return SYNTAX;
  const last: Int64 | undefined = args.count > 4 ? args.int64(4) : -1;
  if (last === undefined) return NOT_AN_INTEGER;
  const span = spanOf(first, last, length * units);
  if (units === 8) return span;
  return { first: span.first * 8, last: span.last * 8 + 7 };
}

// ---- Combining ----------------------------------------------------------------------------------

function bitOperation(ctx: WriteContext): BitOperation | undefined {
  const { args } = ctx;
  if (args.is(1, 'AND')) return 'AND';
  if (args.is(1, 'OR')) return 'OR';
  if (args.is(1, 'XOR')) return 'XOR';
  return args.is(1, 'NOT') ? 'NOT' : undefined;
}

function bitop(ctx: WriteContext): void {
  const { args, db, reply } = ctx;
  const operation = bitOperation(ctx);
  if (operation === undefined) return reply.error(SYNTAX);
  if (operation === 'NOT' && args.count !== 4) return reply.error(NOT_OF_ONE);
  const sources: Buffer[] = [];
  for (let i = 3; i < args.count; i++) {
    const found = db.readString(args.at(i));
    if (found === WRONG_TYPE) return reply.error(WRONG_TYPE_TEXT);
    sources.push(found === undefined ? NO_BYTES : found.value.view());
  }
  const result = combineBits(operation, sources);
  storeResult(ctx, result);
  reply.integer(result.length);
}

function storeResult(ctx: WriteContext, result: Buffer): void {
  const { db } = ctx;
  const key = ctx.args.at(2);
  if (result.length === 0) {
    if (db.remove(key)) db.notify('g', 'del', key);
    return;
  }
  const existed = db.has(key);
  db.put(key, new ByteRange(result), 0, true);
  if (!existed) db.notify('n', 'new', key);
  db.notify('$', 'set', key);
}

export const bitmapCommands = defineCommands([
  {
    name: 'getbit', group: 'bitmap', since: '2.2.0', arity: 3, flags: ['readonly', 'fast'],
    keys: ONE_KEY, complexity: 'O(1)', execute: getbit,
    summary: 'Replies one bit of a string.',
  },
  {
    name: 'setbit', group: 'bitmap', since: '2.2.0', arity: 4, flags: ['write', 'denyoom'],
    keys: ONE_KEY, complexity: 'O(1)', apply: setbit,
    summary: 'Sets or clears one bit of a string and replies what it was.',
  },
  {
    name: 'bitcount', group: 'bitmap', since: '2.6.0', arity: -2, flags: ['readonly'],
    keys: ONE_KEY, complexity: 'O(N) in the bytes of the range', execute: bitcount,
    summary: 'Counts the ones in a string or a part of it.',
  },
  {
    name: 'bitpos', group: 'bitmap', since: '2.8.7', arity: -3, flags: ['readonly'],
    keys: ONE_KEY, complexity: 'O(N) in the bytes of the range', execute: bitpos,
    summary: 'Finds the first 0 or 1 in a string or a part of it.',
  },
  {
    name: 'bitop', group: 'bitmap', since: '2.6.0', arity: -4, flags: ['write', 'denyoom'],
    keys: { first: 2, last: -1, step: 1 }, complexity: 'O(N) in the bytes of all sources',
    apply: bitop,
    summary: 'Stores the AND, OR, XOR or NOT of strings at a key.',
  },
]);
