/**
 * What the code takes from sections 6 (changes of members), 7 (compaction) and 8 (clients) of the
 * Raft paper, rule by rule, in our words.
 */
import { describe, expect, it } from 'vitest';
import { parseConfiguration } from '../../../src/raft/core/configuration-codec.ts';
import type { Configuration, LogEntry } from '../../../src/raft/core/entry.ts';
import type { Update } from '../../../src/raft/core/event.ts';
import type { Letter } from '../../../src/raft/core/outbox.ts';
import { LoneRaft, receivers, sent } from './lone-raft.ts';
import {
  baseOf, configurationEntryOf, configurationOf, ELECTION_TIMEOUT_MS, entriesOf, entryOf,
  HEARTBEAT_MS, idOf, idsOf, memberOf,
} from './members.ts';

function change(a: LoneRaft, voters: string, learners = ''): Update {
  const ids = { voters: idsOf(voters), learners: idsOf(learners) };
  const members = [...ids.voters, ...ids.learners].map(memberOf);
  return a.step({ kind: 'changeMembers', target: { ...ids, members } });
}

function written({ entries }: Update): (Configuration | undefined)[] {
  return entries.map(({ payload }) => parseConfiguration(payload));
}

function appendOf(prevIndex: number, prevTerm: number, ...entries: LogEntry[]): Letter {
  return { kind: 'append', prevIndex, prevTerm, entries, commit: 0, term: entries.at(-1)!.term };
}

function snapshotOf(index: number, indexTerm: number, term: number): Letter {
  const configuration = configurationOf('a,b,c');
  return { kind: 'snapshot', term, index, indexTerm, timeMs: 0, configuration };
}

