/**
 * A server that acknowledged writes, was killed, and finds its newest log file shorter, older or
 * torn when it starts again.
 */

import {
  appendFile, copyFile, mkdtemp, readFile, readdir, rm, stat, truncate,
} from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { RealServer, serverArgs } from '../server/real-server.ts';
import { within } from './eventually.ts';

const LOG = '000000000000001.log';
const KEYS = 200;

describe('a server whose newest log file was changed while it was down', () => {
  let dir = '';
  let server: RealServer | undefined;

  beforeEach(async () => {
    dir = await mkdtemp(join(tmpdir(), 'dkvs-synced-'));
  });

  afterEach(async () => {
    await server?.stop();
    await rm(dir, { recursive: true, force: true });
  });

  /** Acknowledged keys, and a copy of the log with half of them. */
  async function killed(): Promise<string> {
    const older = join(dir, 'older-copy');
    server = await RealServer.start(dir, '--appendfsync', 'always');
    const client = await server.connect();
    for (let key = 0; key < KEYS; key += 1) {
      await client.call('SET', `key:${key}`, `value ${key}`);
      if (key === KEYS / 2) await copyFile(join(dir, LOG), older);
    }
    await client.call('SAVE');
    client.close();
    await server.kill();
    return older;
  }

  async function refusal(): Promise<string> {
    server = new RealServer({ args: serverArgs(dir, []) });
    const { code } = await within(() => 'the server to refuse', server.ended);
    expect(code).not.toBe(0);
    return server.output;
  }

  it('refuses to start, names the file and leaves it, when it lost its end', async () => {
    await killed();
    const { size } = await stat(join(dir, LOG));
    for (const bytes of [Math.floor(size / 2), 64, 0]) {
      await truncate(join(dir, LOG), bytes);
      expect(await refusal()).toMatch(new RegExp(`${LOG} is damaged at byte \\d+`));
      expect((await stat(join(dir, LOG))).size).toBe(bytes);
    }
  }, 60_000);

  it('refuses to start on an older copy of it, and starts without the rest when told to', async () => {
    const older = await killed();
    await copyFile(older, join(dir, LOG));
    expect(await refusal()).toMatch(/the log ends here, although it was synced up to byte \d+/);
    server = await RealServer.start(dir, '--damaged-records', 'report');
    const client = await server.connect();
    expect(await client.call('GET', 'key:1')).toContain('value 1');
    expect(await client.call('EXISTS', `key:${KEYS - 1}`)).toBe(':0\r\n');
    client.close();
  }, 60_000);

  it('cuts what was never synced, says so in its log and in INFO, and keeps a copy', async () => {
    await killed();
    const { size } = await stat(join(dir, LOG));
    await appendFile(join(dir, LOG), Buffer.alloc(300, 0xa5));
    server = await RealServer.start(dir);
    expect(server.output).toContain(`${LOG} was torn: 300 bytes from byte ${size} on`);
    const client = await server.connect();
    expect(await client.call('DBSIZE')).toBe(`:${KEYS}\r\n`);
    const info = await client.call('INFO', 'persistence');
    expect(info).toContain('log_tail_cuts:1\r\n');
    expect(info).toContain(`log_last_cut_offset:${size}\r\n`);
    expect(info).toContain('log_last_cut_bytes:300\r\n');
    client.close();
    const kept = (await readdir(dir)).filter((name) => name.startsWith('torn-'));
    expect(kept).toEqual([`torn-000000000000001-${size}`]);
    expect(await readFile(join(dir, kept[0]!))).toEqual(Buffer.alloc(300, 0xa5));
  }, 60_000);
});
