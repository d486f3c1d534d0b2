/**
 * Commands that block a connection: WAIT, which no replica ever answers, in dkvs and in a real
 * redis-server; and DEBUG SLEEP, which stops everybody.
 */

import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { hasRedisServer, startRedisServer, type RedisServer } from '../commands/redis-server.ts';
import { eventually, within } from './eventually.ts';
import { TestServer } from '../server/test-server.ts';
import { WireClient, type Address } from './wire-client.ts';

interface Subject {
  readonly name: string;
  start(): Promise<{ address: Address; stop(): Promise<void> }>;
}

const DKVS: Subject = {
  name: 'dkvs',
  start: async () => {
    const dkvs = await TestServer.start({ 'enable-debug-command': 'yes' });
    return { address: { port: dkvs.port }, stop: () => dkvs.stop() };
  },
};

const REDIS: Subject = {
  name: 'Redis',
  start: async () => {
    const redis: RedisServer = await startRedisServer('--enable-debug-command', 'yes');
    return { address: { path: redis.path }, stop: () => redis.stop() };
  },
};

for (const subject of hasRedisServer() ? [DKVS, REDIS] : [DKVS]) {
  describe(`a blocked connection, in ${subject.name}`, () => {
    let address: Address;
    let stop: () => Promise<void>;
    let other: WireClient;
    beforeAll(async () => {
      ({ address, stop } = await subject.start());
      other = await WireClient.connect(address);
    });
    afterAll(() => stop?.());

    const figure = async (name: string): Promise<string> =>
      new RegExp(`${name}:(\\S+)`).exec(await other.call('INFO', 'everything'))?.[1] ?? '';

    /** A connection that waits for a replica for ever. */
    const blocked = async (): Promise<{ client: WireClient; id: string }> => {
      const client = await WireClient.connect(address);
      const id = (await client.call('CLIENT', 'ID')).trim().slice(1);
      client.send(['WAIT', '1', '0'], ['PING']);
      await eventually('it to be blocked', async () => await figure('blocked_clients') === '1');
      return { client, id };
    };

    it('replies at once when no replica is asked for, or inside MULTI', async () => {
      const client = await WireClient.connect(address);
      client.send(['WAIT', '0', '0'], ['WAIT', '-1', '0'], ['MULTI'], ['WAIT', '1', '0'], ['EXEC']);
      expect(await client.replies(5))
        .toEqual([':0\r\n', ':0\r\n', '+OK\r\n', '+QUEUED\r\n', '*1\r\n:0\r\n']);
      client.close();
    });

    it('waits for its timeout, and runs what comes behind only then', async () => {
      const client = await WireClient.connect(address);
      const startedAt = performance.now();
      client.send(['WAIT', '1', '60'], ['PING']);
      expect(await client.replies(2)).toEqual([':0\r\n', '+PONG\r\n']);
      expect(performance.now() - startedAt).toBeGreaterThan(50);
      client.close();
    });

    it('is shown as blocked, and is unblocked by CLIENT UNBLOCK', async () => {
      for (const [how, reply] of [
        [[], ':0\r\n'], [['TIMEOUT'], ':0\r\n'],
        [['ERROR'], '-UNBLOCKED client unblocked via CLIENT UNBLOCK\r\n'],
      ] as const) {
        const { client, id } = await blocked();
        expect(await other.call('CLIENT', 'LIST', 'ID', id)).toMatch(/ flags=bU? /);
        expect(await other.call('CLIENT', 'UNBLOCK', id, ...how)).toBe(':1\r\n');
        expect(await client.replies(2)).toEqual([reply, '+PONG\r\n']);
        expect(await other.call('CLIENT', 'UNBLOCK', id)).toBe(':0\r\n');
        expect(await figure('blocked_clients')).toBe('0');
        client.close();
      }
    });

    it('may be killed, or go, and is forgotten', async () => {
      const { client, id } = await blocked();
      expect(await other.call('CLIENT', 'KILL', 'ID', id)).toBe(':1\r\n');
      await client.closed();
      expect(await figure('blocked_clients')).toBe('0');
      for (const leave of ['end', 'destroy'] as const) {
        const { client: leaver, id: leaverId } = await blocked();
        leaver.socket[leave]();
        await eventually('it to be forgotten', async () =>
          !/id=/.test(await other.call('CLIENT', 'LIST', 'ID', leaverId)));
        expect(await figure('blocked_clients')).toBe('0');
      }
    });

    it('is everybody, while DEBUG SLEEP runs', async () => {
      const sleeper = await WireClient.connect(address);
      await sleeper.call('PING');
      const startedAt = performance.now();
      sleeper.send(['DEBUG', 'SLEEP', '0.1']);
      const slept = sleeper.reply().then((reply) => [reply, performance.now() - startedAt] as const);
      const [reply, ms] = await slept;
      expect(reply).toBe('+OK\r\n');
      expect(ms).toBeGreaterThanOrEqual(90);
      sleeper.close();
    });

    it('counts as a wait and not as a slow command', async () => {
      await other.call('CONFIG', 'SET', 'slowlog-log-slower-than', '20000');
      await other.call('SLOWLOG', 'RESET');
      const client = await WireClient.connect(address);
      expect(await client.call('WAIT', '1', '40')).toBe(':0\r\n');
      expect(await other.call('SLOWLOG', 'LEN')).toBe(':0\r\n');
      client.close();
    });
  });
}

describe('DEBUG RELOAD', () => {
  it('holds others while there is no store, and then all of them go on', async () => {
    const dkvs = await TestServer.start({ 'enable-debug-command': 'yes' });
    const [boss, second, writer] =
      [await dkvs.connect(), await dkvs.connect(), await dkvs.connect()];
    for (let round = 0; round < 5; round++) {
      boss.send(['SET', 'boss', `${round}`], ['BGSAVE'], ['DEBUG', 'RELOAD'], ['GET', 'boss']);
      second.send(['DEBUG', 'RELOAD']);
      const keys = Array.from({ length: 50 }, (_, i) => `${round}:${i}`);
      for (const key of keys) writer.send(['SET', key, key], ['GET', key]);
      expect((await boss.replies(4)).at(2)).toBe('+OK\r\n');
      expect(await second.reply()).toBe('+OK\r\n');
      const replies = await writer.replies(2 * keys.length);
      expect(new Set(replies.filter((_, i) => i % 2 === 0))).toEqual(new Set(['+OK\r\n']));
    }
    expect(await writer.call('DBSIZE')).toBe(':251\r\n');
    await dkvs.stop();
  });
});

describe('a server that stops', () => {
  it('does not wait for blocked connections', async () => {
    const dkvs = await TestServer.inMemory();
    const client = await dkvs.connect();
    client.send(['WAIT', '1', '0']);
    const other = await dkvs.connect();
    await eventually('it to be blocked', async () =>
      /blocked_clients:1/.test(await other.call('INFO', 'clients')));
    const startedAt = dkvs.clock.monotonicMs();
    await within('the server to stop', dkvs.close());
    expect(dkvs.clock.monotonicMs() - startedAt).toBeLessThan(100);
  });

  it('still answers a wait of a client that sent it and ended its side', async () => {
    const dkvs = await TestServer.start();
    const client = await dkvs.connect();
    client.send(['WAIT', '1', '0'], ['PING']);
    client.socket.end();
    expect(await client.untilClosed()).toBe(':0\r\n+PONG\r\n');
    await dkvs.stop();
  });
});
