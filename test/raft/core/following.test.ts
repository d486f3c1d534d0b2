/** What a follower tells its leader when something went past them both. */
import { expect, it } from 'vitest';
import { LoneRaft, sent } from './lone-raft.ts';
import { ELECTION_TIMEOUT_MS, entriesOf } from './members.ts';

it('tells with its next sign of life what became durable while nobody seemed to lead', () => {
  const a = new LoneRaft({ log: [1] });
  const [entry] = entriesOf([1], 1);
  a.receive('b', { kind: 'append', prevIndex: 1, prevTerm: 1, entries: [entry!], commit: 1 });
  a.tick(2 * ELECTION_TIMEOUT_MS);
  expect(a.role).toBe('preCandidate');
  expect(sent(a.persist(), 'appended')).toEqual([]);
  const beat = a.receive('b', { kind: 'heartbeat', commit: 1, round: 4 });
  expect(sent(beat, 'heartbeatResponse')).toMatchObject([{ receivedIndex: 2, matchIndex: 2 }]);
});
