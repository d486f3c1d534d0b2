import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { zsetAlgebraCommands } from '../../../src/commands/zset/zset-algebra.ts';
import { zsetBlockingCommands } from '../../../src/commands/zset/zsets-blocking.ts';
import { zsetCommands } from '../../../src/commands/zset/zsets.ts';
import { zsetRangeCommands } from '../../../src/commands/zset/zsets-ranges.ts';
import { zsetRemovalCommands } from '../../../src/commands/zset/zsets-removals.ts';
import { zsetScoreCommands } from '../../../src/commands/zset/zsets-scores.ts';
import { zsetWalkCommands } from '../../../src/commands/zset/zsets-walks.ts';
import { Random } from '../../../src/lib/random.ts';
import { testSeed } from '../../lib/seeded.ts';
import { BesideRedis } from '../../wire/beside-redis.ts';
import { differences } from '../../wire/differences.ts';
import { zsetScript } from '../../wire/scripts/zsets.ts';
import { factsFromPackage, factsFromServer, factsOf } from '../redis-facts.ts';
import { hasRedisServer } from '../redis-server.ts';

const ours = [
  ...zsetCommands, ...zsetScoreCommands, ...zsetRangeCommands, ...zsetRemovalCommands,
  ...zsetWalkCommands, ...zsetAlgebraCommands, ...zsetBlockingCommands,
];
/** They take an argument more since 7.2. */
const LONGER = ['zrank', 'zrevrank'];
const RANDOM_COMMANDS = 8000;

describe('the table of sorted sets', () => {
  it('has the arity, flags and key positions of @ioredis/commands', () => {
    expect(ours.map(factsOf)).toEqual(factsFromPackage(ours.map(({ name }) => name)));
  });
});

describe.skipIf(!hasRedisServer())('sorted sets beside a real redis-server', () => {
  let pair: BesideRedis;
  beforeAll(async () => { pair = await BesideRedis.start(); });
  afterAll(() => pair?.stop());

  it('send the same keyspace notifications in the same order', async () => {
    const { here, there } = await pair.notifications(zsetScript);
    expect(here).toEqual(there);
    expect(here.length).toBeGreaterThan(100);
  });

  it('have the arity, flags and key positions that COMMAND INFO tells', async () => {
    const shared = ours.filter(({ name }) => !LONGER.includes(name));
    const there = await factsFromServer(pair.redis, shared.map(({ name }) => name));
    // From Redis 7.2 on scripts may call commands that block.
    const isNewer = (flag: string): boolean => flag !== 'noscript';
    expect(shared.map(factsOf))
      .toEqual(there.map((facts) => ({ ...facts, flags: facts?.flags.filter(isNewer) })));
  });

  it.each([2, 3] as const)('reply the same to every option and error, RESP%i', async (protocol) => {
    const { here, there } = await pair.run(zsetScript, protocol);
    expect(differences(zsetScript, here, there).join('\n')).toBe('');
  });

  it.each([2, 3] as const)(
    `reply the same to ${RANDOM_COMMANDS} random commands, RESP%i`, async (protocol) => {
      const script = randomScript(new Random(protocol, testSeed()), RANDOM_COMMANDS);
      const { here, there } = await pair.run(script, protocol);
      const found = differences(script, withoutMinusZero(here), withoutMinusZero(there));
      expect(found.join('\n'), `DKVS_TEST_SEED=${testSeed()}`).toBe('');
    });
});

/** Redis keeps the sign of a zero in large sorted sets alone; dkvs in none. */
function withoutMinusZero(replies: string): string {
  return replies.replaceAll('$2\r\n-0\r\n', '$1\r\n0\r\n').replaceAll(',-0\r\n', ',0\r\n');
}

/**
 * Commands over few keys; keys l and m have only scores of 0, so that ranges of members mean
 * something there. Some sets grow to hundreds of members.
 */
