/**
 * What the code takes from "In Search of an Understandable Consensus Algorithm (Extended Version)",
 * rule by rule, in our words: figure 2 and sections 5.1 to 5.5. Sections 6 to 8 are in
 * paper-members.test.ts, what comes from the thesis in thesis.test.ts.
 */
import { describe, expect, it } from 'vitest';
import type { LogEntry } from '../../../src/raft/core/entry.ts';
import type { Append, Message } from '../../../src/raft/core/message.ts';
import type { Letter } from '../../../src/raft/core/outbox.ts';
import { LoneRaft, receivers, sent } from './lone-raft.ts';
import { ELECTION_TIMEOUT_MS, entriesOf, entryOf, HEARTBEAT_MS, idOf } from './members.ts';

function append(
  prev: readonly [index: number, term: number], entries: readonly LogEntry[],
  more: Partial<Pick<Append, 'commit' | 'term'>> = {},
): Letter {
  const [prevIndex, prevTerm] = prev;
  return { kind: 'append', prevIndex, prevTerm, entries, commit: 0, ...more };
}

function vote(term: number, last: readonly [index: number, term: number]): Letter {
  return { kind: 'vote', term, lastIndex: last[0], lastTerm: last[1], isTransfer: false };
}

describe('figure 2, state', () => {
  it('a term and a vote are to be written before anything is said in the term', () => {
    const a = new LoneRaft({ term: 4 });
    const update = a.receive('b', vote(5, [0, 0]));
    expect(update.hardState).toEqual({ term: 5, votedFor: 'b' });
    expect(sent(update, 'voteResponse')).toMatchObject([{ isGranted: true, term: 5 }]);
  });

  it('a vote is remembered over a restart', () => {
    const a = new LoneRaft({ term: 5, votedFor: 'b' });
    expect(sent(a.receive('c', vote(5, [9, 4])), 'voteResponse')).toMatchObject([{ isGranted: false }]);
    expect(sent(a.receive('b', vote(5, [9, 4])), 'voteResponse')).toMatchObject([{ isGranted: true }]);
  });

  it('the commit index never goes back', () => {
    const a = new LoneRaft({ log: [1, 1, 1] });
    a.receive('b', append([3, 1], [], { commit: 3 }));
    a.receive('b', append([3, 1], [], { commit: 1 }));
    a.receive('b', { kind: 'heartbeat', commit: 2, round: 0 });
    expect(a.commit).toBe(3);
  });

  it('a leader begins with the entry behind its last one for everybody, and knows nothing', () => {
    const a = new LoneRaft({ log: [1, 1] });
    a.campaign();
    expect([...a.raft.progress.values()].map(({ next, match }) => [next, match]))
      .toEqual([[3, 0], [3, 0]]);
  });
});

describe('figure 2, rules for all', () => {
  it('nothing is given to the state machine before it is committed', () => {
    const a = new LoneRaft();
    a.receive('b', append([0, 0], entriesOf([1, 1]), { term: 1, commit: 1 }));
    a.persist();
    expect(a.raft.deliverable).toBe(1);
  });

  it.each([
    ['a follower', (a: LoneRaft) => a],
    ['a candidate', (a: LoneRaft) => {
      a.tick(ELECTION_TIMEOUT_MS);
      a.receive('b', { kind: 'preVoteResponse', isGranted: true, term: 3 });
      return a;
    }],
    ['a leader', (a: LoneRaft) => a.lead()],
  ])('a message of a later term makes a follower of %s', (_, prepare) => {
    const a = prepare(new LoneRaft({ term: 2 }));
    const update = a.receive('c', { kind: 'appended', term: 9, matchIndex: 0 });
    expect([a.role, a.term]).toEqual(['follower', 9]);
    expect(update.hardState).toEqual({ term: 9, votedFor: undefined });
  });
});

