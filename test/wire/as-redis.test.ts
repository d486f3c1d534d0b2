/**
 * What a redis.conf in use holds starts the process; what strangers can make it do has bounds; and
 * clients see times, memory and databases as Redis shows them.
 */

import {
  mkdtempSync, readFileSync, readlinkSync, rmSync, symlinkSync, writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { LIMITED_LOG_LINES_MAX } from '../../src/io/limited-log.ts';
import { RealServer, serverArgs } from '../server/real-server.ts';
import { eventually } from './eventually.ts';
import { TestServer } from '../server/test-server.ts';
import type { WireClient } from './wire-client.ts';

let root: string;
const servers: { stop(): Promise<unknown> }[] = [];

beforeEach(() => { root = mkdtempSync(join(tmpdir(), 'dkvs-as-redis-')); });
afterEach(async () => {
  for (const server of servers.splice(0)) await server.stop();
  rmSync(root, { recursive: true, force: true });
});

/** The process, with a configuration file of this text. */
async function startWith(text: string, ...more: readonly string[]): Promise<RealServer> {
  const file = join(root, 'my.conf');
  writeFileSync(file, text);
  const args = [file, ...serverArgs(join(root, 'data'), more)];
  const server = new RealServer({ args });
  servers.push(server);
  await server.ready();
  return server;
}

async function inProcess(options = {}): Promise<TestServer> {
  const server = await TestServer.start(options);
  servers.push(server);
  return server;
}

describe('a redis.conf', () => {
  it('with users, many databases, a large hz and an included file starts', async () => {
    writeFileSync(join(root, 'more.conf'), 'timeout 77\nhz 1000\n');
    const server = await startWith([
      `include ${join(root, 'm*e.conf')}`, 'user default on nopass sanitize-payload ~* &* +@all',
      'databases 32', '',
    ].join('\n'));
    const client = await server.connect();
    expect(await client.call('CONFIG', 'GET', 'timeout')).toContain('\r\n77\r\n');
    expect(await client.call('CONFIG', 'GET', 'hz')).toContain('\r\n500\r\n');
    expect(server.output).toContain('hz 1000 is not from 1 to 500: 500 is used');
    expect(await client.call('SELECT', '31')).toBe('+OK\r\n');
    expect(await client.call('SELECT', '32')).toBe('-ERR DB index is out of range\r\n');
    expect(await client.call('CONFIG', 'SET', 'hz', '0')).toBe('+OK\r\n');
    await eventually('the log line', () => server.output.includes('hz 0 is not from 1 to 500'));
    client.close();
  });

  it('is rewritten without writing through a link, and keeps secrets to itself', async () => {
    const victim = join(root, 'victim');
    writeFileSync(victim, 'precious');
    symlinkSync(victim, join(root, 'my.conf.tmp'));
    const secret = 'a-secret-of-peers';
    const server = await startWith(`peer-secret ${secret}\nhz 20\n`);
    const client = await server.connect();
    expect(await client.call('CONFIG', 'SET', 'hz', '30')).toBe('+OK\r\n');
    expect(await client.call('CONFIG', 'REWRITE')).toBe('+OK\r\n');
    const rewritten = readFileSync(join(root, 'my.conf'), 'utf8');
    expect(rewritten).toContain(`peer-secret ${secret}\nhz 30\n`);
    expect(readFileSync(victim, 'utf8')).toBe('precious');
    expect(readlinkSync(join(root, 'my.conf.tmp'))).toBe(victim);
    expect(await client.call('CONFIG', 'GET', 'peer-secret')).toBe('*0\r\n');
    const all = await client.call('CONFIG', 'GET', '*');
    expect(all.includes('peer-secret') || all.includes(secret)).toBe(false);
    expect(server.output).not.toContain(secret);
    client.close();
  });

  it('with a wrong line says so without quoting a password', async () => {
    const file = join(root, 'my.conf');
    writeFileSync(file, 'peer-secret hush hush\nrequirepass "hush\n');
    const server = new RealServer({ args: [file] });
    servers.push(server);
    expect(await server.ended).toMatchObject({ code: 1 });
    expect(server.output).toContain('peer-secret (not shown)');
    expect(server.output).not.toContain('hush');
  });
});

describe('bad connections', () => {
  it('of many clients write few lines', async () => {
    const server = await startWith('requirepass secret\n', '--loglevel', 'verbose');
    const count = LIMITED_LOG_LINES_MAX * 10;
    for (let i = 0; i < count; i++) {
      const client = await server.connect();
      client.write('*1\r\n$9999999999\r\n');
      await client.closed();
    }
    const client = await server.connect();
    expect(await client.call('AUTH', 'secret')).toBe('+OK\r\n');
    expect(await client.call('INFO', 'stats')).toContain(`total_connections_received:${count + 1}\r\n`);
    const lines = (): number => server.output.split('bad input').length - 1;
    await eventually('the lines', () => lines() >= LIMITED_LOG_LINES_MAX);
    expect(lines()).toBe(LIMITED_LOG_LINES_MAX);
    client.close();
  });
});

describe('a transaction that holds much', () => {
  it('shows in CLIENT LIST and in INFO', async () => {
    const server = await inProcess();
    const [holder, observer] = [await server.connect(), await server.connect()];
    const id = (await holder.call('CLIENT', 'ID')).slice(1).trim();
    await holder.call('MULTI');
    const value = 'x'.repeat(1024 * 1024);
    for (let i = 0; i < 20; i++) await holder.call('SET', 'k', value);
    const line = await observer.call('CLIENT', 'LIST', 'ID', id);
    const field = (name: string): number => Number(new RegExp(` ${name}=(\\d+)`).exec(line)?.[1]);
    expect(field('multi-mem')).toBeGreaterThan(20 * value.length);
    expect(field('tot-mem')).toBeGreaterThanOrEqual(field('multi-mem'));
    const info = await observer.call('INFO', 'memory');
    expect(Number(/mem_clients_normal:(\d+)/.exec(info)?.[1])).toBeGreaterThan(20 * value.length);
    expect(await holder.call('DISCARD')).toBe('+OK\r\n');
  });
});

describe('further databases', () => {
  /** Each of these has a key that names it. */
  const USED = [0, 15, 16, 40, 99];

  async function expectKeys(client: WireClient, gone: readonly number[] = []): Promise<void> {
    for (const db of USED) {
      await client.call('SELECT', `${db}`);
      const text = `in ${db}`;
      const kept = gone.includes(db) ? '$-1\r\n' : `$${text.length}\r\n${text}\r\n`;
      expect([db, await client.call('GET', 'k')]).toEqual([db, kept]);
      expect(await client.call('DBSIZE')).toBe(gone.includes(db) ? ':0\r\n' : ':1\r\n');
    }
  }

  it('keep their keys over a restart, a reload and a crash', async () => {
    const server = await inProcess({ databases: 100 });
    let client = await server.connect();
    for (const db of USED) {
      await client.call('SELECT', `${db}`);
      await client.call('SET', 'k', `in ${db}`);
    }
    await expectKeys(client);
    await server.close();
    await server.listen({ databases: 100, 'enable-debug-command': 'yes' });
    client = await server.connect();
    await expectKeys(client);
    expect(await client.call('DEBUG', 'RELOAD')).toBe('+OK\r\n');
    await expectKeys(client);

    await client.call('SELECT', '40');
    await client.call('FLUSHDB');
    expect(await client.call('SET', 'other', '1')).toBe('+OK\r\n');
    expect(await client.call('DEL', 'other')).toBe(':1\r\n');
    await expectKeys(client, [40]);
    await server.close();
    await server.listen({ databases: 100 });
    client = await server.connect();
    await expectKeys(client, [40]);
    expect(await client.call('SWAPDB', '99', '40')).toBe('+OK\r\n');
    await client.call('SELECT', '40');
    expect(await client.call('GET', 'k')).toBe('$5\r\nin 99\r\n');
    await server.close();
    await server.listen({ databases: 100 });
    client = await server.connect();
    await client.call('SELECT', '40');
    expect(await client.call('GET', 'k')).toBe('$5\r\nin 99\r\n');
    expect(await client.call('FLUSHALL')).toBe('+OK\r\n');
    await expectKeys(client, USED);
    expect(await client.call('INFO', 'keyspace')).not.toContain('db');
  });

  it('may be fewer at the next start: the others keep what they hold', async () => {
    const server = await inProcess({ databases: 100 });
    let client = await server.connect();
    await client.call('SELECT', '99');
    await client.call('SET', 'k', 'v');
    await server.close();
    await server.listen();
    client = await server.connect();
    expect(await client.call('SELECT', '99')).toBe('-ERR DB index is out of range\r\n');
    await server.close();
    await server.listen({ databases: 100 });
    client = await server.connect();
    await client.call('SELECT', '99');
    expect(await client.call('GET', 'k')).toBe('$1\r\nv\r\n');
  });
});
