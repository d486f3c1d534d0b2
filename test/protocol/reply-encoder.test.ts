import { createRequire } from 'node:module';
import { describe, expect, it } from 'vitest';
import { Random } from '../../src/lib/random.ts';
import { REPLY_BYTES_MAX } from '../../src/protocol/limits.ts';
import { ByteRange } from '../../src/lib/byte-range.ts';
import { viewOf } from '../../src/lib/views.ts';
import {
  OutputPool, type OutputMemory, OUTPUT_BUFFER_BYTES_MIN,
} from '../../src/protocol/output-pool.ts';
import { ReplyEncoder } from '../../src/protocol/reply-encoder.ts';
import type { ReplyWriter } from '../../src/protocol/reply-encoder.ts';
import { randomBytes, withSeed } from '../lib/seeded.ts';
import { RecordedError, RecordingReply } from './recording-reply.ts';
import { decodeReplies } from './resp-decoder.ts';
import { textOf } from './text-of.ts';

function encode(protocol: 2 | 3, write: (reply: ReplyWriter) => void): string {
  const encoder = new ReplyEncoder(new OutputPool());
  encoder.protocol = protocol;
  write(encoder);
  return textOf(encoder);
}

type Case = readonly [
  title: string, write: (reply: ReplyWriter) => void, resp2: string, resp3: string,
];

type ShortCase = readonly [title: string, write: (reply: ReplyWriter) => void, resp2: string];

/** Where the last column is missing, RESP3 is the same. */
function withSameResp3(cases: readonly (Case | ShortCase)[]): Case[] {
  return cases.map(([title, write, resp2, resp3]) => [title, write, resp2, resp3 ?? resp2]);
}

const CASES: readonly Case[] = withSameResp3([
  ['ok', (r) => r.ok(), '+OK\r\n'],
  ['a status', (r) => r.simple('PONG'), '+PONG\r\n'],
  ['line ends in a status', (r) => r.simple('a\r\nb'), '+a  b\r\n'],
  ['an error', (r) => r.error('ERR no'), '-ERR no\r\n'],
  ['line ends in an error', (r) => r.error("ERR '\n\r'"), "-ERR '  '\r\n"],
  ['an error beyond ASCII', (r) => r.error('ERR é'), '-ERR \xc3\xa9\r\n'],
  ['zero', (r) => r.integer(0), ':0\r\n'],
  ['minus zero', (r) => r.integer(-0), ':0\r\n'],
  ['999', (r) => r.integer(999), ':999\r\n'],
  ['1000', (r) => r.integer(1000), ':1000\r\n'],
  ['-1', (r) => r.integer(-1), ':-1\r\n'],
  ['the largest safe integer', (r) => r.integer(2 ** 53 - 1), ':9007199254740991\r\n'],
  ['the smallest safe integer', (r) => r.integer(1 - 2 ** 53), ':-9007199254740991\r\n'],
  ['the smallest 64-bit integer', (r) => r.integer(-(2n ** 63n)), ':-9223372036854775808\r\n'],
  ['a bulk', (r) => r.bulk(Buffer.from('abc')), '$3\r\nabc\r\n'],
  ['an empty bulk', (r) => r.bulk(Buffer.alloc(0)), '$0\r\n\r\n'],
  ['a part of a buffer', (r) => r.bulk(Buffer.from('abcde'), 1, 3), '$2\r\nbc\r\n'],
  ['a text', (r) => r.bulkText('h\u00e9'), '$3\r\nh\xc3\xa9\r\n'],
  ['nil', (r) => r.nil(), '$-1\r\n', '_\r\n'],
  ['no array', (r) => r.nilArray(), '*-1\r\n', '_\r\n'],
  ['an array', (r) => { r.array(2); r.integer(1); r.ok(); }, '*2\r\n:1\r\n+OK\r\n'],
  ['an empty array', (r) => r.emptyArray(), '*0\r\n'],
  ['a map', (r) => { r.map(1); r.bulkText('k'); r.nil(); },
    '*2\r\n$1\r\nk\r\n$-1\r\n', '%1\r\n$1\r\nk\r\n_\r\n'],
  ['a set', (r) => { r.set(1); r.integer(5); }, '*1\r\n:5\r\n', '~1\r\n:5\r\n'],
  ['a push', (r) => { r.push(1); r.bulkText('m'); }, '*1\r\n$1\r\nm\r\n', '>1\r\n$1\r\nm\r\n'],
  ['a double', (r) => r.double(1.5), '$3\r\n1.5\r\n', ',1.5\r\n'],
  ['a double in other digits', (r) => r.doubleText('15.0872674584388733'), '$19\r\n15.0872674584388733\r\n',
    ',15.0872674584388733\r\n'],
  ['infinities', (r) => { r.double(Infinity); r.double(-Infinity); },
    '$3\r\ninf\r\n$4\r\n-inf\r\n', ',inf\r\n,-inf\r\n'],
  ['not a number', (r) => r.double(NaN), '$3\r\nnan\r\n', ',nan\r\n'],
  ['booleans', (r) => { r.boolean(true); r.boolean(false); }, ':1\r\n:0\r\n', '#t\r\n#f\r\n'],
  ['a big number', (r) => r.bigNumber(-(10n ** 30n)),
    `$32\r\n-1${'0'.repeat(30)}\r\n`, `(-1${'0'.repeat(30)}\r\n`],
  ['a verbatim text', (r) => r.verbatim('txt', 'é\n'),
    '$3\r\n\xc3\xa9\n\r\n', '=7\r\ntxt:\xc3\xa9\n\r\n'],
]);

