/**
 * Lists, hashes, sets and sorted sets beside redis-server: redis-benchmark's own tests, many small
 * keys, and one warm value of each type with a million elements.
 */

import { fillCommands } from './lib/fill-commands.ts';
import type { Case } from './lib/throughput.ts';

const ELEMENTS = 1_000_000;
const MIDDLE = ELEMENTS / 2;
const LARGE = { keys: ELEMENTS, requests: 100_000, pipeline: 16, target: 0.7 } as const;

/** What pops finds what the tests before it have pushed. */
const OWN_TESTS: readonly (readonly [string, number])[] = [
  ['lpush', 100_000], ['rpush', 100_000], ['lpop', 100_000], ['rpop', 100_000], ['sadd', 100_000],
  ['hset', 100_000], ['spop', 15_000], ['zadd', 100_000], ['zpopmin', 15_000],
  ['lrange_100', 50_000], ['lrange_300', 20_000], ['lrange_500', 15_000], ['lrange_600', 15_000],
];

const SMALL: readonly (readonly string[])[] = [
  ['HSET', 'h:__rand_int__', 'name', 'Ada'], ['SADD', 's:__rand_int__', 'member:__rand_int__'],
  ['ZADD', 'z:__rand_int__', '5', 'member:1'], ['RPUSH', 'l:__rand_int__', 'job:__rand_int__'],
];

const member = (n: number): string => `member:${String(n).padStart(12, '0')}`;
const RANDOM = 'member:__rand_int__';

/** What makes an element of each key. */
const FILLED: Readonly<Record<string, (n: number) => readonly string[]>> = {
  hash: (n) => ['HSET', 'hash', member(n), 'value:0123456789'],
  set: (n) => ['SADD', 'set', member(n)],
  zset: (n) => ['ZADD', 'zset', `${n}`, member(n)],
  list: (n) => ['RPUSH', 'list', member(n)],
};

/** "port key" of what is filled. */
const filled = new Set<string>();

function large([name = '', key = '', ...rest]: readonly string[], more: Partial<Case> = {}): Case {
  const fill = async (port: number, scale: number): Promise<void> => {
    if (filled.has(`${port} ${key}`)) return;
    filled.add(`${port} ${key}`);
    await fillCommands(port, ELEMENTS * scale, FILLED[key]!);
  };
  return own({ name: `${name} of a million`, command: [name, key, ...rest], ...LARGE, fill, ...more });
}

const LARGE_CASES: readonly Case[] = [
  large(['HGET', 'hash', RANDOM]),
  large(['HSET', 'hash', RANDOM, 'value:9876543210']),
  large(['HSCAN', 'hash', '0', 'COUNT', '100'], { requests: 20_000 }),
  large(['SISMEMBER', 'set', RANDOM]),
  large(['SPOP', 'set']),
  large(['ZADD', 'zset', '__rand_int__', RANDOM]),
  large(['ZSCORE', 'zset', RANDOM]),
  large(['ZRANK', 'zset', RANDOM], { target: 1 }),
  large(['ZRANGE', 'zset', `${MIDDLE}`, `${MIDDLE + 9}`]),
  large(['LINDEX', 'list', `${MIDDLE}`], { target: 1 }),
];

export const COLLECTIONS: readonly Case[] = [
  ...[16, 1].flatMap((pipeline) => OWN_TESTS.map(([test, requests]) =>
    own({ name: test.toUpperCase(), command: ['-t', test], pipeline, requests, target: 0.9 }))),
  ...SMALL.map((command) => own({
    name: `${command[0]} of small keys`, command, pipeline: 16, requests: 200_000, target: 0.8,
  })),
  ...LARGE_CASES,
];

function own(one: Omit<Case, 'fsync'>): Case {
  return { ...one, fsync: 'everysec' };
}
