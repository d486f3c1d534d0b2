import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';

import { NodeClock } from '../../src/io/node-clock.ts';
import { NodeRandomSource } from '../../src/io/node-random-source.ts';

const DAY_MS = 86_400_000;

describe('the clock of the machine', () => {
  beforeEach(() => {
    vi.useFakeTimers();
  });
  afterEach(() => {
    vi.useRealTimers();
  });

  test('a delay of months is not cut to the 25 days that setTimeout can hold', () => {
    const clock = new NodeClock();
    let fired = 0;
    clock.setTimer(60 * DAY_MS, () => fired += 1);
    vi.advanceTimersByTime(60 * DAY_MS - 1);
    expect(fired).toBe(0);
    vi.advanceTimersByTime(1);
    expect(fired).toBe(1);
  });

  test('a long timer can be cleared in any of its laps', () => {
    const clock = new NodeClock();
    let fired = 0;
    const timer = clock.setTimer(60 * DAY_MS, () => fired += 1);
    vi.advanceTimersByTime(40 * DAY_MS);
    clock.clearTimer(timer);
    vi.advanceTimersByTime(40 * DAY_MS);
    expect(fired).toBe(0);
  });

  test('a timer never fires before the call has returned, not even with no delay', () => {
    const clock = new NodeClock();
    let fired = 0;
    clock.setTimer(-5, () => fired += 1);
    expect(fired).toBe(0);
    vi.advanceTimersByTime(1);
    expect(fired).toBe(1);
  });

  test('wall time is in whole milliseconds', () => {
    vi.setSystemTime(1_234_567);
    expect(new NodeClock().nowMs()).toBe(1_234_567);
  });
});

test('monotonic time does not decrease', () => {
  const clock = new NodeClock();
  let before = clock.monotonicMs();
  for (let turn = 0; turn < 1000; turn++) {
    const now = clock.monotonicMs();
    expect(now).toBeGreaterThanOrEqual(before);
    before = now;
  }
});

test('seeds are two uint32 and differ', () => {
  const source = new NodeRandomSource();
  const seeds = Array.from({ length: 100 }, () => source.seed64());
  for (const part of seeds.flat()) {
    expect(Number.isInteger(part) && part >= 0 && part < 2 ** 32).toBe(true);
  }
  expect(new Set(seeds.map((seed) => seed.join())).size).toBe(100);
});
