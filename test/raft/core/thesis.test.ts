/**
 * What the code takes from Ongaro's thesis "Consensus: Bridging Theory and Practice", beside what
 * is in the Raft paper already (paper.test.ts), rule by rule, in our words.
 */
import { describe, expect, it } from 'vitest';
import type { Update } from '../../../src/raft/core/event.ts';
import type { Letter } from '../../../src/raft/core/outbox.ts';
import { LoneRaft, receivers, sent } from './lone-raft.ts';
import {
  configurationEntryOf, configurationOf, ELECTION_TIMEOUT_MS, entriesOf, HEARTBEAT_MS, idOf,
} from './members.ts';

function transferTo(a: LoneRaft, to: string): Update {
  return a.step({ kind: 'transfer', to: idOf(to) });
}

function vote(term: number, isTransfer: boolean): Letter {
  return { kind: 'vote', term, lastIndex: 99, lastTerm: 8, isTransfer };
}

function preVote(term: number, lastIndex: number, lastTerm: number): Letter {
  return { kind: 'preVote', term, lastIndex, lastTerm };
}

describe('3.10, handing leadership over', () => {
  it('takes no proposals meanwhile', () => {
    const a = new LoneRaft().lead();
    transferTo(a, 'b');
    expect(a.propose('x', 'y')).toMatchObject({ dropped: 2, entries: [] });
  });

  it('brings the other up to date before it tells it to campaign', () => {
    const a = new LoneRaft().lead();
    a.propose('x');
    a.persist();
    expect(receivers(transferTo(a, 'b'), 'timeoutNow')).toEqual([]);
    expect(receivers(a.answer('c'), 'timeoutNow')).toEqual([]);
    expect(receivers(a.answer('b'), 'timeoutNow')).toEqual(['b']);
  });

  it('tells at once one that has everything', () => {
    const a = new LoneRaft().lead();
    expect(receivers(transferTo(a, 'b'), 'timeoutNow')).toEqual(['b']);
  });

  it('who is told campaigns at once, without asking first', () => {
    const a = new LoneRaft({ term: 3 });
    a.receive('b', { kind: 'heartbeat', commit: 0, round: 1 });
    const update = a.receive('b', { kind: 'timeoutNow' });
    expect([a.role, a.term]).toEqual(['candidate', 4]);
    expect(sent(update, 'vote')).toMatchObject([{ isTransfer: true }, { isTransfer: true }]);
  });

  it('who is told in an earlier term does nothing', () => {
    const a = new LoneRaft({ term: 3 });
    a.receive('b', { kind: 'timeoutNow', term: 2 });
    expect(a.role).toBe('follower');
  });

  it('goes on as leader if the other has not taken over in an election timeout', () => {
    const a = new LoneRaft().lead();
    transferTo(a, 'b');
    for (let round = 2; round < 5; round++) {
      expect(a.propose('x').dropped).toBe(1);
      a.tick(HEARTBEAT_MS);
      a.hear('c', round, 1);
    }
    expect(a.propose('x')).toMatchObject({ dropped: 0, entries: [{ index: 2 }] });
  });

  it('is forgotten when it has succeeded', () => {
    const a = new LoneRaft().lead();
    transferTo(a, 'b');
    a.receive('b', vote(2, true));
    a.lead('c');
    expect(a.propose('x').dropped).toBe(0);
  });
});

describe('4.2.3, members that would depose a leader for nothing', () => {
  it('get no vote from one that hears a leader, and do not move its term', () => {
    const a = new LoneRaft({ term: 3 });
    a.receive('b', { kind: 'heartbeat', commit: 0, round: 1 });
    a.tick(ELECTION_TIMEOUT_MS - 1);
    expect([a.receive('c', vote(9, false)).messages, a.term]).toEqual([[], 3]);
  });

  it('nor from the leader itself', () => {
    const a = new LoneRaft().lead();
    expect([a.receive('c', vote(9, false)).messages, a.role]).toEqual([[], 'leader']);
  });

  it('get one when no leader was heard for the shortest timeout', () => {
    const a = new LoneRaft({ term: 3, options: { random: () => 0.9 } });
    a.receive('b', { kind: 'heartbeat', commit: 0, round: 1 });
    a.tick(ELECTION_TIMEOUT_MS);
    expect(sent(a.receive('c', vote(9, false)), 'voteResponse')).toMatchObject([{ isGranted: true }]);
  });

  it('get one at once when their leader told them to campaign', () => {
    const a = new LoneRaft({ term: 3 });
    a.receive('b', { kind: 'heartbeat', commit: 0, round: 1 });
    expect(sent(a.receive('c', vote(4, true)), 'voteResponse')).toMatchObject([{ isGranted: true }]);
  });
});

