/** When a client's unsent replies are too many, or too many for too long. */
import { beforeEach, describe, expect, it } from 'vitest';
import { OutputLimit } from '../../src/net/output-limit.ts';

describe('an output limit', () => {
  const limits = { hardBytes: 1000, softBytes: 100, softSeconds: 2 };
  const clock = { ms: 0, nowMs: () => clock.ms };
  let limit: OutputLimit;
  beforeEach(() => {
    clock.ms = 50_000;
    limit = new OutputLimit();
  });
  const at = (ms: number, bytes: number, of = limits): boolean => {
    clock.ms = 50_000 + ms;
    return limit.isPassed(bytes, of, clock);
  };

  it('that is hard holds to the byte, and none is none', () => {
    expect([at(0, 1000), at(0, 1001)]).toEqual([false, true]);
    const none = { hardBytes: 0, softBytes: 0, softSeconds: 0 };
    expect([at(0, 1e9, none), at(100_000, 1e9, none)]).toEqual([false, false]);
  });

  it('that is soft is passed without a break for longer than its time', () => {
    expect([at(0, 101), at(1999, 500), at(2000, 101), at(2001, 101)])
      .toEqual([false, false, false, true]);
  });

  it('that is soft begins again behind each break, and allows its last byte', () => {
    expect([at(0, 101), at(1000, 100), at(1500, 101), at(3400, 101), at(3501, 101)])
      .toEqual([false, false, false, false, true]);
  });

  it('is not passed by a clock that was set back', () => {
    expect([at(0, 101), at(-40_000, 101), at(-38_000, 101), at(-37_999, 101)])
      .toEqual([false, false, false, true]);
  });
});
