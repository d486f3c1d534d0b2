/** What a leader does with answers that come late, twice or wrong. */
import { describe, expect, it } from 'vitest';
import type { LogEntry } from '../../../src/raft/core/entry.ts';
import type { Update } from '../../../src/raft/core/event.ts';
import { LoneRaft, sent } from './lone-raft.ts';
import { ELECTION_TIMEOUT_MS, entriesOf, HEARTBEAT_MS, idOf } from './members.ts';

/** It leads with entries that only its disk has, and reads them for `b`. */
function reading(): LoneRaft {
  const a = new LoneRaft({ log: [1, 2, 2], options: { windowBytesMax: 0 } });
  a.campaign('c');
  const rejected = { kind: 'rejected', prevIndex: 3, hintIndex: 0, hintTerm: 0 } as const;
  expect(a.receive('b', rejected).logReads).toMatchObject([{ to: 'b', from: 1 }]);
  return a;
}

function logRead(a: LoneRaft, entries: readonly LogEntry[], to = 'b'): Update {
  return a.step({ kind: 'logRead', to: idOf(to), entries });
}

describe('what may have been committed before this member led', () => {
  it('lies below its first entry, whatever it knows to be committed', () => {
    const a = new LoneRaft({ log: [1, 1, 2] });
    expect(a.raft.leaderSince).toBeUndefined();
    a.campaign('c');
    expect([a.role, a.commit, a.raft.leaderSince]).toEqual(['leader', 0, 4]);
    a.propose('x');
    expect(a.raft.leaderSince).toBe(4);
  });

  it('is known to a follower with the leader’s first entry', () => {
    const a = new LoneRaft({ log: [1, 1] });
    a.receive('b', { term: 3, kind: 'heartbeat', commit: 1, round: 0 });
    expect([a.raft.knownCommit, a.raft.leaderSince]).toEqual([1, undefined]);
    const entries = entriesOf([3, 3], 2);
    a.receive('b', { kind: 'append', prevIndex: 2, prevTerm: 1, entries, commit: 1 });
    expect(a.raft.leaderSince).toBe(3);
    a.tick(2 * ELECTION_TIMEOUT_MS);
    expect(a.raft.leaderSince).toBeUndefined();
  });
});

describe('entries that were read for a member', () => {
  it('are sent, and further ones wait for its answer', () => {
    const a = reading();
    expect(sent(logRead(a, entriesOf([1, 2])), 'append', 'b'))
      .toMatchObject([{ prevIndex: 0, prevTerm: 0, entries: [{ index: 1 }, { index: 2 }] }]);
    expect(a.propose('x').messages).toEqual([]);
    expect(a.answer('b', 2).logReads).toMatchObject([{ from: 3 }]);
  });

  it.each([
    ['none is there', []],
    ['they are not of this log', entriesOf([1, 1])],
    ['they are not the next ones', entriesOf([2, 2], 1)],
  ])('are not sent when %s: they are read again', (_, entries) => {
    const update = logRead(reading(), entries);
    expect(sent(update, 'append')).toEqual([]);
    expect(update.logReads).toMatchObject([{ to: 'b', from: 1 }]);
  });

  it('are not asked for twice at the same time', () => {
    const a = reading();
    a.tick(HEARTBEAT_MS);
    expect(a.hear('b', 2, 0).logReads).toEqual([]);
  });

  it('are not sent when nobody asked for them, or asks any more', () => {
    const a = reading();
    expect(logRead(a, entriesOf([1, 2]), 'c').messages).toEqual([]);
    expect(logRead(a, entriesOf([1, 2]), 'z').messages).toEqual([]);
    a.receive('c', { kind: 'heartbeat', term: 9, commit: 0, round: 1 });
    expect(logRead(a, entriesOf([1, 2])).messages).toEqual([]);
  });

  it('give way to the whole state if they were deleted meanwhile', () => {
    const a = reading();
    a.persist();
    a.answer('c');
    a.step({ kind: 'trimmed', base: a.raft.baseAt(2)! });
    expect(logRead(a, [])).toMatchObject({ snapshots: ['b'], messages: [] });
  });
});

