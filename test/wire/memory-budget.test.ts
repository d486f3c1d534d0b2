/** A memory budget that is too small says what is enough; one that shrinks is given back. */

import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createConnection } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { RealServer } from '../server/real-server.ts';
import { eventually, within } from './eventually.ts';
import { TestServer } from '../server/test-server.ts';
import type { WireClient } from './wire-client.ts';

const MiB = 1024 * 1024;

let root: string;
const servers: { stop(): Promise<unknown> }[] = [];
beforeEach(() => { root = mkdtempSync(join(tmpdir(), 'dkvs-budget-')); });
afterEach(async () => {
  for (const server of servers.splice(0)) await server.stop();
  rmSync(root, { recursive: true, force: true });
});

async function infoOf(client: WireClient, field: string): Promise<number> {
  const info = await client.call('INFO', 'everything');
  return Number(new RegExp(`\\r\\n${field}:(\\d+)`).exec(info)?.[1]);
}

describe('a memory budget that is too small', () => {
  it('is said at start with the smallest that works, and that one works', async () => {
    const options = ['--maxmemory', '1mb', '--loglevel', 'notice'];
    const server = await RealServer.start(join(root, 'data'), ...options);
    servers.push(server);
    const said = /the memory budget of 1048576 bytes is too small.* need (\d+),/;
    await eventually('the log line', () => said.test(server.output));
    const needed = Number(said.exec(server.output)?.[1]);
    const client = await server.connect();
    // The tail grows with what is written; then keys can no longer be added.
    const large = 'x'.repeat(MiB);
    await eventually('a refusal', async () =>
      (await client.call('SET', 'k', large)).startsWith('-OOM '));
    const refusal = await client.call('SET', 'k', 'v');
    expect(refusal).toMatch(/^-OOM command not allowed when used memory > 'maxmemory'\. /);
    expect(refusal).toMatch(/It is 1048576 bytes, and \d+ are needed for .*CONFIG SET maxmemory/);
    expect(await client.call('DEL', 'k')).toMatch(/^:[01]\r\n/);

    expect(await client.call('CONFIG', 'SET', 'maxmemory', `${needed}`)).toBe('+OK\r\n');
    expect(await client.call('SET', 'k', 'v')).toBe('+OK\r\n');
    await eventually('the other line', () => server.output.includes('large enough again'));
    expect(await infoOf(client, 'maxmemory')).toBe(needed);
    client.close();
  });

  it('is not one of 32 MB: keys go on being added', async () => {
    const server = await TestServer.start({ maxmemory: '32mb' });
    servers.push(server);
    const client = await server.connect();
    const element = 'x'.repeat(100_000);
    for (let i = 0; i < 400; i++) client.send(['RPUSH', 'list', element], ['SET', `k${i}`, 'v']);
    const replies = await client.replies(800);
    expect(replies.filter((reply) => reply.startsWith('-'))).toEqual([]);
    client.close();
  });
});

const value = 'v'.repeat(1000);
const groups = Array.from({ length: 100 }, (_, group) =>
  Array.from({ length: 100 }, (_each, i) => `key:${group}:${i}`));

async function readAll(client: WireClient): Promise<void> {
  for (const names of groups) {
    const reply = await client.call('MGET', ...names);
    expect(reply === `*100\r\n${`$1000\r\n${value}\r\n`.repeat(100)}`).toBe(true);
  }
}

describe('a memory budget that shrinks', () => {
  it('is given back while others are served, and what was in it is still there', async () => {
    const server = await TestServer.start({ maxmemory: '64mb', 'hot-tail-bytes': '1mb' });
    servers.push(server);
    const [client, other] = [await server.connect(), await server.connect()];
    for (const names of groups) {
      await client.call('MSET', ...names.flatMap((name) => [name, value]));
    }
    await readAll(client);
    expect(await infoOf(client, 'read_cache_bytes')).toBeGreaterThan(7 * MiB);
    client.send(['CONFIG', 'SET', 'maxmemory', '6mb']);
    expect(await other.call('PING')).toBe('+PONG\r\n');
    expect(await client.reply()).toBe('+OK\r\n');
    await eventually('the cache to shrink', async () =>
      await infoOf(client, 'read_cache_bytes') <= 5 * MiB);
    expect(await client.call('CONFIG', 'SET', 'maxmemory', '1kb')).toBe('+OK\r\n');
    expect(await infoOf(client, 'read_cache_bytes')).toBeLessThan(1024);
    await readAll(client);
    expect(await client.call('SET', 'key:0:0', 'w')).toMatch(/^-OOM /);
  });
});

describe('a value that is larger than the budget', () => {
  it('stops no other write, and its memory is given back', async () => {
    const server = await TestServer.start({ maxmemory: '16mb', 'hot-tail-bytes': '1mb' });
    servers.push(server);
    const client = await server.connect();
    expect(await client.call('SET', 'large', 'x'.repeat(50 * MiB))).toBe('+OK\r\n');
    const before = await infoOf(client, 'uptime_in_seconds');
    // The budget is looked at once a second.
    await eventually('two seconds to go by', async () => {
      expect(await client.call('SET', 'small', '1')).toBe('+OK\r\n');
      return await infoOf(client, 'uptime_in_seconds') >= before + 2;
    });
    // What does not fit behind it any more takes its place.
    expect(await client.call('SET', 'more', 'y'.repeat(100_000))).toBe('+OK\r\n');
    expect(await infoOf(client, 'hot_tail_bytes')).toBeLessThan(4 * MiB);
    expect(await client.call('STRLEN', 'large')).toBe(`:${50 * MiB}\r\n`);
  });
});

describe.skipIf(!existsSync('/proc/self/status'))('a reply that is larger than the budget', () => {
  it('costs what it weighs: values that are only on disk go by one at a time', async () => {
    const [count, bytes] = [300, MiB];
    const dir = join(root, 'data');
    const options = ['--maxmemory', '32mb', '--hot-tail-bytes', '4mb', '--read-cache-bytes', '4mb'];
    const first = await RealServer.start(dir, ...options);
    const writer = await first.connect();
    const names = Array.from({ length: count }, (_, i) => `key:${i}`);
    for (const name of names) {
      expect(await writer.call('SET', name, 'v'.repeat(bytes))).toBe('+OK\r\n');
    }
    await first.kill('SIGTERM');
    const server = await RealServer.start(dir, ...options);
    servers.push(server);
    const before = peakMiB(server.child.pid!);
    const socket = createConnection(server.port, '127.0.0.1');
    let received = 0;
    const whole = `*${count}\r\n`.length + count * (`$${bytes}\r\n`.length + bytes + 2);
    const done = new Promise<void>((resolve, reject) => {
      socket.on('error', reject);
      socket.on('data', (chunk) => {
        received += chunk.length;
        if (received >= whole) resolve();
      });
    });
    socket.write(`MGET ${names.join(' ')}\r\n`);
    await within('the reply', done, 60_000);
    socket.destroy();
    expect(received).toBe(whole);
    // The budget, 64 reads at once, and what the collector has not come to yet.
    expect(peakMiB(server.child.pid!) - before).toBeLessThan(count + 32 + 64 + 64);
  }, 120_000);
});

/** The most that a process has ever had in RAM. */
function peakMiB(pid: number): number {
  const [, kib] = /VmHWM:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'latin1')) ?? [];
  return Number(kib) / 1024;
}
