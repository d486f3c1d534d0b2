/** INFO of a server that works: fields that exporters and dashboards draw must move. */

import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { eventually } from './eventually.ts';
import { TestServer } from '../server/test-server.ts';
import type { WireClient } from './wire-client.ts';

describe('INFO', () => {
  let dkvs: TestServer;
  let client: WireClient;
  beforeAll(async () => {
    dkvs = await TestServer.start();
    client = await dkvs.connect();
  });
  afterAll(() => dkvs?.stop());

  const fields = async (): Promise<Map<string, string>> => new Map(
    (await client.call('INFO')).split('\r\n').map((line) => {
      const colon = line.indexOf(':');
      return [line.slice(0, colon), line.slice(colon + 1)];
    }),
  );

  it('counts the changes since the last save, and saves', async () => {
    await client.call('SET', 'a', '1');
    await client.call('SET', 'b', '1');
    await client.call('DEL', 'none');
    const before = await fields();
    expect(before.get('rdb_changes_since_last_save')).toBe('2');
    expect(before.get('rdb_last_bgsave_time_sec')).toBe('-1');
    expect(await client.call('SAVE')).toBe('+OK\r\n');
    const saved = await fields();
    expect(saved.get('rdb_changes_since_last_save')).toBe('0');
    expect(Number(saved.get('log_syncs'))).toBeGreaterThan(Number(before.get('log_syncs')));
    await client.call('SET', 'c', '1');
    expect(await client.call('BGSAVE')).toBe('+Background saving started\r\n');
    const after = await eventually('the save to end', async () => {
      const all = await fields();
      return all.get('rdb_bgsave_in_progress') === '0' ? all : undefined;
    });
    expect(after.get('rdb_saves')).toBe('2');
    expect(after.get('rdb_changes_since_last_save')).toBe('0');
    expect(after.get('rdb_last_bgsave_status')).toBe('ok');
    expect(after.get('rdb_last_bgsave_time_sec')).toBe('0');
  });

  it('has BGSAVE in MULTI begin when EXEC has ended, and with what it wrote', async () => {
    client.send(['MULTI'], ['SET', 'd', '1'], ['BGSAVE'], ['SET', 'e', '1'], ['EXEC']);
    expect((await client.replies(5)).at(-1))
      .toBe('*3\r\n+OK\r\n+Background saving scheduled\r\n+OK\r\n');
    const after = await eventually('the save to end', async () => {
      const all = await fields();
      return all.get('rdb_bgsave_in_progress') === '0' ? all : undefined;
    });
    expect(after.get('rdb_changes_since_last_save')).toBe('0');
  });

  it('tells the average time to live of each database', async () => {
    const server = await TestServer.inMemory();
    const other = await server.connect();
    await other.call('SET', 'short', '1', 'PX', '100000');
    await other.call('SET', 'long', '1', 'EX', '300');
    server.clock.stall(50_000);
    expect(await other.call('INFO', 'keyspace'))
      .toContain('db0:keys=2,expires=2,avg_ttl=150000,subexpiry=0\r\n');
  });
});
