/** Strings on disk that a reply cannot hold are not read for it. */

import { afterEach, beforeEach, expect, it } from 'vitest';
import { REPLY_BYTES_MAX } from '../../src/protocol/limits.ts';
import { TestServer } from '../server/test-server.ts';
import type { WireClient } from './wire-client.ts';

const MiB = 1024 * 1024;
const KEYS = 8;
const OPTIONS = { maxmemory: '32mb', 'hot-tail-bytes': '1mb', 'segment-bytes': '4mb' };
/** Each key many times: a reply of 1.5 GB, of 8 MB on disk. */
const NAMES = Array.from({ length: 1500 }, (_, i) => `k${i % KEYS}`);

let server: TestServer;
let client: WireClient;

beforeEach(async () => {
  server = await TestServer.start(OPTIONS);
  client = await server.connect();
  for (let i = 0; i < KEYS; i++) await client.call('SET', `k${i}`, 'x'.repeat(MiB));
  await server.close();
  await server.listen(OPTIONS);
  client = await server.connect();
});

afterEach(() => server.stop());

async function recordsRead(): Promise<number> {
  return Number(/read_cache_misses:(\d+)/.exec(await client.call('INFO', 'everything'))?.[1]);
}

it('an MGET beyond the bound of a reply reads nothing from disk and takes no memory', async () => {
  const before = { read: await recordsRead(), bytes: process.memoryUsage().rss };
  const refused = `-ERR the reply has more than ${REPLY_BYTES_MAX} bytes and is not built; ` +
    'what the request changes was changed\r\n';
  expect(await client.call('MGET', ...NAMES)).toBe(refused);
  client.send(['MULTI'], ['MGET', ...NAMES], ['EXEC']);
  expect((await client.replies(3))[2]).toBe(`*1\r\n${refused}`);
  expect(await recordsRead()).toBe(before.read);
  expect(process.memoryUsage().rss - before.bytes).toBeLessThan(64 * MiB);
  expect((await client.call('MGET', 'k0', 'absent', 'k7')).length).toBeGreaterThan(2 * MiB);
  expect(await recordsRead()).toBeGreaterThanOrEqual(before.read + 2);
});
