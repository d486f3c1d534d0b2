import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { cpuMs } from './cpu-ms.ts';
import { parseDouble, parseDoubleInRange, parseDoubleOfC } from '../../src/lib/parse-double.ts';
import { hasRedisServer, startRedisServer, type RedisServer } from '../commands/redis-server.ts';
import { randomBytes, testSeed, withSeed } from './seeded.ts';

function parse(text: string): number | undefined {
  const framed = Buffer.from(`1${text}1`, 'latin1');
  return parseDouble(framed, 1, framed.length - 1);
}

const CASES: ReadonlyArray<readonly [text: string, value: number | undefined]> = [
  ['1e5', 1e5], ['+1', 1], ['-1.5', -1.5], ['.5', 0.5], ['1.', 1], ['00012', 12], ['1E-3', 0.001],
  ['inf', Infinity], ['+INF', Infinity], ['-infinity', -Infinity], ['infinit', undefined],
  ['nan', undefined], ['NaN(1)', undefined], ['', undefined], [' 1', undefined], ['1 ', undefined],
  ['1\n', undefined], ['.', undefined], ['e5', undefined], ['1e', undefined], ['1e+', undefined],
  ['+-1', undefined], ['1_0', undefined], ['1f', undefined], ['0b1', undefined], ['1\0', undefined],
  ['0x10', 16], ['-0X.8', -0.5], ['0x1.8p3', 12], ['0x', undefined], ['0x1p', undefined],
  ['0x1p-1074', 2 ** -1074], ['0x1p-1075', undefined], ['0x3p-1075', 2 ** -1073],
  ['0x1.8p-1074', 2 ** -1073], ['0x1.fffffffffffff8p1023', undefined],
  ['0x1.fffffffffffff7p1023', Number.MAX_VALUE], ['0x1p99999999999', undefined],
  ['0x20000000000001', 2 ** 53], ['0x20000000000003', 2 ** 53 + 4],
  ['1e400', undefined], ['1e-400', undefined], ['4.9e-324', 5e-324], ['0e99999', 0],
  ['0e-99999999999999999999', 0], ['1e99999999999999999999', undefined],
  [`0.${'0'.repeat(400)}1e401`, 1], [`${'1'.repeat(300)}e-299`, 1.1111111111111112],
  [`1${'0'.repeat(6000)}`, undefined],
];

/** As ZCOUNT of a real Redis takes them for a bound. */
const CASES_OF_C: ReadonlyArray<readonly [text: string, value: number | undefined]> = [
  ['', 0], [' ', undefined], ['\0', 0], ['1\0x', 1], [' \t\n1', 1], ['1 ', undefined],
  ['1e999', Infinity], ['-1e999', -Infinity], ['1e-999', 0], ['0x1p2000', Infinity], ['nan', undefined],
  ['inf', Infinity], [' -Infinity', -Infinity], ['-0', -0], ['+.5', 0.5], ['x', undefined],
];

describe('parseDoubleOfC', () => {
  it.each(CASES_OF_C)('reads %j as %d', (text, value) => {
    const framed = Buffer.from(`1${text}1`, 'latin1');
    expect(parseDoubleOfC(framed, 1, framed.length - 1)).toBe(value);
  });
});

describe('parseDouble', () => {
  it('reads short decimals as it reads long ones', () => {
    withSeed((random) => {
      for (let n = 0; n < 20_000; n++) {
        const digits = `${random.below(2 ** 32)}${random.below(1000)}`;
        const point = random.below(digits.length + 1);
        const short = `${digits.slice(0, point) || '0'}.${digits.slice(point)}`;
        expect(parse(short)).toBe(parse(`${short}${'0'.repeat(20)}`));
      }
    });
  });

  it('reads what strtod reads and refuses what Redis refuses', () => {
    for (const [text, value] of CASES) expect(parse(text), JSON.stringify(text)).toBe(value);
  });

  it('keeps the sign of zero', () => {
    expect(Object.is(parse('-0'), -0)).toBe(true);
    expect(Object.is(parse('-0x0p5'), -0)).toBe(true);
  });

  it('takes linear time on a long text that is wrong at its end', () => {
    const ms = cpuMs(() => {
      for (let round = 0; round < 50; round++) {
        expect(parse(`${'1'.repeat(5000)}x`)).toBeUndefined();
        expect(parse(`0x${'1'.repeat(5000)}.${'1'.repeat(100)}`)).toBeUndefined();
      }
    });
    expect(ms).toBeLessThan(2000);
  });

  it('reads back every double that JavaScript prints', () => {
    withSeed((random) => {
      const view = new DataView(new ArrayBuffer(8));
      for (let round = 0; round < 20_000; round++) {
        view.setUint32(0, random.next());
        view.setUint32(4, random.next());
        const value = view.getFloat64(0);
        if (!Number.isNaN(value)) expect(parse(String(value))).toBe(value);
      }
    });
  });
});