describe('figure 2, append', () => {
  it('of an earlier term is refused by naming the later one', () => {
    const a = new LoneRaft({ term: 5 });
    const update = a.receive('b', append([0, 0], entriesOf([4]), { term: 4 }));
    expect(update.messages).toMatchObject([{ kind: 'heartbeatResponse', term: 5, round: 0 }]);
    expect([update.entries, a.role]).toEqual([[], 'follower']);
  });

  it('is refused when the entry before it is missing, or of another term', () => {
    const a = new LoneRaft({ log: [1, 1] });
    for (const prev of [[3, 1], [2, 2]] as const) {
      const update = a.receive('b', append(prev, [entryOf(prev[0] + 1, 2, 'x')], { term: 2 }));
      expect(sent(update, 'rejected')).toMatchObject([{ prevIndex: prev[0] }]);
      expect(a.terms).toEqual([1, 1]);
    }
  });

  it('replaces an entry of another term and all that follow it', () => {
    const a = new LoneRaft({ log: [1, 1, 2, 2, 2] });
    const update = a.receive('b', append([2, 1], [entryOf(3, 3, 'x')], { term: 3 }));
    expect(update.entries.map(({ index }) => index)).toEqual([3]);
    expect(a.terms).toEqual([1, 1, 3]);
  });

  it('that replaces what is not even on its way to the disk leaves only what holds', () => {
    const a = new LoneRaft();
    const messages = [
      append([0, 0], entriesOf([1, 1, 1]), { term: 1 }), append([1, 1], [entryOf(2, 2, 'x')]),
    ];
    for (const [i, letter] of messages.entries()) {
      const from = idOf(['b', 'c'][i]!);
      const message = { term: 2, ...letter, from, to: idOf('a') } as Message;
      a.raft.step({ kind: 'message', message }, a.now());
    }
    expect(a.raft.take().entries.map(({ index, term }) => [index, term])).toEqual([[1, 1], [2, 2]]);
  });

  it('that comes late or twice takes nothing away', () => {
    const a = new LoneRaft({ log: [1, 1, 1, 1] });
    const update = a.receive('b', append([1, 1], entriesOf([1, 1], 1)));
    expect([update.entries, a.terms]).toEqual([[], [1, 1, 1, 1]]);
    expect(sent(update, 'appended')).toMatchObject([{ matchIndex: 3 }]);
  });

  it('appends only what is not there', () => {
    const a = new LoneRaft({ log: [1, 1] });
    const update = a.receive('b', append([0, 0], entriesOf([1, 1, 1, 1])));
    expect(update.entries.map(({ index }) => index)).toEqual([3, 4]);
  });

  it('commits no further than it proves the logs to agree', () => {
    const a = new LoneRaft({ log: [1, 1, 1, 1] });
    a.receive('b', append([1, 1], entriesOf([1], 1), { term: 2, commit: 4 }));
    expect(a.commit).toBe(2);
    a.receive('b', { kind: 'heartbeat', commit: 4, round: 1 });
    expect(a.commit).toBe(2);
  });
});

describe('disks that were put back to older copies', () => {
  it('are noticed by a follower that has committed what the leader has not', () => {
    const a = new LoneRaft({ log: [1, 1, 1] });
    a.receive('b', append([3, 1], [], { commit: 3 }));
    const update = a.receive('c', append([1, 1], entriesOf([2], 1), { term: 2, commit: 2 }));
    expect([a.raft.contradictedAt, sent(update, 'appended'), a.terms]).toEqual([2, [], [1, 1, 1]]);
  });

  it('are noticed at the entry before those that are sent', () => {
    const a = new LoneRaft({ log: [1, 1, 1] });
    a.receive('b', append([3, 1], [], { commit: 3 }));
    a.receive('c', append([2, 2], entriesOf([2], 2), { term: 2 }));
    expect(a.raft.contradictedAt).toBe(2);
  });

  it('are not suspected when the leader replaces what was never committed', () => {
    const a = new LoneRaft({ log: [1, 1, 1] });
    a.receive('b', append([3, 1], [], { commit: 1 }));
    a.receive('c', append([1, 1], entriesOf([2], 1), { term: 2, commit: 2 }));
    expect([a.raft.contradictedAt, a.terms]).toEqual([undefined, [1, 2]]);
  });
});

