/**
 * Clients that wait for keys, over sockets: the same conversations with dkvs and, where one is
 * installed, with a real redis-server. Then random ones, in which both must say the same to all.
 */

import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { TestServer } from '../server/test-server.ts';
import { eventually, within } from './eventually.ts';
import { describeConversations } from './random-conversations.ts';
import { DKVS, figure, subjects, type Running } from './subjects.ts';
import { WireClient } from './wire-client.ts';

const bulk = (text: string): string => `$${text.length}\r\n${text}\r\n`;
const pair = (key: string, element: string): string => `*2\r\n${bulk(key)}${bulk(element)}`;

for (const subject of subjects) {
  describe(`clients that wait for lists, in ${subject.name}`, () => {
    let running: Running;
    let other: WireClient;
    const clients: WireClient[] = [];
    beforeAll(async () => { running = await subject.start(); });
    afterAll(() => running?.stop());
    beforeEach(async () => {
      other = await WireClient.connect(running.address);
      await other.call('FLUSHALL');
    });
    afterEach(async () => {
      for (const client of clients.splice(0)) client.close();
      await eventually('all to be gone', async () => await figure(other, 'blocked_clients') === '0');
      other.close();
    });

    async function connect(): Promise<WireClient> {
      const client = await WireClient.connect(running.address);
      clients.push(client);
      return client;
    }

    /** Each on a connection of its own, one after the other. */
    async function waiting(...lines: readonly string[]): Promise<WireClient[]> {
      const before = Number(await figure(other, 'blocked_clients'));
      const made: WireClient[] = [];
      for (const line of lines) {
        const client = await connect();
        made.push(client);
        client.send(line.split(' '));
        await eventually(`${line} to wait`, async () =>
          Number(await figure(other, 'blocked_clients')) === before + made.length);
      }
      return made;
    }

    const idOf = async (client: WireClient): Promise<string> =>
      (await client.call('CLIENT', 'ID')).trim().slice(1);

    it('serves who came first, once for each element', async () => {
      const [one, two, three] = await waiting('BLPOP k 0', 'BRPOP k 0', 'BLPOP k 0');
      expect(await other.run('RPUSH k a b c')).toBe(':3\r\n');
      expect(await one!.reply()).toBe(pair('k', 'a'));
      expect(await two!.reply()).toBe(pair('k', 'c'));
      expect(await three!.reply()).toBe(pair('k', 'b'));
      expect(await other.run('EXISTS k')).toBe(':0\r\n');
    });

    it('gives what a chain moves to those behind', async () => {
      const [one, two, three] = await waiting('BLMOVE a b LEFT RIGHT 0', 'BRPOPLPUSH b c 0',
        'BLMPOP 0 2 d c LEFT COUNT 10');
      await other.run('RPUSH a x y');
      expect(await one!.reply()).toBe(bulk('x'));
      expect(await two!.reply()).toBe(bulk('x'));
      expect(await three!.reply()).toBe(`*2\r\n${bulk('c')}*1\r\n${bulk('x')}`);
      expect(await other.run('LRANGE a 0 -1')).toBe(`*1\r\n${bulk('y')}`);
    });

    it.each([
      ['LPUSH k v'], ['RPUSH k v'], ['RENAME l k', 'RPUSH l v'], ['RENAMENX l k', 'RPUSH l v'],
      ['COPY l k', 'RPUSH l v'], ['MOVE k 0', 'SELECT 1', 'RPUSH k v'],
      ['SWAPDB 0 1', 'SELECT 1', 'RPUSH k v'], ['LMOVE l k LEFT LEFT', 'RPUSH l v'],
      ['RPOPLPUSH l k', 'RPUSH l v'], ['COPY l k DB 0', 'SELECT 1', 'RPUSH l v'],
      ['SORT l BY nosort STORE k', 'RPUSH l v'],
    ])('is woken by %s', async (line, ...before) => {
      const [one] = await waiting('BLPOP k 0');
      for (const each of [...before, line]) expect(await other.run(each)).not.toMatch(/^-/);
      expect(await one!.reply()).toBe(pair('k', 'v'));
      await other.run('SELECT 0');
      expect(await other.run('EXISTS k')).toBe(':0\r\n');
    });

    it('is served behind EXEC, which sees all that it pushed', async () => {
      const [one] = await waiting('BLPOP k 0');
      other.send(['MULTI'], ['LPUSH', 'k', 'a'], ['LLEN', 'k'], ['LPUSH', 'k', 'b'], ['EXEC'],
        ['LLEN', 'k']);
      expect((await other.replies(6)).slice(4))
        .toEqual(['*3\r\n:1\r\n:1\r\n:2\r\n', ':1\r\n']);
      expect(await one!.reply()).toBe(pair('k', 'b'));
      other.send(['MULTI'], ['LPUSH', 'k', 'c'], ['DEL', 'k'], ['EXEC']);
      await other.replies(4);
    });

    it('waits on when another type comes', async () => {
      const [one] = await waiting('BLPOP k 0');
      await other.run('SET k v');
      await other.run('DEL k');
      await other.run('HSET k f v');
      await other.run('UNLINK k');
      expect(await figure(other, 'blocked_clients')).toBe('1');
      await other.run('LPUSH k v');
      expect(await one!.reply()).toBe(pair('k', 'v'));
    });

    it('gets the error that it meets when it is served', async () => {
      await other.run('SET s v');
      const [one] = await waiting('BLMOVE k s LEFT LEFT 0');
      await other.run('LPUSH k v');
      expect(await one!.reply()).toMatch(/^-WRONGTYPE /);
      expect(await other.run('LLEN k')).toBe(':1\r\n');
    });

    it('ends with its time, and runs what comes behind only then', async () => {
      const client = await connect();
      const startedAt = performance.now();
      client.send(['BLPOP', 'k', 'l', '0.06'], ['PING'], ['BLMOVE', 'k', 'l', 'LEFT', 'LEFT', '0.01']);
      expect(await client.replies(3)).toEqual(['*-1\r\n', '+PONG\r\n', '*-1\r\n']);
      expect(performance.now() - startedAt).toBeGreaterThan(60);
    });

    it('is shown as blocked, and ended by CLIENT UNBLOCK', async () => {
      for (const [how, reply] of [
        [[], '*-1\r\n'], [['TIMEOUT'], '*-1\r\n'],
        [['ERROR'], '-UNBLOCKED client unblocked via CLIENT UNBLOCK\r\n'],
      ] as const) {
        const client = await connect();
        const id = await idOf(client);
        client.send(['BRPOP', 'k', '0'], ['PING']);
        await eventually('it to wait', async () =>
          await figure(other, 'blocked_clients') === '1');
        expect(await other.call('CLIENT', 'LIST', 'ID', id)).toMatch(/ flags=bU? .* cmd=brpop /);
        expect(await other.call('CLIENT', 'UNBLOCK', id, ...how)).toBe(':1\r\n');
        expect(await client.replies(2)).toEqual([reply, '+PONG\r\n']);
        expect(await other.call('CLIENT', 'UNBLOCK', id)).toBe(':0\r\n');
      }
    });

    it('takes nothing when it is killed or goes', async () => {
      for (const leave of ['kill', 'destroy'] as const) {
        const client = await connect();
        const id = await idOf(client);
        client.send(['BLPOP', 'k', '0']);
        await eventually('it to wait', async () => await figure(other, 'blocked_clients') === '1');
        if (leave === 'kill') await other.call('CLIENT', 'KILL', 'ID', id);
        else client.socket.destroy();
        await eventually('it to be forgotten', async () =>
          await figure(other, 'blocked_clients') === '0');
        await other.run('RPUSH k v');
        expect(await other.run('LPOP k')).toBe(bulk('v'));
      }
    });

    it('counts once, when it has its reply, without the time that it waits', async () => {
      await other.run('CONFIG SET slowlog-log-slower-than 200000');
      await other.run('SLOWLOG RESET');
      await other.run('CONFIG RESETSTAT');
      const [one] = await waiting('BLPOP k 0');
      // Redis 7.0 counts it when it comes.
      if (subject === DKVS) expect(await figure(other, 'cmdstat_blpop')).toBe('');
      await new Promise((resolve) => void setTimeout(resolve, 250));
      await other.run('RPUSH k v');
      await one!.reply();
      expect(await figure(other, 'cmdstat_blpop')).toMatch(/^calls=1,usec=\d{1,5},/);
      expect(await one!.run('BLPOP k 0.01')).toBe('*-1\r\n');
      expect(await figure(other, 'cmdstat_blpop')).toMatch(/^calls=2,usec=\d{1,5},.*failed_calls=0/);
      expect(await other.run('SLOWLOG GET 128')).not.toMatch(/blpop/i);
    });

    it('is shown to MONITOR once, and its keyspace events come as it takes', async () => {
      const monitor = await connect();
      const listener = await connect();
      await monitor.call('MONITOR');
      await other.run('CONFIG SET notify-keyspace-events El$g');
      await listener.run('PSUBSCRIBE __keyevent@0__:*');
      const [one] = await waiting('BLPOP k 0');
      await other.run('RPUSH k v');
      await one!.reply();
      await other.run('SET end v');
      const events: string[] = [];
      while (events.at(-1) !== 'set') events.push(/:(\w+)\r\n\$/.exec(await listener.reply())![1]!);
      expect(events).toEqual(['rpush', 'lpop', 'del', 'set']);
      const shown: string[] = [];
      while (!/"SET" "end"/.test(shown.at(-1) ?? '')) shown.push(await monitor.reply());
      expect(shown.filter((line) => /BLPOP/.test(line))).toHaveLength(1);
      await other.run(['CONFIG', 'SET', 'notify-keyspace-events', '']);
    });

    it('serves who waits for sorted sets and lists each with its own', async () => {
      const [low, list, high, both] = await waiting('BZPOPMIN k l 0', 'BLPOP k 0', 'BZPOPMAX k 0',
        'BZMPOP 0 2 l k MIN COUNT 9');
      await other.run('ZADD k 1 a 2 b 3 c 4 d');
      const member = (name: string, score: string): string =>
        `*3\r\n${bulk('k')}${bulk(name)}${bulk(score)}`;
      expect(await low!.reply()).toBe(member('a', '1'));
      expect(await high!.reply()).toBe(member('d', '4'));
      expect(await both!.reply()).toBe(
        `*2\r\n${bulk('k')}*2\r\n*2\r\n${bulk('b')}${bulk('2')}*2\r\n${bulk('c')}${bulk('3')}`);
      await other.run('RPUSH k v');
      expect(await list!.reply()).toBe(pair('k', 'v'));
    });

    it.each([
      ['ZADD k 1 v'], ['ZINCRBY k 1 v'], ['ZUNIONSTORE k 1 l', 'ZADD l 1 v'],
      ['ZRANGESTORE k l 0 -1', 'ZADD l 1 v'], ['RENAME l k', 'ZADD l 1 v'],
      // A place whose geohash is 1.
      ['GEOADD k -180 -85.051125 v'], ['GEORADIUS l -180 -85 9 km STORE k', 'ZADD l 1 v'],
      ['GEOSEARCHSTORE k l FROMMEMBER v BYRADIUS 1 m', 'ZADD l 1 v'],
    ])('is woken by %s', async (line, ...before) => {
      const [one] = await waiting('BZPOPMIN k 0');
      for (const each of [...before, line]) expect(await other.run(each)).not.toMatch(/^-/);
      expect(await one!.reply()).toBe(`*3\r\n${bulk('k')}${bulk('v')}${bulk('1')}`);
    });

    it('replies null in RESP3', async () => {
      const client = await connect();
      await client.call('HELLO', '3');
      expect(await client.run('BLPOP k 0.001')).toBe('_\r\n');
      expect(await client.run('BLMOVE k l LEFT LEFT 0.001')).toBe('_\r\n');
      expect(await client.run('BZPOPMIN k 0.001')).toBe('_\r\n');
      await other.run('ZADD k 1.5 v');
      expect(await client.run('BZPOPMIN k 0')).toBe(`*3\r\n${bulk('k')}${bulk('v')},1.5\r\n`);
    });
  });
}

