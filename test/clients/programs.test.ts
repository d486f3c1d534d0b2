/**
 * Small programs of the kinds that people write, each against a plain model; on dkvs, and the same
 * on a real Redis where one is installed.
 */

import { Redis } from 'ioredis';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { Random } from '../../src/lib/random.ts';
import { hasRedisServer, startRedisServer } from '../commands/redis-server.ts';
import { TestServer } from '../server/test-server.ts';
import { Cache } from './programs/cache.ts';
import { Friends } from './programs/friends.ts';
import { Leaderboard } from './programs/leaderboard.ts';
import { addedUp, ordered } from './programs/leaderboard-model.ts';
import { RateLimiter } from './programs/rate-limiter.ts';
import { Shops } from './programs/shops.ts';
import { Visitors } from './programs/visitors.ts';

interface Running {
  connect(name?: string): Redis;
  stop(): Promise<void>;
}

async function startDkvs(): Promise<Running> {
  const dkvs = await TestServer.start({ maxmemory: '64mb' });
  const options = { port: dkvs.port, host: '127.0.0.1' };
  return {
    connect: (connectionName = 'main') => new Redis({ ...options, connectionName }),
    stop: () => dkvs.stop(),
  };
}

async function startReal(): Promise<Running> {
  const { path, stop } = await startRedisServer();
  return { connect: (connectionName = 'main') => new Redis({ path, connectionName }), stop };
}

