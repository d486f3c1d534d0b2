/**
 * Bytes as text and back without a loss, for messages that quote what a client sent: UTF-8, where
 * a byte that belongs to no character stands as a lone surrogate, U+DC80 to U+DCFF (as in PEP 383).
 * No text that comes from UTF-8 has lone surrogates, so the two never mix.
 */

const ESCAPE_BASE = 0xdc00;
const REPLACEMENT = '\ufffd';

/** With the flag `u` a surrogate of a pair is no match. */
const ESCAPED = /[\udc80-\udcff]/u;

export function textOfBytes(buf: Buffer, start: number, end: number): string {
  const text = buf.toString('utf8', start, end);
  return text.includes(REPLACEMENT) ? escape(buf, start, end) : text;
}

export function hasEscapedBytes(text: string): boolean {
  return ESCAPED.test(text);
}

export function bytesOfText(text: string): Buffer {
  if (!hasEscapedBytes(text)) return Buffer.from(text);
  return Buffer.concat(Array.from(text, (char) => (
    ESCAPED.test(char) ? Buffer.of(char.charCodeAt(0) - ESCAPE_BASE) : Buffer.from(char)
  )));
}

function escape(buf: Buffer, start: number, end: number): string {
  let text = '';
  let at = start;
  while (at < end) {
    const bytes = characterBytes(buf, at, end);
    text += bytes === 0
      ? String.fromCharCode(ESCAPE_BASE + buf[at]!)
      : buf.toString('utf8', at, at + bytes);
    at += Math.max(1, bytes);
  }
  return text;
}

/** How long the character at `at` is; 0 when there is none. */
function characterBytes(buf: Buffer, at: number, end: number): number {
  const bytes = lengthByFirst(buf[at]!);
  if (bytes <= 1) return bytes;
  if (at + bytes > end) return 0;
  // Overlong forms, surrogates and what is beyond U+10FFFF do not come back as they were.
  const one = buf.toString('utf8', at, at + bytes);
  return Buffer.from(one).equals(buf.subarray(at, at + bytes)) ? bytes : 0;
}

function lengthByFirst(byte: number): number {
  if (byte < 0x80) return 1;
  if (byte < 0xc0 || byte > 0xf7) return 0;
  if (byte < 0xe0) return 2;
  return byte < 0xf0 ? 3 : 4;
}
