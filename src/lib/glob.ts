/**
 * Glob patterns as Redis matches them, over bytes: KEYS, SCAN, PSUBSCRIBE, CONFIG GET, ACL.
 *
 *   *        any bytes, also none        ?       one byte
 *   [ab-z]   one byte of these           [^...]  one byte that is none of these
 *   \x       the byte x itself
 *
 * Corners that are part of the contract, because Redis 7 has them: a class without `]` ends with
 * the pattern; `]` as first byte closes an empty class, which nothing matches; `[a-]` is a range
 * from a to ] and an unclosed class; a range may be written backwards; ranges compare signed bytes;
 * inside a class `\x` is exact even without case; the empty string is matched by the empty pattern
 * and by `*` only.
 *
 * A pattern is compiled once into tokens. Matching backtracks to the last star alone, which
 * suffices since an earlier star can gain nothing that the later one cannot: the worst case is
 * pattern × text, never exponential. It cannot fail.
 */

/** Says whether bytes [start, end) of `buf` match. */
export type GlobMatcher = (buf: Uint8Array, start: number, end: number) => boolean;

export interface GlobOptions {
  /** Take ASCII letters of both cases as equal. */
  readonly nocase?: boolean;
}

const STAR = 0x2a;
const QUESTION = 0x3f;
const OPEN = 0x5b;
const BACKSLASH = 0x5c;
const CLOSE = 0x5d;
const CARET = 0x5e;
const DASH = 0x2d;

/** Tokens: 0 to 255 are that byte, then these two, and FIRST_CLASS + i for the i-th class. */
const ANY_BYTE = 256;
const ANY_BYTES = 257;
const FIRST_CLASS = 258;

interface Program {
  readonly tokens: readonly number[];
  /** For each class, 256 flags: whether a byte belongs to it. */
  readonly classes: readonly Uint8Array[];
  /** What each byte is compared as. */
  readonly fold: Uint8Array;
}

/** `pattern` is read now and not kept. */
export function compileGlob(pattern: Uint8Array, options: GlobOptions = {}): GlobMatcher {
  const nocase = options.nocase === true;
  const program = compile(pattern, nocase);
  const { tokens } = program;
  if (tokens.length === 1 && tokens[0] === ANY_BYTES && pattern.length === 1) return () => true;
  const stars = tokens.filter((token) => token === ANY_BYTES).length;
  const exact = !nocase || tokens.length === 0;
  const plain = exact && tokens.every((token) => token < ANY_BYTE || token === ANY_BYTES);
  if (plain && stars === 0) return matchLiteral(Buffer.from(tokens));
  if (plain && stars === 1 && tokens.at(-1) === ANY_BYTES && tokens.length > 1) {
    return matchPrefix(Buffer.from(tokens.slice(0, -1)));
  }
  return (buf, start, end) => start < end && matchTokens(program, buf, start, end);
}

function matchLiteral(literal: Buffer): GlobMatcher {
  return (buf, start, end) => end - start === literal.length && startsWith(buf, start, literal);
}

function matchPrefix(prefix: Buffer): GlobMatcher {
  return (buf, start, end) => end - start >= prefix.length && startsWith(buf, start, prefix);
}

function startsWith(buf: Uint8Array, start: number, prefix: Buffer): boolean {
  for (let i = 0; i < prefix.length; i++) {
    if (buf[start + i] !== prefix[i]) return false;
  }
  return true;
}

function matchTokens(program: Program, buf: Uint8Array, start: number, end: number): boolean {
  const { tokens, fold } = program;
  let at = start;
  let next = 0;
  // The last star seen, and up to where it has swallowed the text.
  let star = -1;
  let swallowed = start;
  while (at < end) {
    const token = next < tokens.length ? tokens[next]! : -1;
    const byte = fold[buf[at]!]!;
    if (token === byte || token === ANY_BYTE) {
      at++;
      next++;
    } else if (token === ANY_BYTES) {
      star = next++;
      swallowed = at;
    } else if (token >= FIRST_CLASS && program.classes[token - FIRST_CLASS]![buf[at]!] === 1) {
      at++;
      next++;
    } else if (star >= 0) {
      next = star + 1;
      at = ++swallowed;
    } else {
      return false;
    }
  }
  return next === tokens.length || (next === tokens.length - 1 && tokens[next] === ANY_BYTES);
}

function compile(pattern: Uint8Array, nocase: boolean): Program {
  const fold = foldTable(nocase);
  const tokens: number[] = [];
  const classes: Uint8Array[] = [];
  for (let at = 0; at < pattern.length;) {
    const byte = pattern[at]!;
    if (byte === STAR) {
      if (tokens.at(-1) !== ANY_BYTES) tokens.push(ANY_BYTES);
      at++;
    } else if (byte === QUESTION) {
      tokens.push(ANY_BYTE);
      at++;
    } else if (byte === OPEN) {
      tokens.push(FIRST_CLASS + classes.length);
      const members = new Uint8Array(256);
      at = compileClass(pattern, at + 1, members, nocase);
      classes.push(members);
    } else {
      if (byte === BACKSLASH && at + 1 < pattern.length) at++;
      tokens.push(fold[pattern[at]!]!);
      at++;
    }
  }
  return { tokens, classes, fold };
}

/** Reads the class after a `[` into `members`; returns where the pattern goes on. */
function compileClass(
  pattern: Uint8Array, start: number, members: Uint8Array, nocase: boolean,
): number {
  const negated = pattern[start] === CARET;
  let at = negated ? start + 1 : start;
  while (at < pattern.length && pattern[at] !== CLOSE) {
    if (pattern[at] === BACKSLASH && at + 1 < pattern.length) {
      members[pattern[at + 1]!] = 1;
      at += 2;
    } else if (pattern[at + 1] === DASH && at + 2 < pattern.length) {
      addRange(members, pattern[at]!, pattern[at + 2]!, nocase);
      at += 3;
    } else {
      addRange(members, pattern[at]!, pattern[at]!, nocase);
      at++;
    }
  }
  if (negated) for (let byte = 0; byte < 256; byte++) members[byte]! ^= 1;
  return at + 1;
}

/** Adds the bytes between two others, compared as signed; without case, all are lowered first. */
function addRange(members: Uint8Array, from: number, to: number, nocase: boolean): void {
  const fold = foldTable(nocase);
  // Swapped before lowering, as in Redis: [Z-a] without case holds nothing.
  const backwards = signed(from) > signed(to);
  const low = signed(fold[backwards ? to : from]!);
  const high = signed(fold[backwards ? from : to]!);
  for (let byte = 0; byte < 256; byte++) {
    const value = signed(fold[byte]!);
    if (value >= low && value <= high) members[byte] = 1;
  }
}

function signed(byte: number): number {
  return (byte << 24) >> 24;
}

const SAME = Uint8Array.from({ length: 256 }, (_, byte) => byte);
const LOWER = SAME.map((byte) => (byte >= 0x41 && byte <= 0x5a ? byte + 0x20 : byte));

function foldTable(nocase: boolean): Uint8Array {
  return nocase ? LOWER : SAME;
}
