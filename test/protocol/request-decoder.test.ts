import { describe, expect, it } from 'vitest';
import { cpuMs } from '../lib/cpu-ms.ts';
import { liveArrayBufferBytes } from '../lib/live-memory.ts';
import { ARGS_MAX, INLINE_BYTES_MAX } from '../../src/protocol/limits.ts';
import { CARRY_ARRIVED_DIVISOR } from '../../src/protocol/request-input.ts';
import { RequestDecoder } from '../../src/protocol/request-decoder.ts';
import { decodeInChunks, encodeRequest, newDecoder, USUAL_LIMITS } from './decode-in-chunks.ts';
import { slowDecode } from './slow-request-decoder.ts';
import type { Decoded, RequestLimits } from './slow-request-decoder.ts';

const STRANGER: RequestLimits = { ...USUAL_LIMITS, authenticated: false };
const SMALL: RequestLimits = { ...USUAL_LIMITS, bulkBytesMax: 10, queryBytesMax: 40 };

interface Case {
  readonly title: string;
  readonly input: string;
  readonly requests: readonly (readonly string[])[];
  /** Left out: 'more'. */
  readonly error?: string;
  readonly limits?: RequestLimits;
}

const CASES: readonly Case[] = [
  { title: 'an array of bulks', input: '*2\r\n$3\r\nGET\r\n$1\r\nk\r\n', requests: [['GET', 'k']] },
  {
    title: 'a pipeline',
    input: '*1\r\n$4\r\nPING\r\n*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$12\r\nabcdefghijkl\r\nPING\r\n',
    requests: [['PING'], ['SET', 'k', 'abcdefghijkl'], ['PING']],
  },
  { title: 'an empty bulk', input: '*2\r\n$4\r\nECHO\r\n$0\r\n\r\n', requests: [['ECHO', '']] },
  {
    title: 'line ends, NUL and high bytes in a bulk',
    input: '*1\r\n$8\r\n\r\n\0$3\r\n\xff\r\n', requests: [['\r\n\0$3\r\n\xff']],
  },
  { title: 'a request that lacks its end', input: '*2\r\n$4\r\nECHO\r\n$3\r\nab', requests: [] },
  { title: 'a length line that lacks its newline', input: '*1\r', requests: [] },
  { title: 'nothing', input: '', requests: [] },
  {
    title: 'counts that are zero or negative, and empty lines',
    input: '*0\r\n*-1\r\n*-9223372036854775808\r\n\r\n\n  \t\r\nPING\r\n', requests: [['PING']],
  },
  {
    title: 'any byte after the return of a length line and any two after a bulk',
    input: '*1\rx$4\rxPINGab*1\r\n$1\r\nq\r\n', requests: [['PING'], ['q']],
  },
  {
    title: 'an inline command with any white space',
    input: '  set\tk  v \r\nget k\n', requests: [['set', 'k', 'v'], ['get', 'k']],
  },
  { title: 'a return inside an inline command', input: 'ECHO\rX\n', requests: [['ECHO', 'X']] },
  {
    title: 'a vertical tab, which separates only before a word',
    input: '\vecho a\vb\n', requests: [['echo', 'a\vb']],
  },
  {
    title: 'double quotes with escapes',
    input: 'echo "a b" "\\x41\\n\\r\\t\\b\\a\\q\\xzz" ""\r\n',
    requests: [['echo', 'a b', 'A\n\r\t\b\x07qxzz', '']],
  },
  {
    title: 'single quotes, in which only a quote is escaped',
    input: "echo 'it\\'s' 'a\\n'\r\n", requests: [['echo', "it's", 'a\\n']],
  },
  { title: 'a quoted part of a word', input: 'echo a"b c"\n', requests: [['echo', 'ab c']] },
  { title: 'a NUL, which ends an inline command', input: 'echo a\0b\n', requests: [['echo', 'a']] },
  {
    title: 'an unclosed double quote', input: 'PING\r\nSET "a\r\n', requests: [['PING']],
    error: 'Protocol error: unbalanced quotes in request',
  },
  {
    title: 'an unclosed single quote', input: "SET 'a\\'\r\n", requests: [],
    error: 'Protocol error: unbalanced quotes in request',
  },
  {
    title: 'something glued to a closing quote', input: 'PING "a"b\r\n', requests: [],
    error: 'Protocol error: unbalanced quotes in request',
  },
  ...['', 'x', '03', '+3', '-0', ' 1', '1 ', '0x1', '1.0', `${ARGS_MAX + 1}`, '30000000',
    '9223372036854775808', '-9223372036854775809', '99999999999999999999', '1\n'].map((count) => ({
    title: `the count ${JSON.stringify(count)}`, input: `PING\n*${count}\r\n`, requests: [['PING']],
    error: 'Protocol error: invalid multibulk length',
  })),
  ...['', 'x', '03', '-1', '-0', '+1', '536870913', '9223372036854775807',
    '99999999999999999999', '4294967297'].map((length) => ({
    title: `the length ${JSON.stringify(length)}`, input: `*1\r\n$${length}\r\n`, requests: [],
    error: 'Protocol error: invalid bulk length',
  })),
  {
    title: 'another type in a request', input: '*2\r\n$3\r\nGET\r\nxyz\r\n', requests: [],
    error: "Protocol error: expected '$', got 'x'",
  },
  {
    title: 'a nested array', input: '*1\r\n*1\r\n$4\r\nPING\r\n', requests: [],
    error: "Protocol error: expected '$', got '*'",
  },
  {
    title: 'an empty line in a request', input: '*1\r\n\r\n', requests: [],
    error: "Protocol error: expected '$', got '\r'",
  },
  {
    title: 'eleven arguments before authentication', input: '*10\r\n*11\r\n', requests: [],
    limits: STRANGER, error: "Protocol error: expected '$', got '*'",
  },
  {
    title: 'eleven arguments of a stranger', input: '*11\r\n', requests: [],
    limits: STRANGER, error: 'Protocol error: unauthenticated multibulk length',
  },
  {
    title: 'too many arguments for anybody', input: `*${ARGS_MAX + 1}\r\n`, requests: [],
    limits: STRANGER, error: 'Protocol error: invalid multibulk length',
  },
  {
    title: 'a long argument of a stranger', input: '*1\r\n$16385\r\n', requests: [],
    limits: STRANGER, error: 'Protocol error: unauthenticated bulk length',
  },
  {
    title: 'the longest argument of a stranger', input: '*1\r\n$16384\r\n', requests: [],
    limits: STRANGER,
  },
  {
    title: 'a bulk of the longest length', input: '*1\r\n$10\r\n0123456789\r\n',
    requests: [['0123456789']], limits: SMALL,
  },
  {
    title: 'a bulk beyond proto-max-bulk-len', input: '*1\r\n$11\r\n', requests: [],
    limits: SMALL, error: 'Protocol error: invalid bulk length',
  },
  {
    title: 'a request of 40 bytes where 40 are allowed',
    input: '*3\r\n$10\r\n0123456789\r\n$5\r\n12345\r\n$0\r\n\r\n',
    requests: [['0123456789', '12345', '']], limits: { ...SMALL, queryBytesMax: 38 + 2 },
  },
  {
    title: 'a request beyond client-query-buffer-limit',
    input: 'PING\n*4\r\n$10\r\n0123456789\r\n$10\r\n0123456789\r\n$1\r\na\r\n$1\r\nb\r\n',
    requests: [['PING']], limits: SMALL, error: 'query buffer limit',
  },
  {
    title: 'a fault that shows only beyond the query buffer limit',
    input: '*4\r\n$10\r\n0123456789\r\n$10\r\n0123456789\r\nxx\r\n',
    requests: [], limits: { ...SMALL, queryBytesMax: 38 }, error: 'query buffer limit',
  },
  {
    title: 'an inline command beyond the query buffer limit', input: `PING ${'a'.repeat(40)}`,
    requests: [], limits: SMALL, error: 'query buffer limit',
  },
];

