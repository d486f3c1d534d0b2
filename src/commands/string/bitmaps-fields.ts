/**
 * BITFIELD: a string as integers of any width at any bit.
 *
 * All operations are read before the key is looked at, so a wrong one changes nothing. The string
 * is made long enough for every write first, even for one that FAIL then gives up, as in Redis.
 *
 * One difference on purpose: Redis saturates a SET of a signed field below about -2^62 to the
 * field's largest value, because its check overflows; here it becomes the smallest.
 */

import { WRONG_TYPE } from '../../keyspace/database.ts';
import { addToField, fitField, getField, parseFieldType, setField } from '../../lib/bit-field.ts';
import type { FieldType, OverflowMode } from '../../lib/bit-field.ts';
import { parseInt64 } from '../../lib/int64.ts';
import type { Int64 } from '../../lib/int64.ts';
import { BIT_OFFSET_OUT_OF_RANGE } from './bitmaps.ts';
import { defineCommands, type WriteContext } from '../command.ts';
import { NOT_AN_INTEGER, SYNTAX, WRONG_TYPE_TEXT } from '../reply-errors.ts';
import { beginEdit, type StringEdit } from './strings-edit.ts';

const ONE_KEY = Object.freeze({ first: 1, last: 1, step: 1 });
const NO_SUCH_TYPE = 'ERR Invalid bitfield type. Use something like i16 u8. '
  + 'Note that u64 is not supported but i64 is.';
const NO_SUCH_MODE = 'ERR Invalid OVERFLOW type specified';
const ONLY_GET = 'ERR BITFIELD_RO only supports the GET subcommand';
const NUMBER_SIGN = 0x23;
const NO_BYTES = Buffer.alloc(0);

interface Operation {
  readonly kind: 'get' | 'set' | 'incrby';
  readonly type: FieldType;
  /** First bit. */
  readonly bit: number;
  /** The value or the increment; 0 for get. */
  readonly operand: Int64;
  readonly mode: OverflowMode;
}

// ---- Reading the request ------------------------------------------------------------------------

/** The operations of the request, or the text of an error. */
function parseOperations(ctx: WriteContext): readonly Operation[] | string {
  const { args } = ctx;
  const operations: Operation[] = [];
  let mode: OverflowMode = 'WRAP';
  let i = 2;
  while (i < args.count) {
    const left = args.count - i - 1;
    if (args.is(i, 'OVERFLOW') && left >= 1) {
      const chosen = parseMode(ctx, i + 1);
      if (chosen === undefined) return NO_SUCH_MODE;
      mode = chosen;
      i += 2;
      continue;
    }
    const kind = parseKind(ctx, i);
    const needed = kind === 'get' ? 2 : 3;
    if (kind === undefined || left < needed) return SYNTAX;
    const operation = parseOperation(ctx, i + 1, kind, mode);
    if (typeof operation === 'string') return operation;
    operations.push(operation);
    i += needed + 1;
  }
  return operations;
}

function parseMode(ctx: WriteContext, i: number): OverflowMode | undefined {
  if (ctx.args.is(i, 'WRAP')) return 'WRAP';
  if (ctx.args.is(i, 'SAT')) return 'SAT';
  return ctx.args.is(i, 'FAIL') ? 'FAIL' : undefined;
}

function parseKind(ctx: WriteContext, i: number): Operation['kind'] | undefined {
  if (ctx.args.is(i, 'GET')) return 'get';
  if (ctx.args.is(i, 'SET')) return 'set';
  return ctx.args.is(i, 'INCRBY') ? 'incrby' : undefined;
}

/** Type, offset and operand from argument `i` on. */
function parseOperation(
  ctx: WriteContext, i: number, kind: Operation['kind'], mode: OverflowMode,
): Operation | string {
  const { args } = ctx;
  const type = parseFieldType(args.buf, args.start(i), args.end(i));
  if (type === undefined) return NO_SUCH_TYPE;
  const bit = parseOffset(ctx, i + 1, type);
  if (bit === undefined) return BIT_OFFSET_OUT_OF_RANGE;
  const operand = kind === 'get' ? 0 : args.int64(i + 2);
  if (operand === undefined) return NOT_AN_INTEGER;
  return { kind, type, bit, operand, mode };
}

/** A bit number, or after a number sign the number of a field of this width. */
function parseOffset(ctx: WriteContext, i: number, type: FieldType): number | undefined {
  const { buf } = ctx.args;
  const start = ctx.args.start(i);
  const end = ctx.args.end(i);
  const counted = start < end && buf[start] === NUMBER_SIGN;
  const offset = parseInt64(buf, counted ? start + 1 : start, end);
  if (offset === undefined || offset < 0) return undefined;
  const bit = Number(offset) * (counted ? type.bits : 1);
  return bit / 8 < ctx.limits.stringBytes ? bit : undefined;
}