describe('figure 2 and section 5.2, elections', () => {
  it('are won at once by the only voter, and by no other', () => {
    for (const [voters, role] of [['a', 'leader'], ['a,b', 'follower'], ['b', 'follower']]) {
      const a = new LoneRaft({ voters: voters! });
      a.tick(0);
      expect([voters, a.role]).toEqual([voters, role]);
    }
  });

  it('a follower campaigns when it hears no leader for its timeout', () => {
    const a = new LoneRaft();
    a.tick(ELECTION_TIMEOUT_MS - 1);
    expect(a.role).toBe('follower');
    a.tick(1);
    expect(a.role).toBe('preCandidate');
  });

  it('heartbeats keep a follower from that', () => {
    const a = new LoneRaft({ term: 1 });
    for (let i = 0; i < 10; i++) {
      a.tick(ELECTION_TIMEOUT_MS - 1);
      a.receive('b', { kind: 'heartbeat', commit: 0, round: i });
    }
    expect(a.role).toBe('follower');
  });

  it('giving a vote keeps a follower from that, refusing one does not', () => {
    const a = new LoneRaft({ log: [1] });
    a.tick(ELECTION_TIMEOUT_MS - 1);
    a.receive('b', vote(2, [1, 1]));
    a.tick(1);
    expect(a.role).toBe('follower');
    a.tick(ELECTION_TIMEOUT_MS - 2);
    a.receive('c', vote(2, [1, 1]));
    a.tick(1);
    expect(a.role).toBe('preCandidate');
  });

  it('nor does a follower campaign that gave its vote in the term in which it was', () => {
    const a = new LoneRaft({ log: [1], term: 2 });
    a.tick(ELECTION_TIMEOUT_MS - 1);
    a.receive('b', vote(2, [1, 1]));
    a.tick(1);
    expect(a.role).toBe('follower');
  });

  it('a candidate begins a term, votes for itself and asks everybody', () => {
    const a = new LoneRaft({ log: [1, 2], term: 6 });
    a.tick(ELECTION_TIMEOUT_MS);
    const update = a.receive('b', { kind: 'preVoteResponse', isGranted: true, term: 7 });
    expect([a.role, a.term]).toEqual(['candidate', 7]);
    expect(update.hardState).toEqual({ term: 7, votedFor: 'a' });
    expect(sent(update, 'vote')).toMatchObject([
      { to: 'b', term: 7, lastIndex: 2, lastTerm: 2 },
      { to: 'c', term: 7, lastIndex: 2, lastTerm: 2 },
    ]);
  });

  it('a candidate wins with a majority, not with less', () => {
    const a = new LoneRaft({ voters: 'a,b,c,d,e' });
    a.tick(ELECTION_TIMEOUT_MS);
    for (const from of ['b', 'c']) {
      a.receive(from, { kind: 'preVoteResponse', isGranted: true, term: 1 });
    }
    a.receive('b', { kind: 'voteResponse', isGranted: true });
    a.receive('b', { kind: 'voteResponse', isGranted: true });
    a.receive('d', { kind: 'voteResponse', isGranted: false });
    expect(a.role).toBe('candidate');
    a.receive('e', { kind: 'voteResponse', isGranted: true });
    expect(a.role).toBe('leader');
  });

  it('votes of an earlier election do not count', () => {
    const a = new LoneRaft({ voters: 'a,b,c', term: 3 });
    a.tick(ELECTION_TIMEOUT_MS);
    a.receive('b', { kind: 'preVoteResponse', isGranted: true, term: 4 });
    a.receive('b', { kind: 'voteResponse', isGranted: true, term: 3 });
    expect(a.role).toBe('candidate');
  });

  it('one vote is given in a term, to the first that asks', () => {
    const a = new LoneRaft();
    expect(sent(a.receive('b', vote(1, [0, 0])), 'voteResponse')).toMatchObject([{ isGranted: true }]);
    expect(sent(a.receive('c', vote(1, [0, 0])), 'voteResponse')).toMatchObject([{ isGranted: false }]);
    expect(sent(a.receive('c', vote(2, [0, 0])), 'voteResponse')).toMatchObject([{ isGranted: true }]);
  });

  it('a candidate of an earlier term gets no vote', () => {
    const a = new LoneRaft({ term: 5 });
    const update = a.receive('b', vote(4, [9, 4]));
    expect(sent(update, 'voteResponse')).toMatchObject([{ isGranted: false, term: 5 }]);
    expect(update.hardState).toBeUndefined();
  });

  it('a candidate follows whoever leads its term, and no leader of an earlier one', () => {
    const a = new LoneRaft({ term: 3 });
    a.tick(ELECTION_TIMEOUT_MS);
    a.receive('b', { kind: 'preVoteResponse', isGranted: true, term: 4 });
    a.receive('c', { kind: 'heartbeat', term: 3, commit: 0, round: 1 });
    expect([a.role, a.term]).toEqual(['candidate', 4]);
    a.receive('c', { kind: 'heartbeat', term: 4, commit: 0, round: 1 });
    expect([a.role, a.raft.status.leader]).toEqual(['follower', 'c']);
  });

  it('a candidate that nobody elects tries again in a later term', () => {
    const a = new LoneRaft();
    a.tick(ELECTION_TIMEOUT_MS);
    a.receive('b', { kind: 'preVoteResponse', isGranted: true, term: 1 });
    a.tick(ELECTION_TIMEOUT_MS);
    a.receive('b', { kind: 'preVoteResponse', isGranted: true, term: 2 });
    expect([a.role, a.term]).toEqual(['candidate', 2]);
  });

  it('a candidate gives its voters a whole timeout to answer', () => {
    const a = new LoneRaft();
    a.tick(ELECTION_TIMEOUT_MS);
    a.nowMs += ELECTION_TIMEOUT_MS - 1;
    a.receive('b', { kind: 'preVoteResponse', isGranted: true, term: 1 });
    a.tick(ELECTION_TIMEOUT_MS - 1);
    expect(a.role).toBe('candidate');
  });

  it('timeouts are drawn at random, anew each time', () => {
    const draws = [0, 0.25, 0.5];
    const a = new LoneRaft({ options: { random: () => draws.shift() ?? 0.75 } });
    const deadlines = [1, 2, 3].map(() => {
      const waitMs = a.raft.deadlineMs - a.nowMs;
      a.tick(waitMs);
      return waitMs;
    });
    expect(deadlines).toEqual([300, 375, 450]);
  });

  it('a new leader lets everybody know at once, and then again and again', () => {
    const a = new LoneRaft();
    expect(receivers(a.campaign(), 'heartbeat')).toEqual(['b', 'c']);
    a.answer('b', 1);
    expect(receivers(a.tick(HEARTBEAT_MS - 1), 'heartbeat')).toEqual([]);
    expect(receivers(a.tick(1), 'heartbeat')).toEqual(['b', 'c']);
  });
});

