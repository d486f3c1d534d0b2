/** Arguments as Redis reads them, and the errors that it replies when it cannot. */

import { CommandError } from './execution.ts';

export const SYNTAX = 'ERR syntax error';
export const NOT_AN_INTEGER = 'ERR value is not an integer or out of range';
export const OVERFLOW = 'ERR increment or decrement would overflow';

export const LONG_MAX = 2n ** 63n - 1n;
export const LONG_MIN = -(2n ** 63n);

/** A 64-bit integer in its only spelling: no plus, no leading zero, no space. */
export function parseLong(text: string): bigint | undefined {
  if (text.length > 20 || !/^(?:0|-?[1-9]\d*)$/.test(text)) return undefined;
  const value = BigInt(text);
  return value >= LONG_MIN && value <= LONG_MAX ? value : undefined;
}

export function mustLong(text: string, error = NOT_AN_INTEGER): bigint {
  const value = parseLong(text);
  if (value === undefined) throw new CommandError(error);
  return value;
}

/** The same as a number, for positions and counts. */
export function mustNumber(text: string, error = NOT_AN_INTEGER): number {
  return Number(mustLong(text, error));
}

export function addLongs(one: bigint, other: bigint): bigint {
  const sum = one + other;
  if (sum > LONG_MAX || sum < LONG_MIN) throw new CommandError(OVERFLOW);
  return sum;
}

export function syntaxError(): never {
  throw new CommandError(SYNTAX);
}

export function wrongArity(name: string): string {
  return `ERR wrong number of arguments for '${name.toLowerCase()}' command`;
}

export type Unit = 'EX' | 'PX' | 'EXAT' | 'PXAT';

/** The argument of EX, PX, EXAT or PXAT in ms; `command` is named by the error. */
export function parseExpireTime(text: string, unit: Unit, command: string): number {
  const value = mustLong(text);
  const invalid = `ERR invalid expire time in '${command}' command`;
  const isSeconds = unit === 'EX' || unit === 'EXAT';
  if (value <= 0n || (isSeconds && value > LONG_MAX / 1000n)) throw new CommandError(invalid);
  const ms = Number(isSeconds ? value * 1000n : value);
  // Redis adds the time of day; what would overflow then is far from all that is used here.
  const isRelative = unit === 'EX' || unit === 'PX';
  if (isRelative && ms > Number(LONG_MAX) - 1e15) throw new CommandError(invalid);
  return ms;
}

const GLOB_SPECIAL = /[.+^${}()|[\]\\]/g;

/** A glob of which only `*` and `?` are used. */
export function globToRegExp(glob: string): RegExp {
  const source = glob.replace(GLOB_SPECIAL, '\\$&').replaceAll('*', '[^]*').replaceAll('?', '[^]');
  return new RegExp(`^${source}$`);
}
