/**
 * Texts of reply errors that several commands share, letter by letter as Redis replies them:
 * clients match on them. The first word is the code.
 */

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
export const DB_OUT_OF_RANGE = 'ERR DB index is out of range';
export const STRING_TOO_LONG =
  'ERR string exceeds maximum allowed size (proto-max-bulk-len)';

/** A command got too few or too many arguments. */
export function wrongArity(command: string): string {
  return `ERR wrong number of arguments for '${command}' command`;
}

export function invalidExpireTime(command: string): string {
  return `ERR invalid expire time in '${command}' command`;
}
