/** Channels, patterns and keyspace notifications, among several clients. */

import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { TestServer } from '../server/test-server.ts';
import { describeScenarios } from './scenario.ts';
import type { WireClient } from './wire-client.ts';

const REFUSED = "-ERR Can't execute 'get': only (P|S)SUBSCRIBE / (P|S)UNSUBSCRIBE / PING / " +
  'QUIT / RESET are allowed in this context';

describeScenarios('a channel', {
  'brings messages to its subscribers': [
    ['s', 'SUBSCRIBE one two', '*3|$9|subscribe|$3|one|:1'],
    ['s', undefined, '*3|$9|subscribe|$3|two|:2'],
    ['a', 'PUBLISH one hi', ':1'], ['s', undefined, '*3|$7|message|$3|one|$2|hi'],
    ['a', 'PUBLISH three hi', ':0'], ['a', ['PUBLISH', 'two', ''], ':1'],
    ['s', undefined, '*3|$7|message|$3|two|$0|'],
    ['s', 'UNSUBSCRIBE one', '*3|$11|unsubscribe|$3|one|:1'],
    ['a', 'PUBLISH one hi', ':0'],
    ['s', 'UNSUBSCRIBE', '*3|$11|unsubscribe|$3|two|:0'],
    ['s', 'UNSUBSCRIBE', '*3|$11|unsubscribe|$-1|:0'], ['s', 'GET k', '$-1'],
  ],
  'is reached by patterns too': [
    ['s', 'PSUBSCRIBE other.* n?ws.[ab]', '*3|$10|psubscribe|$7|other.*|:1'],
    ['s', undefined, '*3|$10|psubscribe|$9|n?ws.[ab]|:2'],
    ['s', 'SUBSCRIBE news.a', '*3|$9|subscribe|$6|news.a|:3'],
    ['a', 'PUBLISH news.a hi', ':2'], ['s', undefined, '*3|$7|message|$6|news.a|$2|hi'],
    ['s', undefined, '*4|$8|pmessage|$9|n?ws.[ab]|$6|news.a|$2|hi'],
    ['s', 'PUNSUBSCRIBE other.*', '*3|$12|punsubscribe|$7|other.*|:2'],
    ['a', 'PUBLISH news.c hi', ':0'], ['a', 'PUBSUB NUMPAT', ':1'],
    ['a', 'PUBSUB CHANNELS', '*1|$6|news.a'], ['a', 'PUBSUB CHANNELS x*', '*0'],
    ['a', 'PUBSUB NUMSUB news.a none', '*4|$6|news.a|:1|$4|none|:0'],
  ],
  'restricts its subscriber in RESP2': [
    ['s', 'SUBSCRIBE c', '*3|$9|subscribe|$1|c|:1'], ['s', 'GET k', REFUSED],
    ['s', 'PING', '*2|$4|pong|$0|'], ['s', 'PING hello', '*2|$4|pong|$5|hello'],
    ['s', 'RESET', '+RESET'], ['s', 'GET k', '$-1'], ['a', 'PUBLISH c hi', ':0'],
  ],
  'counts the same subscription once': [
    ['s', 'SUBSCRIBE c c', '*3|$9|subscribe|$1|c|:1'],
    ['s', undefined, '*3|$9|subscribe|$1|c|:1'], ['a', 'PUBLISH c hi', ':1'],
    ['s', undefined, '*3|$7|message|$1|c|$2|hi'],
    ['s', 'UNSUBSCRIBE none', '*3|$11|unsubscribe|$4|none|:1'],
  ],
  'is the same in every database': [
    ['s', 'SELECT 1', '+OK'], ['s', 'SUBSCRIBE c', '*3|$9|subscribe|$1|c|:1'],
    ['a', 'PUBLISH c hi', ':1'], ['s', undefined, '*3|$7|message|$1|c|$2|hi'],
  ],
  'forgets clients that went': [
    ['s', 'SUBSCRIBE c', '*3|$9|subscribe|$1|c|:1'], ['s', 'QUIT', '+OK'],
    ['a', 'PUBLISH c hi', ':0'],
  ],
});

