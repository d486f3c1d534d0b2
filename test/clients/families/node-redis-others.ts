/** What node-redis gives for geo, HyperLogLog, SORT, blocking, transactions, pub/sub, iterators. */

import { eventually } from '../../wire/eventually.ts';
import { untilBlocked } from '../blocked-clients.ts';
import type { Family } from './family.ts';
import type { NodeRedis } from './node-redis.ts';

const CATANIA = { longitude: 15.087267458438873, latitude: 37.50266842333162 };
const FROM = { longitude: 15, latitude: 37 };

/** Strings in RESP2, numbers in RESP3. */
function asNumbers(place: { longitude: string; latitude: string } | null): unknown {
  if (place === null) return null;
  return { longitude: Number(place.longitude), latitude: Number(place.latitude) };
}

const geo: Family<NodeRedis> = {
  name: 'geo',
  run: (redis) => Promise.all([
    redis.geoAdd('g', [
      { longitude: 13.361389, latitude: 38.115556, member: 'Palermo' },
      { longitude: 15.087269, latitude: 37.502669, member: 'Catania' },
    ]),
    redis.geoDist('g', 'Palermo', 'Catania', 'km'), redis.geoDist('g', 'Palermo', 'none'),
    redis.geoHash('g', 'Palermo'), redis.geoPos('g', ['Catania', 'none']).then((places) => places.map(asNumbers)),
    redis.geoSearch('g', FROM, { radius: 200, unit: 'km' }, { SORT: 'ASC' }),
    redis.geoSearchWith('g', 'Palermo', { width: 400, height: 400, unit: 'km' },
      ['WITHDIST', 'WITHHASH', 'WITHCOORD'], { SORT: 'DESC', COUNT: 1 }),
    redis.geoSearchStore('near', 'g', FROM, { radius: 100, unit: 'km' }), redis.zRange('near', 0, -1),
    redis.geoRadius('g', FROM, 200, 'km', { COUNT: 1 }), redis.geoRadiusByMember('g', 'Palermo', 9, 'm'),
  ]),
  gives: [
    2, 166.2742, null, ['sqc8b49rny0'], [CATANIA, null], ['Catania', 'Palermo'],
    [{ member: 'Catania', distance: 166.2742, hash: 3479447370796909, coordinates: CATANIA }],
    1, ['Catania'], ['Catania'], ['Palermo'],
  ],
};

const hyperLogLog: Family<NodeRedis> = {
  name: 'HyperLogLog',
  run: (redis) => Promise.all([
    redis.pfAdd('p', ['a', 'b', 'c']), redis.pfAdd('p', 'a'), redis.pfCount('p'),
    redis.pfAdd('q', ['c', 'd']), redis.pfCount(['p', 'q']), redis.pfMerge('r', ['p', 'q']),
    redis.pfCount('r'),
  ]),
  gives: [1, 0, 3, 1, 4, 'OK', 4],
};

const sort: Family<NodeRedis> = {
  name: 'SORT',
  run: (redis) => Promise.all([
    redis.rPush('ids', ['3', '1', '2']), redis.mSet({ w_1: '30', w_2: '20', w_3: '10' }),
    redis.hSet('o_1', 'name', 'one'), redis.sort('ids'),
    redis.sort('ids', { BY: 'w_*', GET: ['#', 'o_*->name'] }),
    redis.sort('ids', { DIRECTION: 'DESC', ALPHA: true, LIMIT: { offset: 0, count: 2 } }),
    redis.sortStore('ids', 'sorted', { DIRECTION: 'DESC' }), redis.lRange('sorted', 0, -1),
    redis.sortRo('ids'),
  ]),
  gives: [
    3, 'OK', 1, ['1', '2', '3'], ['3', null, '2', null, '1', 'one'], ['3', '2'], 3, ['3', '2', '1'],
    ['1', '2', '3'],
  ],
};

