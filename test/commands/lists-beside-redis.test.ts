import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { listChangeCommands } from '../../src/commands/list/lists-changes.ts';
import { listBlockingCommands } from '../../src/commands/list/lists-blocking.ts';
import { listMoveCommands } from '../../src/commands/list/lists-moves.ts';
import { listCommands } from '../../src/commands/list/lists.ts';
import { Random } from '../../src/lib/random.ts';
import { testSeed } from '../lib/seeded.ts';
import { BesideRedis } from '../wire/beside-redis.ts';
import { differences } from '../wire/differences.ts';
import { listScript } from '../wire/scripts/lists.ts';
import { factsFromPackage, factsFromServer, factsOf } from './redis-facts.ts';
import { hasRedisServer } from './redis-server.ts';

const ours = [...listCommands, ...listChangeCommands, ...listMoveCommands, ...listBlockingCommands];
const RANDOM_COMMANDS = 8000;

describe('the table of lists', () => {
  it('has the arity, flags and key positions of @ioredis/commands', () => {
    expect(ours.map(factsOf)).toEqual(factsFromPackage(ours.map(({ name }) => name)));
  });
});

describe.skipIf(!hasRedisServer())('lists beside a real redis-server', () => {
  let pair: BesideRedis;
  beforeAll(async () => { pair = await BesideRedis.start(); });
  afterAll(() => pair?.stop());

  it('have the arity, flags and key positions that COMMAND INFO tells', async () => {
    const there = await factsFromServer(pair.redis, ours.map(({ name }) => name));
    // From Redis 7.2 on scripts may call commands that block.
    const isNewer = (flag: string): boolean => flag !== 'noscript';
    expect(ours.map(factsOf))
      .toEqual(there.map((facts) => ({ ...facts, flags: facts?.flags.filter(isNewer) })));
  });

  it.each([2, 3] as const)('reply the same bytes to every option and error in RESP%i', async (protocol) => {
    const { here, there } = await pair.run(listScript, protocol);
    expect(differences(listScript, here, there).join('\n')).toBe('');
  });

  it('send the same keyspace notifications in the same order', async () => {
    const { here, there } = await pair.notifications(listScript);
    expect(here).toEqual(there);
    expect(here.length).toBeGreaterThan(100);
  });

  it(`reply the same bytes to ${RANDOM_COMMANDS} random commands`, async () => {
    const script = randomScript(new Random(4, testSeed()), RANDOM_COMMANDS);
    for (const protocol of [2, 3] as const) {
      const { here, there } = await pair.run(script, protocol);
      expect(differences(script, here, there).join('\n'), `DKVS_TEST_SEED=${testSeed()}`).toBe('');
    }
  });
});

/** Commands over few keys, whose lists are of all sizes, and now and then of another type. */
function randomScript(random: Random, count: number): string[][] {
  const pick = <T>(...from: readonly T[]): T => from[random.below(from.length)]!;
  const chance = (percent: number): boolean => random.below(100) < percent;
  const key = (): string => pick('a', 'b', 'c', 'large', 'large', '\x00');
  const element = (): string => pick('v', '', '7', `${random.below(50)}`, '\x80\xff', '-5000', '007',
    `${random.below(8)}`.repeat(random.below(chance(3) ? 2000 : 120)));
  const elements = (max: number): string[] => Array.from({ length: 1 + random.below(max) }, element);
  const index = (): string => pick('0', '-1', '1', `${random.below(400) - 200}`, `${random.below(9)}`,
    '9223372036854775807', '-9223372036854775808', 'x');
  const end = (): string => pick('LEFT', 'RIGHT', 'left', 'Right', 'LEFT', 'RIGHT', 'UP');
  const small = (): string => `${random.below(chance(10) ? 300 : 4)}`;
  const any = (text: () => string): string => chance(3) ? pick('x', '', '-1', '1.5') : text();
  const option = (): string[] => pick<string[]>(
    ['RANK', any(() => `${random.below(9) - 4}`)], ['COUNT', any(small)], ['maxlen', any(small)],
    ['FOO', '1'], ['RANK']);
  const makers: (() => string[])[] = [
    () => [pick('LPUSH', 'RPUSH'), key(), ...elements(3)],
    () => [pick('LPUSH', 'RPUSH'), key(), ...elements(3)],
    () => [pick('LPUSH', 'RPUSH'), 'large', ...elements(120)],
    () => [pick('LPUSHX', 'RPUSHX'), key(), ...elements(3)],
    () => [pick('LPOP', 'RPOP'), key()], () => [pick('LPOP', 'RPOP'), key(), any(small)],
    () => ['LLEN', key()], () => ['LRANGE', key(), index(), index()],
    () => ['LRANGE', key(), '0', '-1'], () => ['LINDEX', key(), index()],
    () => ['LSET', key(), index(), element()],
    () => ['LINSERT', key(), pick('BEFORE', 'after', 'AFTER', 'x'), element(), element()],
    () => ['LREM', key(), any(() => `${random.below(7) - 3}`), element()],
    () => ['LTRIM', key(), any(small), any(() => `-${1 + random.below(3)}`)],
    () => chance(20) ? ['LTRIM', key(), index(), index()] : ['LLEN', key()],
    () => ['LPOS', key(), element(), ...chance(60) ? option() : [], ...chance(40) ? option() : []],
    () => ['LMOVE', key(), key(), end(), end()], () => ['RPOPLPUSH', key(), key()],
    () => ['LMPOP', any(() => '2'), key(), key(), end(), ...chance(40) ? ['COUNT', any(small)] : []],
    () => ['LMPOP', '1', key(), end()],
    () => chance(10) ? ['SET', key(), 'v'] : ['TYPE', key()],
    () => chance(20) ? ['DEL', key()] : ['EXISTS', key()],
    () => [pick('RENAME', 'RENAMENX', 'COPY'), key(), key()],
    () => ['COPY', key(), key(), 'DB', pick('0', '1'), 'REPLACE'], () => ['MOVE', key(), '1'],
    () => ['SELECT', pick('0', '0', '1')], () => [pick('PERSIST', 'TTL'), key()],
    () => chance(30) ? ['EXPIRE', key(), '10000'] : ['DBSIZE'],
  ];
  return Array.from({ length: count }, () => pick(...makers)());
}
