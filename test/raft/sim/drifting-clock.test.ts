import { describe, expect, it } from 'vitest';
import { DriftingClock } from './drifting-clock.ts';
import { SimWorld } from './sim-world.ts';

/** Bad and good clocks in turn, for so long each. */
const RATES = [0.7, 1.4, 1, 1.0005, 0.9995];
const STEP_MS = 1000.1;

describe('the clocks of a simulated machine', () => {
  it('go on at another rate without a jump', () => {
    const world = new SimWorld(1);
    const clock = new DriftingClock(world);
    for (const rate of RATES) {
      const before = clock.now();
      clock.rate = rate;
      expect(clock.now()).toEqual(before);
      world.run(world.nowMs + STEP_MS);
      const after = clock.now();
      expect(after.monotonicMs - before.monotonicMs).toBeCloseTo(STEP_MS * rate, 4);
      expect(Math.abs(after.wallMs - before.wallMs - STEP_MS * rate)).toBeLessThanOrEqual(1);
    }
  });

  it('ring when the moment has come and not before', () => {
    const world = new SimWorld(2);
    const clock = new DriftingClock(world);
    for (const rate of RATES) {
      clock.rate = rate;
      for (let waitMs = 0.001; waitMs < 10_000; waitMs *= 1.7) {
        const deadlineMs = clock.now().monotonicMs + waitMs;
        world.run(clock.ringsAtMs(deadlineMs));
        const lateMs = clock.now().monotonicMs - deadlineMs;
        expect(lateMs).toBeGreaterThanOrEqual(0);
        expect(lateMs).toBeLessThan(0.01);
      }
    }
  });

  it('ring at once for a moment that is past', () => {
    const world = new SimWorld(3);
    const clock = new DriftingClock(world);
    world.run(50);
    expect(clock.ringsAtMs(clock.now().monotonicMs - 10)).toBe(50);
  });

  it('keep the monotonic one when the wall clock is set back', () => {
    const clock = new DriftingClock(new SimWorld(4));
    const before = clock.now();
    clock.setWallBy(-60_000);
    expect(clock.now()).toEqual({ ...before, wallMs: before.wallMs - 60_000 });
  });
});
