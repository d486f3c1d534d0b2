/**
 * The request grammar in its clearest form: all the bytes at hand, as a string, from the first to
 * the last, no state. The oracle of the real decoder.
 */
import { splitArgs } from '../../src/lib/lines.ts';
import { ARGS_MAX } from '../../src/protocol/limits.ts';

export interface RequestLimits {
  readonly authenticated: boolean;
  readonly bulkBytesMax: number;
  readonly queryBytesMax: number;
}

export interface Decoded {
  /** Arguments with one character per byte. */
  readonly requests: string[][];
  /** How it ended: with bytes missing, or this error. */
  readonly end: 'more' | { readonly error: string };
}

const LINE_BYTES_MAX = 65536;

class Stop {
  readonly error: string | undefined;
  /** Where the reason to stop is certain. */
  readonly at: number;

  constructor(at: number, error?: string) {
    this.at = at;
    this.error = error;
  }
}

export function slowDecode(bytes: Buffer, limits: RequestLimits): Decoded {
  const text = bytes.toString('latin1');
  const requests: string[][] = [];
  let at = 0;
  while (at < text.length) {
    const read = text[at] === '*' ? readArray(text, at, limits) : readInline(text, at);
    const requestEnd = read instanceof Stop ? read.at : read.end;
    if (requestEnd - at > limits.queryBytesMax) {
      return { requests, end: { error: 'query buffer limit' } };
    }
    if (read instanceof Stop) {
      return { requests, end: read.error === undefined ? 'more' : { error: read.error } };
    }
    if (read.args.length > 0) requests.push(read.args);
    at = read.end;
  }
  return { requests, end: 'more' };
}

type Read = { readonly args: string[]; readonly end: number } | Stop;

function readArray(text: string, start: number, limits: RequestLimits): Read {
  const header = readLine(text, start, '\r', 1, 'Protocol error: too big mbulk count string');
  if (header instanceof Stop) return header;
  const count = integer(header.line.slice(1));
  if (count === undefined || count > ARGS_MAX) {
    return new Stop(header.end, 'Protocol error: invalid multibulk length');
  }
  if (!limits.authenticated && count > 10) {
    return new Stop(header.end, 'Protocol error: unauthenticated multibulk length');
  }
  const args: string[] = [];
  let at = header.end;
  while (args.length < count) {
    const bulk = readBulk(text, at, limits);
    if (bulk instanceof Stop) return bulk;
    args.push(...bulk.args);
    at = bulk.end;
  }
  return { args, end: at };
}

function readBulk(text: string, start: number, limits: RequestLimits): Read {
  const header = readLine(text, start, '\r', 1, 'Protocol error: too big bulk count string');
  if (header instanceof Stop) return header;
  const error = (what: string): Stop => new Stop(header.end, 'Protocol error: ' + what);
  if (text[start] !== '$') return error(`expected '$', got '${text[start]}'`);
  const length = integer(header.line.slice(1));
  if (length === undefined || length < 0) return error('invalid bulk length');
  if (length > limits.bulkBytesMax) return error('invalid bulk length');
  if (!limits.authenticated && length > 16384) return error('unauthenticated bulk length');
  const contentEnd = header.end + Number(length);
  if (contentEnd + 2 > text.length) return new Stop(text.length);
  return { args: [text.slice(header.end, contentEnd)], end: contentEnd + 2 };
}

function readInline(text: string, start: number): Read {
  const read = readLine(text, start, '\n', 0, 'Protocol error: too big inline request');
  if (read instanceof Stop) return read;
  const line = Buffer.from(read.line.replace(/\r$/, ''), 'latin1');
  const parts = splitArgs(line, 0, line.length);
  const error = 'Protocol error: unbalanced quotes in request';
  if (parts === undefined) return new Stop(read.end, error);
  const args = parts.map((part) => part.toString('latin1'));
  if (/^(post|host:)$/i.test(args[0] ?? '')) return new Stop(read.end, 'an HTTP request');
  return { args, end: read.end };
}

/** A line up to `terminator`, behind which come `more` bytes of any kind. */
function readLine(
  text: string, start: number, terminator: string, more: number, tooLong: string,
): { readonly line: string; readonly end: number } | Stop {
  const found = text.indexOf(terminator, start);
  const length = (found < 0 ? text.length : found) - start;
  if (length > LINE_BYTES_MAX) return new Stop(start + LINE_BYTES_MAX + 1, tooLong);
  if (found < 0 || found + more >= text.length) return new Stop(text.length);
  return { line: text.slice(start, found), end: found + 1 + more };
}

/** Strictly, and within 64 bits. */
function integer(text: string): bigint | undefined {
  if (!/^(0|-?[1-9][0-9]{0,18})$/.test(text)) return undefined;
  const value = BigInt(text);
  return BigInt.asIntN(64, value) === value ? value : undefined;
}
