/**
 * Finds the requests in what a client sends: arrays of bulk strings, or inline commands.
 *
 *   decoder.feed(chunk);
 *   while ((count = decoder.nextBatch(batch)) > 0) {
 *     for (let i = 0; i < count; i++) {
 *       if (mustWait) {                        // it and the rest will be decoded again
 *         decoder.unreadFrom(batch[i]);
 *         decoder.suspend();                   // the chunk may be reused
 *         return;
 *       }
 *       run(batch[i]);                         // borrowed: see args.ts
 *     }
 *   }
 *   switch (decoder.verdict) ...               // why there is no further request
 *
 * A batch is what lies wholly inside one chunk, so all of its requests are borrowed together and
 * the caller can look ahead. `next()` is the same for one request, `decoder.args`.
 *
 * 'more' means that everything that arrived was used; feed the next chunk. 'error' is final, and
 * `error` is the text that Redis sends before it closes the connection, without "ERR ".
 *
 * The verdicts do not depend on how the bytes were cut into chunks. Nothing is allocated for a
 * length that a client merely announces. A partial request is not read twice: the state below
 * says how far it was understood. Grammar and bounds are those of Redis 7.0, including what it
 * lets pass: the byte after a length line's return and the two bytes after a bulk are skipped
 * unseen. Two things differ: a NUL in a line does not stall the connection until 64 KiB have
 * come, and ARGS_MAX is lower.
 *
 * test/protocol/slow-request-decoder.ts is the slow and clear form of the same grammar.
 */
import { equalsIgnoreCase } from '../lib/ascii.ts';
import { parseInt64 } from '../lib/int64.ts';
import { splitArgs } from '../lib/lines.ts';
import { BULK_BYTES_MAX_DEFAULT } from '../config/limits.ts';
import {
  ARGS_MAX, INLINE_BYTES_MAX, REQUEST_BATCH_MAX, REQUEST_BYTES_CEILING, UNAUTHENTICATED_ARGS_MAX,
  UNAUTHENTICATED_BULK_BYTES_MAX,
} from './limits.ts';
import { Args } from './args.ts';
import { RequestInput } from './request-input.ts';

export type Decoded = 'command' | 'more' | 'error';

export const QUERY_BUFFER_LIMIT_ERROR = 'query buffer limit';

/**
 * A web page can make a browser of this network send a POST to us; what the page wrote would follow
 * as commands. The first line, or the Host header, gives it away before them.
 */
export const HTTP_ERROR = 'an HTTP request';

/** Like Redis, these close the connection without a reply. */
export const SILENT_ERRORS: ReadonlySet<string> = new Set([QUERY_BUFFER_LIMIT_ERROR, HTTP_ERROR]);

const HTTP_WORDS = [Buffer.from('post'), Buffer.from('host:')];

const STAR = 0x2a;
const DOLLAR = 0x24;
const RETURN = 0x0d;
const NEWLINE = 0x0a;
const SPACE = 0x20;
const TAB = 0x09;
const DOUBLE_QUOTE = 0x22;
const SINGLE_QUOTE = 0x27;
const DIGIT_0 = 0x30;
const DIGIT_9 = 0x39;

/** What reading a length line can say besides a length. */
const NEGATIVE = -1;
const INCOMPLETE = -2;
const MALFORMED = -3;
const TOO_LONG = -4;

/** The shortest argument on the wire, "$0\r\n\r\n". */
const ARG_WIRE_BYTES_MIN = 6;

/** Digits that the fast path reads; more, and anything odd, is for the slow one. */
const FAST_DIGITS_MAX = 9;

export class RequestDecoder {
  /** The request of the last 'command'. */
  readonly args = new Args();
  /** Of the last nextBatch: 'command' if it gave any request, else why it gave none. */
  verdict: Decoded = 'more';
  /** Set by 'error'. */
  error = '';
  /** While false, requests are bounded as in Redis for clients that must still authenticate. */
  authenticated = true;
  /** `proto-max-bulk-len`. */
  bulkBytesMax = BULK_BYTES_MAX_DEFAULT;

  readonly #input = new RequestInput();
  /** Arguments that the present request still lacks; 0 between requests. */
  #argsLeft = 0;
  /** Length of the argument that comes next, or -1 while its length line is not understood. */
  #bulkBytes = -1;
  /** Bytes of an incomplete line that hold no line end. */
  #scanned = 0;
  /** One past the line that readLength read. */
  #lineEnd = 0;
  /** Where the arguments go: `args`, or a further request of a batch. */
  #target = this.args;
  /** Only a whole request is taken; anything else is left for `next`. */
  #isTrying = false;

  /** `client-query-buffer-limit`: bytes of one incomplete request, and of input held by suspend. */
  get queryBytesMax(): number {
    return this.#input.bytesMax;
  }

