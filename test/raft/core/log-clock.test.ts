/** How the order's time goes on when clocks are wrong. */
import { describe, expect, it } from 'vitest';
import { LogClock } from '../../../src/raft/core/log-clock.ts';
import { LoneRaft } from './lone-raft.ts';
import { entriesOf } from './members.ts';

const HOUR_MS = 3_600_000;

function leading(): LoneRaft {
  const a = new LoneRaft();
  a.campaign();
  return a;
}

/** The time on the entry that it appends now. */
function stamp(a: LoneRaft): number {
  return a.propose('x').entries[0]!.timeMs;
}

describe('the time of the order', () => {
  it('goes by the clock of the leader', () => {
    const a = leading();
    a.nowMs += 10_000;
    expect(stamp(a)).toBe(a.nowMs);
  });

  it('goes on from where a wrong clock has put it when the clock is right again', () => {
    const a = leading();
    a.wallAheadMs = HOUR_MS;
    const wrong = stamp(a);
    expect(wrong).toBe(a.nowMs + HOUR_MS);
    a.wallAheadMs = 0;
    a.nowMs += 500;
    const later = stamp(a) - wrong;
    expect(later).toBeGreaterThanOrEqual(490);
    expect(later).toBeLessThanOrEqual(500);
    expect(a.raft.timeAheadMs).toBeCloseTo(HOUR_MS, -2);
  });

  it('comes back to the clock by itself, and never goes back', () => {
    const a = leading();
    a.wallAheadMs = 1000;
    let before = stamp(a);
    a.wallAheadMs = 0;
    for (let i = 0; i < 120; i++) {
      a.nowMs += 1000;
      const now = stamp(a);
      expect(now).toBeGreaterThanOrEqual(before + 990);
      before = now;
    }
    expect(before).toBe(a.nowMs);
    expect(a.raft.timeAheadMs).toBeLessThanOrEqual(0);
  });

  it('goes on however many entries there are in a millisecond', () => {
    const a = leading();
    a.wallAheadMs = HOUR_MS;
    const wrong = stamp(a);
    a.wallAheadMs = 0;
    for (let i = 0; i < 10_000; i++) {
      a.nowMs += 0.25;
      stamp(a);
    }
    expect(stamp(a) - wrong).toBeGreaterThanOrEqual(2470);
  });

  it('goes on at another leader, which has it from the log', () => {
    const a = new LoneRaft();
    const [entry] = entriesOf([1]);
    const late = { ...entry!, timeMs: HOUR_MS };
    a.receive('b', { kind: 'append', term: 1, prevIndex: 0, prevTerm: 0, entries: [late], commit: 0 });
    a.persist();
    a.nowMs += 5000;
    a.campaign('c');
    expect(stamp(a)).toBeGreaterThanOrEqual(HOUR_MS + 4950);
  });

  it('forgets entries that a newer leader has replaced', () => {
    const a = new LoneRaft({ log: [1] });
    const [entry] = entriesOf([2], 1);
    const late = { ...entry!, timeMs: HOUR_MS };
    const more = { kind: 'append', prevIndex: 1, prevTerm: 1, commit: 0 } as const;
    a.receive('b', { ...more, term: 2, entries: [late] });
    const [other] = entriesOf([3], 1);
    a.receive('c', { ...more, term: 3, entries: [{ ...other!, timeMs: 7 }] });
    expect(a.raft.timeAheadMs).toBeLessThan(1000);
  });
});

describe('a log clock', () => {
  it('begins anew where the log ends', () => {
    const clock = new LogClock();
    clock.note(HOUR_MS, 0);
    clock.restart(50, 1000);
    expect(clock.at(1000)).toBe(50);
    expect(clock.at(500)).toBe(50);
  });
});