function expectedOf(testCase: Case): Decoded {
  return {
    requests: testCase.requests.map((args) => [...args]),
    end: testCase.error === undefined ? 'more' : { error: testCase.error },
  };
}

describe('RequestDecoder, each case whole, byte by byte, and cut at every point', () => {
  it.each(CASES)('decides $title', (testCase) => {
    const limits = testCase.limits ?? USUAL_LIMITS;
    const bytes = Buffer.from(testCase.input, 'latin1');
    const expected = expectedOf(testCase);
    const everywhere = Array.from({ length: bytes.length }, (_, at) => at + 1);
    expect(decodeInChunks(bytes, { limits })).toEqual(expected);
    expect(decodeInChunks(bytes, { limits, cuts: everywhere })).toEqual(expected);
    const suspending = { limits, cuts: everywhere, suspends: () => true };
    expect(decodeInChunks(bytes, suspending)).toEqual(expected);
    for (let cut = 0; cut <= bytes.length; cut++) {
      const cutOnce = decodeInChunks(bytes, { limits, cuts: [cut] });
      expect(cutOnce, `cut at ${cut}`).toEqual(expected);
    }
    expect(slowDecode(bytes, limits), 'the slow twin').toEqual(expected);
  });

  it('accepts a pipeline of arrays and inline commands cut at every pair of points', () => {
    const bytes = Buffer.concat([
      encodeRequest('SET', 'key', 'a'.repeat(20)), Buffer.from('PING "x y"\r\n'),
      encodeRequest('DEL', 'a', '', 'b'), Buffer.from('*0\r\n'), encodeRequest('GET', 'key'),
    ]);
    const expected = slowDecode(bytes, USUAL_LIMITS);
    expect(expected.requests).toHaveLength(4);
    for (let first = 0; first <= bytes.length; first++) {
      for (let second = first; second <= bytes.length; second++) {
        const run = { cuts: [first, second], suspends: () => (first + second) % 2 === 0 };
        expect(decodeInChunks(bytes, run), `cut at ${first}, ${second}`).toEqual(expected);
      }
    }
  });
});

