/** Strings: parts of them, numbers and bits. */

import { CommandError, type Execution } from './execution.ts';
import { read, write, type ModelCommand } from './model-command.ts';
import {
  addLongs, LONG_MIN, mustLong, mustNumber, NOT_AN_INTEGER, parseLong, syntaxError,
} from './parse.ts';
import { bulk, type Reply } from './reply.ts';

const STRING_BYTES_MAX = 512 * 1024 * 1024;
const TOO_LONG = 'ERR string exceeds maximum allowed size (proto-max-bulk-len)';
const NOT_A_FLOAT = 'ERR value is not a valid float';
const BAD_OFFSET = 'ERR bit offset is not an integer or out of range';
const BAD_BIT = 'ERR bit is not an integer or out of range';

function append(execution: Execution, [, key = '', text = '']: readonly string[]): number {
  const value = (execution.findString(key) ?? '') + text;
  execution.change(key, value);
  return value.length;
}

// ---- Numbers ------------------------------------------------------------------------------------

function add(execution: Execution, key: string, change: bigint): bigint {
  const old = execution.findString(key) ?? '0';
  const value = parseLong(old);
  if (value === undefined) throw new CommandError(NOT_AN_INTEGER);
  const sum = addLongs(value, change);
  execution.change(key, `${sum}`);
  return sum;
}

function decrementBy(execution: Execution, [, key = '', text = '']: readonly string[]): bigint {
  const by = mustLong(text);
  if (by === LONG_MIN) throw new CommandError('ERR decrement would overflow');
  return add(execution, key, -by);
}

/**
 * A number that binary floating point holds exactly, so that the server's arithmetic and this one
 * cannot differ; undefined for what is surely no number. All else the model cannot predict, and the
 * generator does not make it.
 */
function parseExactFloat(text: string): number | undefined {
  if (/^-?\d{1,12}(?:\.\d{1,6})?$/.test(text)) {
    const value = Number(text);
    if (Number.isInteger(value * 64)) return value;
  }
  if (text === '' || /^[\s]|^[^\d\s+.\-in]/i.test(text)) return undefined;
  throw new Error(`the model does not know what INCRBYFLOAT makes of ${JSON.stringify(text)}`);
}

function addFloat(execution: Execution, [, key = '', text = '']: readonly string[]): Reply {
  const old = execution.findString(key);
  const value = old === undefined ? 0 : parseExactFloat(old);
  const change = parseExactFloat(text);
  if (value === undefined || change === undefined) throw new CommandError(NOT_A_FLOAT);
  const sum = `${value + change}`;
  execution.change(key, sum);
  return bulk(sum);
}

// ---- Ranges -------------------------------------------------------------------------------------

/** The part of a text from `start` to `end`, both included; negative ones count from the end. */
function range(length: number, start: number, end: number): { from: number; to: number } {
  if (start < 0 && end < 0 && start > end) return { from: 0, to: 0 };
  const from = Math.max(0, start < 0 ? length + start : start);
  const last = Math.min(length - 1, Math.max(0, end < 0 ? length + end : end));
  return from > last ? { from: 0, to: 0 } : { from, to: last + 1 };
}

function getRange(execution: Execution, args: readonly string[]): Reply {
  const [, key = '', startText = '', endText = ''] = args;
  const start = mustNumber(startText);
  const end = mustNumber(endText);
  const value = execution.findString(key) ?? '';
  const { from, to } = range(value.length, start, end);
  return bulk(value.slice(from, to));
}

function setRange(execution: Execution, args: readonly string[]): number {
  const [, key = '', offsetText = '', text = ''] = args;
  const offset = mustNumber(offsetText);
  if (offset < 0) throw new CommandError('ERR offset is out of range');
  const old = execution.findString(key) ?? '';
  if (text === '') return old.length;
  if (offset + text.length > STRING_BYTES_MAX) throw new CommandError(TOO_LONG);
  const value = old.slice(0, offset).padEnd(offset, '\0') + text + old.slice(offset + text.length);
  execution.change(key, value);
  return value.length;
}