describe('ReplyEncoder', () => {
  it.each(CASES)('writes %s', (_title, write, resp2, resp3) => {
    expect(encode(2, write)).toBe(resp2);
    expect(encode(3, write)).toBe(resp3);
  });

  it('writes an attribute in RESP3, and treats one in RESP2 as a bug', () => {
    const write = (reply: ReplyWriter): void => {
      reply.attribute(1);
      reply.bulkText('ttl');
      reply.integer(3600);
      reply.nil();
    };
    expect(encode(3, write)).toBe('|1\r\n$3\r\nttl\r\n:3600\r\n_\r\n');
    expect(() => encode(2, write)).toThrow('attribute in RESP2');
  });

  it('refuses what is not an integer as a bug', () => {
    expect(() => encode(2, (reply) => reply.integer(1.5))).toThrow(RangeError);
    expect(() => encode(2, (reply) => reply.integer(NaN))).toThrow(RangeError);
    expect(() => encode(2, (reply) => reply.integer(2 ** 53))).toThrow(RangeError);
  });

  it('writes bulks and texts of every length around its fast paths', () => {
    const encoder = new ReplyEncoder(new OutputPool());
    const content = 'abcdefghijklmnopqrstuvwxyz'.repeat(60);
    for (let length = 0; length <= 1100; length++) {
      const text = content.slice(0, length);
      const expected = `$${length}\r\n${text}\r\n`;
      encoder.bulk(Buffer.from(`xx${text}x`), 2, 2 + length);
      encoder.bulk(Buffer.from(text));
      encoder.bulkText(text);
      const range = new ByteRange(Buffer.from(`xx${text}x`), 2, 2 + length);
      encoder.bulkRange(range);
      range.words = viewOf(range.buf);
      encoder.bulkRange(range);
      const written = encoder.take();
      expect(written.toString('latin1')).toBe(expected.repeat(5));
      encoder.recycle(written);
    }
  });

  it('writes every power of ten and its neighbours', () => {
    for (let power = 0; power <= 15; power++) {
      for (const n of [10 ** power - 1, 10 ** power, 10 ** power + 1, -(10 ** power)]) {
        expect(encode(2, (reply) => reply.integer(n))).toBe(`:${n}\r\n`);
      }
    }
  });

  it('drops what was written since a mark', () => {
    const encoder = new ReplyEncoder(new OutputPool());
    encoder.ok();
    const mark = encoder.mark();
    encoder.array(3);
    encoder.bulkText('x'.repeat(OUTPUT_BUFFER_BYTES_MIN));
    encoder.rewind(mark);
    expect(encoder.length).toBe(5);
    encoder.error('ERR no');
    expect(encoder.take().toString()).toBe('+OK\r\n-ERR no\r\n');
    expect(() => encoder.rewind(mark)).toThrow('rewind to 5');
  });

  it('tells whether an error was written at a mark', () => {
    const encoder = new ReplyEncoder(new OutputPool());
    expect(encoder.errorAt(0)).toBeUndefined();
    encoder.ok();
    const mark = encoder.mark();
    encoder.error('ERR no');
    encoder.ok();
    expect(encoder.errorAt(0)).toBeUndefined();
    expect(encoder.errorAt(mark)).toBe('ERR no');
    expect(encoder.errorAt(encoder.mark())).toBeUndefined();
  });

  it('holds no memory between a take and the next reply, and reuses what comes back', () => {
    const pool = new OutputPool();
    const encoder = new ReplyEncoder(pool);
    expect(encoder.take()).toHaveLength(0);
    encoder.recycle(encoder.take());
    encoder.ok();
    const first = encoder.take();
    encoder.simple('PONG');
    const second = encoder.take();
    expect(first.toString()).toBe('+OK\r\n');
    expect(second.buf).not.toBe(first.buf);
    encoder.recycle(first);
    encoder.recycle(second);
    expect(pool.unusedBytes).toBe(2 * OUTPUT_BUFFER_BYTES_MIN);
    encoder.ok();
    expect(pool.unusedBytes).toBe(OUTPUT_BUFFER_BYTES_MIN);
    encoder.release();
    expect(pool.unusedBytes).toBe(2 * OUTPUT_BUFFER_BYTES_MIN);
  });

  it('gives memory back to its pool as it outgrows it', () => {
    const pool = new OutputPool();
    const encoder = new ReplyEncoder(pool);
    for (let i = 0; i < 5000; i++) encoder.integer(i);
    expect(pool.unusedBytes).toBe(OUTPUT_BUFFER_BYTES_MIN * (1 + 2));
    const lines = Array.from({ length: 5000 }, (_, i) => `:${i}\r\n`);
    expect(encoder.take().toString()).toBe(lines.join(''));
  });

  it('leaves what was written of a large reply where it is, in pieces', () => {
    const pool = new OutputPool();
    const encoder = new ReplyEncoder(pool);
    const value = Buffer.alloc(3_000_000, 'v');
    encoder.ok();
    encoder.bulk(value);
    const mark = encoder.mark();
    encoder.error('ERR behind it');
    expect(encoder.errorAt(mark)).toBe('ERR behind it');
    expect(encoder.errorAt(0)).toBeUndefined();
    encoder.bulk(value);
    expect(encoder.length).toBe(5 + 2 * (value.length + 12) + 16);
    const sizes: number[] = [];
    while (encoder.length > 0) {
      const piece = encoder.take();
      sizes.push(piece.buf.length);
      encoder.recycle(piece);
    }
    expect(sizes).toHaveLength(4);
    expect(Math.max(...sizes)).toBeLessThan(value.length + 100);
    encoder.bulk(value);
    encoder.release();
    expect([encoder.length, pool.unusedBytes > 0]).toEqual([0, true]);
  });

  it('goes back to any mark over its pieces', () => {
    const encoder = new ReplyEncoder(new OutputPool());
    const random = new Random(3, 4);
    let expected = '';
    for (let i = 0; i < 300; i++) {
      const mark = encoder.mark();
      expect(mark).toBe(expected.length);
      const text = 'x'.repeat(random.below(random.below(4) === 0 ? 900_000 : 2000));
      encoder.bulkText(text);
      if (random.below(3) === 0) encoder.rewind(mark);
      else expected += `$${text.length}\r\n${text}\r\n`;
      if (random.below(20) !== 0) continue;
      const back = random.below(expected.length + 1);
      encoder.rewind(back);
      expected = expected.slice(0, back);
    }
    expect(textOf(encoder) === expected).toBe(true);
    expect(encoder.length).toBe(0);
  });

  it('drops a reply beyond its bound, says so, and goes on from the mark', () => {
    const encoder = new ReplyEncoder(new SmallPool());
    encoder.ok();
    const mark = encoder.mark();
    encoder.bulk(Buffer.alloc(1000), 0, REPLY_BYTES_MAX);
    encoder.bulkText('what comes behind it');
    expect(encoder.isTooLarge).toBe(true);
    encoder.rewind(mark);
    encoder.error('ERR too large');
    expect(encoder.isTooLarge).toBe(false);
    expect(encoder.take().toString()).toBe('+OK\r\n-ERR too large\r\n');
  });
});