describe('section 6, joint consensus', () => {
  it('begins with an entry that names the old voters and the new', () => {
    const a = new LoneRaft().lead();
    expect(written(change(a, 'a,b,d')))
      .toMatchObject([{ voters: ['a', 'b', 'd'], outgoing: ['a', 'b', 'c'] }]);
  });

  it('a configuration holds from the moment that it is in the log', () => {
    const a = new LoneRaft();
    a.receive('b', appendOf(0, 0, configurationEntryOf(1, 1, configurationOf('b,c'))));
    expect(a.raft.status.configuration.voters).toEqual(['b', 'c']);
  });

  it('one that is replaced in the log was never there', () => {
    const a = new LoneRaft();
    a.receive('b', appendOf(0, 0, configurationEntryOf(1, 1, configurationOf('b,c'))));
    a.receive('c', appendOf(0, 0, entryOf(1, 2, 'x')));
    expect(a.raft.status.configuration.voters).toEqual(['a', 'b', 'c']);
  });

  it('an entry goes to the members of both', () => {
    const a = new LoneRaft().lead();
    a.answer('c', 1);
    change(a, 'a,d,e');
    for (const from of ['b', 'c', 'd', 'e']) a.answer(from, 2);
    expect(receivers(a.propose('x'), 'append').toSorted()).toEqual(['b', 'c', 'd', 'e']);
  });

  it.each([
    ['not by the old majority alone', 'b,c', 1],
    ['not by the new majority alone', 'd,e', 1],
    ['by both', 'b,d', 2],
  ] as const)('an entry is committed %s', (_, supporters, commit) => {
    const a = new LoneRaft().lead();
    change(a, 'a,d,e');
    a.persist();
    for (const from of supporters.split(',')) a.answer(from, 2);
    expect(a.commit).toBe(commit);
  });

  it.each([
    ['not with the old majority alone', 'b,c', 'candidate'],
    ['not with the new majority alone', 'd,e', 'candidate'],
    ['with both', 'c,d', 'leader'],
  ] as const)('an election is won %s', (_, supporters, role) => {
    const a = new LoneRaft({ voters: 'a,d,e', outgoing: 'a,b,c' });
    a.tick(ELECTION_TIMEOUT_MS);
    for (const from of ['b', 'c', 'd', 'e']) {
      a.receive(from, { kind: 'preVoteResponse', isGranted: true, term: 1 });
    }
    for (const from of supporters.split(',')) a.receive(from, { kind: 'voteResponse', isGranted: true });
    expect(a.role).toBe(role);
  });

  it('whoever is in one of the two may lead', () => {
    const a = new LoneRaft({ voters: 'b,c,d', outgoing: 'a,b,c' });
    a.campaign('b,c');
    expect(a.role).toBe('leader');
  });

  it('ends, once it is committed, with an entry that names only the new voters', () => {
    const a = new LoneRaft().lead();
    change(a, 'a,b,d');
    a.persist();
    expect(written(a.answer('b', 2))).toEqual([configurationOf('a,b,d')]);
  });

  it('is ended by the next leader if the one that began it is gone', () => {
    const a = new LoneRaft();
    const joint = configurationOf('a,b,d', '', 'a,b,c');
    a.receive('c', appendOf(0, 0, configurationEntryOf(1, 1, joint)));
    a.persist();
    a.campaign('b,c');
    a.persist();
    const update = a.answer('b', 2);
    expect(written(update)).toMatchObject([{ voters: ['a', 'b', 'd'], outgoing: [] }]);
  });

  it('one at a time, and only by a leader that has committed something', () => {
    const a = new LoneRaft();
    const target = { voters: idsOf('a,b'), learners: [], members: idsOf('a,b').map(memberOf) };
    expect(a.raft.membersRefusal(target)).toBe('this peer does not lead');
    a.campaign();
    expect(a.raft.membersRefusal(target)).toBe('the leader has not committed anything yet');
    a.persist();
    a.answer('b', 1);
    expect(a.raft.membersRefusal(target)).toBeUndefined();
    change(a, 'a,b');
    expect(a.raft.membersRefusal(target)).toBe('another change of peers is under way');
    expect(change(a, 'a,c').entries).toEqual([]);
  });

  it('nor while one that only concerns learners is not committed', () => {
    const a = new LoneRaft().lead();
    change(a, 'a,b,c', 'd');
    expect(change(a, 'a,b').entries).toEqual([]);
    a.persist();
    a.answer('b', 2);
    expect(change(a, 'a,b').entries).toHaveLength(1);
  });

  it.each([
    ['nobody votes', '', '', 'at least one peer must vote'],
    ['somebody is named twice', 'a,b', 'b', 'a peer is named twice'],
  ])('a change in which %s is refused', (_, voters, learners, reason) => {
    const a = new LoneRaft().lead();
    const ids = { voters: idsOf(voters), learners: idsOf(learners) };
    expect(a.raft.membersRefusal({ ...ids, members: idsOf('a,b').map(memberOf) })).toBe(reason);
  });

  it('a change whose voters are not those that it describes is refused', () => {
    const a = new LoneRaft().lead();
    for (const members of ['a', 'a,b,c', 'a,c']) {
      const target = { voters: idsOf('a,b'), learners: [], members: idsOf(members).map(memberOf) };
      expect(a.raft.membersRefusal(target)).toBe('voters and learners are not the members');
    }
  });
});

