/** What is shown of the cluster, from each point of view. */
import { describe, expect, it } from 'vitest';
import type { Configuration, MemberId, NamedPeer } from '../../../src/raft/core/entry.ts';
import type { RaftStatus } from '../../../src/raft/core/event.ts';
import type { ReplicaDriver } from '../../../src/raft/core/replica-driver.ts';
import type { PeerLink } from '../../../src/raft/links/peer.ts';
import { clockBases, statusOf, type StatusSource } from '../../../src/raft/shell/status.ts';
import { configurationOf } from '../log/helpers.ts';

const [A, B, C] = ['a:1', 'b:1', 'c:1'] as [MemberId, MemberId, MemberId];
const ALL = configurationOf('a', 'b', 'c');
const named = (name: string): NamedPeer =>
  ({ name, clientAddress: `${name}:1`, peerAddress: `${name}:2` });

const STATUS: RaftStatus = {
  id: A, role: 'leader', term: 7, leader: A, lastIndex: 30, commit: 20, configuration: ALL,
};

interface View {
  readonly status?: Partial<RaftStatus>;
  readonly matches?: readonly (readonly [MemberId, number])[];
  readonly aheadMs?: number;
}

function driverOf({ status = {}, matches = [], aheadMs = 0 }: View = {}): ReplicaDriver {
  const progress = new Map(matches.map(([id, match]) => [id, { match }]));
  const raft = { progress, timeAheadMs: aheadMs };
  return { replica: { status: { ...STATUS, ...status }, raft } } as unknown as ReplicaDriver;
}

function linkOf(name: string, more: Partial<PeerLink> = {}): PeerLink {
  const link = { name, id: `${name}:1` as MemberId, connected: true, lastContactAt: 900 };
  return { ...link, roundTripMs: 3, clockBaseMs: undefined, ...more } as PeerLink;
}

function show(driver: ReplicaDriver | undefined, more: Partial<StatusSource> = {}) {
  return statusOf({
    self: named('a'), driver, links: [linkOf('b'), linkOf('c', { connected: false })],
    members: ['a', 'b', 'c'].map(named), isStopped: false, removedBy: undefined, nowMs: 1000,
    clockErrorMs: 0, ...more,
  });
}

const rolesOf = (...given: Parameters<typeof show>): string =>
  show(...given).peers.map(({ name, role }) => `${name} ${role}`).join(', ');

