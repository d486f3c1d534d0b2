/** What ioredis replies for families that need more than one connection or have results of their own. */

import type { Redis } from 'ioredis';
import { eventually } from '../../wire/eventually.ts';
import { untilBlocked } from '../blocked-clients.ts';
import type { Family } from './family.ts';

const geo: Family<Redis> = {
  name: 'geo',
  run: (redis) => Promise.all([
    redis.geoadd('g', 13.361389, 38.115556, 'Palermo', 15.087269, 37.502669, 'Catania'),
    redis.geodist('g', 'Palermo', 'Catania', 'KM'), redis.geohash('g', 'Palermo'),
    redis.geopos('g', 'Catania', 'none'),
    redis.geosearch('g', 'FROMLONLAT', 15, 37, 'BYRADIUS', 200, 'KM', 'ASC'),
    redis.geosearch('g', 'FROMMEMBER', 'Palermo', 'BYBOX', 400, 400, 'KM', 'ASC', 'WITHDIST'),
    redis.geosearchstore('near', 'g', 'FROMLONLAT', 15, 37, 'BYRADIUS', 100, 'KM'),
    redis.zrange('near', 0, -1), redis.georadius('g', 15, 37, 200, 'km', 'WITHCOORD', 'COUNT', 1),
    redis.georadiusbymember('g', 'Palermo', 100, 'km'),
  ]),
  gives: [
    2, '166.2742', ['sqc8b49rny0'], [['15.08726745843887329', '37.50266842333162032'], null],
    ['Catania', 'Palermo'], [['Palermo', '0.0000'], ['Catania', '166.2742']], 1, ['Catania'],
    [['Catania', ['15.08726745843887329', '37.50266842333162032']]], ['Palermo'],
  ],
};

const hyperLogLog: Family<Redis> = {
  name: 'HyperLogLog',
  run: (redis) => Promise.all([
    redis.pfadd('p', 'a', 'b', 'c'), redis.pfadd('p', 'a'), redis.pfcount('p'),
    redis.pfadd('q', 'c', 'd'), redis.pfcount('p', 'q'), redis.pfmerge('r', 'p', 'q'),
    redis.pfcount('r'), redis.strlen('p'),
  ]),
  gives: [1, 0, 3, 1, 4, 'OK', 4, 27],
};

const sort: Family<Redis> = {
  name: 'SORT',
  run: (redis) => Promise.all([
    redis.rpush('ids', 3, 1, 2), redis.mset('w_1', 30, 'w_2', 20, 'w_3', 10),
    redis.hset('o_1', 'name', 'one'), redis.hset('o_3', 'name', 'three'), redis.sort('ids'),
    redis.sort('ids', 'BY', 'w_*', 'GET', '#', 'GET', 'o_*->name'),
    redis.sort('ids', 'LIMIT', 0, 2, 'DESC', 'ALPHA'), redis.sort('ids', 'DESC', 'STORE', 'sorted'),
    redis.lrange('sorted', 0, -1), redis.call('SORT_RO', 'ids'),
  ]),
  gives: [
    3, 'OK', 1, 1, ['1', '2', '3'], ['3', 'three', '2', null, '1', 'one'], ['3', '2'], 3,
    ['3', '2', '1'], ['1', '2', '3'],
  ],
};

const blocking: Family<Redis> = {
  name: 'blocking',
  run: async (redis) => {
    const worker = redis.duplicate();
    const woken = async <T>(waits: Promise<T>, wake: () => Promise<unknown>): Promise<T> => {
      await untilBlocked(() => redis.info('clients'), 1);
      await wake();
      return waits;
    };
    const replies = [
      await woken(worker.blpop('none', 'l', 0), () => redis.rpush('l', 'a')),
      await woken(worker.brpop('l', 0), () => redis.multi().rpush('l', 'b', 'c').exec()),
      await woken(worker.blmove('m', 'to', 'LEFT', 'LEFT', 0), () => redis.rename('l', 'm')),
      await woken(worker.brpoplpush('l', 'to', 0), () => redis.lpush('l', 'd')),
      await woken(worker.blmpop(0, 1, 'l', 'LEFT', 'COUNT', 2), () => redis.rpush('l', 1, 2, 3)),
      await woken(worker.bzpopmin('z', 0), () => redis.zadd('z', 1.5, 'a')),
      await woken(worker.bzpopmax('z', 0), () => redis.zadd('z', 1, 'a', 2, 'b')),
      await woken(worker.bzmpop(0, 1, 'y', 'MIN'), () => redis.rename('z', 'y')),
      await worker.blpop('none', 0.01),
      await worker.bzpopmin('none', 0.01),
      await redis.lrange('to', 0, -1),
    ];
    worker.disconnect();
    return replies;
  },
  gives: [
    ['l', 'a'], ['l', 'c'], 'b', 'd', ['l', ['1', '2']], ['z', 'a', '1.5'], ['z', 'b', '2'],
    ['y', [['a', '1']]], null, null, ['d', 'b'],
  ],
};