describe('section 6, leaders and newcomers', () => {
  it('a leader that leaves does not count itself, and steps down when that is committed', () => {
    const a = new LoneRaft().lead();
    change(a, 'b,c');
    a.persist();
    a.answer('b', 2);
    a.answer('c', 2);
    a.persist();
    a.answer('b', 3);
    expect([a.role, a.commit]).toEqual(['leader', 2]);
    a.answer('c', 3);
    expect([a.role, a.commit]).toEqual(['follower', 3]);
    expect(a.tick(10 * ELECTION_TIMEOUT_MS).messages).toEqual([]);
  });

  it.each(['appended', 'heartbeatResponse'] as const)(
    'a leader that an answer (%s) makes step down sends nothing more to whom it came from',
    (kind) => {
      const a = new LoneRaft({ options: { flightsMax: 1 } }).lead();
      change(a, 'b,c');
      a.persist();
      a.answer('b', 2);
      a.answer('c', 2);
      a.propose('x');
      a.answer('c', 3);
      const letter: Letter = kind === 'appended' ? { kind, matchIndex: 3 }
        : { kind, round: 1, receivedIndex: 3, matchIndex: 3 };
      const update = a.receive('b', letter);
      expect([a.role, receivers(update, 'append')]).toEqual(['follower', []]);
    },
  );

  it('who is new gets entries without a vote first, and that changes no majority', () => {
    const a = new LoneRaft().lead();
    const update = change(a, 'a,b,c', 'd,e');
    expect(written(update)).toMatchObject([{ outgoing: [], learners: ['d', 'e'] }]);
    a.answer('d', 2);
    a.answer('e', 2);
    expect(a.commit).toBe(1);
    expect(receivers(a.tick(HEARTBEAT_MS), 'heartbeat')).toContain('d');
    a.persist();
    a.answer('b', 2);
    expect(a.commit).toBe(2);
  });

  it('who learns campaigns neither by itself nor when told to', () => {
    const a = new LoneRaft({ voters: 'b,c', learners: 'a' });
    a.tick(10 * ELECTION_TIMEOUT_MS);
    a.receive('b', { kind: 'timeoutNow' });
    expect(a.role).toBe('follower');
  });

  it('who does not know that it votes is asked and answers all the same', () => {
    const a = new LoneRaft({ voters: '' });
    const update = a.receive('b', {
      kind: 'vote', term: 4, lastIndex: 9, lastTerm: 3, isTransfer: false,
    });
    expect(sent(update, 'voteResponse')).toMatchObject([{ isGranted: true }]);
  });

  it('who has left is forgotten when that is committed', () => {
    const a = new LoneRaft().lead();
    change(a, 'a,b');
    a.persist();
    a.answer('b', 2);
    a.persist();
    expect([...a.raft.progress.keys()]).toEqual(['b', 'c']);
    a.answer('b', 3);
    expect([...a.raft.progress.keys()]).toEqual(['b']);
  });

  it('who was taken out and did not hear of it is ignored by those that hear their leader', () => {
    const a = new LoneRaft({ term: 3 });
    a.receive('b', { kind: 'heartbeat', commit: 0, round: 1 });
    const update = a.receive('z', {
      kind: 'vote', term: 9, lastIndex: 99, lastTerm: 8, isTransfer: false,
    });
    expect([update.messages, update.hardState, a.term]).toEqual([[], undefined, 3]);
  });
});