describe('a subscriber in RESP3', () => {
  let dkvs: TestServer;
  beforeAll(async () => { dkvs = await TestServer.start(); });
  afterAll(() => dkvs.stop());

  it('gets messages as pushes between the replies to whatever it asks', async () => {
    const subscriber = await dkvs.connect();
    expect(await subscriber.call('HELLO', '3')).toMatch(/^%7\r\n/);
    expect(await subscriber.call('SUBSCRIBE', 'c'))
      .toBe('>3\r\n$9\r\nsubscribe\r\n$1\r\nc\r\n:1\r\n');
    expect(await subscriber.call('SET', 'k', '1')).toBe('+OK\r\n');
    subscriber.send(['PUBLISH', 'c', 'own'], ['GET', 'k']);
    const own = '>3\r\n$7\r\nmessage\r\n$1\r\nc\r\n$3\r\nown\r\n';
    // As Redis from 7.2 on, which is told to be served here; 7.0 pushes before the reply, and in
    // MULTI into the middle of it (redis/redis#12326).
    expect(await subscriber.replies(3)).toEqual([':1\r\n', own, '$1\r\n1\r\n']);
    subscriber.send(['MULTI'], ['PUBLISH', 'c', 'own'], ['GET', 'k'], ['EXEC'], ['PING']);
    expect(await subscriber.replies(6)).toEqual([
      '+OK\r\n', '+QUEUED\r\n', '+QUEUED\r\n', '*2\r\n:1\r\n$1\r\n1\r\n', own, '+PONG\r\n',
    ]);
    expect(await subscriber.call('PING')).toBe('+PONG\r\n');
  });

  it('gets every message once and in order, from several publishers', async () => {
    const subscriber = await dkvs.connect();
    await subscriber.call('SUBSCRIBE', 'flood');
    const publishers = await Promise.all([dkvs.connect(), dkvs.connect()]);
    const count = 2000;
    publishers.forEach((client, who) => {
      client.send(...Array.from({ length: count }, (_, i) => ['PUBLISH', 'flood', `${who}:${i}`]));
    });
    const next = [0, 0];
    for (const message of await subscriber.replies(2 * count)) {
      const [, who = '', number] = /(\d):(\d+)\r\n$/.exec(message) ?? [];
      expect(Number(number)).toBe(next[Number(who)]);
      next[Number(who)] = Number(number) + 1;
    }
    expect(next).toEqual([count, count]);
  });
});

describe('keyspace notifications', () => {
  let dkvs: TestServer;
  let listener: WireClient;
  let client: WireClient;
  beforeAll(async () => {
    dkvs = await TestServer.inMemory({ 'enable-debug-command': 'yes' });
    listener = await dkvs.connect();
    client = await dkvs.connect();
    await client.call('CONFIG', 'SET', 'notify-keyspace-events', 'KEA');
    await listener.call('PSUBSCRIBE', '__key*__:*');
  });
  afterAll(() => dkvs.stop());

  const heard = async (count: number): Promise<string[]> =>
    (await listener.replies(count)).map((message) => {
      const [, , , , , , channel = '', , content = ''] = message.split('\r\n');
      return `${channel} ${content}`;
    });

  it('tell keys of events and events of keys', async () => {
    await client.call('SET', 'k', '1');
    expect(await heard(2)).toEqual(['__keyspace@0__:k set', '__keyevent@0__:set k']);
    await client.call('HSET', 'h', 'f', 'v');
    expect(await heard(2)).toEqual(['__keyspace@0__:h hset', '__keyevent@0__:hset h']);
    await client.call('DEL', 'k', 'none', 'h');
    expect(await heard(4)).toEqual([
      '__keyspace@0__:k del', '__keyevent@0__:del k',
      '__keyspace@0__:h del', '__keyevent@0__:del h',
    ]);
  });

  it('tell of an expired key that nobody reads', async () => {
    await client.call('SET', 'soon', '1', 'PX', '30');
    await dkvs.clock.advanceGently(1000);
    expect(await heard(6)).toEqual([
      '__keyspace@0__:soon set', '__keyevent@0__:set soon',
      '__keyspace@0__:soon expire', '__keyevent@0__:expire soon',
      '__keyspace@0__:soon expired', '__keyevent@0__:expired soon',
    ]);
  });

  it('tell of an expired key that is read, once', async () => {
    expect(await client.call('DEBUG', 'SET-ACTIVE-EXPIRE', '0')).toBe('+OK\r\n');
    await client.call('SET', 'read', '1', 'PX', '10');
    await heard(4);
    await dkvs.clock.advanceGently(1000);
    expect(await client.call('DBSIZE')).toBe(':1\r\n');
    expect(await client.call('EXISTS', 'read')).toBe(':0\r\n');
    await client.call('GET', 'read');
    expect(await heard(2)).toEqual(['__keyspace@0__:read expired', '__keyevent@0__:expired read']);
    await client.call('DEBUG', 'SET-ACTIVE-EXPIRE', '1');
    await client.call('SET', 'marker', '1');
    expect((await heard(2))[0]).toBe('__keyspace@0__:marker set');
  });

  it('name the database', async () => {
    const other = await dkvs.connect();
    await other.call('SELECT', '5');
    await other.call('SET', 'k', '1');
    expect(await heard(2)).toEqual(['__keyspace@5__:k set', '__keyevent@5__:set k']);
  });

  it('stop when the option is emptied', async () => {
    await client.call('CONFIG', 'SET', 'notify-keyspace-events', 'Kg');
    await client.call('SET', 'quiet', '1');
    await client.call('DEL', 'quiet');
    expect(await heard(1)).toEqual(['__keyspace@0__:quiet del']);
    expect(await client.call('CONFIG', 'GET', 'notify-keyspace-events')).toContain('$2\r\ngK\r\n');
  });
});
