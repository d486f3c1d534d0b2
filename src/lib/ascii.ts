/**
 * Letters without case. Redis compares command names, options and user names byte by byte in the
 * "C" locale: A to Z equal a to z and nothing else changes, whatever the language of the machine.
 * JavaScript's toLowerCase folds far more (K, the Kelvin sign, becomes k), so untrusted bytes do
 * not go through it.
 */

const UPPER_A = 0x41;
const UPPER_Z = 0x5a;
const LOWER_A = 0x61;
const LOWER_Z = 0x7a;
const CASE_BIT = 0x20;

export function lowerByte(byte: number): number {
  return byte >= UPPER_A && byte <= UPPER_Z ? byte + CASE_BIT : byte;
}

export function upperByte(byte: number): number {
  return byte >= LOWER_A && byte <= LOWER_Z ? byte - CASE_BIT : byte;
}

/**
 * Whether bytes [start, end) spell `upper` in any case. `upper` is a literal of the source:
 * one-byte characters, its letters upper case. Allocates nothing.
 */
export function equalsUpper(buf: Uint8Array, start: number, end: number, upper: string): boolean {
  if (end - start !== upper.length) return false;
  for (let i = 0; i < upper.length; i++) {
    if (upperByte(buf[start + i]!) !== upper.charCodeAt(i)) return false;
  }
  return true;
}

/** Whether two byte strings are equal but for the case of letters. */
export function equalsIgnoreCase(a: Uint8Array, b: Uint8Array): boolean {
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i++) {
    if (lowerByte(a[i]!) !== lowerByte(b[i]!)) return false;
  }
  return true;
}

/** Bytes [start, end) as a string of one-byte characters, its letters lower case. */
export function lowerText(buf: Uint8Array, start: number, end: number): string {
  let text = '';
  for (let at = start; at < end; at++) text += String.fromCharCode(lowerByte(buf[at]!));
  return text;
}

/** Bytes [start, end) as a string of one-byte characters, its letters upper case. */
export function upperText(buf: Uint8Array, start: number, end: number): string {
  let text = '';
  for (let at = start; at < end; at++) text += String.fromCharCode(upperByte(buf[at]!));
  return text;
}
