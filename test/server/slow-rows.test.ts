import { Redis } from 'ioredis';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { TestServer } from './test-server.ts';

let server: TestServer;
let client: Redis;

beforeEach(async () => {
  server = await TestServer.start();
  client = new Redis({ port: server.port, host: '127.0.0.1' });
});

afterEach(async () => {
  client.disconnect();
  await server.stop();
});

describe('requests that run in a row', () => {
  it('show in the slow log the one that took long', async () => {
    await client.set('large', 'x'.repeat(64 * 1024 * 1024));
    await client.mset('a', '1', 'b', '2', 'c', '3');
    await client.config('SET', 'slowlog-log-slower-than', '2000');
    await client.slowlog('RESET');
    const pipeline = client.pipeline();
    for (const key of ['a', 'b', 'large', 'c']) pipeline.get(key);
    const replies = await pipeline.exec();
    expect(replies?.map(([error]) => error)).toEqual([null, null, null, null]);
    const slow = await client.slowlog('GET', 10) as [number, number, number, string[]][];
    const gets = slow.filter(([, , , args]) => args[0]?.toLowerCase() === 'get');
    // On a busy machine others may be slow too: test/net/rows.test.ts has time in its hand.
    expect(gets.map(([, , , args]) => args[1])).toContain('large');
  });

  it('all count, and those that fail count as failures', async () => {
    await client.set('text', 'abc');
    await client.config('RESETSTAT');
    const pipeline = client.pipeline();
    for (let i = 0; i < 40; i++) pipeline.incr(i === 17 ? 'text' : `n:${i}`);
    const replies = await pipeline.exec();
    expect(replies?.filter(([error]) => error !== null)).toHaveLength(1);
    expect(replies?.[17]?.[0]?.message).toContain('not an integer');
    const stats = await client.info('commandstats');
    expect(stats).toMatch(/cmdstat_incr:calls=40,.*failed_calls=1/);
    const errors = await client.info('errorstats');
    expect(errors).toContain('errorstat_ERR:count=1');
  });

  it('show each call when the slow log asks for all', async () => {
    await client.config('SET', 'slowlog-log-slower-than', '0');
    await client.slowlog('RESET');
    const pipeline = client.pipeline();
    for (let i = 0; i < 8; i++) pipeline.set(`k:${i}`, i);
    await pipeline.exec();
    const slow = await client.slowlog('GET', 20) as [number, number, number, string[]][];
    expect(slow.filter(([, , , args]) => args[0]?.toLowerCase() === 'set')).toHaveLength(8);
  });
});
