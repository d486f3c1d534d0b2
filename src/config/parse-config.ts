/**
 * The syntax of redis.conf: one directive a line, its name in any case, then words. A line whose
 * first character is `#` is a comment; a `#` later in a line is an ordinary word, as in Redis.
 *
 * Words are split as Redis splits them: "double quotes" know \n \r \t \b \a \xHH and take any other
 * escaped character as itself; 'single quotes' know \' only; a closing quote must be followed by a
 * space or the end. The words are bytes: \xHH is one byte, and the whole word must be UTF-8, since
 * paths and passwords are compared as UTF-8 everywhere else.
 *
 * `include` is a directive like others here; load-config.ts reads what it names.
 */

export interface Directive {
  /** From 1. */
  readonly line: number;
  /** Lower case. */
  readonly name: string;
  readonly words: readonly string[];
}

export interface SyntaxFault {
  readonly line: number;
  readonly text: string;
  readonly reason: string;
}

export interface ParsedFile {
  readonly directives: readonly Directive[];
  readonly faults: readonly SyntaxFault[];
}

/** Reads the whole text; a faulty line is reported and the rest is still read. */
export function parseConfig(text: string): ParsedFile {
  const directives: Directive[] = [];
  const faults: SyntaxFault[] = [];
  for (const [index, lineText] of configLines(text).entries()) {
    const line = index + 1;
    const split = parseLine(lineText);
    if (!split.ok) faults.push({ line, text: lineText.trim(), reason: split.reason });
    else if (split.words.length > 0) directives.push(toDirective(line, split.words));
  }
  return { directives, faults };
}

/** The lines of a file, without line ends and without the byte order mark that editors may add. */
export function configLines(text: string): string[] {
  return text.replace(/^\uFEFF/, '').split(/\r?\n/);
}

export type SplitWords =
  | { readonly ok: true; readonly words: readonly string[] }
  | { readonly ok: false; readonly reason: string };

/** The words of one line; none for a comment or an empty line. */
export function parseLine(line: string): SplitWords {
  const trimmed = line.trim();
  if (trimmed === '' || trimmed.startsWith('#')) return { ok: true, words: [] };
  return splitWords(trimmed);
}

function toDirective(line: number, words: readonly string[]): Directive {
  const [name = '', ...rest] = words;
  return { line, name: name.toLowerCase(), words: rest };
}

/** Splits at spaces outside quotes. */
export function splitWords(text: string): SplitWords {
  const source = Buffer.from(text, 'utf8');
  const words: string[] = [];
  let at = skipSpace(source, 0);
  while (at < source.length) {
    const word = readWord(source, at);
    if (word.fault !== undefined) return { ok: false, reason: word.fault };
    words.push(word.text);
    at = skipSpace(source, word.end);
  }
  return { ok: true, words };
}

const QUOTE = 0x22;
const APOSTROPHE = 0x27;
const BACKSLASH = 0x5c;
const LETTER_X = 0x78;

const ESCAPES: ReadonlyMap<number, number> = new Map([
  [0x6e, 0x0a], // \n
  [0x72, 0x0d], // \r
  [0x74, 0x09], // \t
  [0x62, 0x08], // \b
  [0x61, 0x07], // \a
]);

interface Word {
  readonly text: string;
  readonly end: number;
  readonly fault?: string;
}

const UNBALANCED: Word = { text: '', end: 0, fault: 'Unbalanced quotes in configuration line' };
const NOT_UTF8: Word = { text: '', end: 0, fault: 'A word must be UTF-8 after escapes' };

function readWord(source: Uint8Array, start: number): Word {
  const out: number[] = [];
  let at = start;
  while (at < source.length && !isSpace(source[at])) {
    const byte = source[at] ?? 0;
    if (byte !== QUOTE && byte !== APOSTROPHE) {
      out.push(byte);
      at += 1;
      continue;
    }
    const end = byte === QUOTE ? readDouble(source, at + 1, out) : readSingle(source, at + 1, out);
    if (end < 0 || (end < source.length && !isSpace(source[end]))) return UNBALANCED;
    at = end;
  }
  return decodeWord(out, at);
}

/** Appends to `out` up to the closing quote; the index after it, or -1 when there is none. */
function readDouble(source: Uint8Array, start: number, out: number[]): number {
  let at = start;
  while (at < source.length) {
    const byte = source[at] ?? 0;
    if (byte === QUOTE) return at + 1;
    const isEscape = byte === BACKSLASH && at + 1 < source.length;
    at = isEscape ? readEscape(source, at + 1, out) : pushByte(byte, at, out);
  }
  return -1;
}

function readSingle(source: Uint8Array, start: number, out: number[]): number {
  let at = start;
  while (at < source.length) {
    const byte = source[at] ?? 0;
    if (byte === APOSTROPHE) return at + 1;
    const isEscape = byte === BACKSLASH && source[at + 1] === APOSTROPHE;
    at = isEscape ? pushByte(APOSTROPHE, at + 1, out) : pushByte(byte, at, out);
  }
  return -1;
}

/** `at` is the character after the backslash. */
function readEscape(source: Uint8Array, at: number, out: number[]): number {
  const byte = source[at] ?? 0;
  if (byte === LETTER_X) {
    const digits = String.fromCharCode(source[at + 1] ?? 0, source[at + 2] ?? 0);
    if (/^[0-9a-f]{2}$/i.test(digits)) return pushByte(Number.parseInt(digits, 16), at + 2, out);
  }
  return pushByte(ESCAPES.get(byte) ?? byte, at, out);
}

function pushByte(byte: number, at: number, out: number[]): number {
  out.push(byte);
  return at + 1;
}

function decodeWord(bytes: readonly number[], end: number): Word {
  try {
    const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
    return { text: decoder.decode(Uint8Array.from(bytes)), end };
  } catch {
    return NOT_UTF8;
  }
}

function isSpace(byte: number | undefined): boolean {
  return byte === 0x20 || byte === 0x09 || byte === 0x0a || byte === 0x0d || byte === 0;
}

function skipSpace(source: Uint8Array, start: number): number {
  let at = start;
  while (at < source.length && isSpace(source[at])) at += 1;
  return at;
}

/** One word as a file must write it: quoted when it is empty or holds what would split it. */
export function quoteWord(word: string): string {
  if (/^[^\s"'\\#\u0000-\u001f\u007f][^\s"'\\\u0000-\u001f\u007f]*$/.test(word)) return word;
  const escaped = word.replace(/[\\"\u0000-\u001f\u007f]/g, (char) => {
    if (char === '"' || char === '\\') return `\\${char}`;
    return `\\x${char.charCodeAt(0).toString(16).padStart(2, '0')}`;
  });
  return `"${escaped}"`;
}
