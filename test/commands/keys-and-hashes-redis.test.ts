import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { hashCommands } from '../../src/commands/hash/hashes.ts';
import { hashNumberCommands } from '../../src/commands/hash/hashes-numbers.ts';
import { hashWalkCommands } from '../../src/commands/hash/hashes-walks.ts';
import { keyCommands } from '../../src/commands/key/keys.ts';
import { keyDatabaseCommands } from '../../src/commands/key/keys-databases.ts';
import { keyExpiryCommands } from '../../src/commands/key/keys-expiry.ts';
import { keyMoveCommands } from '../../src/commands/key/keys-moves.ts';
import { keyObjectCommands } from '../../src/commands/key/keys-object.ts';
import { keyScanCommands } from '../../src/commands/key/keys-scan.ts';
import { Random } from '../../src/lib/random.ts';
import { testSeed } from '../lib/seeded.ts';
import { hashScript } from '../wire/scripts/hashes.ts';
import { keyScript } from '../wire/scripts/keys.ts';
import { BesideRedis } from '../wire/beside-redis.ts';
import { differences } from '../wire/differences.ts';
import { hasRedisServer } from './redis-server.ts';
import { factsFromPackage, factsFromServer, factsOf } from './redis-facts.ts';

const ours = [
  ...keyCommands, ...keyExpiryCommands, ...keyMoveCommands, ...keyScanCommands,
  ...keyObjectCommands,
  ...keyDatabaseCommands, ...hashCommands, ...hashNumberCommands, ...hashWalkCommands,
];

const described = ours.flatMap((command) => [command, ...command.subcommands ?? []]);
const RANDOM_COMMANDS = 6000;

describe('the table of keys and hashes', () => {
  it('has the arity, flags and key positions of @ioredis/commands', () => {
    const names = ours.map(({ name }) => name);
    expect(ours.map(factsOf)).toEqual(factsFromPackage(names));
  });

  it('has a handler for every command that is not only its subcommands', () => {
    for (const { name, apply, execute, steps, subcommands } of described) {
      expect((apply ?? execute ?? steps) === undefined, name).toBe(subcommands !== undefined);
    }
  });
});

describe.skipIf(!hasRedisServer())('keys and hashes beside a real redis-server', () => {
  let pair: BesideRedis;
  beforeAll(async () => { pair = await BesideRedis.start(); });
  afterAll(() => pair?.stop());

  it('send the same keyspace notifications in the same order', async () => {
    for (const script of [keyScript, hashScript]) {
      const { here, there } = await pair.notifications(pair.withKnownTypes(script));
      expect(here).toEqual(there);
      expect(here.length).toBeGreaterThan(20);
    }
  });

  it('have the arity, flags and key positions that COMMAND INFO tells', async () => {
    const there = await factsFromServer(pair.redis, described.map(({ name }) => name));
    expect(described.map(factsOf)).toEqual(there);
  });

  it(`reply the same bytes to ${RANDOM_COMMANDS} random commands`, async () => {
    const script = randomScript(new Random(2, testSeed()), RANDOM_COMMANDS);
    const { here, there } = await pair.run(script, 2);
    expect(differences(script, here, there).join('\n'), `DKVS_TEST_SEED=${testSeed()}`).toBe('');
  });
});

/** Commands over few keys and fields; hashes stay small enough for Redis to keep their order. */
function randomScript(random: Random, count: number): string[][] {
  const pick = <T>(...from: readonly T[]): T => from[random.below(from.length)]!;
  const key = (): string => pick('a', 'b', 'c', '\x00');
  const field = (): string => pick('f', 'g', 'h', 'i', '\xff', '', `${random.below(30)}`);
  const value = (): string => pick('v', '', `${random.below(1000)}`, '1.5', '\x80\xff',
    'x'.repeat(64));
  const time = (): string => pick('32503680000000', '32503680000001', '1', '-1', 'x',
    '32503679999999');
  const db = (): string => pick('0', '1', '0', '16');
  const makers: (() => string[])[] = [
    () => ['HSET', key(), field(), value(), field(), value(), field(), value()],
    () => ['HSET', key(), field(), value()], () => ['HMSET', key(), field(), value()],
    () => ['HSETNX', key(), field(), value()], () => [pick('HGET', 'HEXISTS', 'HSTRLEN'), key(),
    field()],
    () => ['HMGET', key(), field(), field()], () => [pick('HGETALL', 'HKEYS', 'HVALS', 'HLEN'),
    key()],
    () => ['HDEL', key(), field(), field(), field()], () => ['HINCRBY', key(), field(), pick('1',
    '-5')],
    () => ['HINCRBYFLOAT', key(), field(), pick('0.1', '1e5')], () => ['HSCAN', key(), '0'],
    () => ['HSCAN', key(), '0', 'MATCH', pick('?', '[0-9]*', '*')], () => ['SET', key(), value()],
    () => [pick('RENAME', 'RENAMENX'), key(), key()], () => ['COPY', key(), key()],
    () => ['COPY', key(), key(), 'DB', db(), 'REPLACE'], () => ['MOVE', key(), db()],
    () => ['DEL', key(), key()], () => ['EXISTS', key(), key()], () => ['TYPE', key()],
    () => ['PEXPIREAT', key(), time(), ...pick([], ['NX'], ['XX'], ['GT'], ['LT'], ['XX', 'GT'])],
    () => [pick('PEXPIRETIME', 'EXPIRETIME', 'PERSIST', 'GET'), key()],
    () => ['OBJECT', 'ENCODING', key()], () => ['DBSIZE'], () => ['SWAPDB', '0', '1'],
    () => ['SELECT', pick('0', '0', '1')],
  ];
  return Array.from({ length: count }, () => pick(...makers)());
}