describe('section 7', () => {
  it('a leader sends its state only when the next entry is gone', () => {
    const a = new LoneRaft().lead();
    a.propose('x', 'y');
    a.persist();
    a.answer('b');
    const behind = { kind: 'rejected', prevIndex: 1, hintIndex: 0, hintTerm: 0 } as const;
    expect(a.receive('c', behind).snapshots).toEqual([]);
    a.step({ kind: 'trimmed', base: a.raft.baseAt(2)! });
    a.receive('c', { ...behind, prevIndex: 0 });
    a.tick(HEARTBEAT_MS);
    expect(a.hear('c', 2, 0).snapshots).toEqual(['c']);
  });

  it('the end of a stream that nobody waits for any more changes nothing', () => {
    const a = new LoneRaft().lead();
    const [before] = sent(a.propose('x'), 'append', 'b');
    a.step({ kind: 'snapshotSent', to: idOf('b'), index: 1, isOk: false });
    a.step({ kind: 'snapshotSent', to: idOf('z'), index: 1, isOk: true });
    const [next] = sent(a.propose('y'), 'append', 'b');
    expect([before?.prevIndex, next?.prevIndex]).toEqual([1, 2]);
  });

  it('a state comes with the index, the term and the configuration of its last entry', () => {
    const a = new LoneRaft({ log: [1, 2, 2], voters: 'a,b' });
    expect(a.raft.baseAt(2)).toMatchObject({
      index: 2, term: 2, configuration: { voters: ['a', 'b'] },
    });
  });

  it('a follower behind it lets go of its whole log and begins anew', () => {
    const a = new LoneRaft({ log: [1, 1, 2], voters: 'a,b' });
    const update = a.receive('b', snapshotOf(9, 4, 5));
    expect(update.install).toMatchObject({ index: 9, indexTerm: 4 });
    expect([a.raft.termOf(9), a.raft.termOf(3), a.commit]).toEqual([4, undefined, 9]);
    expect(a.raft.status.configuration.voters).toEqual(['a', 'b', 'c']);
  });

  it('entries that contradict it go, though there are more of them', () => {
    const a = new LoneRaft({ log: [1, 1, 1, 1, 1] });
    expect(a.receive('b', snapshotOf(3, 2, 2)).install).toBeDefined();
    expect(a.raft.status.lastIndex).toBe(3);
  });

  it('a follower that has its last entry keeps what follows it', () => {
    const a = new LoneRaft({ log: [1, 1, 2, 2, 2] });
    const update = a.receive('b', snapshotOf(3, 2, 2));
    expect(update.install).toBeUndefined();
    expect([a.terms, a.commit]).toEqual([[1, 1, 2, 2, 2], 3]);
  });

  it('one that is older than what is committed changes nothing', () => {
    const a = new LoneRaft({ log: [1, 1, 2, 2] });
    a.receive('b', { kind: 'append', prevIndex: 4, prevTerm: 2, entries: [], commit: 4 });
    const update = a.receive('b', snapshotOf(2, 1, 2));
    expect([update.install, a.commit, a.terms]).toEqual([undefined, 4, [1, 1, 2, 2]]);
    expect(sent(update, 'appended')).toMatchObject([{ matchIndex: 4 }]);
  });

  it('nothing is acknowledged before it is installed; then it is, once', () => {
    const a = new LoneRaft();
    const update = a.receive('b', snapshotOf(9, 4, 5));
    expect(sent(update, 'appended')).toEqual([]);
    const beat = a.receive('b', { kind: 'heartbeat', commit: 9, round: 3 });
    expect(sent(beat, 'heartbeatResponse')).toMatchObject([{ matchIndex: 0, receivedIndex: 9 }]);
    const installed = a.step({ kind: 'persisted', index: 9, term: 4 });
    expect(sent(installed, 'appended')).toMatchObject([{ matchIndex: 9 }]);
    expect(a.raft.deliverable).toBe(9);
  });

  it('the first entry behind it is checked against it', () => {
    const a = new LoneRaft();
    a.receive('b', snapshotOf(9, 4, 5));
    a.step({ kind: 'persisted', index: 9, term: 4 });
    const wrong = a.receive('b', { ...appendOf(10, 5, entryOf(11, 5, 'x')) });
    expect(sent(wrong, 'rejected')).toHaveLength(1);
    const right = a.receive('b', { ...appendOf(9, 4, ...entriesOf([5], 9)) });
    expect(right.entries).toHaveLength(1);
  });

  it('entries that were compacted away count as agreed', () => {
    const a = new LoneRaft({ log: [1, 1, 1] });
    a.receive('b', { kind: 'append', prevIndex: 3, prevTerm: 1, entries: [], commit: 3 });
    a.step({ kind: 'trimmed', base: baseOf(configurationOf('a,b,c'), 3, 1) });
    const update = a.receive('b', appendOf(1, 1, ...entriesOf([1, 1, 1], 1)));
    expect(update.entries.map(({ index }) => index)).toEqual([4]);
  });
});

describe('section 8', () => {
  it('a leader begins its term with an empty entry', () => {
    const a = new LoneRaft({ log: [1] });
    expect(a.campaign().entries).toMatchObject([{ index: 2, term: 2, kind: 'empty' }]);
  });

  it('a read waits for that entry to be committed', () => {
    const a = new LoneRaft({ log: [1] });
    a.campaign();
    a.persist();
    expect(sent(a.step({ kind: 'read', request: 1 }), 'heartbeat')).toEqual([]);
    const update = a.answer('b', 2);
    const [beat] = sent(update, 'heartbeat', 'b').filter(({ round }) => round > 0);
    expect(beat).toBeDefined();
    a.hear('b', beat!.round);
    expect(a.reads()).toEqual([{ request: 1, index: 2 }]);
  });

  it('and for a majority to say that it still follows', () => {
    const a = new LoneRaft({ voters: 'a,b,c,d,e' }).lead('b,c');
    const [beat] = sent(a.step({ kind: 'read', request: 1 }), 'heartbeat', 'b');
    a.hear('b', beat!.round);
    a.hear('b', beat!.round);
    a.hear('c', beat!.round - 1);
    expect(a.reads()).toEqual([]);
    a.hear('d', beat!.round);
    expect(a.reads()).toEqual([{ request: 1, index: 1 }]);
  });
});