const blocking: Family<NodeRedis> = {
  name: 'blocking',
  run: async (redis) => {
    const worker = await redis.duplicate().connect();
    const woken = async <T>(waits: Promise<T>, wake: () => Promise<unknown>): Promise<T> => {
      await untilBlocked(() => redis.info('clients'), 1);
      await wake();
      return waits;
    };
    const replies = [
      await woken(worker.blPop(['none', 'l'], 0), () => redis.rPush('l', 'a')),
      await woken(worker.brPop('l', 0), () => redis.multi().rPush('l', ['b', 'c']).exec()),
      await woken(worker.blMove('m', 'to', 'LEFT', 'LEFT', 0), () => redis.rename('l', 'm')),
      await woken(worker.brPopLPush('l', 'to', 0), () => redis.lPush('l', 'd')),
      await woken(worker.blmPop(0, 'l', 'LEFT', { COUNT: 2 }), () => redis.rPush('l', ['1', '2'])),
      await woken(worker.bzPopMin('z', 0), () => redis.zAdd('z', { value: 'a', score: 1.5 })),
      await woken(worker.bzPopMax('z', 0), () => redis.zAdd('z', { value: 'b', score: 2 })),
      await woken(worker.bzmPop(0, 'z', 'MIN'), () => redis.zAdd('z', { value: 'c', score: 3 })),
      await worker.blPop('none', 0.01), await worker.bzPopMin('none', 0.01),
      await worker.bzmPop(0.01, 'none', 'MAX'), await redis.lRange('to', 0, -1),
    ];
    worker.destroy();
    return replies;
  },
  gives: [
    { key: 'l', element: 'a' }, { key: 'l', element: 'c' }, 'b', 'd', ['l', ['1', '2']],
    { key: 'z', value: 'a', score: 1.5 }, { key: 'z', value: 'b', score: 2 },
    { key: 'z', members: [{ value: 'c', score: 3 }] }, null, null, null, ['d', 'b'],
  ],
};

const transactions: Family<NodeRedis> = {
  name: 'transactions',
  run: async (redis) => {
    const other = await redis.duplicate().connect();
    await redis.watch(['l', 'z']);
    const first = await redis.multi().rPush('l', 'a').zAdd('z', { value: 'm', score: 1 })
      .zScore('z', 'm').sAdd('s', 'x').sMembers('s').zRangeWithScores('z', 0, -1).exec();
    await redis.watch('l');
    await other.lPop('l');
    const changed = await redis.multi().rPush('l', 'b').exec().catch(String);
    const failing = await redis.multi().set('h', 'x').rPush('h', 'x').execAsPipeline().catch(String);
    other.destroy();
    return [first, changed, failing, await redis.exists(['l', 'h'])];
  },
  gives: [
    [1, 1, 1, 1, ['x'], [{ value: 'm', score: 1 }]],
    'Error: One (or more) of the watched keys has been changed',
    'Error: WRONGTYPE Operation against a key holding the wrong kind of value', 1,
  ],
};

const publishing: Family<NodeRedis> = {
  name: 'pub/sub',
  run: async (redis) => {
    const subscriber = await redis.duplicate().connect();
    const heard: string[] = [];
    const listen = (message: string, channel: string) => heard.push(`${channel} ${message}`);
    await subscriber.subscribe(['news', 'weather'], listen);
    await subscriber.pSubscribe('ne*', (message, channel) => heard.push(`ne* ${channel} ${message}`));
    await subscriber.sSubscribe('orders', (message) => heard.push(`shard ${message}`));
    const facts = await Promise.all([
      redis.pubSubNumSub(['news', 'none']), redis.pubSubNumPat(), redis.publish('news', '1'),
      redis.publish('none', '2'), redis.publish('weather', '3'), redis.sPublish('orders', '4'),
    ]);
    const channels = await redis.pubSubChannels();
    await eventually('all messages', () => heard.length === 4);
    await subscriber.unsubscribe('weather');
    await subscriber.pUnsubscribe();
    const left = [await redis.publish('weather', '5'), await redis.publish('next', '6')];
    subscriber.destroy();
    return [{ ...facts[0] }, ...facts.slice(1), channels.toSorted(), heard, left];
  },
  gives: [
    { news: 1, none: 0 }, 1, 2, 0, 1, 1, ['news', 'weather'],
    ['news 1', 'ne* news 1', 'weather 3', 'shard 4'], [0, 0],
  ],
};

const scans: Family<NodeRedis> = {
  name: 'iterators',
  run: async (redis) => {
    const count = 200;
    const fill = redis.multi();
    for (let i = 0; i < count; i++) {
      fill.set(`key:${i}`, `${i}`).hSet('hash', `f${i}`, i).sAdd('set', `m${i}`);
      fill.zAdd('zset', { value: `m${i}`, score: i });
    }
    await fill.execAsPipeline();
    const all = async (pages: AsyncIterable<unknown[]>): Promise<string[]> => {
      const found = new Set<string>();
      for await (const page of pages) for (const each of page) found.add(JSON.stringify(each));
      return [...found];
    };
    const zset = await all(redis.zScanIterator('zset', { COUNT: 50 }));
    return [
      (await all(redis.scanIterator({ MATCH: 'key:*', COUNT: 50 }))).length,
      await all(redis.scanIterator({ TYPE: 'zset' })),
      (await all(redis.hScanIterator('hash', { COUNT: 50 }))).length,
      (await all(redis.sScanIterator('set', { MATCH: 'm1*' }))).length,
      zset.length, zset.includes('{"value":"m7","score":7}'),
    ];
  },
  gives: [200, ['"zset"'], 200, 111, 200, true],
};

export const OTHER_FAMILIES = [geo, hyperLogLog, sort, blocking, transactions, publishing, scans];
