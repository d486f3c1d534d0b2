/** Fields of hashes that expire, as clients see them: over restarts, in all sizes, and with peers. */

import { afterEach, describe, expect, it } from 'vitest';
import { PEER_NAMES, TestPeers } from '../server/test-peers.ts';
import { TestServer } from '../server/test-server.ts';
import { eventually } from './eventually.ts';
import type { WireClient } from './wire-client.ts';

/** Names of a small, a medium and a large hash, with how many fields they have. */
const SIZES = { small: 6, medium: 600, large: 6000 } as const;

function names(count: number, first = 0): string[] {
  return Array.from({ length: count }, (_, i) => `field:${first + i}`);
}

function fieldsOf(all: readonly string[]): string[] {
  return ['FIELDS', `${all.length}`, ...all];
}

async function fill(client: WireClient, key: string, count: number): Promise<void> {
  await client.call('HSET', key, ...names(count).flatMap((name) => [name, `value of ${name}`]));
}

/** A third of the fields expires soon, a third late, and a third never. */
async function fillTimed(
  client: WireClient, key: string, count: number, soon: number, late: number,
): Promise<void> {
  await fill(client, key, count);
  const third = count / 3;
  await client.call('HPEXPIREAT', key, `${soon}`, ...fieldsOf(names(third)));
  await client.call('HPEXPIREAT', key, `${late}`, ...fieldsOf(names(third, third)));
}

describe('fields that expire, alone', () => {
  it('expire when they should after a restart, whatever was in between', async () => {
    const server = await TestServer.inMemory({ 'enable-debug-command': 'yes' });
    let client = await server.connect();
    const soon = server.clock.nowMs() + 60_000;
    const late = soon + 60_000;
    for (const [key, count] of Object.entries(SIZES)) {
      await fillTimed(client, key, count, soon, late);
      await client.call('COPY', key, `${key}:copy`);
      await client.call('RENAME', `${key}:copy`, `${key}:renamed`);
    }
    const restart = async (): Promise<void> => {
      await server.close();
      await server.listen({ 'enable-debug-command': 'yes' });
      client = await server.connect();
    };
    const check = async (left: number): Promise<void> => {
      for (const [key, count] of Object.entries(SIZES)) {
        for (const name of [key, `${key}:renamed`]) {
          const fields = await client.ask(['HKEYS', name]) as string[];
          expect(fields.toSorted(), name).toEqual(names(count).slice(-left * count).toSorted());
          expect(await client.ask(['HLEN', name])).toBe(left * count);
          const third = count / 3;
          expect(await client.ask(['HPEXPIRETIME', name, ...fieldsOf(names(2, 2 * third - 1))]))
            .toEqual([left < 0.5 ? -2 : late, -1]);
        }
      }
    };
    await check(1);
    await restart();
    await check(1);
    expect(await client.ask(['DEBUG', 'SET-ACTIVE-EXPIRE', '0'])).toBe('OK');
    server.clock.advance(60_000);
    await check(2 / 3);
    await restart();
    await check(2 / 3);
    await server.clock.advanceGently(2000);
    await check(2 / 3);
    // What has expired is gone from the records as well.
    const info = await client.call('INFO', 'stats');
    expect(info).toContain(`expired_subkeys:${2 * (2 + 200 + 2000)}`);
    await restart();
    server.clock.advance(60_000);
    await check(1 / 3);
    expect(await client.call('DEBUG', 'CHECK-INDEX')).toMatch(/^\+.* agree/);
    await server.stop();
  });

  it('go in the background, with the key when no other is left, and tell of it', async () => {
    const server = await TestServer.inMemory();
    const client = await server.connect();
    const listener = await server.connect();
    await client.call('CONFIG', 'SET', 'notify-keyspace-events', 'KAh');
    for (const [key, count] of Object.entries(SIZES)) {
      await fill(client, key, count);
      await client.call('HEXPIRE', key, '60', ...fieldsOf(names(count)));
    }
    await listener.call('PSUBSCRIBE', '__keyspace@0__:*');
    await server.clock.advanceGently(61_000);
    expect(await client.ask(['DBSIZE'])).toBe(0);
    const told = (await listener.replies(6)).map((reply) => reply.split('\r\n'));
    for (const key of Object.keys(SIZES)) {
      const events = told.filter((words) => words[6] === `__keyspace@0__:${key}`);
      expect(events.map((words) => words[8]), key).toEqual(['hexpired', 'del']);
    }
    await server.stop();
  });

  it('are replied in the shapes of RESP2 and RESP3', async () => {
    const server = await TestServer.inMemory();
    const client = await server.connect();
    for (const protocol of ['2', '3']) {
      await client.call('HELLO', protocol);
      await client.call('HSET', 'h', 'a', '1', 'b', '2');
      expect(await client.call('HEXPIRE', 'h', '100', 'FIELDS', '2', 'a', 'c')).toBe('*2\r\n:1\r\n:-2\r\n');
      expect(await client.call('HTTL', 'h', 'FIELDS', '1', 'a')).toBe('*1\r\n:100\r\n');
      expect(await client.call('HPERSIST', 'h', 'FIELDS', '2', 'a', 'b')).toBe('*2\r\n:1\r\n:-1\r\n');
      expect(await client.call('HSCAN', 'h', '0', 'NOVALUES')).toBe(
        '*2\r\n$1\r\n0\r\n*2\r\n$1\r\na\r\n$1\r\nb\r\n');
      expect(await client.call('HEXPIRE', 'h', '1', 'FIELDS', '1')).toBe(
        "-ERR wrong number of arguments for 'hexpire' command\r\n");
    }
    await server.stop();
  });

  it('abort an EXEC whose key was watched while its last field expired', async () => {
    const server = await TestServer.inMemory();
    const [client, other] = [await server.connect(), await server.connect()];
    await client.call('HSET', 'h', 'a', '1');
    await client.call('HPEXPIRE', 'h', '1000', 'FIELDS', '1', 'a');
    await client.call('WATCH', 'h');
    server.clock.advance(1000);
    expect(await other.ask(['EXISTS', 'h'])).toBe(0);
    await client.call('MULTI');
    await client.call('PING');
    expect(await client.call('EXEC')).toBe('*-1\r\n');
    await server.stop();
  });
});

