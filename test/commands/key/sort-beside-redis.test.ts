import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { sortCommands } from '../../../src/commands/key/sort.ts';
import { Random } from '../../../src/lib/random.ts';
import { testSeed } from '../../lib/seeded.ts';
import { BesideRedis } from '../../wire/beside-redis.ts';
import { differences } from '../../wire/differences.ts';
import { sortScript } from '../../wire/scripts/sort.ts';
import { factsFromPackage, factsFromServer, factsOf } from '../redis-facts.ts';
import { hasRedisServer } from '../redis-server.ts';

const RANDOM_COMMANDS = 6000;

describe('the table of SORT', () => {
  it('has the arity, flags and key positions of @ioredis/commands', () => {
    expect(sortCommands.map(factsOf)).toEqual(factsFromPackage(sortCommands.map(({ name }) => name)));
  });
});

describe.skipIf(!hasRedisServer())('SORT beside a real redis-server', () => {
  let pair: BesideRedis;
  beforeAll(async () => { pair = await BesideRedis.start(); });
  afterAll(() => pair?.stop());

  it('sends the same keyspace notifications in the same order', async () => {
    const { here, there } = await pair.notifications(sortScript);
    expect(here).toEqual(there);
    expect(here.filter((event) => event.startsWith('sortstore')).length).toBeGreaterThan(50);
    expect(here.filter((event) => event.startsWith('keymiss')).length).toBeGreaterThan(50);
  });

  it('has the arity, flags and key positions that COMMAND INFO tells', async () => {
    const there = await factsFromServer(pair.redis, sortCommands.map(({ name }) => name));
    expect(sortCommands.map(factsOf)).toEqual(there);
  });

  it.each([2, 3] as const)('replies the same to every option and error, RESP%i', async (protocol) => {
    const { here, there } = await pair.run(sortScript, protocol);
    expect(differences(sortScript, here, there).join('\n')).toBe('');
  });

  it(`replies the same to ${RANDOM_COMMANDS} random commands`, async () => {
    const script = randomScript(new Random(11, testSeed()), RANDOM_COMMANDS);
    const { here, there } = await pair.run(script, 3);
    expect(differences(script, here, there).join('\n'), `DKVS_TEST_SEED=${testSeed()}`).toBe('');
  });
});

/**
 * Commands over few keys: collections of numbers, of words and of both, weights as strings and as
 * fields. Where Redis leaves the order open nothing is asked: equal strings of BY, with LIMIT or of
 * a sorted set, and sets that it does not sort and that are no intsets.
 */
function randomScript(random: Random, count: number): string[][] {
  const pick = <T>(...from: readonly T[]): T => from[random.below(from.length)]!;
  const chance = (percent: number): boolean => random.below(100) < percent;
  const number = (): string => pick(`${random.below(30)}`, `${random.below(30) - 15}`,
    `${random.below(100) / 8}`, `${random.below(9)}e${random.below(5) - 2}`, ...chance(2) ? ['word'] : []);
  const word = (): string => pick('a', 'b', '', 'ab', `w${random.below(30)}`, '\xff\x01', '7', '10',
    'long'.repeat(random.below(30)));
  const several = (one: () => string): string[] =>
    Array.from({ length: 1 + random.below(chance(2) ? 500 : 6) }, one);
  const source = (): string => pick('numbers', 'numbers', 'words', 'ordered', 'integers', 'd', 'none');
  const limit = (): string[] => ['LIMIT', `${random.below(12) - 2}`, `${random.below(14) - 2}`];
  const gets = (): string[] => Array.from({ length: random.below(4) }, () =>
    ['GET', pick('#', 'w*', 'h*->f', 'h*->none', 'w*', 'fixed', '*')]).flat();
  const sorted = (): string[] => {
    const isAlpha = chance(50);
    const by = pick<string[]>([], [], ['BY', 'w*'], ['BY', 'h*->f'], ['BY', 'none*']);
    const isOpen = isAlpha && by.length > 0;
    return [
      isOpen ? pick('numbers', 'words', 'integers') : source(), ...isAlpha ? ['ALPHA'] : [], ...by, ...chance(40) ? ['DESC'] : [],
      ...chance(40) && !isOpen ? limit() : [], ...gets(),
    ];
  };
  const makers: (() => string[])[] = [
    () => ['RPUSH', 'numbers', ...several(number)], () => ['RPUSH', 'words', ...several(word)],
    () => ['ZADD', 'ordered', ...several(number).flatMap((member) => [`${random.below(5)}`, member])],
    () => ['SADD', 'integers', ...several(() => `${random.below(200) - 100}`)],
    () => ['SET', `w${pick(number, word)()}`, pick(number, number, word)()],
    () => ['HSET', `h${pick(number, word)()}`, 'f', pick(number, number, word)()],
    () => ['DEL', pick('numbers', 'words', 'ordered', 'integers', 'd')],
    () => ['SORT', ...sorted()], () => ['SORT', ...sorted()], () => ['SORT_RO', ...sorted()],
    () => ['SORT', ...sorted(), 'STORE', pick('d', 'd', 'numbers')], () => ['LRANGE', 'd', '0', '-1'],
    () => ['SORT', source(), 'BY', 'nosort', ...chance(50) ? ['DESC'] : [], ...chance(50) ? limit() : [],
      ...gets(), ...chance(50) ? ['STORE', 'd'] : []],
  ];
  return Array.from({ length: count }, () => pick(...makers)());
}
