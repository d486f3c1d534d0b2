/** Who waits for the log: for a length of it, for the next segment, for the end of a frame. */
import { beforeEach, describe, expect, it } from 'vitest';
import type { LogAppender } from '../../../src/store/log/log-appender.ts';
import { LogRolls } from '../../../src/store/log/log-rolls.ts';
import { LogWaiters } from '../../../src/store/log/log-waiters.ts';
import type { LogFiles } from '../../../src/store/segments/log-files.ts';
import { StoreError } from '../../../src/store/store-error.ts';
import { turns } from '../../cluster/cluster-layer.ts';

const LOST = new StoreError('FAILED', 'the log is gone');

describe('those who wait for a length of the log', () => {
  let told: string[];
  let waiters: LogWaiters;
  beforeEach(() => {
    told = [];
    waiters = new LogWaiters();
    for (const lsn of [10, 20, 20, 30]) {
      waiters.add(lsn, (failure) => void told.push(`${lsn} ${failure?.code ?? 'kept'}`));
    }
  });

  it('are told once it is there, each once, in order', () => {
    for (const lsn of [9, 10, 19, 25, 25, 30, 99]) {
      waiters.release(lsn);
      told.push(`- ${lsn}`);
    }
    expect(told).toEqual([
      '- 9', '10 kept', '- 10', '- 19', '20 kept', '20 kept', '- 25', '- 25', '30 kept', '- 30',
      '- 99',
    ]);
  });

  it('are told that it never comes, all who wait for more than is kept, and no others', () => {
    waiters.refuse(20, LOST);
    expect(told).toEqual(['30 FAILED']);
    waiters.refuse(20, LOST);
    waiters.add(25, () => void told.push('25 again'));
    waiters.release(25);
    expect(told).toEqual(['30 FAILED', '10 kept', '20 kept', '20 kept', '25 again']);
    waiters.refuse(0, LOST);
    expect(told).toHaveLength(5);
  });
});

describe('the next segment', () => {
  let current: { segment: { id: number; records: number } };
  let isReady: boolean;
  let isFrameOpen: boolean;
  let failure: Error | undefined;
  let prepared: number;
  let prepareFails: boolean;
  let rolls: LogRolls;

  beforeEach(() => {
    current = { segment: { id: 1, records: 5 } };
    isReady = isFrameOpen = prepareFails = false;
    failure = undefined;
    prepared = 0;
    const files = {
      get isReady() {
        return isReady;
      },
      prepare: async () => {
        prepared += 1;
        await turns(1);
        if (prepareFails) throw new Error('no space');
        isReady = true;
      },
    };
    const appender = {
      get current() {
        return current;
      },
      get isFrameOpen() {
        return isFrameOpen;
      },
      switchTo: (next: typeof current) => {
        current = next;
        isReady = false;
      },
    };
    rolls = new LogRolls(files as unknown as LogFiles, appender as unknown as LogAppender, {
      mustRun: () => {
        if (failure !== undefined) throw failure;
      },
      takeNext: () => ({ segment: { id: current.segment.id + 1, records: 0 } }) as never,
    });
  });

  it('is not begun behind one that has no record', async () => {
    current.segment.records = 0;
    expect(await rolls.roll()).toBe(false);
    let cuts = 0;
    await rolls.cut(() => (cuts += 1));
    expect([cuts, prepared, current.segment.id]).toEqual([1, 0, 1]);
  });

  it('is made ready and begun at once between two frames', async () => {
    expect(await rolls.roll()).toBe(true);
    expect([current.segment.id, prepared]).toEqual([2, 1]);
  });

  it.each(['roll', 'cut'] as const)('waits for the end of an open frame: %s', async (how) => {
    isFrameOpen = true;
    let cutIn = 0;
    const done = how === 'roll' ? rolls.roll() : rolls.cut(() => (cutIn = current.segment.id));
    await turns(3);
    expect([current.segment.id, rolls.isAwaited]).toEqual([1, true]);
    rolls.maybeRoll();
    await done;
    expect([current.segment.id, rolls.isAwaited]).toEqual([2, false]);
    expect(cutIn).toBe(how === 'roll' ? 0 : 2);
  });

  it('that is not ready is made ready by those who wait, and the segment grows on', async () => {
    isFrameOpen = true;
    const done = rolls.roll();
    await turns(3);
    isReady = false;
    rolls.maybeRoll();
    expect(current.segment.id).toBe(1);
    await turns(4);
    expect(rolls.isAwaited).toBe(true);
    rolls.maybeRoll();
    expect(await done).toBe(true);
    expect(current.segment.id).toBe(2);
  });

  it('that cannot be made ready fails who asked, and later ones may have it', async () => {
    prepareFails = true;
    await expect(rolls.roll()).rejects.toThrow('no space');
    await expect(rolls.cut(() => {})).rejects.toThrow('no space');
    rolls.maybeRoll();
    await turns(2);
    prepareFails = false;
    expect(await rolls.roll()).toBe(true);
  });

  it.each(['roll', 'cut'] as const)('never comes when the log fails meanwhile: %s', async (how) => {
    isFrameOpen = true;
    let cuts = 0;
    const done = how === 'roll' ? rolls.roll() : rolls.cut(() => (cuts += 1));
    const refused = expect(done).rejects.toThrow('the log is gone');
    await turns(3);
    failure = LOST;
    rolls.endWaits(false);
    await refused;
    expect([cuts, current.segment.id, rolls.isAwaited]).toEqual([0, 1, false]);
  });

  it('was begun by another meanwhile: then nothing is left to do', async () => {
    const first = rolls.roll();
    const second = rolls.roll();
    expect(await Promise.all([first, second])).toEqual([true, true]);
    expect(current.segment.id).toBe(2);
  });
});

it('the end of a frame is told to all who wait for it, once', async () => {
  const rolls = new LogRolls({} as LogFiles, {} as LogAppender, {} as never);
  let ends = 0;
  for (let i = 0; i < 2; i += 1) void rolls.frameEnd().then(() => (ends += 1));
  await turns(1);
  expect(ends).toBe(0);
  rolls.endFrameWaits();
  rolls.endFrameWaits();
  await turns(1);
  expect(ends).toBe(2);
});