/** Stands for memory that no test should take. */
class SmallPool extends OutputPool {
  override acquire(bytes: number): OutputMemory {
    return super.acquire(Math.min(bytes, 1024));
  }
}

/** Writes one random reply to all writers. */
function writeRandom(random: Random, writers: readonly ReplyWriter[], depth: number): void {
  const each = (write: (writer: ReplyWriter) => void): void => writers.forEach(write);
  const protocol = writers[0]!.protocol;
  const count = random.below(4);
  const children = (n: number): void => {
    for (let i = 0; i < n; i++) writeRandom(random, writers, depth + 1);
  };
  // Aggregates are the first four: none of them deep inside.
  switch (depth < 4 ? random.below(17) : 4 + random.below(13)) {
    case 0: each((w) => w.array(count)); return children(count);
    case 1: each((w) => w.set(count)); return children(count);
    case 2: each((w) => w.push(count)); return children(count);
    case 3: each((w) => w.map(count)); return children(count * 2);
    case 4: return each((w) => w.ok());
    case 5: return each((w) => w.nil());
    case 6: return each((w) => w.nilArray());
    case 7: return each((w) => w.boolean(count > 1));
    case 8: return each((w) => w.error(`ERR ${count}`));
    case 9: return each((w) => w.simple(`status ${count}`));
    case 10: return each((w) => w.verbatim('txt', 'text '.repeat(count)));
    case 11: return randomBulk(random, each);
    case 12: return randomText(random, each);
    case 13: return randomInteger(random, each);
    case 14: return randomDouble(random, each);
    case 15: return randomBigNumber(random, each);
    default:
      if (protocol === 3) {
        each((w) => { w.attribute(1); w.bulkText('k'); w.integer(count); });
      }
      return each((w) => w.emptyArray());
  }
}

