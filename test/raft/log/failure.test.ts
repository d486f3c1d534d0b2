import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { Files } from '../../../src/io/files.ts';
import { NodeFiles } from '../../../src/io/node-files.ts';
import { openRaftLog, RAFT_SEGMENT_BYTES_MAX } from '../../../src/raft/log/open-raft-log.ts';
import { EMPTY_BASE } from '../../../src/raft/core/entry.ts';
import { BlockingBudget } from '../../../src/io/blocking-budget.ts';
import { NodeClock } from '../../../src/io/node-clock.ts';
import { DIRECT_SYNC_FREE_MS } from '../../../src/io/limits.ts';
import { SimFiles } from '../../sim/sim-files.ts';
import type { SimFault } from '../../sim/sim-kernel.ts';
import {
  ALWAYS_DIRECT, DIR, NO_VOTE, Told, batch, batches, configurationEntry, fresh, logFiles, open, put, readAll,
  stateOf, vote,
} from './helpers.ts';

const FAULTS: [string, SimFault][] = [
  ['a write', { op: 'write', code: 'ENOSPC' }], ['a datasync', { op: 'datasync', code: 'EIO' }],
];

describe('a disk that fails', () => {
  describe.each(FAULTS)('in %s', (_, fault) => {
    it.each([true, false])('ends all acknowledgements at once, told once, direct: %s', async (isDirect) => {
      const disk = new SimFiles();
      const told = new Told();
      const options = { events: told, ...(isDirect ? { syncBudget: ALWAYS_DIRECT } : {}) };
      const log = await fresh(disk, options);
      await put(log, batches(1, 3, 1));
      disk.fail(fault);
      const ticket = log.append([batch(4, 1)], vote(1));
      const waiting = log.whenDurable(ticket);
      waiting.catch(() => undefined);
      log.flush();
      await expect(waiting).rejects.toMatchObject({ code: 'FAILED', cause: { code: fault.code } });
      expect(log.durable.index).toBe(3);
      expect(told.failures).toEqual([log.failure]);
      // Nothing is tried again, though the disk would let it.
      const operations = disk.operations;
      log.flush();
      log.mark();
      expect(() => log.append([batch(5, 1)])).toThrow(log.failure);
      expect(() => log.trim(2)).toThrow(log.failure);
      expect(() => log.reset(EMPTY_BASE, NO_VOTE)).toThrow(log.failure);
      await expect(log.whenDurable(ticket)).rejects.toBe(log.failure);
      expect(disk.operations).toBe(operations);
      expect((await readAll(log)).length).toBe(4);
      await log.close();
      expect(told.failures.length).toBe(1);
      expect(told.durable.at(-1)!.index).toBe(3);
    });
  });

  it.each<SimFault['op']>(['rename', 'syncDir', 'datasync', 'write', 'create'])(
    'when a segment is made latches, and the old log is there, %s', async (op) => {
      const disk = new SimFiles();
      const log = await fresh(disk, { segmentBytes: 500 });
      await put(log, [batch(1, 1)]);
      disk.fail({ op, code: 'EIO', path: op === 'syncDir' ? DIR : 'raft-next' });
      await expect(log.reset({ ...EMPTY_BASE, index: 5 }, NO_VOTE)).rejects
        .toMatchObject({ code: 'FAILED' });
      await log.close();
      const again = await open(disk);
      // A name that may not last may be there or not.
      expect(again.lastIndex).toBe(op === 'syncDir' ? 5 : 1);
    });

  it('when the next file is made ahead does no harm', async () => {
    const disk = new SimFiles();
    const told = new Told();
    const log = await fresh(disk, { segmentBytes: 500, events: told });
    await put(log, [batch(1, 1), batch(2, 1), batch(3, 1)]);
    disk.fail({ op: 'create', path: 'raft-next', code: 'EMFILE' });
    for (let index = 4; index <= 30; index += 1) await put(log, [batch(index, 1)]);
    expect(told.failures).toEqual([]);
    await log.close();
    expect((await logFiles(disk)).every((name) => name.endsWith('.log'))).toBe(true);
    expect((await open(disk)).lastIndex).toBe(30);
  });

  it('to remove a file latches, and later ones stay too', async () => {
    const disk = new SimFiles();
    const told = new Told();
    const log = await fresh(disk, { segmentBytes: 500, events: told });
    for (let index = 1; index <= 60; index += 1) await put(log, [batch(index, 1)]);
    const before = await logFiles(disk);
    disk.fail({ op: 'unlink', code: 'EACCES' });
    log.trim(20);
    log.trim(50);
    await log.close();
    expect(told.failures.map(({ cause }) => cause)).toMatchObject([{ code: 'EACCES' }]);
    expect((await logFiles(disk)).filter((name) => name.endsWith('.log')))
      .toEqual(before.filter((name) => name.endsWith('.log')));
    expect((await open(disk)).lastIndex).toBe(60);
  });

  it.each([1, 2, 3, 4])('to remove a file ends what is under way unacknowledged, seed %i', async (seed) => {
    const disk = new SimFiles({ seed });
    const durable: number[] = [];
    const failures: unknown[] = [];
    const log = await fresh(disk, {
      segmentBytes: 500,
      events: {
        onDurable: ({ ticket }) => failures.length > 0 && durable.push(ticket),
        onFailure: (failure) => failures.push(failure),
      },
    });
    for (let index = 1; index <= 20; index += 1) await put(log, [batch(index, 1)]);
    disk.fail({ op: 'unlink', code: 'EACCES' });
    log.trim(20);
    while (failures.length === 0) {
      log.append([batch(log.lastIndex + 1, 1)]);
      log.flush();
      await new Promise((resolve) => {
        setImmediate(resolve);
      });
    }
    await log.close();
    expect(durable).toEqual([]);
  });

  it('for a reader fails that read only', async () => {
    const disk = new SimFiles();
    const log = await fresh(disk);
    await put(log, batches(1, 3, 1));
    for (const op of ['open', 'read'] as const) {
      disk.fail({ op, code: 'EIO' });
      await expect(log.read(1, 100)).rejects.toMatchObject({ code: 'EIO', op });
    }
    expect((await log.read(1, 1000)).length).toBe(3);
    expect(log.failure).toBeUndefined();
  });

  it('while it opens is an error, and the next try finds everything', async () => {
    const disk = new SimFiles();
    const log = await fresh(disk);
    await put(log, batches(1, 3, 1), vote(1, 'a'));
    const before = await stateOf(log);
    await log.close();
    for (const op of ['list', 'read', 'write', 'datasync', 'rename', 'unlink', 'syncDir'] as const) {
      disk.fail({ op, code: 'EIO' });
      await expect(open(disk)).rejects.toMatchObject({ code: 'EIO', op });
    }
    expect(await stateOf(await open(disk))).toBe(before);
  });
});

