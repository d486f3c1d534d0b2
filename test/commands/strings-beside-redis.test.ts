import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { bitmapCommands } from '../../src/commands/string/bitmaps.ts';
import { bitFieldCommands } from '../../src/commands/string/bitmaps-fields.ts';
import { stringCommands } from '../../src/commands/string/strings.ts';
import { stringLcsCommands } from '../../src/commands/string/strings-lcs.ts';
import { stringNumberCommands } from '../../src/commands/string/strings-numbers.ts';
import { stringSliceCommands } from '../../src/commands/string/strings-slices.ts';
import { Random } from '../../src/lib/random.ts';
import { testSeed } from '../lib/seeded.ts';
import { bitmapScript } from '../wire/scripts/bitmaps.ts';
import { stringScript } from '../wire/scripts/strings.ts';
import { BesideRedis } from '../wire/beside-redis.ts';
import { differences } from '../wire/differences.ts';
import { hasRedisServer } from './redis-server.ts';
import { factsFromPackage, factsFromServer, factsOf } from './redis-facts.ts';

const commands = [
  ...stringCommands, ...stringNumberCommands, ...stringSliceCommands, ...stringLcsCommands,
  ...bitmapCommands, ...bitFieldCommands,
];
const names = commands.map(({ name }) => name);
const RANDOM_COMMANDS = 6000;

/**
 * Below about -2^62 Redis's own check overflows, and BITFIELD ... OVERFLOW SAT SET i16 0 <smallest>
 * stores the largest value of the field. Ours stores the smallest.
 */
const SMALLEST_SET = '-4000000000000000000';

describe('the table of strings and bitmaps', () => {
  it('has the arity, flags and key positions of @ioredis/commands', () => {
    expect(commands.map(factsOf)).toEqual(factsFromPackage(names));
  });
});

describe.skipIf(!hasRedisServer())('strings and bitmaps beside a real redis-server', () => {
  let pair: BesideRedis;
  beforeAll(async () => { pair = await BesideRedis.start(); });
  afterAll(() => pair?.stop());

  it('send the same keyspace notifications in the same order', async () => {
    for (const script of [stringScript, bitmapScript]) {
      const { here, there } = await pair.notifications(pair.withKnownTypes(script));
      expect(here).toEqual(there);
      expect(here.length).toBeGreaterThan(20);
    }
  });

  it('have the arity, flags and key positions that COMMAND INFO tells', async () => {
    expect(commands.map(factsOf)).toEqual(await factsFromServer(pair.redis, names));
  });

  it(`reply the same bytes to ${RANDOM_COMMANDS} random commands`, async () => {
    const script = randomScript(new Random(1, testSeed()), RANDOM_COMMANDS);
    const { here, there } = await pair.run(script, 2);
    expect(differences(script, here, there).join('\n'), `DKVS_TEST_SEED=${testSeed()}`).toBe('');
  });
});

/** Commands over a few keys; their arguments are often right, often at an edge, sometimes wrong. */
function randomScript(random: Random, count: number): string[][] {
  const pick = <T>(...from: readonly T[]): T => from[random.below(from.length)]!;
  const key = (): string => pick('a', 'b', 'c', '\x00');
  const bytes = (): string => Array.from({ length: random.below(12) }, () =>
    String.fromCharCode(random.below(256))).join('');
  const value = (): string => pick(bytes(), `${random.below(1000) - 500}`, '1.5', 'x'.repeat(1100));
  const position = (): string => `${pick(random.below(20) - 10, random.below(2400) - 1200)}`;
  const bit = (): string => `${pick(random.below(64), random.below(64), random.below(12000))}`;
  const operand = (): string => pick(`${random.below(600) - 300}`, '9223372036854775807',
    SMALLEST_SET, `${(random.below(2 ** 32) - 2 ** 31) * 65537}`);
  const field = (): string => pick(`i${1 + random.below(64)}`, `u${1 + random.below(63)}`, 'u8');
  const operation = (): string[] => pick<() => string[]>(
    () => ['GET', field(), bit()], () => ['SET', field(), bit(), operand()],
    () => ['INCRBY', field(), bit(), operand()], () => ['OVERFLOW', pick('SAT', 'FAIL', 'WRAP')],
    () => ['GET', field(), `#${random.below(9)}`],
  )();
  const makers: (() => string[])[] = [
    () => ['SET', key(), value(), ...pick([], [], ['NX'], ['XX', 'GET'], ['KEEPTTL'],
      ['PXAT', '32503680000000'], ['NX', 'GET'])],
    () => [pick('GET', 'STRLEN', 'GETDEL', 'PEXPIRETIME', 'DEL'), key()],
    () => ['GETEX', key(), ...pick([], ['PERSIST'], ['EXAT', '32503680000'], ['PXAT', '1'])],
    () => ['APPEND', key(), value()], () => ['SETRANGE', key(), pick(position(), bit()), value()],
    () => ['GETRANGE', key(), position(), position()], () => ['INCRBY', key(), operand()],
    () => ['INCRBYFLOAT', key(), pick('0.1', '-3', '1e10')],
    () => ['MSET', key(), value(), key(), value()],
    () => ['LCS', 'a', 'b', ...pick([], ['LEN'], ['IDX', 'WITHMATCHLEN', 'MINMATCHLEN', '2'])],
    () => ['SETBIT', key(), bit(), pick('0', '1')], () => ['GETBIT', key(), bit()],
    () => ['BITCOUNT', key(), ...pick([], [position(), position()],
      [position(), position(), 'BIT'])],
    () => ['BITPOS', key(), pick('0', '1'), ...pick([], [position()], [position(), position()],
      [position(), position(), 'BIT'])],
    () => ['BITOP', pick('AND', 'OR', 'XOR'), key(), key(), key()],
    () => ['BITOP', 'NOT', key(), key()],
    () => ['BITFIELD', key(), ...operation(), ...operation(), ...operation(), ...operation()],
    () => ['BITFIELD_RO', key(), 'GET', field(), bit()],
  ];
  return Array.from({ length: count }, () => pick(...makers)());
}