function describePrograms(start: () => Promise<Running>): void {
  let server: Running;
  let redis: Redis;
  let random: Random;

  beforeAll(async () => {
    server = await start();
    redis = server.connect();
  });
  afterAll(async () => {
    redis.disconnect();
    await server.stop();
  });
  beforeEach(async () => {
    random = new Random(1, 2);
    await redis.flushall();
  });

  it('a leaderboard ranks players as their points say', async () => {
    const board = new Leaderboard(redis);
    const weeks = { one: new Map<string, number>(), two: new Map<string, number>() };
    for (let i = 0; i < 200; i++) {
      const week = random.below(2) === 0 ? 'one' : 'two';
      const player = `player${random.below(60)}`;
      const points = (weeks[week].get(player) ?? 0) + random.below(100) / 4;
      expect(await board.score(week, player, points - (weeks[week].get(player) ?? 0))).toBe(points);
      weeks[week].set(player, points);
    }
    const best = ordered(weeks.one);
    expect(await board.top('one', 10)).toEqual(best.slice(0, 10));
    expect(await board.around('one', best[20]!.player, 3)).toEqual(best.slice(17, 24));
    expect(await board.around('one', best[1]!.player, 3)).toEqual(best.slice(0, 5));
    expect(await board.around('one', 'nobody', 3)).toEqual([]);
    expect(await board.countBetween('one', 10, 20))
      .toBe(best.filter(({ points }) => points >= 10 && points < 20).length);
    const both = addedUp(weeks.one, weeks.two);
    expect(await board.addWeeks('one', 'two', 'both')).toBe(both.size);
    expect(await board.top('both', 1000)).toEqual(ordered(both));
    expect(await board.keepBest('both', 20)).toBe(both.size - 20);
    expect(await board.top('both', 1000)).toEqual(ordered(both).slice(0, 20));
  });

  it('a friend graph finds common friends and suggests new ones', async () => {
    const friends = new Friends(redis);
    const names = Array.from({ length: 30 }, (_, i) => `p${i}`);
    const model = new Map(names.map((name) => [name, new Set<string>()]));
    const of = (name: string): Set<string> => model.get(name)!;
    for (let i = 0; i < 100; i++) {
      const [one, other] = [names[random.below(30)]!, names[random.below(30)]!];
      if (one === other) continue;
      const isEnd = random.below(5) === 0;
      await (isEnd ? friends.part(one, other) : friends.befriend(one, other));
      for (const [a, b] of [[one, other], [other, one]] as const) {
        if (isEnd) of(a).delete(b);
        else of(a).add(b);
      }
    }
    const common = (one: string, other: string): string[] =>
      [...of(one)].filter((name) => of(other).has(name)).toSorted();
    for (const [one, other] of [['p0', 'p1'], ['p2', 'p3'], ['p4', 'p4']] as const) {
      expect(await friends.common(one, other)).toEqual(common(one, other));
    }
    const reached = new Set(['p1', 'p2', 'p3'].flatMap((name) => [...of(name)]));
    expect(await friends.reach(['p1', 'p2', 'p3'])).toEqual([...reached].toSorted());
    for (const person of names.slice(0, 10)) {
      const expected = names
        .filter((name) => name !== person && !of(person).has(name))
        .map((name) => ({ name, common: common(person, name).length }))
        .filter((suggestion) => suggestion.common > 0)
        .toSorted((a, b) => b.common - a.common || (a.name < b.name ? -1 : 1));
      expect(await friends.suggest(person), person).toEqual(expected);
    }
    expect(await friends.suggest('nobody')).toEqual([]);
  });

  it('a geo search finds the nearest shops', async () => {
    const shops = new Shops(redis);
    const [longitude, latitude] = [13.4, 52.5];
    const metres = new Map<string, number>();
    for (let i = 0; i < 120; i++) {
      // A metre to the north is 1/111,226 of a degree with the radius that Redis takes.
      const north = 20 + i * 37 + random.below(30);
      metres.set(`s${i}`, north);
      const place = { longitude, latitude: latitude + north / 111_226.3 };
      await shops.add({ id: `s${i}`, ...place, sells: `kind ${i % 7}` });
    }
    await shops.close('s3');
    const found = await shops.near(longitude, latitude, 2000, 1000);
    const expected = [...metres].filter(([id, far]) => far < 2000 && id !== 's3');
    expect(found.map(({ id }) => id)).toEqual(expected.map(([id]) => id));
    for (const { id, metres: far, sells } of found) {
      expect(Math.abs(far - metres.get(id)!), id).toBeLessThan(2);
      expect(sells).toBe(`kind ${Number(id.slice(1)) % 7}`);
    }
    expect((await shops.near(longitude, latitude, 5000, 4)).map(({ id }) => id))
      .toEqual(['s0', 's1', 's2', 's4']);
  });

  it('unique visitors are counted to within three per cent', async () => {
    const visitors = new Visitors(redis);
    const exact = Array.from({ length: 5 }, () =>
      new Set(Array.from({ length: 2000 }, () => `v${random.below(4000)}`)));
    for (const [day, seen] of exact.entries()) await visitors.visit('home', day, [...seen]);
    const isNear = (count: number, wanted: number): void => {
      expect(Math.abs(count - wanted) / wanted).toBeLessThan(0.03);
    };
    isNear(await visitors.onDay('home', 2), exact[2]!.size);
    const days = [0, 1, 2, 3, 4];
    const all = new Set(exact.flatMap((day) => [...day])).size;
    const count = await visitors.onDays('home', days);
    isNear(count, all);
    expect(await visitors.archive('home', days, 'week')).toBe(count);
    expect(await redis.keys('*')).toEqual(['visitors:week']);
  });

  it('a rate limiter lets as many pass as it says, from however many servers', async () => {
    const connections = ['a', 'b', 'c'].map((name) => server.connect(name));
    const limiters = connections.map((connection) => new RateLimiter(connection, 5, 60_000));
    const passed = async (nowMs: number, count: number): Promise<number> => {
      const asked = Array.from({ length: count }, (_, i) => limiters[i % 3]!.mayPass('ada', nowMs));
      return (await Promise.all(asked)).filter(Boolean).length;
    };
    const start = 1_000_000;
    expect(await passed(start, 3)).toBe(3);
    expect(await passed(start + 30_000, 20)).toBe(2);
    expect(await passed(start + 59_999, 6)).toBe(0);
    expect(await passed(start + 60_000, 20)).toBe(3);
    expect(await limiters[0]!.mayPass('grace', start)).toBe(true);
    expect(await redis.zcard('requests:ada')).toBe(5);
    expect(await redis.pttl('requests:ada')).toBeGreaterThan(0);
    for (const connection of connections) connection.disconnect();
  });

  it('a cache computes a value once for all who miss it', async () => {
    const connections = Array.from({ length: 8 }, (_, i) => server.connect(`c${i}`));
    let computed = 0;
    const compute = async (): Promise<string> => {
      computed++;
      await redis.ping();
      return `value ${computed}`;
    };
    const all = (): Promise<string[]> => Promise.all(connections.map((connection, i) =>
      new Cache(connection, 60_000).get('page', `token${i}`, compute)));
    expect(new Set(await all())).toEqual(new Set(['value 1']));
    expect(new Set(await all())).toEqual(new Set(['value 1']));
    await redis.del('page');
    expect(new Set(await all())).toEqual(new Set(['value 2']));
    expect(computed).toBe(2);
    expect(await redis.keys('*')).toEqual(['page']);
    for (const connection of connections) connection.disconnect();
  });

  it('a cache leaves a lock alone that is another’s by now', async () => {
    const cache = new Cache(redis, 60_000);
    const other = server.connect();
    expect(await cache.get('page', 'mine', async () => {
      await other.set('lock:page', 'theirs');
      return 'value';
    })).toBe('value');
    expect(await redis.get('lock:page')).toBe('theirs');
    other.disconnect();
  });
}

describe('on dkvs', () => describePrograms(startDkvs));
describe.skipIf(!hasRedisServer())('on a real Redis', () => describePrograms(startReal));