function randomScript(random: Random, count: number): string[][] {
  const pick = <T>(...from: readonly T[]): T => from[random.below(from.length)]!;
  const key = (): string => pick('a', 'b', 'c', '\x00');
  const lexKey = (): string => pick('l', 'm');
  const score = (): string => pick('0', '-0', '1', '1', '2', '-3', '1.5', 'inf', '-inf', '+2',
    `${random.below(40) - 20}`, `${random.below(4000) / 8}`, '1e3', '0x8');
  const member = (): string => pick('m', 'n', 'o', '', '\xff', `${random.below(30)}`,
    `w${random.below(200)}`, 'x'.repeat(random.below(80)));
  const pairs = (): string[] =>
    Array.from({ length: 1 + random.below(random.below(25) === 0 ? 300 : 4) }, () =>
      [score(), member()]).flat();
  const zeros = (): string[] => Array.from({ length: 1 + random.below(5) }, () =>
    ['0', member()]).flat();
  const bound = (): string => pick('', '', '(') + pick(score(), '-inf', '+inf');
  const lexBound = (): string => pick('-', '+', `[${member()}`, `(${member()}`, '[a', '(w5');
  const rank = (): string => `${pick(random.below(10), random.below(400)) - pick(0, 5, 200)}`;
  const limit = (): string[] => pick([], [], ['LIMIT', `${random.below(6) - 1}`, pick('-1', '0', '2', '9')]);
  const scores = (): string[] => pick([], ['WITHSCORES']);
  const sources = (): string[] => {
    const from = Array.from({ length: 1 + random.below(3) }, () => pick(key(), key(), lexKey(), 's'));
    return [`${from.length}`, ...from];
  };
  const weighted = (): string[] => {
    const from = sources();
    const weights = from.slice(1).map(() => pick('1', '2', '-1', '0.5', 'inf', '0'));
    return [...from, ...pick([], ['WEIGHTS', ...weights]),
      ...pick([], ['AGGREGATE', pick('SUM', 'MIN', 'MAX')])];
  };
  const makers: (() => string[])[] = [
    () => ['ZADD', key(), ...pairs()], () => ['ZADD', key(), ...pairs()],
    () => ['ZADD', key(), ...pick(['NX'], ['XX'], ['GT'], ['LT'], ['XX', 'GT'], ['NX', 'XX']),
      ...pick([], ['CH']), ...pairs()],
    () => ['ZADD', key(), ...pick([], ['NX'], ['XX'], ['GT'], ['LT']), 'INCR', score(), member()],
    () => ['ZADD', lexKey(), ...zeros()], () => ['ZADD', lexKey(), ...zeros()],
    () => ['ZINCRBY', key(), score(), member()],
    () => ['ZREM', pick(key(), lexKey()), member(), member(), member()],
    () => [pick('ZSCORE', 'ZRANK', 'ZREVRANK'), pick(key(), lexKey()), member()],
    () => ['ZMSCORE', key(), member(), member()], () => [pick('ZCARD', 'TYPE', 'ZPOPMIN', 'ZPOPMAX'), key()],
    () => ['ZCOUNT', key(), bound(), bound()], () => ['ZLEXCOUNT', lexKey(), lexBound(), lexBound()],
    () => [pick('ZRANGE', 'ZREVRANGE'), key(), rank(), rank(), ...scores()],
    () => ['ZRANGE', key(), rank(), rank(), 'REV', ...scores()],
    () => [pick('ZRANGEBYSCORE', 'ZREVRANGEBYSCORE'), key(), bound(), bound(), ...scores(), ...limit()],
    () => ['ZRANGE', key(), bound(), bound(), 'BYSCORE', ...pick([], ['REV']), ...limit(), ...scores()],
    () => [pick('ZRANGEBYLEX', 'ZREVRANGEBYLEX'), lexKey(), lexBound(), lexBound(), ...limit()],
    () => ['ZRANGE', lexKey(), lexBound(), lexBound(), 'BYLEX', ...pick([], ['REV']), ...limit()],
    () => ['ZRANGESTORE', key(), key(), rank(), rank(), ...pick([], ['REV'])],
    () => ['ZRANGESTORE', key(), key(), bound(), bound(), 'BYSCORE', ...limit()],
    () => ['ZRANGESTORE', lexKey(), lexKey(), lexBound(), lexBound(), 'BYLEX', ...limit()],
    () => ['ZREMRANGEBYRANK', key(), rank(), rank()], () => ['ZREMRANGEBYSCORE', key(), bound(), bound()],
    () => ['ZREMRANGEBYLEX', lexKey(), lexBound(), lexBound()],
    () => [pick('ZPOPMIN', 'ZPOPMAX'), key(), `${random.below(6)}`],
    () => { const from = sources().filter((each) => each !== 's'); return ['ZMPOP', `${from.length - 1}`, ...from.slice(1), pick('MIN', 'MAX'), ...pick([], ['COUNT', '3'])]; },
    () => ['ZRANDMEMBER', key(), pick('0', '3', '-2')], () => ['ZSCAN', lexKey(), '0', 'COUNT', '10000', ...pick([], ['MATCH', '[0-9]*'])],
    () => [pick('ZUNION', 'ZINTER'), ...weighted(), ...scores()], () => ['ZDIFF', ...sources(), ...scores()],
    () => ['ZINTERCARD', ...sources(), ...pick([], ['LIMIT', '2'])],
    () => [pick('ZUNIONSTORE', 'ZINTERSTORE'), key(), ...weighted()], () => ['ZDIFFSTORE', key(), ...sources()],
    () => ['SADD', 's', member(), member()], () => ['SREM', 's', member(), member()],
    () => ['COPY', key(), key(), 'REPLACE'], () => ['RENAME', key(), key()], () => ['MOVE', key(), '1'],
    () => ['OBJECT', 'ENCODING', key()], () => ['SET', key(), 'v'], () => ['DEL', key()], () => ['DEL', key()],
    () => ['SELECT', pick('0', '0', '0', '1')],
  ];
  return Array.from({ length: count }, () => pick(...makers)());
}