  set queryBytesMax(bytes: number) {
    this.#input.bytesMax = Math.min(bytes, REQUEST_BYTES_CEILING);
  }

  /** Bytes that wait to be understood. */
  get unread(): number {
    return this.#input.unread;
  }

  /** Bytes of memory that the decoder keeps, beside its arguments' offsets. */
  get ownedBytes(): number {
    return this.#input.ownedBytes;
  }

  /**
   * Takes what arrived: the first `bytes` of a chunk, which is borrowed until next() says 'more' or
   * suspend() is called.
   */
  feed(chunk: Buffer, bytes: number = chunk.length): void {
    if (this.error === '') this.#input.feed(chunk, bytes);
  }

  /**
   * Copies what was not read, so that the chunk may be reused. Feeding may go on; so may next().
   * The arguments of the last 'command' are not copied: detach them first if they are still
   * needed.
   */
  suspend(): void {
    this.#input.hold();
  }

  /**
   * Decodes what lies wholly in one chunk, at most REQUEST_BATCH_MAX requests, and returns how
   * many. Fills `batch` from the front; its first Args is the decoder's own.
   */
  nextBatch(batch: Args[]): number {
    // What an unauthenticated client may send depends on the outcome of the request before.
    const max = this.authenticated ? REQUEST_BATCH_MAX : 1;
    this.verdict = this.next();
    if (this.verdict !== 'command') return 0;
    batch[0] = this.args;
    let count = 1;
    for (; count < max; count += 1) {
      const args = batch[count] ??= new Args();
      if (!this.#take(args)) break;
    }
    return count;
  }

  /** Bytes that came behind this request of the batch. */
  unreadBehind(args: Args): number {
    return this.#input.unread + this.#input.at - args.wireEnd;
  }

  /** This request of the batch and those behind it have not been taken: they come again. */
  unreadFrom(args: Args): void {
    this.#input.rewind(args.wireStart);
  }

  next(): Decoded {
    if (this.error !== '') return 'error';
    for (;;) {
      if (this.#input.overflowed) return this.#fail(QUERY_BUFFER_LIMIT_ERROR, 0);
      const verdict = this.#argsLeft > 0 ? this.#readArgs() : this.#readRequest();
      if (verdict !== 'more') return verdict;
      if (!this.#bringMore()) return 'more';
    }
  }

  /** Decodes the next request if it is whole and sound; if not, it was not touched. */
  #take(target: Args): boolean {
    const input = this.#input;
    if (input.at === input.end) return false;
    this.#target = target;
    this.#isTrying = true;
    const isTaken = this.#readRequest() === 'command';
    this.#isTrying = false;
    this.#target = this.args;
    if (isTaken) return true;
    this.#argsLeft = 0;
    this.#bulkBytes = -1;
    this.#scanned = 0;
    input.rewind(input.start);
    return false;
  }

  #readRequest(): Decoded {
    const input = this.#input;
    for (;;) {
      if (input.at === input.end) return 'more';
      if (input.buf[input.at] !== STAR) {
        const verdict = this.#readInline();
        if (verdict !== 'skip') return verdict;
        continue;
      }
      const count = this.#readLength();
      if (count > 0 && count <= this.#argsMax()) {
        this.#argsLeft = count;
        this.#target.begin(input.buf);
        return this.#readArgs();
      }
      if (count === INCOMPLETE) return 'more';
      if (count !== 0 && count !== NEGATIVE) return this.#failCount(count);
      input.finishRequest();
    }
  }

  /** The hot loop: the arguments that are wholly in the window. */
  #readArgs(): Decoded {
    const input = this.#input;
    const args = this.#target;
    const { buf, end } = input;
    const bytesMax = this.#bulkMax();
    let bytes = this.#bulkBytes;
    let left = this.#argsLeft;
    while (left > 0) {
      if (bytes < 0) {
        bytes = shortLength(buf, input.at, end);
        if (bytes >= 0) {
          input.at += bytes < 10 ? 4 : bytes < 100 ? 5 : 6;
          this.#scanned = 0;
        } else {
          bytes = this.#readLength();
        }
        if (bytes < 0) {
          this.#argsLeft = left;
          this.#bulkBytes = -1;
          return bytes === INCOMPLETE ? 'more' : this.#failBulk(bytes);
        }
        if (bytes > bytesMax) return this.#failBulk(bytes);
      }
      const at = input.at;
      if (end - at < bytes + 2) {
        this.#argsLeft = left;
        this.#bulkBytes = bytes;
        return 'more';
      }
      args.push(at, at + bytes);
      input.at = at + bytes + 2;
      bytes = -1;
      left--;
    }
    this.#argsLeft = 0;
    this.#bulkBytes = -1;
    return this.#complete();
  }