describe('section 5.1', () => {
  it('a candidate goes up by a step at random: histories that parted do not count alike', () => {
    const termAfter = (draw: number): number => {
      const a = new LoneRaft({ log: [1, 7], options: { termStepMax: 1024, random: () => draw } });
      a.tick(2 * ELECTION_TIMEOUT_MS);
      a.campaign();
      return a.term;
    };
    expect([0, 0.5, 0.999_999].map(termAfter)).toEqual([8, 520, 1031]);
  });

  it('terms only grow, whatever is heard', () => {
    const a = new LoneRaft({ term: 7 });
    for (const term of [3, 9, 8, 1]) {
      a.receive('b', { kind: 'heartbeat', term, commit: 0, round: 1 });
    }
    expect(a.term).toBe(9);
  });

  it('a leader that hears of a later term from an answer is deposed', () => {
    const a = new LoneRaft().lead();
    a.receive('b', { kind: 'heartbeatResponse', term: 2, round: 0, receivedIndex: 0, matchIndex: 0 });
    expect([a.role, a.term]).toEqual(['follower', 2]);
  });

  it('answers of an earlier term change nothing', () => {
    const a = new LoneRaft({ term: 3 });
    a.campaign();
    a.persist();
    a.receive('b', { kind: 'appended', term: 3, matchIndex: 1 });
    expect([a.role, a.commit]).toEqual(['leader', 0]);
  });
});