// ---- Doing it -----------------------------------------------------------------------------------

function bitfield(ctx: WriteContext): void {
  const operations = parseOperations(ctx);
  if (typeof operations === 'string') return ctx.reply.error(operations);
  const length = lengthNeeded(operations);
  if (length === 0) return readFields(ctx, operations);
  const { db, reply } = ctx;
  const key = ctx.args.at(1);
  const found = db.findString(key);
  if (found === WRONG_TYPE) return reply.error(WRONG_TYPE_TEXT);
  const before = found === undefined ? 0 : found.value.length;
  const grows = length > before;
  const firstWritten = firstByteWritten(operations);
  const edit = beginEdit(db, key, found, Math.max(length, before), firstWritten);
  reply.array(operations.length);
  let changes = 0;
  for (const operation of operations) if (perform(ctx, operation, edit, grows)) changes++;
  if (changes > 0 || grows) edit.commit();
  if (found === undefined) db.notify('n', 'new', key);
  if (changes > 0) db.notify('$', 'setbit', key);
}

function bitfieldReadOnly(ctx: WriteContext): void {
  const operations = parseOperations(ctx);
  if (typeof operations === 'string') return ctx.reply.error(operations);
  if (operations.some(isWrite)) return ctx.reply.error(ONLY_GET);
  readFields(ctx, operations);
}

function isWrite(operation: Operation): boolean {
  return operation.kind !== 'get';
}

/** In a loop: as arguments of one call, a few hundred thousand would overflow the stack. */
function firstByteWritten(operations: readonly Operation[]): number {
  let first = Infinity;
  for (const operation of operations) {
    if (isWrite(operation)) first = Math.min(first, Math.floor(operation.bit / 8));
  }
  return first;
}

/** Bytes that the string must have for every write; 0 when there is none. */
function lengthNeeded(operations: readonly Operation[]): number {
  let length = 0;
  for (const operation of operations) {
    if (!isWrite(operation)) continue;
    length = Math.max(length, Math.ceil((operation.bit + operation.type.bits) / 8));
  }
  return length;
}

function readFields(ctx: WriteContext, operations: readonly Operation[]): void {
  const found = ctx.db.readString(ctx.args.at(1));
  if (found === WRONG_TYPE) return ctx.reply.error(WRONG_TYPE_TEXT);
  const bytes = found === undefined ? NO_BYTES : found.value.view();
  ctx.reply.array(operations.length);
  for (const { bit, type } of operations) ctx.reply.integer(getField(bytes, bit, type));
}

/** Replies to one operation; true when it changed the string, which `grows` makes any write do. */
function perform(
  ctx: WriteContext, operation: Operation, edit: StringEdit, grows: boolean,
): boolean {
  const { kind, type, bit, operand, mode } = operation;
  const before = getField(edit.bytes(), bit, type);
  if (kind === 'get') {
    ctx.reply.integer(before);
    return false;
  }
  const after = kind === 'set'
    ? fitField(type, operand, mode)
    : addToField(type, before, operand, mode);
  if (after === undefined) {
    ctx.reply.nil();
    return false;
  }
  ctx.reply.integer(kind === 'set' ? before : after);
  if (after !== before) writeField(edit, operation, after);
  return grows || after !== before;
}

/** Writes the bytes that the field touches, at most 9. */
function writeField(edit: StringEdit, { type, bit }: Operation, value: Int64): void {
  const first = Math.floor(bit / 8);
  const touched = Buffer.alloc(Math.ceil((bit + type.bits) / 8) - first);
  touched.set(edit.bytes().subarray(first, first + touched.length));
  setField(touched, bit - first * 8, type, value);
  edit.write(first, touched);
}

export const bitFieldCommands = defineCommands([
  {
    name: 'bitfield', group: 'bitmap', since: '3.2.0', arity: -2, flags: ['write', 'denyoom'],
    keys: ONE_KEY, complexity: 'O(1) for each operation', apply: bitfield,
    summary: 'Reads, sets and adds to integers of any width inside a string.',
  },
  {
    name: 'bitfield_ro', group: 'bitmap', since: '6.0.0', arity: -2, flags: ['readonly', 'fast'],
    keys: ONE_KEY, complexity: 'O(1) for each operation', execute: bitfieldReadOnly,
    summary: 'Reads integers of any width inside a string.',
  },
]);