  #complete(): Decoded {
    const input = this.#input;
    if (input.at - input.start > input.bytesMax) return this.#fail(QUERY_BUFFER_LIMIT_ERROR, 0);
    this.#target.wireStart = input.start;
    this.#target.wireEnd = input.at;
    this.#target.isAlone = input.isWindowGivenAway;
    input.finishRequest();
    return 'command';
  }

  /**
   * Reads the line at `at`, a type byte and a length, and steps over it: a length, or NEGATIVE (a
   * number below 0), INCOMPLETE, MALFORMED or TOO_LONG, which leave `at` where it was. MALFORMED is
   * also said of a bulk's line that does not begin with its type byte; which fault it is,
   * #failBulk sees.
   */
  #readLength(): number {
    const { buf, at, end } = this.#input;
    if (this.#argsLeft > 0 && buf[at] !== DOLLAR) return this.#readOddLength();
    const fastEnd = Math.min(end - 1, at + 1 + FAST_DIGITS_MAX);
    let value = 0;
    let place = at + 1;
    for (; place < fastEnd; place++) {
      const digit = buf[place]! - DIGIT_0;
      if (digit < 0 || digit > 9) break;
      value = value * 10 + digit;
    }
    const digits = place - at - 1;
    if (place >= end - 1 || digits === 0 || buf[place] !== RETURN) return this.#readOddLength();
    if (digits > 1 && buf[at + 1] === DIGIT_0) return this.#readOddLength();
    this.#input.at = place + 2;
    this.#scanned = 0;
    return value;
  }

  /** The same for a line that is incomplete, long, negative, or no length at all. */
  #readOddLength(): number {
    const { buf, at, end } = this.#input;
    const lineEnd = this.#findInLine(RETURN);
    if (lineEnd < 0) return lineEnd;
    // The line ends with the byte after the return, whatever it is.
    if (lineEnd + 1 === end) return INCOMPLETE;
    this.#scanned = 0;
    this.#lineEnd = lineEnd + 2;
    if (this.#argsLeft > 0 && buf[at] !== DOLLAR) return MALFORMED;
    const value = parseInt64(buf, at + 1, lineEnd);
    if (value === undefined) return MALFORMED;
    this.#input.at = this.#lineEnd;
    return value < 0 ? NEGATIVE : Number(value);
  }

  /** Where the line at `at` has its first `byte`, or INCOMPLETE or TOO_LONG. Resumes a search. */
  #findInLine(byte: number): number {
    const { buf, at, end } = this.#input;
    const limit = Math.min(end, at + INLINE_BYTES_MAX + 1);
    for (let place = at + this.#scanned; place < limit; place++) {
      if (buf[place] !== byte) continue;
      this.#scanned = place - at;
      return place;
    }
    this.#scanned = limit - at;
    return end - at > INLINE_BYTES_MAX ? TOO_LONG : INCOMPLETE;
  }

  /** 'skip' is an empty line. */
  #readInline(): Decoded | 'skip' {
    const input = this.#input;
    const start = input.at;
    const newline = this.#findInLine(NEWLINE);
    if (newline === INCOMPLETE) return 'more';
    if (newline < 0) return this.#failLine('too big inline request');
    this.#scanned = 0;
    const end = newline > start && input.buf[newline - 1] === RETURN ? newline - 1 : newline;
    if (!this.#splitPlain(start, end)) {
      const parts = splitArgs(input.buf, start, end);
      const text = 'Protocol error: unbalanced quotes in request';
      if (parts === undefined) return this.#fail(text, newline + 1);
      this.#target.setBuffers(parts);
    }
    this.#target.isInline = true;
    input.at = newline + 1;
    if (this.#target.count === 0) {
      input.finishRequest();
      return 'skip';
    }
    return this.#isHttp() ? this.#fail(HTTP_ERROR, 0) : this.#complete();
  }

  #isHttp(): boolean {
    const args = this.#target;
    return HTTP_WORDS.some((word) => args.length(0) === word.length &&
      equalsIgnoreCase(args.buf.subarray(args.start(0), args.end(0)), word));
  }

  /** Words in place; false if a quote or a control byte makes it a case for splitArgs. */
  #splitPlain(start: number, end: number): boolean {
    const buf = this.#input.buf;
    const args = this.#target;
    args.begin(buf);
    let wordStart = -1;
    for (let at = start; at < end; at++) {
      const byte = buf[at]!;
      if (byte === SPACE || byte === TAB) {
        if (wordStart >= 0) args.push(wordStart, at);
        wordStart = -1;
        continue;
      }
      if (byte < SPACE || byte === DOUBLE_QUOTE || byte === SINGLE_QUOTE) return false;
      if (wordStart < 0) wordStart = at;
    }
    if (wordStart >= 0) args.push(wordStart, end);
    return true;
  }

  /** The window is used up, perhaps inside a request: goes on with what came behind it, if any. */
  #bringMore(): boolean {
    const input = this.#input;
    if (input.start === input.end) {
      const more = input.advance();
      if (!more) this.args.begin(input.buf);
      return more;
    }
    const from = input.start;
    const before = input.buf;
    input.beginCarry();
    const pulled = input.pull(this.#bytesWanted(), this.#bytesNeeded());
    if (this.#argsLeft > 0 && input.buf !== before) this.args.moveTo(input.buf, from);
    return pulled || input.overflowed;
  }

  /**
   * Bytes that the present request surely lacks: at least 1, and never more than it really does.
   */
  #bytesWanted(): number {
    const input = this.#input;
    const have = input.end - input.at;
    const left = this.#argsLeft;
    if (this.#bulkBytes >= 0) {
      return this.#bulkBytes + 2 - have + (left - 1) * ARG_WIRE_BYTES_MIN;
    }
    const shortest = left === 0 ? 1 : Math.max(1, left * ARG_WIRE_BYTES_MIN - have);
    return Math.max(shortest, this.#lineBytesWanted(have));
  }

  #lineBytesWanted(have: number): number {
    const input = this.#input;
    const room = INLINE_BYTES_MAX + 1 - have;
    const isInline = this.#argsLeft === 0 && input.buf[input.at] !== STAR;
    if (isInline) return Math.min(room, input.restThrough(NEWLINE));
    if (input.buf[input.end - 1] === RETURN) return 1;
    return Math.min(room, input.restThrough(RETURN));
  }

  /** Length of the present request when it is known, that is, inside its last argument; or 0. */
  #bytesNeeded(): number {
    if (this.#argsLeft !== 1 || this.#bulkBytes < 0) return 0;
    return this.#input.at - this.#input.start + this.#bulkBytes + 2;
  }

  #argsMax(): number {
    return this.authenticated ? ARGS_MAX : UNAUTHENTICATED_ARGS_MAX;
  }

  #bulkMax(): number {
    if (this.authenticated) return this.bulkBytesMax;
    return Math.min(this.bulkBytesMax, UNAUTHENTICATED_BULK_BYTES_MAX);
  }

  #failCount(count: number): Decoded {
    if (count === TOO_LONG) return this.#failLine('too big mbulk count string');
    const allowed = count !== MALFORMED && count <= ARGS_MAX;
    const text = allowed ? 'unauthenticated multibulk length' : 'invalid multibulk length';
    return this.#fail('Protocol error: ' + text, this.#endOfLine(count));
  }

  #failBulk(bytes: number): Decoded {
    if (bytes === TOO_LONG) return this.#failLine('too big bulk count string');
    const { buf, at } = this.#input;
    if (bytes === MALFORMED && buf[at] !== DOLLAR) {
      const found = String.fromCharCode(buf[at]!);
      return this.#fail(`Protocol error: expected '$', got '${found}'`, this.#lineEnd);
    }
    const allowed = bytes >= 0 && bytes <= this.bulkBytesMax;
    const text = allowed ? 'unauthenticated bulk length' : 'invalid bulk length';
    return this.#fail('Protocol error: ' + text, this.#endOfLine(bytes));
  }

  #endOfLine(length: number): number {
    return length === MALFORMED ? this.#lineEnd : this.#input.at;
  }

  #failLine(text: string): Decoded {
    return this.#fail('Protocol error: ' + text, this.#input.at + INLINE_BYTES_MAX + 1);
  }

  /**
   * `endsAt` is where the fault is certain. If that is beyond the bound on a request, the bound
   * is the fault: with smaller chunks it would have been met first.
   */
  #fail(text: string, endsAt: number): Decoded {
    if (this.#isTrying) return 'error';
    const input = this.#input;
    const tooMuch = endsAt - input.start > input.bytesMax;
    this.error = tooMuch ? QUERY_BUFFER_LIMIT_ERROR : text;
    input.clear();
    this.args.begin(input.buf);
    return 'error';
  }
}

/**
 * The length in the line "$d\r", "$dd\r" or "$ddd\r" at `at`, or -1 if it is not clearly such a
 * line.
 */
function shortLength(buf: Buffer, at: number, end: number): number {
  if (at + 6 > end || buf[at] !== DOLLAR) return -1;
  let value = buf[at + 1]! - DIGIT_0;
  if (value < 0 || value > 9) return -1;
  let byte = buf[at + 2]!;
  if (byte === RETURN) return value;
  if (value === 0 || byte < DIGIT_0 || byte > DIGIT_9) return -1;
  value = value * 10 + byte - DIGIT_0;
  byte = buf[at + 3]!;
  if (byte === RETURN) return value;
  if (byte < DIGIT_0 || byte > DIGIT_9) return -1;
  return buf[at + 4] === RETURN ? value * 10 + byte - DIGIT_0 : -1;
}
