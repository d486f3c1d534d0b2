/**
 * Every family of commands through ioredis: version 5, and version 6, which speaks RESP3 unless it
 * is asked not to. What it gives is the same, and the same as with a real Redis.
 */

import { Redis } from 'ioredis';
import { Redis as Redis6 } from 'ioredis-6';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { hasRedisServer, startRedisServer, type RedisServer } from '../commands/redis-server.ts';
import { TestServer } from '../server/test-server.ts';
import { OTHER_FAMILIES } from './families/ioredis-others.ts';
import { VALUE_FAMILIES } from './families/ioredis-values.ts';

type Place = { readonly port: number } | { readonly path: string };

const FAMILIES = [...VALUE_FAMILIES, ...OTHER_FAMILIES];

/** Version 6 has the methods of version 5; its types have private members of their own. */
function sixth(place: Place, protocol: 2 | 3, replyMapping: 'legacy' | 'resp3' = 'legacy'): Redis {
  const options = { ...place, protocol };
  const redis = replyMapping === 'resp3'
    ? new Redis6({ ...options, replyMapping }) : new Redis6(options);
  return redis as unknown as Redis;
}

const CLIENTS: Readonly<Record<string, (place: Place) => Redis>> = {
  'ioredis 5': (place) => new Redis(place),
  'ioredis 6 in RESP2': (place) => sixth(place, 2),
  'ioredis 6 in RESP3': (place) => sixth(place, 3),
};

let dkvs: TestServer;
let real: RedisServer | undefined;

beforeAll(async () => {
  dkvs = await TestServer.start({ maxmemory: '64mb' });
  if (hasRedisServer()) real = await startRedisServer();
});
afterAll(async () => {
  await real?.stop();
  await dkvs.stop();
});

async function onEmpty<T>(redis: Redis, body: (redis: Redis) => Promise<T>): Promise<T> {
  try {
    await redis.flushall();
    return await body(redis);
  } finally {
    redis.disconnect();
  }
}

for (const [name, connect] of Object.entries(CLIENTS)) {
  describe(name, () => {
    it.each(FAMILIES)('runs $name', async ({ run, gives }) => {
      expect(await onEmpty(connect({ port: dkvs.port }), run)).toEqual(gives);
    });

    it.skipIf(!hasRedisServer())('gives the same with a real Redis', async () => {
      for (const { name: family, run, gives } of FAMILIES) {
        expect(await onEmpty(connect({ path: real!.path }), run), family).toEqual(gives);
      }
    });
  });
}

describe('ioredis 6 with the types of RESP3', () => {
  const typed = async (place: Place): Promise<unknown> =>
    onEmpty(sixth(place, 3, 'resp3'), (redis) => Promise.all([
      redis.zadd('z', 1.5, 'a', '-inf', 'b'), redis.zscore('z', 'a'), redis.zincrby('z', 1, 'a'),
      redis.zrange('z', 0, -1, 'WITHSCORES'), redis.zmscore('z', 'a', 'none'), redis.zpopmin('z'),
      redis.hset('h', { f: 'v' }), redis.hgetall('h'), redis.hrandfield('h', 1, 'WITHVALUES'),
      redis.sadd('s', 'x'), redis.smembers('s'), redis.incrbyfloat('n', 0.5),
      redis.geoadd('g', 0, 0, 'here'), redis.geopos('g', 'here'), redis.config('GET', 'databases'),
      redis.zadd('z', 'INCR', 1, 'c'), redis.call('SISMEMBER', 's', 'x'),
    ]));

  it('gives numbers and objects', async () => {
    expect(await typed({ port: dkvs.port })).toEqual([
      2, 1.5, 2.5, [['b', -Infinity], ['a', 2.5]], [2.5, null], ['b', -Infinity],
      1, { f: 'v' }, [['f', 'v']], 1, ['x'], '0.5',
      1, [[0.0000026822090148899998, 0.0000012673605809300001]], { databases: '16' }, 1, 1,
    ]);
  });

  it.skipIf(!hasRedisServer())('gives what it gives with a real Redis', async () => {
    expect(await typed({ port: dkvs.port })).toEqual(await typed({ path: real!.path }));
  });
});