describe('RequestDecoder, lines', () => {
  const LONG_LINES = [
    ['inline', 'PING ', '\r\n', 'Protocol error: too big inline request'],
    ['count', '*1', '\r\n', 'Protocol error: too big mbulk count string'],
    ['length', '$1', '\r\n', 'Protocol error: too big bulk count string'],
  ] as const;

  it.each(LONG_LINES)('bounds an %s line, however it is cut', (kind, head, end, error) => {
    const before = kind === 'length' ? '*1\r\n' : '';
    const pad = (bytes: number): string => head + '1'.repeat(bytes - head.length);
    const fits = Buffer.from(before + pad(INLINE_BYTES_MAX - (kind === 'inline' ? 1 : 0)) + end);
    const tooLong = Buffer.from(before + pad(INLINE_BYTES_MAX + 1) + end);
    const lengths = { inline: undefined, count: 'invalid multibulk', length: 'invalid bulk' };
    const inTime = lengths[kind] && { error: `Protocol error: ${lengths[kind]} length` };
    for (const cuts of [[], [1], [30_000, 60_000], [65_535, 65_536, 65_537], [fits.length - 1]]) {
      expect(decodeInChunks(fits, { cuts }).end).toEqual(inTime ?? 'more');
      expect(decodeInChunks(tooLong, { cuts })).toEqual({ requests: [], end: { error } });
    }
    const unended = tooLong.subarray(0, before.length + INLINE_BYTES_MAX + 1);
    expect(decodeInChunks(unended).end).toEqual({ error });
    expect(decodeInChunks(unended.subarray(0, -1)).end).toBe('more');
  });

  it('searches a line that arrives byte by byte in linear time', () => {
    const decoder = new RequestDecoder();
    const byte = Buffer.from('x');
    const ms = cpuMs(() => {
      for (let at = 0; at < INLINE_BYTES_MAX; at++) {
        decoder.feed(byte);
        if (decoder.next() !== 'more') throw new Error(`not 'more' at ${at}`);
      }
    });
    // Searching from the start each time would look at two billion bytes, for about two seconds.
    expect(ms).toBeLessThan(1500);
  });
});