const transactions: Family<Redis> = {
  name: 'transactions',
  run: async (redis) => {
    const other = redis.duplicate();
    await redis.watch('l', 'z');
    const first = await redis.multi().rpush('l', 'a').zadd('z', 1, 'm').zscore('z', 'm')
      .sadd('s', 'x').smembers('s').hset('h', 'f', 'v').hgetall('h').exec();
    await redis.watch('l');
    await other.lpop('l');
    const changed = await redis.multi().rpush('l', 'b').exec();
    const failing = await redis.multi().rpush('h', 'x').llen('l').exec();
    await redis.multi({ pipeline: false });
    await redis.rpush('l', 'dropped');
    await redis.discard();
    const refused = await redis.multi().call('NOSUCH').exec().catch((error: Error) => error.message);
    other.disconnect();
    return [first, changed, `${failing?.[0]?.[0]}`, failing?.[1], refused, await redis.exists('l')];
  },
  gives: [
    [[null, 1], [null, 1], [null, '1'], [null, 1], [null, ['x']], [null, 1], [null, { f: 'v' }]],
    null, 'ReplyError: WRONGTYPE Operation against a key holding the wrong kind of value', [null, 0],
    'EXECABORT Transaction discarded because of previous errors.', 0,
  ],
};

const publishing: Family<Redis> = {
  name: 'pub/sub',
  run: async (redis) => {
    const subscriber = redis.duplicate();
    const heard: string[] = [];
    subscriber.on('message', (channel, message) => heard.push(`${channel} ${message}`));
    subscriber.on('pmessage', (pattern, channel, message) => {
      heard.push(`${pattern} ${channel} ${message}`);
    });
    subscriber.on('smessage', (channel, message) => heard.push(`shard ${channel} ${message}`));
    await subscriber.subscribe('news', 'weather');
    await subscriber.psubscribe('ne*');
    await subscriber.ssubscribe('orders');
    const facts = await Promise.all([
      redis.pubsub('CHANNELS'), redis.pubsub('NUMSUB', 'news', 'none'), redis.pubsub('NUMPAT'),
      redis.publish('news', '1'), redis.publish('none', '2'), redis.publish('weather', '3'),
      redis.spublish('orders', '4'),
    ]);
    await eventually('all messages', () => heard.length === 4);
    const left = [
      await subscriber.unsubscribe('weather'), await subscriber.punsubscribe('ne*'),
      await redis.publish('weather', '5'),
    ];
    subscriber.disconnect();
    return [(facts[0] as string[]).toSorted(), ...facts.slice(1), heard, left];
  },
  gives: [
    ['news', 'weather'], ['news', 1, 'none', 0], 1, 2, 0, 1, 1,
    ['news 1', 'ne* news 1', 'weather 3', 'shard orders 4'], [2, 1, 0],
  ],
};

const scans: Family<Redis> = {
  name: 'SCAN streams',
  run: async (redis) => {
    const count = 200;
    const fill = redis.pipeline();
    for (let i = 0; i < count; i++) {
      fill.set(`key:${i}`, i).hset('hash', `f${i}`, i).sadd('set', `m${i}`).zadd('zset', i, `m${i}`);
    }
    await fill.rpush('list', 'x').exec();
    const all = async (stream: AsyncIterable<unknown>): Promise<string[]> => {
      const found: string[] = [];
      for await (const page of stream) found.push(...page as string[]);
      return found;
    };
    const pairs = (flat: readonly string[]): number =>
      new Set(flat.map((name, i) => i % 2 === 0 ? `${name} ${flat[i + 1]}` : '')).size - 1;
    return [
      new Set(await all(redis.scanStream({ match: 'key:*', count: 50 }))).size,
      await all(redis.scanStream({ type: 'zset' })), await all(redis.scanStream({ type: 'list' })),
      pairs(await all(redis.hscanStream('hash', { count: 50 }))),
      new Set(await all(redis.sscanStream('set', { match: 'm1*' }))).size,
      pairs(await all(redis.zscanStream('zset', { count: 50 }))),
    ];
  },
  gives: [200, ['zset'], ['list'], 200, 111, 200],
};

export const OTHER_FAMILIES = [geo, hyperLogLog, sort, blocking, transactions, publishing, scans];
