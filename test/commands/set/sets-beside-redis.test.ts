import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { setAlgebraCommands } from '../../../src/commands/set/set-algebra.ts';
import { setChoiceCommands } from '../../../src/commands/set/set-choices.ts';
import { setCommands } from '../../../src/commands/set/sets.ts';
import { Random } from '../../../src/lib/random.ts';
import { testSeed } from '../../lib/seeded.ts';
import { BesideRedis } from '../../wire/beside-redis.ts';
import { differences } from '../../wire/differences.ts';
import { setScript } from '../../wire/scripts/sets.ts';
import { factsFromPackage, factsFromServer, factsOf } from '../redis-facts.ts';
import { hasRedisServer } from '../redis-server.ts';

const ours = [...setCommands, ...setChoiceCommands, ...setAlgebraCommands];
const RANDOM_COMMANDS = 6000;

describe('the table of sets', () => {
  it('has the arity, flags and key positions of @ioredis/commands', () => {
    expect(ours.map(factsOf)).toEqual(factsFromPackage(ours.map(({ name }) => name)));
  });
});

describe.skipIf(!hasRedisServer())('sets beside a real redis-server', () => {
  let pair: BesideRedis;
  beforeAll(async () => { pair = await BesideRedis.start(); });
  afterAll(() => pair?.stop());

  it('send the same keyspace notifications in the same order', async () => {
    const { here, there } = await pair.notifications(setScript);
    expect(here).toEqual(there);
    expect(here.length).toBeGreaterThan(20);
  });

  it('have the arity, flags and key positions that COMMAND INFO tells', async () => {
    const there = await factsFromServer(pair.redis, ours.map(({ name }) => name));
    expect(ours.map(factsOf)).toEqual(there);
  });

  it.each([2, 3] as const)('reply the same to every option and error, RESP%i', async (protocol) => {
    const { here, there } = await pair.run(setScript, protocol);
    expect(differences(setScript, here, there).join('\n')).toBe('');
  });

  it(`reply the same to ${RANDOM_COMMANDS} random commands`, async () => {
    const script = randomScript(new Random(3, testSeed()), RANDOM_COMMANDS);
    const { here, there } = await pair.run(script, 3);
    expect(differences(script, here, there).join('\n'), `DKVS_TEST_SEED=${testSeed()}`).toBe('');
  });
});

/** Commands over few keys: sets of integers, of words, and of both, small and of some hundreds. */
function randomScript(random: Random, count: number): string[][] {
  const pick = <T>(...from: readonly T[]): T => from[random.below(from.length)]!;
  const key = (): string => pick('a', 'b', 'c', 'd', '\x00');
  const member = (): string => pick(`${random.below(12)}`, `${random.below(2000) - 1000}`, 'w', '',
    '\xff\x00', `word${random.below(40)}`, 'x'.repeat(random.below(100)));
  const members = (): string[] =>
    Array.from({ length: 1 + random.below(random.below(30) === 0 ? 400 : 5) }, member);
  const keys = (): string[] => Array.from({ length: 1 + random.below(3) }, key);
  const integers = (): string[] => Array.from({ length: 1 + random.below(9) }, () =>
    `${random.below(50)}`);
  const makers: (() => string[])[] = [
    () => ['SADD', key(), ...members()], () => ['SADD', key(), ...integers()],
    () => ['SREM', key(), ...members()], () => ['SREM', key(), ...integers()],
    () => ['SISMEMBER', key(), member()], () => ['SMISMEMBER', key(), ...members()],
    () => [pick('SCARD', 'SMEMBERS', 'TYPE', 'DEL', 'PERSIST'), key()],
    () => ['SMOVE', key(), key(), member()], () => [pick('SINTER', 'SUNION', 'SDIFF'), ...keys()],
    () => [pick('SINTERSTORE', 'SUNIONSTORE', 'SDIFFSTORE'), key(), ...keys()],
    () => { const from = keys(); return ['SINTERCARD', `${from.length}`, ...from, ...pick([], ['LIMIT', '2'])]; },
    () => ['SPOP', key(), pick('0', '100000')], () => ['SRANDMEMBER', key(), pick('0', '2', '-2', '9')],
    () => ['COPY', key(), key(), 'REPLACE'], () => ['RENAME', key(), key()],
    () => ['SSCAN', key(), '0', 'COUNT', '10000', ...pick([], ['MATCH', '1*'])],
    () => ['SET', key(), 'v'], () => ['DEL', key()], () => ['MOVE', key(), '1'],
    () => ['SELECT', pick('0', '0', '1')],
  ];
  return Array.from({ length: count }, () => pick(...makers)());
}
