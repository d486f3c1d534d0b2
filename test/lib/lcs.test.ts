import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { findLcs, isLcsTooLarge, lcsLength } from '../../src/lib/lcs.ts';
import { hasRedisServer, startRedisServer, type RedisServer } from '../commands/redis-server.ts';
import { randomBytes, testSeed, withSeed } from './seeded.ts';

const TABLE_BYTES_MAX = 512 * 1024 * 1024;
const bytes = (text: string): Buffer => Buffer.from(text, 'latin1');

function matchesOf(a: string, b: string): number[][] {
  const { matches } = findLcs(bytes(a), bytes(b), TABLE_BYTES_MAX)!;
  return matches.map((match) => [match.aStart, match.aEnd, match.bStart, match.bEnd]);
}

describe('findLcs', () => {
  it('finds the example of the Redis manual', () => {
    const lcs = findLcs(bytes('ohmytext'), bytes('mynewtext'), TABLE_BYTES_MAX)!;
    expect(lcs.bytes.toString()).toBe('mytext');
    expect(lcs.length).toBe(6);
    expect(matchesOf('ohmytext', 'mynewtext')).toEqual([[4, 7, 5, 8], [2, 3, 0, 1]]);
  });

  it('finds nothing in strings that share nothing, or are empty', () => {
    for (const [a, b] of [['', ''], ['', 'a'], ['a', ''], ['abc', 'xyz']] as const) {
      expect(findLcs(bytes(a), bytes(b), TABLE_BYTES_MAX))
        .toEqual({ length: 0, bytes: Buffer.alloc(0), matches: [] });
    }
  });

  it('refuses a table that is larger than allowed, by one byte', () => {
    const [a, b] = [bytes('abcd'), bytes('abc')];
    expect(findLcs(a, b, 80)).toBeDefined();
    expect(findLcs(a, b, 79)).toBeUndefined();
    expect(lcsLength(a, b, 79)).toBeUndefined();
    expect(isLcsTooLarge(2 ** 29, 2 ** 29, TABLE_BYTES_MAX)).toBe(true);
  });

  it('gives a common subsequence of the length that two rows give', () => {
    withSeed((random) => {
      for (let round = 0; round < 300; round++) {
        const a = randomBytes(random, random.below(60), 'abcd');
        const b = randomBytes(random, random.below(60), 'abcd');
        const lcs = findLcs(a, b, TABLE_BYTES_MAX)!;
        expect(lcs.length).toBe(lcsLength(a, b, TABLE_BYTES_MAX));
        const forward = lcs.matches.toReversed();
        const from = (text: Buffer, ends: (match: (typeof forward)[number]) => [number, number]) =>
          Buffer.concat(forward.map((match) => text.subarray(ends(match)[0], ends(match)[1] + 1)));
        expect(from(a, (match) => [match.aStart, match.aEnd])).toEqual(lcs.bytes);
        expect(from(b, (match) => [match.bStart, match.bEnd])).toEqual(lcs.bytes);
      }
    });
  });
});

describe.skipIf(!hasRedisServer())('findLcs beside a real redis-server', () => {
  let redis: RedisServer;
  beforeAll(async () => { redis = await startRedisServer(); });
  afterAll(() => redis?.stop());

  it('chooses the same subsequence and the same matches', async () => {
    const pairs: Array<[string, string]> = [];
    withSeed((random) => {
      for (let round = 0; round < 2000; round++) {
        const draw = (): string => randomBytes(random, random.below(25), 'abcd').toString('latin1');
        pairs.push([draw(), draw()]);
      }
    });
    const replies = await redis.ask(pairs.flatMap(([a, b]) => [
      ['MSET', 'a', a, 'b', b], ['LCS', 'a', 'b'], ['LCS', 'a', 'b', 'IDX'],
    ]));
    pairs.forEach(([a, b], i) => {
      const message = `seed ${testSeed()}: ${a} ${b}`;
      const lcs = findLcs(bytes(a), bytes(b), TABLE_BYTES_MAX)!;
      expect(lcs.bytes.toString('latin1'), message).toBe(replies[i * 3 + 1]);
      const theirs = replies[i * 3 + 2] as [string, number[][][], string, number];
      expect(matchesOf(a, b), message).toEqual(theirs[1].map((match) => match.flat()));
    });
  });
});
