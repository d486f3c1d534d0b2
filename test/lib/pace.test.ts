import { expect, it } from 'vitest';
import { Pace } from '../../src/lib/pace.ts';

it('lets as many bytes go as the rate allows', () => {
  const pace = new Pace(0);
  let nowMs = 0;
  for (let i = 0; i < 100; i++) nowMs += pace.sent(1000, 50_000, nowMs);
  expect(nowMs).toBe(100 * 1000 / 50);
});

it('does not make up for time that was not used', () => {
  const pace = new Pace(0);
  expect(pace.sent(1000, 1000, 0)).toBe(1000);
  expect(pace.sent(1000, 1000, 60_000)).toBe(1000);
  expect(pace.sent(500, 1000, 60_400)).toBeCloseTo(1100);
});

it('follows a rate that changes', () => {
  const pace = new Pace(10);
  expect(pace.sent(100, 1000, 10)).toBe(100);
  expect(pace.sent(100, 100_000, 110)).toBe(1);
});