describe('4.2.2, one that may be on its way out', () => {
  const leaving = configurationEntryOf(1, 1, configurationOf('b,c'));
  const append: Letter = {
    kind: 'append', prevIndex: 0, prevTerm: 0, entries: [leaving], commit: 0, term: 1,
  };

  it('campaigns as long as that is not committed', () => {
    const a = new LoneRaft();
    a.receive('b', append);
    a.tick(ELECTION_TIMEOUT_MS);
    expect(a.role).toBe('preCandidate');
  });

  it('and leads, without counting itself', () => {
    const a = new LoneRaft();
    a.receive('b', append);
    a.campaign('b,c');
    expect(a.role).toBe('leader');
    a.persist();
    a.answer('b', 2);
    expect(a.commit).toBe(0);
    a.answer('c', 2);
    expect([a.commit, a.role]).toEqual([2, 'follower']);
  });

  it('campaigns no more when it is', () => {
    const a = new LoneRaft();
    a.receive('b', { ...append, commit: 1 } as Letter);
    a.tick(10 * ELECTION_TIMEOUT_MS);
    expect(a.role).toBe('follower');
  });
});

describe('6.2, a leader without a majority', () => {
  it('steps down after an election timeout', () => {
    const a = new LoneRaft({ voters: 'a,b,c,d,e' }).lead('b,c');
    for (let round = 2; round < 4; round++) {
      a.tick(HEARTBEAT_MS);
      a.hear('d', round);
    }
    a.tick(HEARTBEAT_MS);
    expect([a.role, a.term, a.raft.status.leader]).toEqual(['follower', 1, undefined]);
  });

  it('stays while answers of a majority come, each now and then', () => {
    const a = new LoneRaft({ voters: 'a,b,c,d,e' }).lead('b,c');
    for (let round = 2; round < 20; round++) {
      a.tick(HEARTBEAT_MS);
      a.hear(['b', 'c', 'd'][round % 3]!, round);
    }
    expect(a.role).toBe('leader');
  });

  it('has that time from when it took office, even if it heard nobody before', () => {
    const a = new LoneRaft();
    a.tick(5 * ELECTION_TIMEOUT_MS);
    a.campaign();
    a.tick(HEARTBEAT_MS);
    a.tick(HEARTBEAT_MS);
    expect(a.role).toBe('leader');
    a.tick(HEARTBEAT_MS);
    expect(a.role).toBe('follower');
  });

  it('does not count those that only learn', () => {
    const a = new LoneRaft({ learners: 'd,e' }).lead();
    for (let round = 2; round < 5; round++) {
      a.tick(HEARTBEAT_MS);
      a.hear('d', round);
      a.hear('e', round);
    }
    expect(a.role).toBe('follower');
  });
});

