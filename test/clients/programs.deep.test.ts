/**
 * The same small programs with collections of tens of thousands of elements, which are in blocks,
 * under a small memory budget, and with a server that is killed and comes back in between.
 */

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Redis } from 'ioredis';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { Random } from '../../src/lib/random.ts';
import { RealServer } from '../server/real-server.ts';
import { Friends } from './programs/friends.ts';
import { Leaderboard } from './programs/leaderboard.ts';
import { addedUp, ordered } from './programs/leaderboard-model.ts';
import { connectWorker } from './programs/queue-worker.ts';
import { Shops, type Shop } from './programs/shops.ts';
import { Visitors } from './programs/visitors.ts';

const BATCH = 500;
const OPTIONS = ['--maxmemory', '32mb'];

let dir: string;
let server: RealServer;
let redis: Redis;
let random: Random;

beforeEach(async () => {
  dir = mkdtempSync(join(tmpdir(), 'dkvs-programs-'));
  server = await RealServer.start(dir, ...OPTIONS);
  redis = connectWorker(server.port, 'program');
  random = new Random(3, 4);
});
afterEach(async () => {
  redis.disconnect();
  await server.stop();
  rmSync(dir, { recursive: true, force: true });
});

/** What had its reply is kept over this. */
async function killAndRestart(): Promise<void> {
  const { port } = server;
  await server.kill('SIGKILL');
  server = await RealServer.start(dir, '--port', `${port}`, ...OPTIONS);
}

/** `body(i)` for each i below `count`, many at a time. */
async function inBatches(count: number, body: (i: number) => Promise<unknown>): Promise<void> {
  for (let first = 0; first < count; first += BATCH) {
    const indices = Array.from({ length: Math.min(BATCH, count - first) }, (_, i) => first + i);
    await Promise.all(indices.map(body));
  }
}

it('a leaderboard ranks 20,000 players', async () => {
  const board = new Leaderboard(redis);
  const weeks = { one: new Map<string, number>(), two: new Map<string, number>() };
  const play = (week: 'one' | 'two') => async (): Promise<void> => {
    const player = `player${random.below(20_000)}`;
    const points = random.below(1000) / 4;
    const total = (weeks[week].get(player) ?? 0) + points;
    weeks[week].set(player, total);
    expect(await board.score(week, player, points)).toBe(total);
  };
  await inBatches(30_000, play('one'));
  await killAndRestart();
  await inBatches(10_000, play('two'));
  await inBatches(10_000, play('one'));
  const best = ordered(weeks.one);
  expect(await board.top('one', best.length)).toEqual(best);
  for (let i = 0; i < 200; i++) {
    const place = 5 + random.below(best.length - 10);
    expect(await board.around('one', best[place]!.player, 5))
      .toEqual(best.slice(place - 5, place + 6));
  }
  expect(await board.countBetween('one', 100, 200))
    .toBe(best.filter(({ points }) => points >= 100 && points < 200).length);
  const both = addedUp(weeks.one, weeks.two);
  expect(await board.addWeeks('one', 'two', 'both')).toBe(both.size);
  expect(await board.keepBest('both', 8000)).toBe(both.size - 8000);
  await killAndRestart();
  expect(await board.top('both', both.size)).toEqual(ordered(both).slice(0, 8000));
});

it('a friend graph knows people with 10,000 friends', async () => {
  const friends = new Friends(redis);
  const hubs = ['ada', 'grace', 'mary'].map((name) => ({ name, friends: new Set<string>() }));
  await inBatches(30_000, async () => {
    const hub = hubs[random.below(hubs.length)]!;
    const person = `p${random.below(15_000)}`;
    const isEnd = random.below(6) === 0;
    if (isEnd) hub.friends.delete(person);
    else hub.friends.add(person);
    await (isEnd ? friends.part(hub.name, person) : friends.befriend(hub.name, person));
  });
  await killAndRestart();
  const [ada, grace, mary] = hubs.map((hub) => hub.friends);
  const inBoth = [...ada!].filter((name) => grace!.has(name));
  expect(await friends.common('ada', 'grace')).toEqual(inBoth.toSorted());
  const reached = new Set([...ada!, ...grace!, ...mary!]);
  expect(await friends.reach(hubs.map(({ name }) => name))).toEqual([...reached].toSorted());
  const suggested = await friends.suggest([...ada!][0]!);
  const person = [...ada!][0]!;
  const known = hubs.filter((hub) => hub.friends.has(person));
  const near = new Set(known.flatMap((hub) => [...hub.friends]));
  near.delete(person);
  for (const hub of known) near.delete(hub.name);
  expect(suggested.map(({ name }) => name).toSorted()).toEqual([...near].toSorted());
});

/** The great circle between two places on the sphere that Redis takes. */
function metresBetween(a: Shop, b: Shop): number {
  const radians = (degrees: number): number => degrees * Math.PI / 180;
  const u = Math.sin(radians(b.latitude - a.latitude) / 2);
  const v = Math.sin(radians(b.longitude - a.longitude) / 2);
  const h = u * u + Math.cos(radians(a.latitude)) * Math.cos(radians(b.latitude)) * v * v;
  return 2 * 6_372_797.560856 * Math.asin(Math.sqrt(h));
}

it('a geo search finds the shops among 20,000 that are near', async () => {
  const shops = new Shops(redis);
  const all: Shop[] = Array.from({ length: 20_000 }, (_, i) => ({
    id: `s${i}`, sells: `kind ${i % 11}`,
    longitude: 13 + random.float(), latitude: 52 + random.float(),
  }));
  await inBatches(all.length, (i) => shops.add(all[i]!));
  await inBatches(2000, (i) => shops.close(all[i * 3]!.id));
  await killAndRestart();
  const open = all.filter((_, i) => i % 3 !== 0 || i >= 6000);
  for (let i = 0; i < 40; i++) {
    const from: Shop = {
      id: '', sells: '', longitude: 13 + random.float(), latitude: 52 + random.float(),
    };
    const metres = 300 + random.below(8000);
    const found = await shops.near(from.longitude, from.latitude, metres, 100_000);
    const byId = new Map(open.map((shop) => [shop.id, shop]));
    for (const hit of found) {
      const shop = byId.get(hit.id)!;
      // Coordinates are kept with 52 bits: less than a metre is lost.
      expect(Math.abs(metresBetween(from, shop) - hit.metres)).toBeLessThan(1);
      expect(hit.sells).toBe(shop.sells);
    }
    expect(found.map(({ metres }) => metres)).toEqual(
      found.map(({ metres }) => metres).toSorted((a, b) => a - b));
    const surelyIn = open.filter((shop) => metresBetween(from, shop) < metres - 1);
    const ids = new Set(found.map(({ id }) => id));
    expect(surelyIn.filter(({ id }) => !ids.has(id))).toEqual([]);
  }
});

it('unique visitors are counted among 100,000', async () => {
  const visitors = new Visitors(redis);
  const days = [0, 1, 2];
  const seen = new Set<string>();
  for (const day of days) {
    await inBatches(100, async () => {
      const some = Array.from({ length: 500 }, () => `v${random.below(100_000)}`);
      for (const visitor of some) seen.add(visitor);
      await visitors.visit('home', day, some);
    });
  }
  await killAndRestart();
  const count = await visitors.onDays('home', days);
  expect(Math.abs(count - seen.size) / seen.size).toBeLessThan(0.03);
  expect(await visitors.archive('home', days, 'all')).toBe(count);
  await killAndRestart();
  expect(await redis.pfcount('visitors:all')).toBe(count);
});
