import { pino } from 'pino';
import { describe, expect, it } from 'vitest';
import type { MemberId } from '../../../src/raft/core/entry.ts';
import type { RaftStatus } from '../../../src/raft/core/event.ts';
import { RoleLog } from '../../../src/raft/shell/role-log.ts';

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
});
