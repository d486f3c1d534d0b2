/**
 * Texts of reply errors that several commands share, letter by letter as Redis replies them:
 * clients match on them. The first word is the code.
 */

import { textOfBytes } from '../lib/escaped-text.ts';
import { SHOWN_ARG_BYTES_MAX } from './limits.ts';
import type { Args } from '../protocol/args.ts';

export const SYNTAX = 'ERR syntax error';
export const WRONG_TYPE_TEXT =
  'WRONGTYPE Operation against a key holding the wrong kind of value';
export const NOT_AN_INTEGER = 'ERR value is not an integer or out of range';
export const NOT_A_FLOAT = 'ERR value is not a valid float';
export const OUT_OF_RANGE = 'ERR index out of range';
export const NO_SUCH_KEY = 'ERR no such key';
export const OVERFLOW = 'ERR increment or decrement would overflow';
export const NAN_OR_INFINITY = 'ERR increment would produce NaN or Infinity';
export const INVALID_CURSOR = 'ERR invalid cursor';
export const NOVALUES_OF_OTHERS = 'ERR NOVALUES option can only be used in HSCAN';
export const UNBLOCKED = 'UNBLOCKED client unblocked via CLIENT UNBLOCK';
export const DB_OUT_OF_RANGE = 'ERR DB index is out of range';
export const STRING_TOO_LONG =
  'ERR string exceeds maximum allowed size (proto-max-bulk-len)';

/**
 * An argument as errors quote it: byte by byte as it was sent, up to a NUL, because Redis quotes C
 * strings; and not more than `bytesMax` of what may be half a GiB.
 */
export function quoted(args: Args, arg: number, bytesMax: number = SHOWN_ARG_BYTES_MAX): string {
  const start = args.start(arg);
  const end = Math.min(args.end(arg), start + bytesMax);
  const nul = args.buf.subarray(start, end).indexOf(0);
  return textOfBytes(args.buf, start, nul < 0 ? end : start + nul);
}

/** The same of all of it: Redis quotes some arguments so, however long. */
export function quotedWhole(args: Args, arg: number): string {
  return quoted(args, arg, args.length(arg));
}

/** A command got too few or too many arguments. */
export function wrongArity(command: string): string {
  return `ERR wrong number of arguments for '${command}' command`;
}

export function invalidExpireTime(command: string): string {
  return `ERR invalid expire time in '${command}' command`;
}