type Each = (write: (writer: ReplyWriter) => void) => void;

function randomBulk(random: Random, each: Each): void {
  const bytes = randomBytes(random, random.below(random.below(10) === 0 ? 5000 : 80));
  each((w) => w.bulk(bytes));
}

function randomText(random: Random, each: Each): void {
  const text = randomBytes(random, random.below(60), 'ab é€\r\n').toString('latin1');
  each((w) => w.bulkText(text));
}

function randomInteger(random: Random, each: Each): void {
  const wide = BigInt.asIntN(64, (BigInt(random.next()) << 32n) | BigInt(random.next()));
  const integer = wide >> BigInt(random.below(63));
  const safe = Number.isSafeInteger(Number(integer));
  each((w) => w.integer(safe ? Number(integer) : integer));
}

function randomBigNumber(random: Random, each: Each): void {
  const big = BigInt(random.next()) ** 3n - 10n ** 20n;
  each((w) => w.bigNumber(big));
}

function randomDouble(random: Random, each: Each): void {
  const x = (random.float() - 0.5) * 10 ** (random.below(80) - 40);
  each((w) => w.double(x));
}

function roundTrip(protocol: 2 | 3, check: (bytes: Buffer, told: RecordingReply) => void): void {
  withSeed((random) => {
    const encoder = new ReplyEncoder(new OutputPool());
    encoder.protocol = protocol;
    for (let n = 0; n < 5000; n++) {
      const told = new RecordingReply(protocol);
      for (let replies = random.below(3); replies >= 0; replies--) {
        writeRandom(random, [encoder, told], 0);
      }
      const bytes = encoder.take();
      check(bytes.buf.subarray(0, bytes.length), told);
      encoder.recycle(bytes);
    }
  });
}

describe('ReplyEncoder, round trip of random replies', () => {
  it.each([2, 3] as const)('says in RESP%i what it was told', (protocol) => {
    roundTrip(protocol, (bytes, told) => {
      const heard = new RecordingReply(protocol);
      decodeReplies(bytes, heard);
      expect(heard.types).toBe(told.types);
      expect(heard.values).toEqual(told.values);
      expect(heard.attributes).toEqual(told.attributes);
    });
  });

  it('is understood by redis-parser', () => {
    roundTrip(2, (bytes, told) => {
      expect(parseReplies(bytes)).toEqual(told.values.map(asParserSeesIt));
    });
  });
});

/** redis-parser has no types of its own. */
const RedisParser = createRequire(import.meta.url)('redis-parser') as new (options: {
  returnReply(reply: unknown): void;
  returnError(error: Error): void;
  returnFatalError(error: Error): void;
  returnBuffers: boolean;
  stringNumbers: boolean;
}) => { execute(chunk: Buffer): void };

function parseReplies(bytes: Buffer): unknown[] {
  const replies: unknown[] = [];
  const parser = new RedisParser({
    returnReply: (reply) => void replies.push(plain(reply)),
    returnError: (error) => void replies.push(plain(error)),
    returnFatalError: (error) => { throw error; },
    returnBuffers: true,
    stringNumbers: true,
  });
  // A copy: redis-parser keeps views of what it is fed, and it is recycled.
  parser.execute(Buffer.from(bytes));
  return replies;
}

function plain(reply: unknown): unknown {
  if (Array.isArray(reply)) return reply.map(plain);
  if (reply instanceof Error) return `error: ${reply.message}`;
  return Buffer.isBuffer(reply) ? reply.toString('latin1') : reply;
}

/** redis-parser gives integers as strings here, and statuses and bulks alike. */
function asParserSeesIt(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(asParserSeesIt);
  if (value instanceof RecordedError) return `error: ${value.message}`;
  if (Buffer.isBuffer(value)) return value.toString('latin1');
  if (typeof value === 'string') return Buffer.from(value).toString('latin1');
  return value === null ? null : String(value);
}

describe('RecordingReply', () => {
  it('refuses an aggregate that lacks elements and more than one reply', () => {
    const reply = new RecordingReply();
    reply.array(2);
    reply.ok();
    expect(() => reply.value).toThrow('an aggregate of 2 has 1 elements');
    reply.nil();
    expect(reply.value).toEqual(['OK', null]);
    reply.ok();
    expect(() => reply.value).toThrow('2 replies instead of one');
  });

  it('records maps and bytes as what they are', () => {
    const reply = new RecordingReply(3);
    reply.map(1);
    reply.bulkText('k');
    reply.bulk(Buffer.from([0xff]));
    expect(reply.value).toEqual(new Map([['k', Buffer.from([0xff])]]));
    expect(reply.types).toBe('%$$');
  });
});
