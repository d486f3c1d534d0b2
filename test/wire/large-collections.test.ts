/** Collections that are cut into blocks, as clients see them: whole, whatever is done to the key. */

import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { eventually } from './eventually.ts';
import { TestServer } from '../server/test-server.ts';
import type { WireClient } from './wire-client.ts';

const ELEMENTS = 6000;
const names = Array.from({ length: ELEMENTS }, (_, i) => `element:${i}`);
const sorted = names.toSorted();

interface Kind {
  readonly type: string;
  readonly fill: (key: string) => string[];
  readonly readAll: (key: string) => string[];
}

const KINDS: readonly Kind[] = [
  {
    type: 'hash', fill: (key) => ['HSET', key, ...names.flatMap((name) => [name, 'v'])],
    readAll: (key) => ['HKEYS', key],
  },
  {
    type: 'set', fill: (key) => ['SADD', key, ...names], readAll: (key) => ['SMEMBERS', key],
  },
  {
    type: 'list', fill: (key) => ['RPUSH', key, ...names],
    readAll: (key) => ['LRANGE', key, '0', '-1'],
  },
  {
    type: 'zset', fill: (key) => ['ZADD', key, ...names.flatMap((name, i) => [`${i}`, name])],
    readAll: (key) => ['ZRANGE', key, '0', '-1'],
  },
];

describe.each(KINDS)('a large $type', ({ fill, readAll }) => {
  let server: TestServer;
  let client: WireClient;

  beforeEach(async () => {
    server = await TestServer.start({ 'enable-debug-command': 'yes' });
    client = await server.connect();
    await client.call(...fill('k'));
  });
  afterEach(() => server.stop());

  async function elements(key: string): Promise<string[]> {
    return (await client.ask(readAll(key)) as string[]).toSorted();
  }

  async function databases(): Promise<string> {
    const info = await client.call('INFO', 'keyspace');
    return [...info.matchAll(/db(\d+):keys=(\d+)/g)].map(([, db, keys]) => `${db}:${keys}`).join(' ');
  }

  it('is one key, whole after restarts, and says what it takes', async () => {
    expect(await elements('k')).toEqual(sorted);
    expect(await client.ask(['DBSIZE'])).toBe(1);
    expect(await client.ask(['KEYS', '*'])).toEqual(['k']);
    await server.close();
    await server.listen();
    client = await server.connect();
    expect(await databases()).toBe('0:1');
    const bytes = names.join('').length;
    const usage = Number(await client.ask(['MEMORY', 'USAGE', 'k']));
    expect(usage).toBeGreaterThan(bytes);
    expect(usage).toBeLessThan(6 * bytes);
    expect(await elements('k')).toEqual(sorted);
  });

  it('goes where it is renamed, moved and copied to, and stays what it was', async () => {
    await client.call('RENAME', 'k', 'r');
    expect(await client.ask(['EXISTS', 'k'])).toBe(0);
    await client.call('COPY', 'r', 'c', 'DB', '3');
    await client.call('MOVE', 'r', '2');
    expect(await databases()).toBe('2:1 3:1');
    await client.call('SWAPDB', '2', '5');
    await client.call('SELECT', '3');
    await client.call('FLUSHDB');
    await client.call('SELECT', '5');
    expect(await elements('r')).toEqual(sorted);
    await client.call('SELECT', '0');
    await client.call('FLUSHDB');
    await client.call('SELECT', '5');
    expect(await elements('r')).toEqual(sorted);
  });

  it('is gone at once, and its blocks soon', async () => {
    await client.call('COPY', 'k', 'other');
    await client.call('DEL', 'k');
    expect(await elements('k')).toEqual([]);
    await client.call(...fill('k'));
    await client.call('SET', 'k', 'a string');
    await client.call('PEXPIRE', 'other', '1');
    await eventually('other to expire', async () => await client.ask(['EXISTS', 'other']) === 0);
    await eventually('the blocks to go', async () => {
      const text = await client.call('DEBUG', 'CHECK-INDEX');
      return / ([1-9]|1\d) records /.test(text);
    });
    expect(await client.call('GET', 'k')).toBe('$8\r\na string\r\n');
  });
});