describe('RequestDecoder, borrowed and owned memory', () => {
  it('leaves a request that is wholly inside a chunk where it is', () => {
    const chunk = Buffer.concat([encodeRequest('PING'), encodeRequest('GET', 'k')]);
    const decoder = new RequestDecoder();
    decoder.feed(chunk);
    expect(decoder.next()).toBe('command');
    expect(decoder.args.buf).toBe(chunk);
    expect(decoder.next()).toBe('command');
    expect(decoder.args.buf).toBe(chunk);
    expect(decoder.ownedBytes).toBe(0);
  });

  it('goes back to reading in place after a request that was cut', () => {
    const bytes = Buffer.concat([encodeRequest('ECHO', 'abc'), encodeRequest('GET', 'k')]);
    const decoder = new RequestDecoder();
    decoder.feed(bytes.subarray(0, 16));
    expect(decoder.next()).toBe('more');
    const second = bytes.subarray(16);
    decoder.feed(second);
    expect(decoder.next()).toBe('command');
    expect(decoder.args.text(1)).toBe('abc');
    expect(decoder.next()).toBe('command');
    expect(decoder.args.buf).toBe(second);
  });

  it('does not hold on to a chunk that it has read', () => {
    const decoder = new RequestDecoder();
    decoder.feed(encodeRequest('PING'));
    expect(decoder.next()).toBe('command');
    expect(decoder.next()).toBe('more');
    expect(decoder.args.buf).toHaveLength(0);
    expect(decoder.args.count).toBe(0);
  });

  it('goes on after suspend with what was not read, then with what was fed meanwhile', () => {
    const chunk = Buffer.concat([
      encodeRequest('A'), encodeRequest('B'), encodeRequest('C', 'cut'),
    ]);
    const decoder = new RequestDecoder();
    decoder.feed(chunk.subarray(0, -4));
    expect(decoder.next()).toBe('command');
    decoder.suspend();
    const rest = Buffer.from(chunk.subarray(-4));
    chunk.fill(0);
    const later = encodeRequest('D');
    decoder.feed(rest);
    decoder.feed(later);
    rest.fill(0);
    later.fill(0);
    const seen: string[] = [];
    while (decoder.next() === 'command') seen.push(decoder.args.text(0));
    expect(seen).toEqual(['B', 'C', 'D']);
    expect(decoder.unread).toBe(0);
  });

  it('refuses to hold more than the query buffer limit while suspended', () => {
    const decoder = newDecoder({ ...USUAL_LIMITS, queryBytesMax: 1000 });
    const chunk = encodeRequest('ECHO', 'x'.repeat(80));
    decoder.feed(chunk);
    decoder.suspend();
    for (let fed = 0; fed < 100; fed++) decoder.feed(chunk);
    expect(decoder.ownedBytes).toBeLessThanOrEqual(2000);
    expect(decoder.next()).toBe('error');
    expect(decoder.error).toBe('query buffer limit');
    expect(decoder.ownedBytes).toBe(0);
  });

  it('gives its memory back after a large request', () => {
    const decoder = new RequestDecoder();
    const large = encodeRequest('SET', 'k', 'v'.repeat(1_000_000));
    for (let at = 0; at < large.length; at += 65536) {
      decoder.feed(large.subarray(at, at + 65536));
      const verdict = decoder.next();
      expect(verdict).toBe(at + 65536 >= large.length ? 'command' : 'more');
    }
    expect(decoder.ownedBytes).toBe(large.length);
    expect(decoder.args.length(2)).toBe(1_000_000);
    expect(decoder.next()).toBe('more');
    expect(decoder.ownedBytes).toBe(0);
  });

  it('stays at its error, and drops what is fed after it', () => {
    const decoder = new RequestDecoder();
    decoder.feed(Buffer.from('*x\r\n'));
    expect(decoder.next()).toBe('error');
    decoder.feed(encodeRequest('PING'));
    expect(decoder.next()).toBe('error');
    expect(decoder.unread).toBe(0);
  });

  it('applies a change of authentication to the next request of the same chunk', () => {
    const decoder = newDecoder(STRANGER);
    decoder.feed(Buffer.concat([encodeRequest('AUTH', 'p'), encodeRequest(...'abcdefghijkl')]));
    expect(decoder.next()).toBe('command');
    decoder.authenticated = true;
    expect(decoder.next()).toBe('command');
    expect(decoder.args.count).toBe(12);
  });

  it('reads a request of a million arguments in small chunks', () => {
    const count = ARGS_MAX;
    const bulks = Buffer.alloc(count * 7, '$1\r\nx\r\n');
    const bytes = Buffer.concat([Buffer.from(`*${count}\r\n`), bulks]);
    const decoder = new RequestDecoder();
    let verdict = 'more';
    for (let at = 0; at < bytes.length; at += 16384) {
      expect(verdict).toBe('more');
      decoder.feed(bytes.subarray(at, at + 16384));
      verdict = decoder.next();
    }
    expect(verdict).toBe('command');
    expect(decoder.args.count).toBe(count);
    expect(decoder.args.bytes).toBe(count);
    expect(decoder.args.text(count - 1)).toBe('x');
  });
});

