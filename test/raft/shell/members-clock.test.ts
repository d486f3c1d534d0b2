import { describe, expect, it } from 'vitest';
import { pino } from 'pino';
import { Writable } from 'node:stream';
import { MembersClock } from '../../../src/raft/shell/members-clock.ts';

const HOUR_MS = 3_600_000;
const WALL_MS = 1_800_000_000_000;

class Clocks {
  /** What the others' clocks are ahead of the right time. */
  others: number[] = [];
  voters = 3;
  aheadMs = 0;
  monotonicMs = 5000;
  /** How often the clocks of the others were asked for. */
  looks = 0;
  readonly log: string[] = [];
  readonly clock = new MembersClock({
    log: pino({}, new Writable({
      write: (line: Buffer, _encoding, done) => {
        this.log.push((JSON.parse(line.toString()) as { msg: string }).msg);
        done();
      },
    })),
    bases: () => {
      this.looks += 1;
      return this.others.map((ms) => WALL_MS + ms);
    },
    voters: () => this.voters,
  });

  error(): number {
    return this.clock.errorMs(WALL_MS + this.aheadMs + this.monotonicMs, this.monotonicMs);
  }
}

function clocksOf(aheadMs: number, others: number[], voters = 3): Clocks {
  return Object.assign(new Clocks(), { aheadMs, others, voters });
}

describe('the clock of a peer', () => {
  it.each<[string, Clocks, number]>([
    ['right with the others', clocksOf(20, [-30, 10]), 0],
    ['wrong when two others agree', clocksOf(HOUR_MS, [5, 0]), HOUR_MS - 5],
    ['wrong in the other direction too', clocksOf(-HOUR_MS, [0, 8]), -HOUR_MS],
    ['right when one other is wrong', clocksOf(0, [HOUR_MS, 0]), 0],
    ['right when one other is wrong and the third is not known', clocksOf(0, [HOUR_MS]), 0],
    ['of unknown error with one of two others', clocksOf(HOUR_MS, [0]), 0],
    ['of unknown error without a majority', clocksOf(HOUR_MS, [0, 0], 6), 0],
    ['wrong by the nearer of two middle ones', clocksOf(HOUR_MS, [0, 50, 90], 4), HOUR_MS - 90],
    ['right when it is off by less than seconds', clocksOf(1500, [0, 0]), 0],
    ['right when it is alone', clocksOf(HOUR_MS, [], 1), 0],
  ])('is %s', (_, clocks, errorMs) => {
    expect(clocks.error()).toBe(errorMs);
  });

  it('is seen to jump at once, and said once in the log', () => {
    const clocks = clocksOf(0, [0, 0]);
    expect(clocks.error()).toBe(0);
    clocks.aheadMs = HOUR_MS;
    clocks.monotonicMs += 1;
    expect(clocks.error()).toBe(HOUR_MS);
    clocks.monotonicMs += 1000;
    expect(clocks.error()).toBe(HOUR_MS);
    clocks.aheadMs = 0;
    expect(clocks.error()).toBe(0);
    expect(clocks.log).toEqual([
      "this peer's clock is 3600000 ms ahead of those of most peers: it goes by theirs until it " +
        'is set right',
      "this peer's clock is right again",
    ]);
  });

  it('is compared ten times a second, however often it is asked for', () => {
    const clocks = clocksOf(0, [0, 0]);
    for (let i = 0; i < 1000; i += 1) {
      clocks.error();
      clocks.monotonicMs += 1;
    }
    expect(clocks.looks).toBe(10);
  });
});
