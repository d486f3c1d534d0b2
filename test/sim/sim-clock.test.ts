import { expect, test } from 'vitest';

import { SimClock } from './sim-clock.ts';

test('timers fire in the order of their times, equal ones in the order of setting', () => {
  const clock = new SimClock();
  const fired: string[] = [];
  const note = (name: string) => (): void => {
    fired.push(`${name}@${clock.monotonicMs()}`);
  };
  clock.setTimer(20, note('c'));
  clock.setTimer(10, note('a'));
  clock.setTimer(10, note('b'));
  clock.setTimer(31, note('late'));
  expect(clock.nextTimerMs()).toBe(10);
  clock.advance(30);
  expect(fired).toEqual(['a@10', 'b@10', 'c@20']);
  expect(clock.monotonicMs()).toBe(30);
  expect(clock.nextTimerMs()).toBe(1);
});

test('a cleared timer does not fire, nor one that a timer clears', () => {
  const clock = new SimClock();
  const fired: string[] = [];
  const doomed = clock.setTimer(5, () => fired.push('doomed'));
  clock.setTimer(4, () => clock.clearTimer(doomed));
  clock.clearTimer(clock.setTimer(1, () => fired.push('cleared')));
  clock.advance(10);
  expect(fired).toEqual([]);
  expect(clock.nextTimerMs()).toBeNull();
});

test('a timer set by a timer fires within the same advance when it falls due', () => {
  const clock = new SimClock();
  const fired: number[] = [];
  const again = (): void => {
    fired.push(clock.monotonicMs());
    clock.setTimer(4, again);
  };
  clock.setTimer(4, again);
  clock.advance(13);
  expect(fired).toEqual([4, 8, 12]);
});

test('a jump of the wall clock moves no timer', () => {
  const clock = new SimClock(1_000_000);
  let fired = 0;
  clock.setTimer(10, () => fired += 1);
  clock.jumpWall(-500_000);
  expect(clock.nowMs()).toBe(500_000);
  clock.advance(9);
  expect(fired).toBe(0);
  clock.advance(1);
  expect(fired).toBe(1);
  expect(clock.nowMs()).toBe(500_010);
});

test('a gentle advance lets promises go on between timers', async () => {
  const clock = new SimClock();
  const seen: number[] = [];
  const sleep = (ms: number): Promise<void> => new Promise((resolve) => {
    clock.setTimer(ms, resolve);
  });
  void (async () => {
    for (let turn = 0; turn < 3; turn++) {
      await sleep(5);
      seen.push(clock.monotonicMs());
    }
  })();
  await clock.advanceGently(20);
  expect(seen).toEqual([5, 10, 15]);
});

test('no timer fires while the thread is stalled, but late, and time never goes back', () => {
  const clock = new SimClock();
  const fired: number[] = [];
  clock.setTimer(10, () => fired.push(clock.monotonicMs()));
  clock.setTimer(60, () => fired.push(clock.monotonicMs()));
  clock.stall(50);
  expect([clock.monotonicMs(), fired, clock.nextTimerMs()]).toEqual([50, [], 0]);
  clock.advance(20);
  expect([clock.monotonicMs(), fired]).toEqual([70, [50, 60]]);
});