describe('a member that cannot be reached', () => {
  it('is probed from what it surely has, and only when it speaks again', () => {
    const a = new LoneRaft().lead();
    a.answer('c', 1);
    a.propose('x');
    expect(a.step({ kind: 'unreachable', id: idOf('b') }).messages).toEqual([]);
    expect(a.raft.progress.get(idOf('b'))).toMatchObject({ state: 'probe', match: 1, next: 2 });
    a.tick(HEARTBEAT_MS);
    expect(sent(a.hear('b', 2, 2), 'append', 'b')).toMatchObject([{ prevIndex: 1 }]);
  });

  it('and one that is being sent the state goes on waiting for that', () => {
    const a = new LoneRaft({ log: [1, 1] });
    a.lead('c');
    a.step({ kind: 'trimmed', base: a.raft.baseAt(2)! });
    const rejected = { kind: 'rejected', prevIndex: 2, hintIndex: 0, hintTerm: 0 } as const;
    expect(a.receive('b', rejected).snapshots).toEqual(['b']);
    a.step({ kind: 'unreachable', id: idOf('b') });
    expect(a.raft.progress.get(idOf('b'))?.state).toBe('snapshot');
  });
});

describe('a rejection', () => {
  it('of what was acknowledged since is late, and changes nothing', () => {
    const a = new LoneRaft().lead();
    a.propose('x');
    a.answer('b', 2);
    const late = { kind: 'rejected', prevIndex: 1, hintIndex: 0, hintTerm: 0 } as const;
    expect(a.receive('b', late).messages).toEqual([]);
    expect(a.raft.progress.get(idOf('b'))?.state).toBe('stream');
  });

  it('never takes a member back behind what it has acknowledged', () => {
    const a = new LoneRaft({ options: { appendBytesMax: 1 } }).lead();
    for (const text of ['u', 'v', 'w']) a.propose(text);
    a.answer('b', 3);
    const update = a.receive('b', { kind: 'rejected', prevIndex: 4, hintIndex: 0, hintTerm: 0 });
    expect(sent(update, 'append', 'b')).toMatchObject([{ prevIndex: 3 }]);
  });

  it('of a member that is being sent the state changes nothing', () => {
    const a = new LoneRaft({ log: [1, 1] });
    a.lead('c');
    a.step({ kind: 'trimmed', base: a.raft.baseAt(2)! });
    const rejected = { kind: 'rejected', prevIndex: 2, hintIndex: 0, hintTerm: 0 } as const;
    a.receive('b', rejected);
    expect(a.receive('b', rejected)).toMatchObject({ snapshots: [], messages: [] });
  });
});

describe('an answer to a heartbeat', () => {
  it('counts as an acknowledgement, because an earlier one may be lost', () => {
    const a = new LoneRaft().lead();
    a.propose('x');
    a.persist();
    a.receive('b', { kind: 'heartbeatResponse', round: 1, receivedIndex: 2, matchIndex: 2 });
    expect(a.commit).toBe(2);
  });

  it('of an earlier round says nothing of what was sent since', () => {
    const a = new LoneRaft().lead();
    a.tick(HEARTBEAT_MS);
    a.propose('x');
    a.tick(HEARTBEAT_MS);
    expect(sent(a.hear('b', 2, 1), 'append', 'b')).toEqual([]);
    expect(sent(a.hear('b', 3, 1), 'append', 'b')).toMatchObject([{ prevIndex: 1 }]);
  });

  it('from somebody who is no member changes nothing', () => {
    const a = new LoneRaft().lead();
    expect(a.hear('z', 1).messages).toEqual([]);
    expect(a.answer('z', 1).messages).toEqual([]);
  });
});

describe('a heartbeat that overtook appends', () => {
  const HEARD = { kind: 'heartbeatResponse', receivedIndex: 1, matchIndex: 1 } as const;

  function overtaking(): LoneRaft {
    const a = new LoneRaft().lead();
    a.propose('x');
    a.tick(HEARTBEAT_MS);
    return a;
  }

  it('does not tell that they are lost, and those sent in order after it do', () => {
    const a = overtaking();
    const { round } = sent(a.tick(HEARTBEAT_MS), 'heartbeat', 'b')[0]!;
    a.step({ kind: 'overtook', to: idOf('b'), round });
    expect(sent(a.receive('b', { ...HEARD, round }), 'append', 'b')).toEqual([]);
    const next = sent(a.tick(HEARTBEAT_MS), 'heartbeat', 'b')[0]!.round;
    expect(sent(a.receive('b', { ...HEARD, round: next }), 'append', 'b')).toHaveLength(1);
  });
});
