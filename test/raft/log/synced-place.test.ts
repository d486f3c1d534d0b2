/**
 * The newest segment of a log that was synced and closed or killed, and then lost its end, its
 * content or itself: a vote or an entry that others rely on would be forgotten.
 */

import { describe, expect, it } from 'vitest';
import { WATERMARK_NAME } from '../../../src/io/watermark-file.ts';
import { Random } from '../../../src/lib/random.ts';
import { RaftLogError } from '../../../src/raft/log/raft-log-error.ts';
import { SimFiles } from '../../sim/sim-files.ts';
import {
  ALWAYS_DIRECT, DIR, batch, batches, diskOf, fresh, logFiles, mustBeSame, open, put, readAll, vote,
} from './helpers.ts';

interface Killed {
  /** Every file of the log, the note included. */
  readonly content: Map<string, Buffer>;
  /** The newest segment, and what it was when half of the entries were there. */
  readonly newest: string;
  readonly older: Buffer;
}

async function filesOf(disk: SimFiles): Promise<Map<string, Buffer>> {
  const content = new Map<string, Buffer>();
  for (const name of await disk.list(DIR)) {
    content.set(name, Buffer.from(await disk.readAll(`${DIR}/${name}`)));
  }
  return content;
}

/** A log with a vote and six entries, each synced, whose process was killed. */
async function killed(segmentBytes = 1 << 20): Promise<Killed> {
  const disk = new SimFiles();
  const log = await fresh(disk, { segmentBytes, syncBudget: ALWAYS_DIRECT });
  await put(log, batches(1, 3, 1), vote(1, 'a'));
  const older = await filesOf(disk);
  for (let index = 4; index <= 6; index += 1) await put(log, [batch(index, 2)], vote(2, 'b'));
  const content = await filesOf(disk);
  const newest = [...content.keys()].filter((name) => name.endsWith('.log')).at(-1)!;
  return { content, newest, older: older.get(newest) ?? Buffer.alloc(0) };
}

async function refusal(content: ReadonlyMap<string, Buffer>): Promise<RaftLogError> {
  const disk = await diskOf(content);
  const error: unknown = await open(disk).then(() => undefined, (reason: unknown) => reason);
  mustBeSame(await filesOf(disk), content);
  if (error instanceof RaftLogError) return error;
  throw new Error(`expected a refusal, got ${String(error)}`);
}

type Change = (killed: Killed) => Buffer | undefined;

/** Each leaves records that are sound by themselves, or nothing. */
const LOSSES: readonly (readonly [string, Change])[] = [
  ['is cut to half', ({ content, newest }) => {
    const bytes = content.get(newest)!;
    return bytes.subarray(0, Math.floor(bytes.indexOf('6.2') / 2));
  }],
  ['lost its last record', ({ content, newest }) => {
    const bytes = content.get(newest)!;
    return bytes.subarray(0, bytes.indexOf('6.2') - 40);
  }],
  ['has zeros for its last record', ({ content, newest }) => {
    const bytes = Buffer.from(content.get(newest)!);
    return bytes.fill(0, bytes.indexOf('6.2') - 40);
  }],
  ['is only zeros', ({ content, newest }) => Buffer.alloc(content.get(newest)!.length)],
  ['is empty', () => Buffer.alloc(0)],
  ['is an older copy of itself', ({ older }) => older],
  ['is gone', () => undefined],
];

describe('the newest segment of a log that was synced', () => {
  it.each(LOSSES)('is refused by name when it %s', async (_what, change) => {
    const life = await killed();
    const changed = change(life);
    const content = new Map(life.content);
    if (changed === undefined) content.delete(life.newest);
    else content.set(life.newest, Buffer.from(changed));
    const error = await refusal(content);
    expect([error.code, error.file]).toEqual(['DAMAGED', `${DIR}/${life.newest}`]);
  });

  it('is refused when it is gone and older ones are there', async () => {
    const life = await killed(300);
    expect([...life.content.keys()].length).toBeGreaterThan(2);
    const content = new Map(life.content);
    content.delete(life.newest);
    const error = await refusal(content);
    expect([error.code, error.file]).toEqual(['DAMAGED', `${DIR}/${life.newest}`]);
  });

  it('is refused when another log of the same length is in its place', async () => {
    const life = await killed();
    const disk = new SimFiles();
    const log = await fresh(disk, { syncBudget: ALWAYS_DIRECT });
    await put(log, batches(1, 3, 1), vote(1, 'a'));
    for (let index = 4; index <= 6; index += 1) await put(log, [batch(index, 3)], vote(3, 'c'));
    const other = (await filesOf(disk)).get(life.newest)!;
    const content = new Map(life.content).set(life.newest, other);
    expect((await refusal(content)).message).toContain('is not the one that was synced');
  });

  it('opens with all that it had when nothing was lost', async () => {
    const { content } = await killed();
    const log = await open(await diskOf(content));
    expect([log.hardState, (await readAll(log)).length]).toEqual([vote(2, 'b'), 6]);
    await log.close();
  });

  it('is cut behind what was synced, as before', async () => {
    const { content, newest } = await killed();
    const bytes = content.get(newest)!;
    const end = bytes.indexOf('6.2') + 8;
    const torn = Buffer.concat([bytes.subarray(0, end), Buffer.alloc(100, 0xa5)]);
    const log = await open(await diskOf(new Map(content).set(newest, torn)));
    expect((await readAll(log)).length).toBe(6);
    await log.close();
  });

  it('opens without the note, as an earlier version left it, or with one that is not sound', async () => {
    const { content } = await killed();
    const without = new Map(content);
    without.delete(WATERMARK_NAME);
    const log = await open(await diskOf(without));
    expect(log.lastIndex).toBe(6);
    await log.close();
    const again = await open(await diskOf(new Map(content).set(WATERMARK_NAME, Buffer.alloc(100, 7))));
    expect(again.lastIndex).toBe(6);
    await again.close();
  });
});

describe('the note of a replicated log', () => {
  it('never speaks of more than is durable, wherever the power fails', async () => {
    for (let at = 1; at < 60; at += 1) {
      const disk = new SimFiles({ seed: at });
      const log = await fresh(disk, { segmentBytes: 600 });
      let durable = 0;
      for (let index = 1; index <= at % 12; index += 1) {
        await put(log, [batch(index, 1)], vote(index));
        durable = index;
      }
      log.append([batch(durable + 1, 1)], vote(durable + 1));
      log.flush();
      const survivor = disk.crash(new Random(at, 3));
      const again = await open(survivor);
      expect([at, again.lastIndex >= durable]).toEqual([at, true]);
      expect((await logFiles(survivor)).length).toBeGreaterThan(0);
      await again.close();
    }
  });
});
