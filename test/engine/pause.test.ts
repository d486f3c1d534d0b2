import { describe, expect, it } from 'vitest';
import type { TableEntry } from '../../src/commands/table.ts';
import { Pause } from '../../src/engine/pause.ts';
import type { Session } from '../../src/session/session.ts';
import { SimClock } from '../sim/sim-clock.ts';

const READ = { mayReplicate: false, runsQueued: false } as TableEntry;
const WRITE = { mayReplicate: true, runsQueued: false } as TableEntry;
const EXEC = { mayReplicate: false, runsQueued: true } as TableEntry;
const queueOf = (...entries: TableEntry[]): Session => {
  return { transaction: { queue: entries.map((entry) => ({ entry })) } } as unknown as Session;
};
const NOBODY = queueOf();

describe('a pause', () => {
  it('stops everything, or only what writes', () => {
    const clock = new SimClock();
    const pause = new Pause(clock);
    expect(pause.waitFor(WRITE, NOBODY)).toBeUndefined();
    pause.begin(clock.nowMs() + 10, true);
    expect(pause.waitFor(READ, NOBODY)).toBeUndefined();
    expect(pause.waitFor(WRITE, NOBODY)).toBeDefined();
    expect(pause.waitFor(EXEC, queueOf(READ))).toBeUndefined();
    expect(pause.waitFor(EXEC, queueOf(READ, WRITE))).toBeDefined();
    pause.begin(clock.nowMs() + 10, false);
    expect(pause.waitFor(READ, NOBODY)).toBeDefined();
  });

  it('may be one of the server itself, which holds reads too and ends no pause', async () => {
    const clock = new SimClock();
    const pause = new Pause(clock);
    pause.begin(clock.nowMs() + 10, true);
    const release = pause.hold();
    const held = pause.waitFor(READ, NOBODY);
    expect(held).toBeDefined();
    expect(() => pause.hold()).toThrow('held already');
    release();
    await held;
    expect(pause.waitFor(READ, NOBODY)).toBeUndefined();
    expect(pause.waitFor(WRITE, NOBODY)).toBeDefined();
  });

  it('is lengthened by a longer one, and neither shortened nor weakened by another', async () => {
    const clock = new SimClock();
    const pause = new Pause(clock);
    pause.begin(clock.nowMs() + 100, false);
    pause.begin(clock.nowMs() + 10, true);
    clock.advance(99);
    const wait = pause.waitFor(READ, NOBODY);
    expect(wait).toBeDefined();
    clock.advance(1);
    await wait;
    expect(pause.waitFor(READ, NOBODY)).toBeUndefined();
    expect(clock.nextTimerMs()).toBeNull();
  });

  it('ends early when told, for those that wait too', async () => {
    const clock = new SimClock();
    const pause = new Pause(clock);
    pause.begin(clock.nowMs() + 100, false);
    const wait = pause.waitFor(READ, NOBODY);
    pause.finish();
    await wait;
    expect(clock.nextTimerMs()).toBeNull();
  });
});
