/**
 * Damage on disk as a client meets it: an error that names file and offset, from every command and
 * every way to a key; never nil, never a list without some keys.
 */

import { readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { TestServer } from '../server/test-server.ts';
import type { WireClient } from './wire-client.ts';

const OPTIONS = { 'segment-bytes': '1mb', 'hot-tail-bytes': '1mb', 'enable-debug-command': 'yes' };
const KEYS = ['QQsmallQQ', 'QQlargeQQ', 'QQhashQQ'];

let server: TestServer;

beforeEach(async () => {
  server = await TestServer.start(OPTIONS);
});

afterEach(async () => server.stop());

/** Writes the keys and what fills some segments, and stops. */
async function fill(): Promise<void> {
  const client = await server.connect();
  await client.call('SET', 'QQsmallQQ', 'v');
  await client.call('SET', 'QQlargeQQ', 'v'.repeat(20_000));
  await client.call('HSET', 'QQhashQQ', 'f', 'v');
  for (let i = 0; i < 40; i++) await client.call('SET', `fill:${i}`, 'x'.repeat(50_000));
  await server.close();
}

function segments(): string[] {
  return readdirSync(server.dir).filter((name) => /\.(log|pack)$/.test(name)).sort()
    .map((name) => join(server.dir, name));
}

/** Flips a bit of a key wherever the segments have it; returns the file of the last. */
function flip(key: string): string {
  let file = '';
  for (const path of segments()) {
    const bytes = readFileSync(path);
    for (let at = bytes.indexOf(key); at !== -1; at = bytes.indexOf(key, at + 1)) {
      bytes[at + 3]! ^= 0x01;
      file = path;
    }
    writeFileSync(path, bytes);
  }
  return file;
}

async function replies(client: WireClient, key: string): Promise<string[]> {
  const requests = [
    ['GET', key], ['EXISTS', 'fill:1', key], ['TYPE', key], ['TTL', key], ['STRLEN', key],
    ['HGETALL', key], ['MGET', 'fill:1', key], ['SET', key, 'new', 'NX'], ['SET', key, 'new'],
    ['APPEND', key, 'x'], ['DEL', 'fill:2', key], ['RENAME', key, 'other'], ['OBJECT', 'ENCODING', key],
    ['EXPIRE', key, '10'], ['MEMORY', 'USAGE', key], ['KEYS', '*'], ['SCAN', '0', 'COUNT', '1000'],
  ];
  const got: string[] = [];
  for (const request of requests) got.push(`${request.join(' ')} -> ${await client.call(...request)}`);
  return got;
}

describe('a damaged key on disk', () => {
  for (const key of KEYS) {
    it(`is an error for every command that names ${key}, and changes nothing`, async () => {
      await fill();
      const file = flip(key);
      await server.listen(OPTIONS);
      const client = await server.connect();
      const error = new RegExp(`-> -ERR ${file} is damaged at byte \\d+: the key of the record`);
      for (const reply of await replies(client, key)) expect(reply).toMatch(error);
      expect(await client.call('DBSIZE')).toBe(':43\r\n');
      expect(await client.call('STRLEN', 'fill:2')).toBe(':50000\r\n');
      const info = await client.call('INFO', 'dkvs');
      expect(info).toContain('damaged_places:1\r\n');
      expect(info).toContain(`last_bad_read:${file} is damaged at byte`);
    });
  }

  it('is found by DEBUG CHECK-INDEX, which agrees with all before', async () => {
    const client = await server.connect();
    expect(await client.call('DEBUG', 'CHECK-INDEX')).toMatch(/^\+\d+ keys, .* agree\r\n$/);
    await fill();
    await server.listen(OPTIONS);
    const sound = await server.connect();
    const checks = ['CHECK-INDEX', 'CHECK-INDEX'].map((word) => ['DEBUG', word]);
    sound.send(...checks, ['SET', 'fill:7', 'beside it']);
    for (const reply of (await sound.replies(3)).slice(0, 2)) {
      expect(reply).toMatch(/^\+\d+ keys, .* agree\r\n$/);
    }
    await server.close();
    const file = flip('QQhashQQ');
    await server.listen(OPTIONS);
    const reply = await (await server.connect()).call('DEBUG', 'CHECK-INDEX');
    expect(reply).toMatch(/^-ERR the index has 1 faults, all are in the log: unreadable: /);
    expect(reply).toContain(`${file} is damaged at byte`);
  });

  it('is an error in a pipeline too, and its neighbours have their replies', async () => {
    await fill();
    flip('QQlargeQQ');
    await server.listen(OPTIONS);
    const client = await server.connect();
    const keys = ['fill:1', 'QQlargeQQ', 'fill:2', 'QQlargeQQ', 'fill:3'];
    client.send(...keys.map((key) => ['STRLEN', key]));
    const got = await client.replies(keys.length);
    expect(got.map((reply) => reply.slice(0, 6))).toEqual(
      [':50000', '-ERR /', ':50000', '-ERR /', ':50000']);
  });

  it('does not stop the removal of other keys that have expired', async () => {
    const client = await server.connect();
    await client.call('DEBUG', 'SET-ACTIVE-EXPIRE', '0');
    for (let i = 0; i < 20; i++) await client.call('SET', `QQexpires${i}QQ`, 'v', 'PX', '1');
    for (let i = 0; i < 40; i++) await client.call('SET', `fill:${i}`, 'x'.repeat(50_000));
    await server.close();
    flip('QQexpires7QQ');
    await server.listen(OPTIONS);
    const after = await server.connect();
    let size = '';
    while (size !== ':41\r\n') size = await after.call('DBSIZE');
    expect(await after.call('GET', 'QQexpires7QQ')).toContain('is damaged at byte');
  });
});

describe('a damaged block of a large set', () => {
  it('is an error that names the set, and the other blocks are read', async () => {
    const filler = await server.connect();
    const members = Array.from({ length: 4000 }, (_, i) => `member:${i}:${'x'.repeat(50)}`);
    await filler.call('SADD', 'the set', ...members);
    await filler.call('DEBUG', 'RELOAD');
    for (let i = 0; i < 40; i++) await filler.call('SET', `fill:${i}`, 'x'.repeat(50_000));
    await server.close();
    flip('member:1234:');
    await server.listen(OPTIONS);
    const client = await server.connect();
    const got = new Map<string, string>();
    for (const member of members) got.set(member, await client.call('SISMEMBER', 'the set', member));
    const errors = [...got.values()].filter((reply) => reply.startsWith('-'));
    expect(got.get(members[1234]!)).toMatch(
      /^-ERR \/.*\.(log|pack) is damaged at byte \d+: .* \(a block of the value at "the set"\)/);
    expect(errors.length).toBeLessThan(500);
    expect([...got.values()].filter((reply) => reply === ':1\r\n')).toHaveLength(4000 - errors.length);
    expect(await client.call('SUNIONSTORE', 'into', 'the set')).toContain('of the value at "the set"');
  });
});

describe('two segment files that were exchanged', () => {
  it('are named in the reply to each command that reads from them', async () => {
    await fill();
    const [one, other] = segments() as [string, string];
    const contents = [readFileSync(one), readFileSync(other)] as const;
    writeFileSync(one, contents[1]);
    writeFileSync(other, contents[0]);
    await server.listen(OPTIONS);
    const client = await server.connect();
    expect(await client.call('GET', 'QQsmallQQ')).toContain(`-ERR ${one} is damaged at byte 0: it says`);
    expect(await client.call('SET', 'QQsmallQQ', 'v', 'NX')).toContain('is damaged at byte 0');
    expect(await client.call('KEYS', '*')).toContain('is damaged at byte 0: it says');
    expect(await client.call('RANDOMKEY')).toMatch(/is damaged at byte 0|^\$/);
  });
});
