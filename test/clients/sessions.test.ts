/** Sessions of a web application: express-session and connect-redis on node-redis. */

import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { TestServer } from '../server/test-server.ts';
import { eventually } from '../wire/eventually.ts';
import {
  SESSION_SECONDS, startSessionApplication, type SessionApplication,
} from './applications/session-application.ts';
import { Browser } from './applications/web-application.ts';
import { createNodeRedis, type NodeRedis } from './families/node-redis.ts';

for (const RESP of [2, 3] as const) {
  describe(`connect-redis in RESP${RESP}`, () => {
    let dkvs: TestServer;
    let client: NodeRedis;
    let application: SessionApplication;
    let browser: Browser;

    beforeAll(async () => {
      dkvs = await TestServer.start({ maxmemory: '64mb' });
      client = createNodeRedis({ port: dkvs.port, host: '127.0.0.1' }, RESP);
      await client.connect();
      application = await startSessionApplication(client);
    });
    beforeEach(async () => {
      browser = new Browser(application.address);
      await client.flushAll();
    });
    afterAll(async () => {
      await application.close();
      client.destroy();
      await dkvs.stop();
    });

    it('keeps a session over requests and over a restart of the server', async () => {
      expect(await browser.get('/')).toEqual({ user: null, views: 0 });
      expect(await client.dbSize()).toBe(0);
      await browser.get('/login/ada');
      expect(await browser.get('/')).toEqual({ user: 'ada', views: 1 });
      const { port } = dkvs;
      await dkvs.close();
      await dkvs.listen({ port, maxmemory: '64mb' });
      expect(await browser.get('/')).toEqual({ user: 'ada', views: 2 });
      expect(await new Browser(application.address).get('/')).toEqual({ user: null, views: 0 });
    });

    it('gives a session a time to live, and renews it with each request', async () => {
      await browser.get('/login/ada');
      const [key = ''] = await client.keys('shop:*');
      const ttl = await client.ttl(key);
      expect(ttl).toBeGreaterThan(SESSION_SECONDS - 60);
      expect(ttl).toBeLessThanOrEqual(SESSION_SECONDS);
      await client.expire(key, 5);
      expect(await browser.get('/look')).toEqual({ user: 'ada', views: 0 });
      expect(await client.ttl(key)).toBeGreaterThan(SESSION_SECONDS - 60);
      await client.pExpire(key, 1);
      await eventually('the session to end', async () => await client.exists(key) === 0);
      expect(await browser.get('/')).toEqual({ user: null, views: 0 });
    });

    it('ends a session with a logout', async () => {
      await browser.get('/login/ada');
      await browser.get('/logout');
      await eventually('the session to be gone', async () => await client.dbSize() === 0);
      expect(await browser.get('/')).toEqual({ user: null, views: 0 });
    });

    it('counts, lists and clears its sessions, and no other keys', async () => {
      const { store } = application;
      for (let i = 0; i < 60; i++) {
        await store.set(`id${i}`, { cookie: { maxAge: null }, user: `user ${i}` });
      }
      await client.set('other', 'key');
      expect(await store.length()).toBe(60);
      expect(new Set(await store.ids())).toContain('id59');
      const all = await store.all() as { id: string; user: string }[];
      expect(all).toHaveLength(60);
      expect(all.find(({ id }) => id === 'id7')?.user).toBe('user 7');
      await store.destroy('id7');
      expect(await store.length()).toBe(59);
      await store.clear();
      expect(await store.length()).toBe(0);
      expect(await client.keys('*')).toEqual(['other']);
    });
  });
}
