import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { addLongDouble, formatLongDouble, parseLongDouble } from '../../src/lib/long-double.ts';
import type { Random } from '../../src/lib/random.ts';
import { hasRedisServer, startRedisServer, type RedisServer } from '../commands/redis-server.ts';
import { testSeed, withSeed } from './seeded.ts';

const INVALID = 'not a float';
const INFINITE = 'NaN or infinite';

function add(a: string, b: string): string {
  const [left, right] = [a, b].map((text) => parseLongDouble(Buffer.from(text), 0, text.length));
  if (left === undefined || right === undefined) return INVALID;
  const sum = addLongDouble(left, right);
  return sum === undefined ? INFINITE : formatLongDouble(sum);
}

/** Results of redis-server 7.0.15 on x86-64. */
const CASES: ReadonlyArray<readonly [a: string, b: string, sum: string]> = [
  ['0.1', '0.2', '0.3'],
  ['10.50', '0.1', '10.6'],
  ['5.0e3', '2.0e2', '5200'],
  ['3.0e3', '0', '3000'],
  ['10', '-10', '0'],
  ['-0', '-0.0', '0'],
  ['-1e-30', '0', '0'],
  ['0', '-1e-18', '0'],
  ['1e-17', '5e-18', '0.00000000000000002'],
  ['9223372036854775807', '1', '9223372036854775808'],
  ['18446744073709551615', '2', '18446744073709551616'],
  ['0x10', '0x.8', '16.5'],
  ['1e-4950', '0', '0'],
  ['1e-4951', '0', INVALID],
  ['2e4932', '0', INVALID],
  ['1e4932', '1e4932', INFINITE],
  ['inf', '1', INFINITE],
  ['inf', '-inf', INFINITE],
  ['nan', '1', INVALID],
  ['', '1', INVALID],
  [' 1', '1', INVALID],
  ['1e99999999999999999999', '1', INVALID],
  ['0e99999999999999999999', '1', '1'],
];

const hex = (random: Random): string => random.next().toString(16);

const SHAPES: ReadonlyArray<(random: Random) => string> = [
  (random) => String(random.below(2000) - 1000),
  (random) => ((random.below(2_000_000) - 1_000_000) / 1000).toString(),
  (random) => (random.float() * 10 ** (random.below(40) - 20)).toString(),
  (random) => `${random.below(100)}.${random.next()}${random.next()}`,
  (random) => `-${random.next()}${random.next()}.${random.below(1000)}`,
  (random) => `${random.float()}e${random.below(60) - 30}`,
  (random) => `${random.next()}e${random.below(9900) - 4950}`,
  (random) => `0x${hex(random)}.${hex(random)}p${random.below(80) - 60}`,
  (random) => `0x${hex(random)}p${random.below(32900) - 16500}`,
  (random) => `${random.next()}${random.next()}${random.next()}.5`,
];

describe('long double arithmetic', () => {
  it('prints sums as Redis does', () => {
    for (const [a, b, sum] of CASES) expect(add(a, b), `${a} + ${b}`).toBe(sum);
  });

  it('prints the whole of the largest values', () => {
    const sum = add('1e4932', '0');
    expect(sum).toMatch(/^1000000000000000000006018949387963891323837774254533114773/);
    expect(sum).toHaveLength(4933);
  });

  it('prints an infinity by name', () => {
    const infinite = parseLongDouble(Buffer.from('-inf'), 0, 4)!;
    expect(formatLongDouble(infinite)).toBe('-inf');
  });
});

describe.skipIf(!hasRedisServer())('long double arithmetic beside a real redis-server', () => {
  let redis: RedisServer;
  beforeAll(async () => { redis = await startRedisServer(); });
  afterAll(() => redis?.stop());

  it('agrees with INCRBYFLOAT byte by byte on the cases and 10,000 random pairs', async () => {
    const pairs: Array<readonly [string, string]> = CASES.map(([a, b]) => [a, b]);
    withSeed((random) => {
      const draw = (): string => SHAPES[random.below(SHAPES.length)]!(random);
      for (let i = 0; i < 10_000; i++) pairs.push([draw(), draw()]);
    });
    const replies = await redis.ask(
      pairs.flatMap(([a, b]) => [['SET', 'f', a], ['INCRBYFLOAT', 'f', b]]),
    );
    pairs.forEach(([a, b], i) => {
      expect(add(a, b), `seed ${testSeed()}: ${a} + ${b}`).toBe(readable(replies[i * 2 + 1]));
    });
  });
});

function readable(reply: unknown): string {
  if (!(reply instanceof Error)) return String(reply);
  return reply.message.includes('not a valid float') ? INVALID : INFINITE;
}