function parseInRange(text: string): number | undefined {
  const framed = Buffer.from(`1${text}1`, 'latin1');
  return parseDoubleInRange(framed, 1, framed.length - 1);
}

/** Whether a double holds the number is asked at the borders of what it holds. */
const RANGE_CASES: ReadonlyArray<readonly [text: string, value: number | undefined]> = [
  ['', 0], [' 1', 1], ['\t\n -2', -2], ['1 ', undefined], [' ', undefined], ['1\0x', 1], ['\0x', 0],
  ['nan', undefined], ['inf', Infinity], [' -Infinity', -Infinity], ['0e-9999', 0], ['-0x0p9', -0],
  ['1e308', 1e308], ['1e309', undefined], ['-1e400', undefined], ['0x1p1023', 2 ** 1023],
  ['0x1p1024', undefined], ['2.2250738585072014e-308', 2 ** -1022], ['1e-310', undefined],
  ['4.9e-324', undefined], ['1e-400', undefined], ['0x1p-1074', 2 ** -1074],
  ['0x1.8p-1074', undefined], ['0x3p-1075', undefined], ['0x30p-1078', 3 * 2 ** -1074],
  ['-0x3p-1074', -3 * 2 ** -1074], ['0x1p-1075', undefined], ['0x1.0p-1030', 2 ** -1030],
  [exactDecimal(1n, 1074), 2 ** -1074], [exactDecimal(5n, 1073), 5 * 2 ** -1073],
  [`${exactDecimal(1n, 1074)}1`, undefined], [`${exactDecimal(1n, 1074)}000`, 2 ** -1074],
];

/** size / 2^places, in all its digits. */
function exactDecimal(size: bigint, places: number): string {
  return `0.${(size * 5n ** BigInt(places)).toString().padStart(places, '0')}`;
}

describe('parseDoubleInRange', () => {
  it('refuses what a double cannot hold, and reads the rest as C does', () => {
    for (const [text, value] of RANGE_CASES) {
      expect(parseInRange(text), JSON.stringify(text)).toBe(value);
    }
  });
});

describe.skipIf(!hasRedisServer())('parseDouble beside a real redis-server', () => {
  let redis: RedisServer;
  beforeAll(async () => { redis = await startRedisServer(); });
  afterAll(() => redis?.stop());

  it('accepts the same scores with the same values as ZADD', async () => {
    const texts = CASES.map(([text]) => text).filter((text) => text.length < 5000);
    withSeed((random) => {
      for (let round = 0; round < 5000; round++) {
        texts.push(randomBytes(random, 1 + random.below(8), '0011.5eE+-xXpPaAinf').toString());
      }
    });
    const replies = await redis.ask(texts.flatMap((text) => [
      ['DEL', 'z'], ['ZADD', 'z', text, 'a'], ['ZSCORE', 'z', 'a'],
    ]));
    texts.forEach((text, i) => {
      const score = replies[i * 3 + 2];
      const theirs = typeof score === 'string'
        ? Number(score.replace('inf', 'Infinity'))
        : undefined;
      const ours = parse(text);
      // A small sorted set keeps integers as such, so ZSCORE does not give the sign of zero back.
      expect(ours === 0 ? 0 : ours, `seed ${testSeed()}: ${JSON.stringify(text)}`)
        .toBe(theirs === 0 ? 0 : theirs);
    });
  });

  /** One after the other: a number that is out of range may spoil the next one of a pipeline. */
  it('sorts by the same numbers as SORT', async () => {
    const texts = RANGE_CASES.map(([text]) => text);
    withSeed((random) => {
      for (let round = 0; round < 300; round++) {
        const digits = randomBytes(random, 1 + random.below(8), '0123456789').toString();
        texts.push(`${digits}e-${300 + random.below(30)}`, `0x${digits}p-${1030 + random.below(60)}`,
          randomBytes(random, random.below(6), ' 01.5eE+-xXpPinf').toString());
      }
    });
    const there: boolean[] = [];
    for (const text of texts) {
      const [, , sorted] = await redis.ask([['DEL', 'l'], ['RPUSH', 'l', text], ['SORT', 'l']]);
      there.push(Array.isArray(sorted));
    }
    const here = texts.map((text) => parseInRange(text) !== undefined);
    expect(texts.filter((_, i) => here[i] !== there[i]), `seed ${testSeed()}`).toEqual([]);
    const good = [...new Set(texts.filter((_, i) => here[i]))];
    const [, , sorted] = await redis.ask([['DEL', 'l'], ['RPUSH', 'l', ...good], ['SORT', 'l']]);
    // Zero and minus zero are equal.
    const numbersOf = (list: readonly string[]): number[] =>
      list.map((text) => parseInRange(text)! + 0);
    expect(numbersOf(sorted as string[]))
      .toEqual(numbersOf(good).toSorted((a, b) => a === b ? 0 : a - b));
  });
});