describe('6.4, reads without writing', () => {
  it('name what was committed when the round began', () => {
    const a = new LoneRaft().lead();
    const [beat] = sent(a.step({ kind: 'read', request: 1 }), 'heartbeat', 'b');
    a.propose('x');
    a.persist();
    a.answer('b', 2);
    a.hear('b', beat!.round);
    expect(a.reads()).toEqual([{ request: 1, index: 1 }]);
  });

  it('share one round if they come while another is under way', () => {
    const a = new LoneRaft().lead();
    const [beat] = sent(a.step({ kind: 'read', request: 1 }), 'heartbeat', 'b');
    expect(a.step({ kind: 'read', request: 2 }).messages).toEqual([]);
    expect(a.step({ kind: 'read', request: 3 }).messages).toEqual([]);
    expect(receivers(a.hear('b', beat!.round), 'heartbeat')).toEqual(['b', 'c']);
    a.hear('c', beat!.round + 1);
    expect(a.reads().map(({ request }) => request)).toEqual([1, 2, 3]);
  });

  it('are not answered by what was sent before they were asked', () => {
    const a = new LoneRaft().lead();
    a.tick(HEARTBEAT_MS);
    a.step({ kind: 'read', request: 1 });
    a.hear('b', 2);
    a.hear('c', 2);
    expect(a.reads()).toEqual([]);
  });

  it('are asked of the leader by followers, and answered to them', () => {
    const a = new LoneRaft({ term: 1 });
    a.receive('b', { kind: 'heartbeat', commit: 0, round: 1 });
    expect(sent(a.step({ kind: 'read', request: 7 }), 'readIndex', 'b'))
      .toMatchObject([{ request: 7 }]);
    a.receive('b', { kind: 'readIndexed', request: 7, index: 4 });
    expect(a.reads()).toEqual([{ request: 7, index: 4 }]);
    const leader = new LoneRaft().lead();
    const update = leader.receive('b', { kind: 'readIndex', request: 7 });
    const [beat] = sent(update, 'heartbeat', 'c');
    expect(sent(leader.hear('c', beat!.round), 'readIndexed', 'b'))
      .toMatchObject([{ request: 7, index: 1 }]);
  });

  it('are not answered by a leader that was deposed meanwhile', () => {
    const a = new LoneRaft().lead();
    const [beat] = sent(a.step({ kind: 'read', request: 1 }), 'heartbeat', 'b');
    a.receive('c', { kind: 'heartbeat', term: 2, commit: 0, round: 1 });
    const { round } = beat!;
    a.receive('b', { kind: 'heartbeatResponse', term: 1, round, receivedIndex: 1, matchIndex: 1 });
    expect(a.reads()).toEqual([]);
    a.lead();
    a.hear('b', beat!.round + 5);
    expect(a.reads()).toEqual([]);
  });

  it('need a majority of old and new voters while members change', () => {
    const a = new LoneRaft({ voters: 'a,d,e', outgoing: 'a,b,c' });
    a.campaign('b,d');
    a.persist();
    for (const from of ['b', 'd']) a.answer(from, 1);
    const [beat] = sent(a.step({ kind: 'read', request: 1 }), 'heartbeat', 'b');
    a.hear('b', beat!.round);
    a.hear('c', beat!.round);
    expect(a.reads()).toEqual([]);
    a.hear('e', beat!.round);
    expect(a.reads()).toHaveLength(1);
  });
});

describe('9.6, asking before a campaign', () => {
  it('begins no term, and writes nothing', () => {
    const a = new LoneRaft({ term: 3, log: [1, 2] });
    const update = a.tick(ELECTION_TIMEOUT_MS);
    expect([a.role, a.term, update.hardState]).toEqual(['preCandidate', 3, undefined]);
    expect(sent(update, 'preVote'))
      .toMatchObject([{ term: 4, lastIndex: 2, lastTerm: 2 }, { term: 4 }]);
  });

  it('needs a majority', () => {
    const a = new LoneRaft({ voters: 'a,b,c,d,e' });
    a.tick(ELECTION_TIMEOUT_MS);
    a.receive('b', { kind: 'preVoteResponse', isGranted: true, term: 1 });
    a.receive('c', { kind: 'preVoteResponse', isGranted: false, term: 0 });
    expect(a.role).toBe('preCandidate');
    a.receive('d', { kind: 'preVoteResponse', isGranted: true, term: 1 });
    expect(a.role).toBe('candidate');
  });

  it('answers about another term do not count', () => {
    const a = new LoneRaft({ term: 3 });
    a.tick(ELECTION_TIMEOUT_MS);
    a.receive('b', { kind: 'preVoteResponse', isGranted: true, term: 3 });
    a.receive('b', { kind: 'preVoteResponse', isGranted: true, term: 5 });
    expect([a.role, a.term]).toEqual(['preCandidate', 3]);
  });

  it('is answered without a promise: to many, and no term moves', () => {
    const a = new LoneRaft({ log: [1] });
    for (const from of ['b', 'c', 'd']) {
      const update = a.receive(from, preVote(2, 1, 1));
      expect(sent(update, 'preVoteResponse')).toMatchObject([{ isGranted: true, term: 2 }]);
      expect([a.term, update.hardState]).toEqual([1, undefined]);
    }
  });

  it('is refused while a leader is heard', () => {
    const a = new LoneRaft({ term: 1 });
    a.receive('b', { kind: 'heartbeat', commit: 0, round: 1 });
    expect(sent(a.receive('c', preVote(2, 9, 1)), 'preVoteResponse'))
      .toMatchObject([{ isGranted: false, term: 1 }]);
  });

  it('is refused to a log that is behind, and to a term that is not ahead', () => {
    const a = new LoneRaft({ log: [1, 2], term: 4 });
    for (const question of [preVote(5, 9, 1), preVote(5, 1, 2), preVote(4, 2, 2)]) {
      expect(sent(a.receive('b', question), 'preVoteResponse')).toMatchObject([{ isGranted: false }]);
    }
  });

  it('ends when a leader is heard', () => {
    const a = new LoneRaft({ term: 1 });
    a.tick(ELECTION_TIMEOUT_MS);
    a.receive('b', { kind: 'heartbeat', commit: 0, round: 1 });
    expect([a.role, a.raft.status.leader]).toEqual(['follower', 'b']);
  });

  it('is refused with the later term, so that the next question is about one that is ahead', () => {
    const a = new LoneRaft({ term: 1 });
    a.tick(ELECTION_TIMEOUT_MS);
    a.receive('b', { kind: 'preVoteResponse', isGranted: false, term: 6 });
    expect([a.role, a.term]).toEqual(['follower', 6]);
  });
});

