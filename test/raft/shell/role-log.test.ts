/** What is said in the log of elections, of members and of the order's time. */
import { pino, type Logger } from 'pino';
import { beforeEach, describe, expect, it } from 'vitest';
import type { MemberId } from '../../../src/raft/core/entry.ts';
import type { RaftStatus } from '../../../src/raft/core/event.ts';
import { CLOCK_ERROR_MS_MIN } from '../../../src/raft/limits.ts';
import { RoleLog, nameOf } from '../../../src/raft/shell/role-log.ts';
import { TimeLog } from '../../../src/raft/shell/time-log.ts';

const [A, B] = ['a:1', 'b:2'] as MemberId[];

function statusWith(voters: readonly (MemberId | undefined)[]): RaftStatus {
  const configuration = { members: [], voters, outgoing: [], learners: [] };
  return { leader: A, term: 1, configuration } as unknown as RaftStatus;
}

describe('the log of roles', () => {
  it('says that the peers change when they do, not when the same come from the log again', () => {
    const lines: string[] = [];
    const log = pino({}, { write: (line: string) => void lines.push(line) });
    const roles = new RoleLog(log, B!);
    const changes = (): number => lines.filter((line) => line.includes('peers change')).length;
    roles.note(statusWith([A]));
    roles.note(statusWith([A]));
    expect(changes()).toBe(0);
    roles.note(statusWith([A, B]));
    expect(changes()).toBe(1);
    roles.note(statusWith([A, B]));
    expect(changes()).toBe(1);
  });

  describe('of b', () => {
    let lines: string[];
    let roles: RoleLog;
    beforeEach(() => {
      lines = [];
      roles = new RoleLog(logTo(lines), B!);
    });
    const note = (leader: MemberId | undefined, term: number): void =>
      roles.note({ ...statusWith([A, B]), leader, term });

    it('says who leads, once for each term, and when no peer does', () => {
      for (const [leader, term] of [
        [A, 1], [A, 1], [undefined, 2], [undefined, 3], [A, 3], [A, 4], [B, 5], [undefined, 6],
      ] as const) note(leader, term);
      expect(lines).toEqual([
        '30 a leads now', '40 lost the leader a; no writes until there is one', '30 a leads now',
        '30 a leads now', '30 this peer leads now',
        '40 this peer leads no more: no majority, or a newer leader',
      ]);
    });

    it('says nothing before there was a leader', () => {
      note(undefined, 1);
      note(undefined, 2);
      expect(lines).toEqual([]);
    });

    it('says once for each set of peers whom a new cluster waits for', () => {
      for (const missing of [['a', 'c'], ['a', 'c'], ['c'], ['a', 'c']]) roles.noteMissing(missing);
      expect(lines.map((line) => line.split('waiting for ')[1])).toEqual(['a, c', 'c', 'a, c']);
    });
  });
});

describe('the log of the time', () => {
  it('says once that it is ahead, and right when it is well back, while this peer leads', () => {
    const lines: string[] = [];
    const time = new TimeLog(logTo(lines));
    const most = CLOCK_ERROR_MS_MIN;
    for (const aheadMs of [0, most - 1]) time.note('leader', aheadMs);
    time.note('follower', most * 2);
    expect(lines).toEqual([]);
    for (const aheadMs of [most, most * 2, most - 1, most / 2]) time.note('leader', aheadMs);
    expect(lines.map((line) => line.slice(0, 2))).toEqual(['40']);
    time.note('leader', most / 2 - 1);
    expect(lines[1]).toBe("30 the order's time is right again");
    time.note('leader', most);
    time.note('follower', most);
    time.note('leader', 0);
    expect(lines.map((line) => line.slice(0, 2))).toEqual(['40', '30', '40']);
  });
});

describe('a name', () => {
  it('is what stands before the colon of an id', () => {
    expect([nameOf('a:1'), nameOf('long-name:0:1')]).toEqual(['a', 'long-name']);
  });
});

/** Level and text of each line. */
function logTo(lines: string[]): Logger {
  return pino({ base: null, timestamp: false }, { write: (line: string) => {
    const { level, msg } = JSON.parse(line) as { level: number; msg: string };
    lines.push(`${level} ${msg}`);
  } });
}
