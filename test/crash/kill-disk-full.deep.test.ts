/**
 * A disk that is full: a tmpfs of a few megabytes, seen by the server alone. Writes are refused
 * with a reason, reads go on, nothing acknowledged is lost, also not through a kill -9, and when
 * something was deleted the compactor makes room and writes go on.
 *
 * Needs root and the right to mount; skipped elsewhere.
 */

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { BALLAST_BYTES } from '../../src/store/segments/ballast.ts';
import { RealServer, serverArgs } from '../server/real-server.ts';
import { eventually } from '../wire/eventually.ts';
import { canHoldTmpfs, HeldTmpfs } from '../wire/private-mount.ts';
import type { WireClient } from '../wire/wire-client.ts';

const VALUE = 'v'.repeat(20_000);
const DISK = 'size=24m';
const RESERVE = ['--disk-reserve-bytes', '4mb', '--appendfsync', 'always'];
const OPTIONS = [
  '--segment-bytes', '1mb', '--hot-tail-bytes', '1mb', '--compaction-min-bytes', '2mb',
];

describe.skipIf(!canHoldTmpfs())('a full disk (skipped without the right to mount)', () => {
  let dir: string;
  let disk: HeldTmpfs;
  let server: RealServer | undefined;
  beforeEach(async () => {
    dir = mkdtempSync(join(tmpdir(), 'dkvs-full-'));
    disk = await HeldTmpfs.mount(dir, DISK);
  });
  afterEach(async () => {
    await server?.stop();
    disk.release();
    rmSync(dir, { recursive: true, force: true });
  });

  const start = async (...more: readonly string[]): Promise<RealServer> => {
    const args = serverArgs(dir, [...OPTIONS, ...more]);
    server = new RealServer({ args, wrapper: disk.wrapper });
    await server.ready();
    return server;
  };

  it('with a reserve refuses writes in time, keeps reading, and recovers by deletion', async () => {
    const run = await start(...RESERVE);
    const client = await run.connect();
    const { count, error } = await fill(client);
    expect(error).toMatch(/^-MISCONF .*the disk is full/);
    await expectValues(client, count);

    await run.kill();
    const again = await (await start(...RESERVE)).connect();
    await expectValues(again, count);
    const more = await fill(again, count);
    expect(more.error).toBe(error);

    const keys = Array.from({ length: more.count }, (_, i) => `k:${i}`);
    const doomed = keys.filter((_, i) => i % 2 === 0);
    expect(await again.call('DEL', ...doomed)).toBe(`:${doomed.length}\r\n`);
    await eventually('room for writes', async () =>
      await again.call('SET', 'more', VALUE) === '+OK\r\n');
    expect(await again.call('EXISTS', 'k:0', 'k:1', 'more')).toBe(':2\r\n');
  }, 60_000);

  it('without a reserve shows nothing that it refused, and goes on when there is room', async () => {
    disk.run('dd', 'if=/dev/zero', `of=${dir}/ballast`, 'bs=1M', 'count=13');
    const run = await start('--disk-reserve-bytes', '0');
    const client = await run.connect();
    const { count, error } = await fill(client);
    expect(error).toMatch(/^-MISCONF .*no space left on device/);
    await expectValues(client, count);
    expect(await client.call('EXISTS', `k:${count}`)).toBe(':0\r\n');
    expect(await client.call('DBSIZE')).toBe(`:${count}\r\n`);
    disk.run('rm', `${dir}/ballast`);
    await eventually('room for writes', async () =>
      await client.call('SET', 'k', '1') === '+OK\r\n');
    await run.kill();
    const again = await (await start('--disk-reserve-bytes', '0')).connect();
    await expectValues(again, count);
    expect(await again.call('DBSIZE')).toBe(`:${count + 1}\r\n`);
  }, 60_000);

  it('lets a server start without one free page, twice', async () => {
    const run = await start('--disk-reserve-bytes', '0', '--appendfsync', 'always');
    const client = await run.connect();
    for (let i = 0; i < 50; i++) await client.call('SET', `k:${i}`, `${i} ${VALUE}`);
    await run.kill();
    disk.run('sh', '-c', `dd if=/dev/zero of=${dir}/filler bs=4k || true`);
    for (let starts = 0; starts < 2; starts++) {
      const again = await start('--disk-reserve-bytes', '0', '--appendfsync', 'always');
      await expectValues(await again.connect(), 50);
      // It was given up, and made again of what was left.
      const left = Number(disk.run('stat', '-c', '%s', `${dir}/BALLAST`));
      expect(left).toBeGreaterThan(0);
      expect(left).toBeLessThan(BALLAST_BYTES);
      await again.kill();
      disk.run('sh', '-c', `dd if=/dev/zero of=${dir}/filler${starts} bs=4k || true`);
    }
  }, 60_000);

  it('lets a killed server start again without any room for a copy of its log\'s end', async () => {
    // Never synced, so all of the log is doubtful, and nothing is left to copy it to.
    const unsynced = ['--disk-reserve-bytes', '0', '--appendfsync', 'no'];
    disk.run('dd', 'if=/dev/zero', `of=${dir}/ballast`, 'bs=1M', 'count=13');
    const run = await start(...unsynced);
    const client = await run.connect();
    // Hints only save time, and go when a manifest finds no room: there has to be one by then.
    for (let i = 0; i < 200; i++) await client.call('SET', `k:${i}`, `${i} ${VALUE}`);
    await eventually('a hint', async () => disk.run('ls', dir).includes('.hint'));
    const { count, error } = await fill(client, 200);
    expect(error).toMatch(/^-MISCONF .*no space left on device/);
    await run.kill();
    const again = await (await start(...RESERVE)).connect();
    await expectValues(again, count);
    expect(await again.call('SET', 'k', '1')).toMatch(/^-MISCONF .*the disk is full/);
    disk.run('rm', `${dir}/ballast`);
    await eventually('room for writes', async () =>
      await again.call('SET', 'k', '1') === '+OK\r\n');
  }, 60_000);
});

const WINDOW = 20;

/** Writes until one is refused: the number of the first that was, and the refusal. */
async function fill(client: WireClient, first = 0): Promise<{ count: number; error: string }> {
  for (let from = first; from < 5000; from += WINDOW) {
    client.send(...Array.from({ length: WINDOW }, (_, i) =>
      ['SET', `k:${from + i}`, `${from + i} ${VALUE}`]));
    const replies = await client.replies(WINDOW);
    const refused = replies.findIndex((reply) => reply !== '+OK\r\n');
    if (refused >= 0) return { count: from + refused, error: replies[refused] ?? '' };
  }
  throw new Error('100 MB fit on a small disk');
}

async function expectValues(client: WireClient, count: number): Promise<void> {
  client.send(...Array.from({ length: count }, (_, i) => ['GET', `k:${i}`]));
  for (const [i, reply] of (await client.replies(count)).entries()) {
    expect(reply.slice(reply.indexOf('\r\n') + 2, -2) === `${i} ${VALUE}`, `k:${i}`).toBe(true);
  }
}
