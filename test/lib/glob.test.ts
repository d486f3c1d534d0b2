import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { cpuMs } from './cpu-ms.ts';
import { compileGlob } from '../../src/lib/glob.ts';
import { hasRedisServer, startRedisServer, type RedisServer } from '../commands/redis-server.ts';
import { randomBytes, testSeed, withSeed } from './seeded.ts';

function matches(pattern: string, text: string, nocase = false): boolean {
  const framed = Buffer.from(`*${text}*`, 'latin1');
  return compileGlob(Buffer.from(pattern, 'latin1'), { nocase })(framed, 1, framed.length - 1);
}

const CASES: ReadonlyArray<readonly [pattern: string, text: string, expected: boolean]> = [
  ['*', '', true], ['*', 'anything', true], ['**', '', false], ['**', 'a', true], ['', '', true],
  ['', 'a', false], ['user:*', 'user:1', true], ['user:*', 'user:', true],
  ['user:*', 'user', false],
  ['h?llo', 'hello', true], ['h?llo', 'hllo', false], ['h*llo', 'heeeello', true],
  ['h[ae]llo', 'hallo', true], ['h[ae]llo', 'hillo', false], ['h[^e]llo', 'hello', false],
  ['h[a-b]llo', 'hbllo', true], ['\\*', '*', true], ['\\*', 'a', false], ['*\\*', 'a*', true],
  ['a*b*c', 'a-b-b-c', true], ['a*b*c', 'a-b-c-', false], ['a**', 'a', true], ['a*?', 'a', false],
  ['*?', 'a', true], ['?*', 'a', true], ['a\\', 'a\\', true],
  // Classes that are not closed, or hold what closes them.
  ['[', 'a', false], ['a[', 'a', false], ['[^', 'a', true], ['[a-c', 'b', true], ['[a-', '-', true],
  ['[^a-', 'b', true], ['[]a]', 'a', false], ['[^]a]', 'xa]', true], ['[\\]]', ']', true],
  ['[\\', '\\', true], ['[a-]', 'a', true], ['[a-]', ']', true], ['[a-]', '-', false],
  ['[z-a]', 'm', true], ['[\\a-z]', 'm', false], ['[\\a-z]', '-', true],
  // Ranges are of signed bytes.
  ['[a-\xff]', 'B', true], ['[a-\xff]', 'z', false], ['[\x80-\xff]', '\x90', true],
];

describe('compileGlob', () => {
  it('matches as Redis 7 does, in the corners too', () => {
    for (const [pattern, text, expected] of CASES) {
      expect(matches(pattern, text), JSON.stringify([pattern, text])).toBe(expected);
    }
  });

  it('ignores the case of ASCII letters only if asked to', () => {
    expect(matches('MAX*', 'maxmemory')).toBe(false);
    expect(matches('MAX*', 'maxmemory', true)).toBe(true);
    expect(matches('[A-C]x', 'bX', true)).toBe(true);
    expect(matches('[\\a]', 'A', true)).toBe(false);
    expect(matches('\xc4', '\xe4', true)).toBe(false);
    expect(matches('', '', true)).toBe(true);
  });

  it('keeps nothing of the pattern', () => {
    const pattern = Buffer.from('ab*');
    const matcher = compileGlob(pattern);
    pattern.fill(0);
    expect(matcher(Buffer.from('abc'), 0, 3)).toBe(true);
  });

  it('is not exponential in the number of stars', () => {
    const ms = cpuMs(() => {
      expect(matches(`${'a*'.repeat(60)}b`, 'a'.repeat(5000))).toBe(false);
      expect(matches(`${'*a'.repeat(60)}*b`, 'a'.repeat(5000))).toBe(false);
    });
    expect(ms).toBeLessThan(2000);
  });
});

describe.skipIf(!hasRedisServer())('compileGlob beside a real redis-server', () => {
  let redis: RedisServer;
  beforeAll(async () => { redis = await startRedisServer(); });
  afterAll(() => redis?.stop());

  it('gives the verdict of HSCAN MATCH for the cases above and 20,000 random ones', async () => {
    const cases: Array<readonly [string, string]> = CASES.map(([pattern, text]) => [pattern, text]);
    withSeed((random) => {
      for (let i = 0; i < 20_000; i++) {
        const pattern = randomBytes(random, random.below(8), 'abcc**??[[]]^\\-\xe9');
        const text = randomBytes(random, random.below(6), 'abc]^\\-\xe9');
        cases.push([pattern.toString('latin1'), text.toString('latin1')]);
      }
    });
    const replies = await redis.ask(cases.flatMap(([pattern, text]) => [
      ['DEL', 'h'], ['HSET', 'h', text, 'v'], ['HSCAN', 'h', '0', 'MATCH', pattern],
    ]));
    cases.forEach(([pattern, text], i) => {
      const reply = replies[i * 3 + 2] as [string, string[]];
      expect(matches(pattern, text), `seed ${testSeed()}: ${JSON.stringify([pattern, text])}`)
        .toBe(reply[1].length > 0);
    });
  });

  it('gives the verdict of CONFIG GET, which ignores case', async () => {
    const name = 'maxmemory';
    const patterns: string[] = [];
    withSeed((random) => {
      for (let i = 0; i < 5000; i++) {
        const pieces = [...name].map((letter) => {
          const pick = random.below(8);
          if (pick === 0) return '*';
          if (pick === 1) return `[${letter.toUpperCase()}x]`;
          if (pick === 2) return `[^\\${letter.toUpperCase()}]`;
          if (pick === 3) return '[K-z]';
          if (pick === 4) return '[Z-k]';
          return pick === 5 ? letter : letter.toUpperCase();
        });
        patterns.push(pieces.join(''));
      }
    });
    const replies = await redis.ask(patterns.map((pattern) => ['CONFIG', 'GET', pattern]));
    patterns.forEach((pattern, i) => {
      // A pattern without special bytes is looked up as a name and comes back as it was typed.
      const names = (replies[i] as string[]).filter((_, at) => at % 2 === 0)
        .map((found) => found.toLowerCase());
      expect(matches(pattern, name, true), `seed ${testSeed()}: ${pattern}`)
        .toBe(names.includes(name));
    });
  });
});