// ---- Bits ---------------------------------------------------------------------------------------

function parseBitOffset(text: string): number {
  const offset = mustNumber(text, BAD_OFFSET);
  if (offset < 0 || offset / 8 >= STRING_BYTES_MAX) throw new CommandError(BAD_OFFSET);
  return offset;
}

function bitAt(value: string, offset: number): number {
  const byte = value.charCodeAt(Math.floor(offset / 8));
  return Number.isNaN(byte) ? 0 : (byte >> (7 - (offset % 8))) & 1;
}

function setBit(execution: Execution, args: readonly string[]): number {
  const [, key = '', offsetText = '', bitText = ''] = args;
  const offset = parseBitOffset(offsetText);
  const bit = mustLong(bitText, BAD_BIT);
  if (bit !== 0n && bit !== 1n) throw new CommandError(BAD_BIT);
  const old = execution.findString(key);
  const at = Math.floor(offset / 8);
  const padded = (old ?? '').padEnd(at + 1, '\0');
  const before = bitAt(padded, offset);
  if (padded === old && before === Number(bit)) return before;
  const mask = 1 << (7 - (offset % 8));
  const byte = padded.charCodeAt(at);
  const changed = String.fromCharCode(bit === 1n ? byte | mask : byte & ~mask);
  execution.change(key, padded.slice(0, at) + changed + padded.slice(at + 1));
  return before;
}

function getBit(execution: Execution, [, key = '', text = '']: readonly string[]): number {
  const offset = parseBitOffset(text);
  return bitAt(execution.findString(key) ?? '', offset);
}

function countBits(execution: Execution, args: readonly string[]): number {
  const value = execution.findString(args[1] ?? '');
  if (value === undefined) return 0;
  const { from, to } = bitRange(value, args);
  let count = 0;
  const firstByte = Math.ceil(from / 8);
  const endByte = Math.max(firstByte, Math.floor(to / 8));
  for (let at = firstByte; at < endByte; at++) count += BITS_OF_BYTE[value.charCodeAt(at)] ?? 0;
  for (let offset = from; offset < Math.min(firstByte * 8, to); offset++) {
    count += bitAt(value, offset);
  }
  for (let offset = endByte * 8; offset < to; offset++) count += bitAt(value, offset);
  return count;
}

const BITS_OF_BYTE = Array.from({ length: 256 }, (_, byte) =>
  byte.toString(2).replaceAll('0', '').length);

/** From which bit, and up to which one, exclusive. */
function bitRange(value: string, args: readonly string[]): { from: number; to: number } {
  const bits = value.length * 8;
  if (args.length === 2) return { from: 0, to: bits };
  if (args.length !== 4 && args.length !== 5) syntaxError();
  const start = mustNumber(args[2] ?? '');
  const end = mustNumber(args[3] ?? '');
  const unit = args[4]?.toUpperCase() ?? 'BYTE';
  if (unit === 'BIT') return range(bits, start, end);
  if (unit !== 'BYTE') syntaxError();
  const { from, to } = range(value.length, start, end);
  return { from: from * 8, to: to * 8 };
}

export const stringEditCommands: readonly ModelCommand[] = [
  write('APPEND', 3, 'first', append),
  write('INCR', 2, 'first', (execution, [, key = '']) => add(execution, key, 1n)),
  write('DECR', 2, 'first', (execution, [, key = '']) => add(execution, key, -1n)),
  write('INCRBY', 3, 'first', (execution, [, key = '', by = '']) =>
    add(execution, key, mustLong(by))),
  write('DECRBY', 3, 'first', decrementBy),
  write('INCRBYFLOAT', 3, 'first', addFloat),
  write('SETRANGE', 4, 'first', setRange),
  write('SETBIT', 4, 'first', setBit),
  read('GETRANGE', 4, 'first', getRange),
  read('GETBIT', 3, 'first', getBit),
  read('BITCOUNT', -2, 'first', countBits),
];