describe('fields that expire, with peers', () => {
  let peers: TestPeers | undefined;
  afterEach(() => peers?.stop());

  it('are removed on all of them, and those that are left stay', async () => {
    peers = await TestPeers.start();
    const client = await peers.connect('a');
    const soon = Date.now() + 2000;
    for (const [key, count] of Object.entries(SIZES)) {
      await fillTimed(client, key, count, soon, soon + 1_000_000);
    }
    await client.call('HSET', 'whole', 'a', '1', 'b', '2');
    await client.call('HPEXPIREAT', 'whole', `${soon}`, 'FIELDS', '2', 'a', 'b');
    for (const name of PEER_NAMES) {
      const reader = await peers.connect(name);
      await eventually(`${name} to have removed what has expired`, async () => {
        const info = await reader.call('INFO', 'stats');
        return info.includes(`expired_subkeys:${2 + 2 + 200 + 2000}`);
      });
      expect(await reader.ask(['DBSIZE'])).toBe(3);
      for (const [key, count] of Object.entries(SIZES)) {
        const left = names(count).slice(count / 3).toSorted();
        expect((await reader.ask(['HKEYS', key]) as string[]).toSorted()).toEqual(left);
        expect(await reader.ask(['HPTTL', key, ...fieldsOf(names(1, count / 3 - 1))])).toEqual([-2]);
        expect(await reader.ask(['HPEXPIRETIME', key, ...fieldsOf(names(1, count / 3))]))
          .toEqual([soon + 1_000_000]);
      }
    }
  });
});