describe('RequestDecoder, announced lengths', () => {
  const ANNOUNCEMENTS = [
    '*30000000\r\n', `*${ARGS_MAX}\r\n`, '*1\r\n$536870912\r\n',
    `*${ARGS_MAX}\r\n$536870912\r\nabc`,
  ];

  it.each(ANNOUNCEMENTS)('allocates nothing for %j', (announcement) => {
    const bytes = Buffer.from(announcement);
    const decoders = Array.from({ length: 64 }, () => new RequestDecoder());
    const before = liveArrayBufferBytes();
    for (const decoder of decoders) {
      decoder.feed(bytes);
      expect(decoder.next()).not.toBe('command');
    }
    // What became garbage at once was allocated all the same.
    const each = (process.memoryUsage().arrayBuffers - before) / decoders.length;
    expect(each).toBeLessThan(4096);
    for (const decoder of decoders) expect(decoder.ownedBytes).toBeLessThanOrEqual(512);
  });

  it('grows with what arrives of an announced bulk, by doubling', () => {
    const decoder = new RequestDecoder();
    decoder.feed(Buffer.from('*1\r\n$536870912\r\n'));
    const chunk = Buffer.alloc(65536);
    for (let fed = 0; fed < 100; fed++) {
      expect(decoder.next()).toBe('more');
      expect(decoder.ownedBytes).toBeLessThanOrEqual(2 * fed * chunk.length + 1024);
      decoder.feed(chunk);
    }
  });

  it('has the whole of the last argument once a part of it came, and is not copied then', () => {
    const decoder = new RequestDecoder();
    const large = encodeRequest('SET', 'k', 'v'.repeat(1_000_000));
    const sizes = new Set<number>();
    for (let at = 0; at < large.length; at += 4096) {
      decoder.feed(large.subarray(at, at + 4096));
      decoder.next();
      sizes.add(decoder.ownedBytes);
    }
    const last = [...sizes].at(-2) ?? 0;
    expect(last).toBeLessThan((large.length * 2) / CARRY_ARRIVED_DIVISOR);
    const { args } = decoder;
    const owned = args.detach();
    expect(owned.buf).toBe(args.buf);
    expect(owned.detach().buf).toBe(args.buf);
    // The next requests, small and large, go elsewhere.
    const other = encodeRequest('SET', 'other', 'w'.repeat(900_000));
    for (let at = 0; at < other.length; at += 65536) {
      decoder.feed(other.subarray(at, at + 65536));
      decoder.next();
    }
    expect(decoder.args.text(1)).toBe('other');
    expect([owned.count, owned.text(0), owned.text(1)]).toEqual([3, 'SET', 'k']);
    expect(owned.text(2) === 'v'.repeat(1_000_000)).toBe(true);
  });

  it('copies a request that shares its memory with others', () => {
    const decoder = new RequestDecoder();
    const both = Buffer.concat([encodeRequest('SET', 'a', '1'), encodeRequest('SET', 'b', '2')]);
    for (const cut of [0, 5]) {
      if (cut > 0) decoder.feed(both.subarray(0, cut));
      if (cut > 0) expect(decoder.next()).toBe('more');
      const chunk = Buffer.from(both.subarray(cut));
      decoder.feed(chunk);
      expect(decoder.next()).toBe('command');
      const first = decoder.args.detach();
      expect(first.buf).not.toBe(decoder.args.buf);
      expect(decoder.next()).toBe('command');
      expect(decoder.next()).toBe('more');
      chunk.fill(0);
      expect([first.text(1), first.text(2)]).toEqual(['a', '1']);
    }
  });
});