describe('10.2.1, the leader writes while others do', () => {
  it('sends entries that its own disk still writes', () => {
    const a = new LoneRaft().lead();
    const update = a.propose('x');
    expect(update.entries).toHaveLength(1);
    expect(receivers(update, 'append')).toContain('b');
  });

  it('does not count itself before its own disk is done', () => {
    const a = new LoneRaft().lead();
    a.propose('x');
    a.answer('b', 2);
    expect(a.commit).toBe(1);
    a.persist();
    expect(a.commit).toBe(2);
  });

  it('commits what a majority of others has, and delivers it when its own disk is done', () => {
    const a = new LoneRaft().lead();
    a.propose('x');
    a.answer('b', 2);
    a.answer('c', 2);
    expect([a.commit, a.raft.deliverable]).toEqual([2, 1]);
    a.persist();
    expect(a.raft.deliverable).toBe(2);
  });
});

describe('10.2.2, appends follow each other', () => {
  it('without waiting for answers, up to a bound', () => {
    const a = new LoneRaft({ options: { flightsMax: 3, appendBytesMax: 1 } }).lead();
    const entries = ['u', 'v', 'w', 'x', 'y'].flatMap((text) => {
      return sent(a.propose(text), 'append', 'b').map(({ prevIndex }) => prevIndex);
    });
    expect(entries).toEqual([1, 2, 3]);
    expect(sent(a.answer('b', 3), 'append', 'b').map(({ prevIndex }) => prevIndex)).toEqual([4, 5]);
  });

  it('one at a time while it is not known where the logs agree', () => {
    const a = new LoneRaft({ log: [1, 1] });
    a.campaign();
    expect(sent(a.propose('x'), 'append')).toEqual([]);
    expect(sent(a.answer('b', 2), 'append', 'b')).toMatchObject([{ prevIndex: 2 }]);
  });

  it('and one that is rejected in between is where they begin again', () => {
    const a = new LoneRaft({ options: { appendBytesMax: 1 } }).lead();
    for (const text of ['u', 'v', 'w']) a.propose(text);
    const again = a.receive('b', { kind: 'rejected', prevIndex: 2, hintIndex: 1, hintTerm: 1 });
    expect(sent(again, 'append', 'b')).toMatchObject([{ prevIndex: 1, entries: [{ index: 2 }] }]);
    const late = a.receive('b', { kind: 'rejected', prevIndex: 3, hintIndex: 1, hintTerm: 1 });
    expect(late.messages).toEqual([]);
  });

  it('a follower takes them in any order, as far as they fit', () => {
    const a = new LoneRaft();
    const [first, second] = entriesOf([1, 1]);
    const ahead = a.receive('b', {
      kind: 'append', term: 1, prevIndex: 1, prevTerm: 1, entries: [second!], commit: 0,
    });
    expect(sent(ahead, 'rejected')).toMatchObject([{ prevIndex: 1, hintIndex: 0 }]);
    a.receive('b', { kind: 'append', prevIndex: 0, prevTerm: 0, entries: [first!], commit: 0 });
    expect(a.terms).toEqual([1]);
  });
});