describe('opening', () => {
  it('asserts that a segment has a size that recovery can hold', async () => {
    await expect(open(new SimFiles(), { segmentBytes: RAFT_SEGMENT_BYTES_MAX + 1 }))
      .rejects.toThrow(/assertion failed/);
  });
});

describe('on a real disk', () => {
  it.each([true, false])('the log keeps everything over several lives, direct: %s', async (isDirect) => {
    const parent = await mkdtemp(join(tmpdir(), 'dkvs-raft-log-'));
    try {
      await liveOn(new NodeFiles(), join(parent, 'raft'), isDirect);
    } finally {
      await rm(parent, { recursive: true });
    }
  });

  async function liveOn(files: Files, dir: string, isDirect: boolean): Promise<void> {
    const options = {
      events: new Told(), segmentBytes: 20_000,
      ...(isDirect ? { syncBudget: new BlockingBudget(new NodeClock(), DIRECT_SYNC_FREE_MS) } : {}),
    };
    let expected = 'fresh';
    for (let life = 1; life <= 3; life += 1) {
      const log = await openRaftLog(files, dir, options);
      expect(await stateOf(log)).toBe(expected);
      if (log.isFresh) await log.reset(EMPTY_BASE, NO_VOTE);
      for (let n = 0; n < 200; n += 1) {
        await put(log, [batch(log.lastIndex + 1, life, 'v'.repeat(n * 7))]);
      }
      await put(log, batches(log.lastIndex - 150, log.lastIndex - 100, life), vote(life, 'a'));
      await put(log, [configurationEntry(log.lastIndex + 1, life, 'a', 'b')]);
      log.trim(log.lastIndex - 100);
      expected = await stateOf(log);
      await log.close();
    }
  }
});