describeConversations(300);

describe('dkvs alone', () => {
  it('closes clients that wait when it stops, with no reply, and answers nothing behind', async () => {
    const dkvs = await TestServer.start();
    const client = await dkvs.connect();
    client.send(['SET', 'a', '1'], ['BLPOP', 'k', '0'], ['PING']);
    expect(await client.reply()).toBe('+OK\r\n');
    const other = await dkvs.connect();
    await eventually('it to wait', async () => await figure(other, 'blocked_clients') === '1');
    const closed = client.untilClosed();
    await within('the server to stop', dkvs.close());
    expect(await closed).toBe('');
    await dkvs.stop();
  });

  it('reads no more than so much ahead of a client that waits', async () => {
    const dkvs = await TestServer.start();
    const client = await dkvs.connect();
    const other = await dkvs.connect();
    client.send(['BLPOP', 'k', '0']);
    await eventually('it to wait', async () => await figure(other, 'blocked_clients') === '1');
    const value = 'v'.repeat(100_000);
    for (let i = 0; i < 200; i += 1) client.send(['SET', `k${i}`, value]);
    await new Promise((resolve) => void setTimeout(resolve, 200));
    expect(client.socket.writableLength).toBeGreaterThan(0);
    const list = await other.call('CLIENT', 'LIST');
    expect(Number(/qbuf=(\d+) .* cmd=blpop/.exec(list)![1])).toBeLessThan(3 * 2 ** 20);
    await other.run('RPUSH k v');
    const replies = await client.replies(201);
    expect(replies[0]).toBe(pair('k', 'v'));
    expect(new Set(replies.slice(1))).toEqual(new Set(['+OK\r\n']));
    await dkvs.stop();
  });

  it('answers a client that ends its side while it waits, and what it sent behind', async () => {
    const dkvs = await TestServer.start();
    const client = await dkvs.connect();
    client.send(['BLPOP', 'k', '0'], ['PING']);
    client.socket.end();
    expect(await client.untilClosed()).toBe('*-1\r\n+PONG\r\n');
    const other = await dkvs.connect();
    await other.run('RPUSH k v');
    expect(await other.run('LLEN k')).toBe(':1\r\n');
    await dkvs.stop();
  });

  it('tells how many keys are waited for', async () => {
    const dkvs = await TestServer.start();
    const [one, two, other] = [await dkvs.connect(), await dkvs.connect(), await dkvs.connect()];
    one.send(['BLPOP', 'a', 'b', 'a', '0']);
    two.send(['BRPOP', 'b', 'c', '100']);
    await eventually('both to wait', async () => await figure(other, 'blocked_clients') === '2');
    expect(await figure(other, 'total_blocking_keys')).toBe('3');
    expect(await figure(other, 'clients_in_timeout_table')).toBe('1');
    expect(await figure(other, 'undelivered_blocking_replies')).toBe('0');
    await dkvs.stop();
  });
});
