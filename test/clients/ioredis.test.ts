/** An application with ioredis: what it uses every day, and what it does in a restart. */

import { Redis } from 'ioredis';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { TestServer } from '../server/test-server.ts';
import { eventually, within } from '../wire/eventually.ts';
import { untilBlocked } from './blocked-clients.ts';

let dkvs: TestServer;
let redis: Redis;

beforeAll(async () => { dkvs = await TestServer.start(); });
afterAll(() => dkvs.stop());
beforeEach(async () => {
  redis = new Redis({ port: dkvs.port, host: '127.0.0.1' });
  // The server goes away in one of the tests.
  redis.on('error', () => {});
  await redis.flushall();
});
afterEach(() => { redis.disconnect(); });

describe('ioredis', () => {
  it('finds the server ready and reads its INFO', async () => {
    const info = await redis.info();
    expect(info).toMatch(/^# Server\r\nredis_version:7\./);
    expect(info).toMatch(/\r\nloading:0\r\n/);
    expect(redis.status).toBe('ready');
  });

  it('keeps strings, buffers and hashes', async () => {
    const bytes = Buffer.from([0, 255, 13, 10, 128]);
    await redis.set('bytes', bytes, 'EX', 100);
    expect(await redis.getBuffer('bytes')).toEqual(bytes);
    expect(await redis.ttl('bytes')).toBe(100);
    await redis.hset('hash', { one: 1, two: 'zwei' });
    expect(await redis.hgetall('hash')).toEqual({ one: '1', two: 'zwei' });
    expect(await redis.hmget('hash', 'two', 'three')).toEqual(['zwei', null]);
    await redis.mset(new Map([['a', '1'], ['b', 'ü']]));
    expect(await redis.mget('a', 'b', 'c')).toEqual(['1', 'ü', null]);
  });

  it('rejects with the error that the server replies', async () => {
    await redis.set('text', 'x');
    await expect(redis.incr('text')).rejects.toThrow('ERR value is not an integer or out of range');
    await expect(redis.hget('text', 'f')).rejects.toThrow(/^WRONGTYPE/);
    await expect(redis.call('nosuch', 'a')).rejects.toThrow("ERR unknown command 'nosuch'");
  });

  it('pipelines ten thousand commands', async () => {
    const pipeline = redis.pipeline();
    for (let i = 0; i < 10_000; i++) pipeline.set(`key:${i}`, `${i}`).get(`key:${i}`);
    const results = await pipeline.exec();
    expect(results).toHaveLength(20_000);
    expect(results?.every(([error]) => error === null)).toBe(true);
    expect(results?.[19_999]).toEqual([null, '9999']);
    expect(await redis.dbsize()).toBe(10_000);
  });

  it('runs transactions, with one command that fails among others', async () => {
    await redis.set('text', 'x');
    const results = await redis.multi().set('a', '1').incr('text').incr('a').exec();
    expect(results?.[0]).toEqual([null, 'OK']);
    expect(results?.[1]?.[0]?.message).toMatch(/^ERR value is not an integer/);
    expect(results?.[2]).toEqual([null, 2]);
    const other = redis.duplicate();
    await redis.watch('a');
    await other.set('a', '5');
    expect(await redis.multi().set('a', '6').exec()).toBeNull();
    other.disconnect();
  });

  it('streams SCAN and HSCAN over everything once', async () => {
    const pipeline = redis.pipeline();
    for (let i = 0; i < 3000; i++) pipeline.set(`scan:${i}`, '1').hset('hash', `f${i}`, `${i}`);
    await pipeline.exec();
    const keys: string[] = [];
    for await (const page of redis.scanStream({ match: 'scan:*', count: 100 })) {
      keys.push(...page as string[]);
    }
    expect(new Set(keys).size).toBe(3000);
    const fields: string[] = [];
    for await (const page of redis.hscanStream('hash', { count: 100 })) {
      fields.push(...page as string[]);
    }
    expect(new Set(fields.filter((_, i) => i % 2 === 0)).size).toBe(3000);
  });

  it('subscribes and gets messages and patterns', async () => {
    const subscriber = redis.duplicate();
    const heard: string[] = [];
    subscriber.on('message', (channel, message) => { heard.push(`${channel} ${message}`); });
    subscriber.on('pmessage', (pattern, channel, message) => {
      heard.push(`${pattern} ${channel} ${message}`);
    });
    expect(await subscriber.subscribe('one', 'two')).toBe(2);
    expect(await subscriber.psubscribe('t*')).toBe(3);
    expect(await redis.publish('one', 'first')).toBe(1);
    expect(await redis.publish('two', 'second')).toBe(2);
    await eventually('three messages', () => heard.length === 3);
    expect(heard).toEqual(['one first', 'two second', 't* two second']);
    subscriber.disconnect();
  });

  it('monitors', async () => {
    const monitor = await redis.monitor();
    const seen: string[][] = [];
    monitor.on('monitor', (_time: string, args: string[]) => { seen.push(args); });
    await redis.set('watched', 'a b');
    await eventually('a line', () => seen.length > 0);
    expect(seen[0]).toEqual(['set', 'watched', 'a b']);
    monitor.disconnect();
  });
});

describe('ioredis through a restart of the server', () => {
  it('reconnects, sends what it queued, and subscribes again', async () => {
    const port = dkvs.port;
    const lively = new Redis({
      port, host: '127.0.0.1', retryStrategy: () => 20, maxRetriesPerRequest: null,
    });
    lively.on('error', () => {});
    const subscriber = lively.duplicate();
    subscriber.on('error', () => {});
    const heard: string[] = [];
    subscriber.on('message', (_, message) => { heard.push(message); });
    await subscriber.subscribe('news');
    await lively.set('before', '1');

    await dkvs.close();
    await eventually('ioredis to notice', () => lively.status !== 'ready');
    const queued = Promise.all([lively.incr('before'), lively.set('offline', 'queued')]);
    await dkvs.listen({ port });

    expect(await within('the offline queue to be sent', queued)).toEqual([2, 'OK']);
    expect(await lively.mget('before', 'offline')).toEqual(['2', 'queued']);
    await eventually('the subscription to be back', async () =>
      await lively.publish('news', 'again') === 1);
    await eventually('a message', () => heard.includes('again'));
    lively.disconnect();
    subscriber.disconnect();
  });

  it('waits on for a key, because the server that stopped gave no reply', async () => {
    const port = dkvs.port;
    const worker = new Redis({
      port, host: '127.0.0.1', retryStrategy: () => 20, maxRetriesPerRequest: null,
    });
    worker.on('error', () => {});
    const job = worker.blmove('jobs', 'taken', 'RIGHT', 'LEFT', 0);
    await untilBlocked(() => redis.info('clients'), 1);
    await dkvs.close();
    await eventually('ioredis to notice', () => worker.status !== 'ready');
    await dkvs.listen({ port });
    await untilBlocked(() => redis.info('clients'), 1);
    await redis.lpush('jobs', 'one');
    expect(await within('the job', job)).toBe('one');
    expect(await redis.lrange('taken', 0, -1)).toEqual(['one']);
    worker.disconnect();
  });
});
