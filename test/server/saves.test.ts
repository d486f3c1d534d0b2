import { pino } from 'pino';
import { describe, expect, it } from 'vitest';
import { Saves } from '../../src/server/saves.ts';
import { SimClock } from '../sim/sim-clock.ts';

/** A disk whose sync ends when the test says so. */
function start(): {
  saves: Saves; clock: SimClock; world: { changes: number; syncs: number };
  end(error?: Error): Promise<void>;
} {
  const clock = new SimClock();
  const world = { changes: 0, syncs: 0 };
  let settle: (error?: Error) => void = () => {};
  const saves = new Saves({
    clock, log: pino({ level: 'silent' }),
    sync: () => new Promise((resolve, reject) => {
      world.syncs++;
      settle = (error) => (error === undefined ? resolve() : reject(error));
    }),
    changes: () => world.changes,
  });
  const end = async (error?: Error): Promise<void> => {
    settle(error);
    await clock.advanceGently(0);
    expect(saves.isRunning).toBe(false);
  };
  return { saves, clock, world, end };
}

describe('a save', () => {
  it('in the background runs once at a time, and moves LASTSAVE when it has ended', async () => {
    const { saves, clock, world, end } = start();
    const before = saves.facts().lastAt;
    world.changes = 5;
    clock.advance(3000);
    saves.saveInBackground();
    saves.saveInBackground();
    await expect(saves.save()).rejects.toThrow('Background save already in progress');
    await clock.advanceGently(2000);
    expect(saves.facts()).toEqual({
      lastAt: before, changesSince: 5, isRunning: true, runningSeconds: 2, hasFailed: false,
      lastSeconds: -1, count: 0,
    });
    expect(world.syncs).toBe(1);
    world.changes = 7;
    await end();
    expect(saves.facts()).toEqual({
      lastAt: before + 5, changesSince: 2, isRunning: false, runningSeconds: -1, hasFailed: false,
      lastSeconds: 2, count: 1,
    });
  });

  it('that the disk refuses leaves LASTSAVE as it was, and says so until the next one', async () => {
    const { saves, clock, end } = start();
    const before = saves.facts().lastAt;
    clock.advance(3000);
    saves.saveInBackground();
    await clock.advanceGently(0);
    await end(new Error('EIO'));
    expect(saves.facts()).toMatchObject({ lastAt: before, hasFailed: true, count: 0 });
    const saved = saves.save();
    await clock.advanceGently(0);
    await end();
    await saved;
    expect(saves.facts()).toMatchObject({ lastAt: before + 3, hasFailed: false, count: 1 });
  });

  it('begins in a later turn, and means what was written until then', async () => {
    const { saves, clock, world, end } = start();
    saves.saveInBackground();
    expect(world.syncs).toBe(0);
    world.changes = 4;
    await clock.advanceGently(0);
    expect(world.syncs).toBe(1);
    await end();
    expect(saves.facts()).toMatchObject({ count: 1, changesSince: 0 });
  });
});