describe('the status of a peer', () => {
  it('that leads knows where the others are', () => {
    const { peers, ...order } = show(driverOf({ matches: [[B, 25], [C, 40]], aheadMs: 2.6 }));
    expect(order).toEqual({
      engine: 'raft', role: 'leader', term: 7, leader: 'a', lastPosition: 30, committed: 20,
      clockErrorMs: 0, timeAheadMs: 3,
    });
    const common = { isConnected: true, lastContactMs: 100, roundTripMs: 3 };
    expect(peers).toEqual([
      { ...named('a'), id: A, isSelf: true, position: 20, role: 'leader', lag: 10,
        isConnected: true, lastContactMs: 0, roundTripMs: 0 },
      { ...named('b'), id: B, isSelf: false, position: 25, role: 'follower', lag: 5, ...common },
      { ...named('c'), id: C, isSelf: false, position: 40, role: 'follower', lag: 0, ...common,
        isConnected: false },
    ]);
  });

  it('that follows knows of no position but its own, and of no lag', () => {
    const { role, leader, peers } = show(driverOf({ status: { role: 'follower', leader: B } }));
    expect([role, leader]).toEqual(['follower', 'b']);
    const known = peers.map(({ position, lag }) => [position, lag]);
    expect(known).toEqual([[20, -1], [-1, -1], [-1, -1]]);
    expect(peers.map((peer) => peer.role)).toEqual(['follower', 'leader', 'follower']);
  });

  it('without a leader may be a candidate, before it asks for votes too', () => {
    for (const role of ['preCandidate', 'candidate'] as const) {
      const found = show(driverOf({ status: { role, leader: undefined } }));
      const [self] = found.peers;
      expect([found.role, found.leader, self!.role]).toEqual(['candidate', '', 'candidate']);
    }
  });

  it('shows no time ahead that is behind', () => {
    expect(show(driverOf({ aheadMs: -5 })).timeAheadMs).toBe(0);
  });

  it('that has not met the others shows those that are configured', () => {
    const found = show(undefined);
    expect(found).toMatchObject({
      role: 'joining', term: 0, leader: '', lastPosition: 0, committed: 0, timeAheadMs: 0,
    });
    expect(found.peers.map(({ name, id, role, position, lag }) => [name, id, role, position, lag]))
      .toEqual([
        ['a', '', 'unknown', 0, -1], ['b', '', 'unknown', -1, -1], ['c', '', 'unknown', -1, -1],
      ]);
    const empty: Configuration = { voters: [], outgoing: [], learners: [], members: [] };
    const status = { configuration: empty, role: 'follower', leader: undefined } as const;
    const joining = driverOf({ status });
    expect(rolesOf(joining)).toBe('a unknown, b unknown, c unknown');
    expect(show(joining).role).toBe('joining');
  });

  it('stopped, removed, learns or has no place yet', () => {
    expect(show(driverOf(), { isStopped: true, removedBy: 9 }).role).toBe('stopped');
    const removed = show(driverOf(), { removedBy: 9 });
    expect([removed.role, removed.removedBy, removed.peers[0]!.role])
      .toEqual(['removed', 9, 'removed']);
    expect('removedBy' in show(driverOf())).toBe(false);
    const learning = { ...ALL, voters: [B, C], learners: [A] };
    const follower = { role: 'follower', leader: B } as const;
    const learner = driverOf({ status: { ...follower, configuration: learning } });
    expect(show(learner).role).toBe('learner');
    expect(rolesOf(learner)).toBe('a learner, b leader, c follower');
    const without = { ...ALL, voters: [B, C], members: ALL.members.filter(({ id }) => id !== A) };
    const outside = driverOf({ status: { ...follower, configuration: without } });
    expect([show(outside).role, rolesOf(outside)])
      .toEqual(['joining', 'b leader, c follower, a joining']);
  });
});

describe('another peer', () => {
  it('that is invited is so until it is there, and then joins', () => {
    const configuration = { ...ALL, invited: [named('d'), named('e')] };
    const links = [linkOf('b'), linkOf('c'), linkOf('d'), linkOf('e', { connected: false })];
    expect(rolesOf(driverOf({ status: { configuration } }), { links }))
      .toBe('a leader, b follower, c follower, d joining, e invited');
  });

  it('that came with an empty disk has the name of the member that is gone, and joins', () => {
    const links = [linkOf('b', { id: 'b:2' as MemberId })];
    expect(rolesOf(driverOf(), { links })).toBe('a leader, b joining, c follower');
    const gone = [linkOf('b', { id: 'b:2' as MemberId, connected: false })];
    expect(rolesOf(driverOf(), { links: gone })).toBe('a leader, b follower, c follower');
  });

  it('was heard of some time ago, never, or by a clock that was set back', () => {
    const links = [linkOf('b', { lastContactAt: 1500 }), linkOf('c', { lastContactAt: undefined })];
    expect(show(driverOf(), { links }).peers.map(({ lastContactMs }) => lastContactMs))
      .toEqual([0, 0, -1]);
    expect(show(driverOf(), { links: [] }).peers.map((one) => [one.isConnected, one.roundTripMs]))
      .toEqual([[true, 0], [false, -1], [false, -1]]);
  });
});

describe('clocks of others', () => {
  it('count where they are known and of voters', () => {
    const links = [
      linkOf('b', { clockBaseMs: 5 }), linkOf('c'), linkOf('d', { clockBaseMs: 7 }),
      linkOf('e', { clockBaseMs: 8, id: undefined }),
    ];
    expect(clockBases(links, driverOf())).toEqual([5]);
    expect(clockBases(links, undefined)).toEqual([]);
  });
});