describe('section 5.3', () => {
  it('a leader sends an entry to everybody and commits it when a majority has it', () => {
    const a = new LoneRaft({ voters: 'a,b,c,d,e' }).lead('b,c');
    a.answer('d', 1);
    a.answer('e', 1);
    expect(receivers(a.propose('x'), 'append')).toEqual(['b', 'c', 'd', 'e']);
    a.persist();
    a.answer('b');
    expect(a.commit).toBe(1);
    a.answer('e');
    expect(a.commit).toBe(2);
  });

  it('followers hear what is committed', () => {
    const a = new LoneRaft().lead();
    a.propose('x');
    a.persist();
    expect(sent(a.answer('b'), 'heartbeat', 'b')).toMatchObject([{ commit: 2 }]);
    expect(sent(a.propose('y'), 'append', 'b')).toMatchObject([{ commit: 2 }]);
  });

  it('a leader goes on trying until a follower has everything', () => {
    const a = new LoneRaft({ log: [1, 1, 1] });
    a.campaign();
    for (let round = 2; round < 6; round++) {
      a.receive('c', { kind: 'heartbeatResponse', round: round - 1, receivedIndex: 0, matchIndex: 0 });
      a.tick(HEARTBEAT_MS);
      const again = a.hear('b', round, 0);
      expect(sent(again, 'append', 'b')).toMatchObject([{ prevIndex: 3 }]);
    }
  });

  it('a leader goes back to where the logs agree, over whole terms at a time', () => {
    const a = new LoneRaft({ log: [1, 1, 1, 4, 4, 5, 5, 6, 6, 6], term: 7 });
    a.campaign();
    const update = a.receive('b', {
      kind: 'rejected', prevIndex: 10, hintIndex: 10, hintTerm: 3,
    });
    expect(update.logReads).toMatchObject([{ to: 'b', from: 4 }]);
  });

  it('a follower names the last entry that may agree', () => {
    const a = new LoneRaft({ log: [1, 1, 1, 2, 2, 2, 3, 3, 3, 3, 3], term: 7 });
    expect(sent(a.receive('b', append([10, 6], [], { term: 8 })), 'rejected'))
      .toMatchObject([{ prevIndex: 10, hintIndex: 10, hintTerm: 3 }]);
    expect(sent(a.receive('b', append([10, 2], [], { term: 8 })), 'rejected'))
      .toMatchObject([{ prevIndex: 10, hintIndex: 6, hintTerm: 2 }]);
  });

  it('a leader never replaces an entry of its own log', () => {
    const a = new LoneRaft({ log: [1, 1] });
    a.lead();
    a.propose('x', 'y');
    a.receive('b', { kind: 'rejected', prevIndex: 3, hintIndex: 0, hintTerm: 0 });
    expect(a.terms).toEqual([1, 1, 2, 2, 2]);
  });

  it('an entry that is committed is never replaced, whatever an append says', () => {
    const a = new LoneRaft({ log: [1, 1] });
    a.receive('b', append([2, 1], [], { commit: 2 }));
    a.receive('b', append([1, 1], [entryOf(2, 2, 'x')], { term: 2 }));
    expect(a.terms).toEqual([1, 1]);
  });
});

describe('section 5.4', () => {
  it.each([
    ['5.4.1: a log that ends in an earlier term gets no vote, however long', [9, 2], false],
    ['5.4.1: nor does a shorter one that ends in the same term', [2, 3], false],
    ['5.4.1: an equal log does', [3, 3], true],
    ['5.4.1: and one that ends in a later term, however short', [1, 4], true],
  ] as const)('%s', (_, last, isGranted) => {
    const a = new LoneRaft({ log: [1, 3, 3], term: 4 });
    expect(sent(a.receive('b', vote(5, last)), 'voteResponse')).toMatchObject([{ isGranted }]);
  });

  it('5.4.2: what a majority has of an earlier term is not committed by that', () => {
    const a = new LoneRaft({ log: [1, 2], term: 3 });
    a.campaign();
    a.persist();
    a.answer('b', 2);
    a.answer('c', 2);
    expect(a.commit).toBe(0);
  });

  it('5.4.2: it is committed with the first entry of the present term', () => {
    const a = new LoneRaft({ log: [1, 2], term: 3 });
    a.campaign();
    a.persist();
    a.answer('b', 3);
    expect(a.commit).toBe(3);
  });

  it('5.5: the same request twice does the same as once', () => {
    const a = new LoneRaft({ log: [1] });
    const letter = append([1, 1], [entryOf(2, 1, 'x')], { commit: 2 });
    a.receive('b', letter);
    a.persist();
    const again = a.receive('b', letter);
    expect([a.terms, a.commit, again.entries]).toEqual([[1, 1], 2, []]);
    expect(sent(again, 'appended')).toMatchObject([{ matchIndex: 2 }]);
  });

  it('5.5: a follower acknowledges an entry when it would survive a crash, not before', () => {
    const a = new LoneRaft();
    const update = a.receive('b', append([0, 0], entriesOf([1, 1]), { term: 1 }));
    expect(sent(update, 'appended')).toEqual([]);
    expect(sent(a.persist(1), 'appended')).toMatchObject([{ matchIndex: 1 }]);
    expect(sent(a.persist(), 'appended')).toMatchObject([{ matchIndex: 2 }]);
  });
});
