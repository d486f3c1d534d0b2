/** A cache by keyv on @keyv/redis. */

import { createKeyv } from '@keyv/redis';
import type { Keyv } from 'keyv';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { TestServer } from '../server/test-server.ts';
import { eventually } from '../wire/eventually.ts';
import { createNodeRedis, type NodeRedis } from './families/node-redis.ts';

let dkvs: TestServer;
let client: NodeRedis;
let caches: Keyv[];

beforeAll(async () => {
  dkvs = await TestServer.start({ maxmemory: '64mb' });
  client = createNodeRedis({ port: dkvs.port, host: '127.0.0.1' }, 2);
  await client.connect();
});
afterAll(async () => {
  client.destroy();
  await dkvs.stop();
});
beforeEach(async () => {
  caches = [];
  await client.flushAll();
});
afterEach(async () => {
  for (const cache of caches) await cache.disconnect();
});

function cacheOf(namespace: string, ttl?: number): Keyv {
  const cache = createKeyv(`redis://127.0.0.1:${dkvs.port}`, { namespace });
  if (ttl !== undefined) cache.ttl = ttl;
  // The server goes away in one of the tests.
  cache.on('error', () => {});
  caches.push(cache);
  return cache;
}

describe('keyv on @keyv/redis', () => {
  it('keeps values of any kind', async () => {
    const cache = cacheOf('pages');
    const page = { title: 'Ünï', parts: [1, null, { deep: true }] };
    expect(await cache.set('home', page)).toBe(true);
    expect(await cache.set('count', 0)).toBe(true);
    expect(await cache.get('home')).toEqual(page);
    expect(await cache.get(['count', 'none'])).toEqual([0, undefined]);
    expect(await cache.has('home')).toBe(true);
    expect(await cache.has(['home', 'none'])).toEqual([true, false]);
    expect(await cache.delete('home')).toBe(true);
    expect(await cache.delete('home')).toBe(false);
    expect(await cache.get('home')).toBeUndefined();
  });

  it('sets and gets many at once, each with its time to live', async () => {
    const cache = cacheOf('many', 3_600_000);
    await cache.setMany([
      { key: 'a', value: 1 }, { key: 'b', value: 2, ttl: 60_000 }, { key: 'c', value: 3, ttl: 1 },
    ]);
    expect(await client.ttl('many::a')).toBeGreaterThan(3000);
    expect(await client.pTTL('many::b')).toBeGreaterThan(50_000);
    expect(await client.pTTL('many::b')).toBeLessThanOrEqual(60_000);
    await eventually('the last to expire', async () => await client.exists('many::c') === 0);
    expect(await cache.getMany(['a', 'b', 'c'])).toEqual([1, 2, undefined]);
    await cache.deleteMany(['a', 'b']);
    expect(await client.dbSize()).toBe(0);
  });

  it('walks and clears its own namespace only', async () => {
    const [pages, users] = [cacheOf('pages'), cacheOf('users')];
    for (let i = 0; i < 60; i++) await pages.set(`p${i}`, i);
    await users.set('ada', 'here');
    const seen = new Map<string, number>();
    for await (const [key, value] of pages.iterator!(undefined)) seen.set(`${key}`, value as number);
    expect(seen.size).toBe(60);
    expect(seen.get('p7')).toBe(7);
    await pages.clear();
    expect(await client.keys('*')).toEqual(['users::ada']);
    expect(await users.get('ada')).toBe('here');
  });

  it('finds its values after a restart of the server', async () => {
    const cache = cacheOf('kept');
    await cache.set('a', { n: 1 }, 3_600_000);
    await cache.set('short', 1, 1);
    const { port } = dkvs;
    await dkvs.close();
    await dkvs.listen({ port, maxmemory: '64mb' });
    expect(await eventually('the cache to be back', () => cache.get('a').catch(() => undefined)))
      .toEqual({ n: 1 });
    expect(await cache.get('short')).toBeUndefined();
    expect(await client.ttl('kept::a')).toBeGreaterThan(3000);
  });
});
