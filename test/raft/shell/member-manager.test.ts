/** Whom a peer dials, whom a leader lets in, and what it answers an administrator. */
import { beforeEach, describe, expect, it } from 'vitest';
import type { Configuration, MemberId, NamedPeer } from '../../../src/raft/core/entry.ts';
import type { MembersTarget } from '../../../src/raft/core/event.ts';
import type { Replica } from '../../../src/raft/core/replica.ts';
import type { Links } from '../../../src/raft/links/links.ts';
import type { PeerFacts } from '../../../src/raft/links/peer-facts.ts';
import { MemberManager } from '../../../src/raft/shell/member-manager.ts';
import { configurationOf } from '../log/helpers.ts';

const [A, B, C] = ['a:1', 'b:1', 'c:1'] as [MemberId, MemberId, MemberId];
const [NEW_C, D] = ['c:2', 'd:1'] as [MemberId, MemberId];
const ALL = { ...configurationOf('a', 'b', 'c'), featureLevel: 2 };

const CAUGHT_UP = 64;

let configuration: Configuration;
let role: string;
let leader: MemberId | undefined;
let refusal: string | undefined;
let isCommitted: boolean;
let isAtWork: boolean;
/** What is known of the others: whether they follow, and how far. */
let progress: Map<MemberId, { state: string; match: number }>;
let links: { name: string; connected: boolean; isHeard: boolean }[];
let seen: Map<string, PeerFacts>;
let dialled: string[][];
let changes: MembersTarget[];
let warnings: string[];
let reviews: number;
let manager: MemberManager;

const peer = (name: string): NamedPeer =>
  ({ name, clientAddress: `${name}:1`, peerAddress: `${name}:2` });

function meet(id: MemberId, featureLevel: number | undefined = 2): void {
  const name = id.slice(0, 1);
  seen.set(name, { ...peer(name), id, featureLevel } as unknown as PeerFacts);
  links.push({ name, connected: true, isHeard: true });
}

function replica(): Replica | undefined {
  if (!isAtWork) return undefined;
  const raft = {
    isConfigurationCommitted: isCommitted, progress,
    committedConfiguration: { index: 1, configuration },
  };
  const status = { id: A, role, leader, commit: 1000, configuration };
  return { raft, status, membersRefusal: () => refusal } as unknown as Replica;
}

beforeEach(() => {
  configuration = ALL;
  role = 'leader';
  leader = A;
  refusal = undefined;
  isCommitted = isAtWork = true;
  progress = new Map();
  links = [];
  seen = new Map();
  dialled = [];
  changes = [];
  warnings = [];
  reviews = 0;
  const port = {
    peers: () => links, review: () => (reviews += 1),
    setPeers: (peers: readonly { name: string; address: string }[]) =>
      void dialled.push(peers.map(({ name, address }) => `${name} ${address}`)),
  };
  manager = new MemberManager({
    links: port as unknown as Links, self: peer('a'), configured: ['a', 'b', 'x'].map(peer),
    featureLevel: 2, seen, replica, change: (target) => void changes.push(target),
    warn: (text) => void warnings.push(text),
  });
});

describe('a peer', () => {
  it('dials who is configured, invited or a member, once for each configuration', () => {
    const addresses = Object.fromEntries(
      ALL.members.map(({ name, peerAddress }) => [name, peerAddress]));
    configuration = { ...ALL, invited: [peer('d')] };
    manager.note(configuration);
    manager.note(configuration);
    expect(dialled.map((names) => names.toSorted())).toEqual([
      [`b ${addresses['b']}`, `c ${addresses['c']}`, 'd d:2', 'x x:2'],
    ]);
    manager.note(ALL);
    expect(dialled).toHaveLength(2);
  });

  it('says once that a member has other addresses than its own configuration', () => {
    const reading = (id: MemberId, change: Partial<NamedPeer>): void => {
      const others = [{ ...peer('b'), id: B, ...change }, { ...peer('y'), id: C }];
      configuration = { ...ALL, members: [{ ...peer('a'), id }, ...others] };
      manager.manage();
    };
    reading(A, {});
    // What it reads in the log from before it was let in.
    reading('a:0' as MemberId, { clientAddress: 'old:1' });
    expect(warnings).toEqual([]);
    reading(A, { clientAddress: 'far:1' });
    reading(A, { peerAddress: 'far:2' });
    expect(warnings).toHaveLength(1);
    expect(warnings[0]).toContain('peer b has b:1 b:2 in the');
    expect(warnings[0]).toContain('and far:1 b:2 in the cluster');
  });
});

describe('a leader', () => {
  it('lets a peer in that it hears and can speak to, in the place of the one it was', () => {
    meet(NEW_C);
    manager.manage();
    expect(changes.map(({ voters, learners }) => [voters, learners])).toEqual([[[A, B], [NEW_C]]]);
    expect(reviews).toBe(1);
  });

  it.each([
    ['that it cannot speak to', () => { links[0]!.connected = false; }],
    ['that it does not hear', () => { links[0]!.isHeard = false; }],
    ['while it does not lead', () => { role = 'follower'; }],
    ['while another change is not committed', () => { isCommitted = false; }],
    ['that may not come now', () => { refusal = 'no'; }],
    ['while it is not at work', () => { isAtWork = false; }],
  ])('lets no peer in %s', (_what, change) => {
    meet(NEW_C);
    change();
    manager.manage();
    expect(changes).toEqual([]);
  });

  it('lets no peer in without an invitation', () => {
    meet(D);
    manager.manage();
    expect(changes).toEqual([]);
    configuration = { ...ALL, invited: [peer('d')] };
    manager.manage();
    expect(changes[0]).toMatchObject({ voters: [A, B, C], learners: [D] });
  });

  it.each([
    ['stream', 1000 - CAUGHT_UP, true], ['stream', 1000 - CAUGHT_UP - 1, false],
    ['probe', 1000, false], ['snapshot', 1000, false],
  ])('promotes a learner in state %s at %i: %s', (state, match, isPromoted) => {
    configuration = { ...ALL, voters: [A, B], learners: [C] };
    progress.set(C, { state, match });
    manager.manage();
    expect(changes.map(({ voters }) => voters)).toEqual(isPromoted ? [[A, B, C]] : []);
  });

  it('raises the level when every member is there with a build that knows it', () => {
    configuration = { ...ALL, featureLevel: 1 };
    meet(B);
    manager.manage();
    expect(changes).toEqual([]);
    meet(C, 1);
    manager.manage();
    expect(changes).toEqual([]);
    meet(C, 3);
    manager.manage();
    expect(changes.map(({ featureLevel }) => featureLevel)).toEqual([2]);
    links.pop();
    links.pop();
    manager.manage();
    expect(changes).toHaveLength(1);
  });

  it('does not take for its own level what a peer of its name said', () => {
    configuration = { ...ALL, featureLevel: 1 };
    for (const id of [B, C]) meet(id);
    seen.set('a', { ...peer('a'), id: A, featureLevel: 1 } as unknown as PeerFacts);
    manager.manage();
    expect(changes.map(({ featureLevel }) => featureLevel)).toEqual([2]);
  });
});

describe('an administrator', () => {
  it('invites a peer that is no member, beside those who are invited', () => {
    configuration = { ...ALL, invited: [peer('d'), peer('e')] };
    expect(manager.add(peer('f'))).toBeUndefined();
    expect(manager.add({ ...peer('d'), clientAddress: 'new:1' })).toBeUndefined();
    expect(changes.map(({ invited }) => invited?.map((one) => `${one.name} ${one.clientAddress}`)))
      .toEqual([['d d:1', 'e e:1', 'f f:1'], ['e e:1', 'd new:1']]);
    expect(manager.add(peer('b'))).toBe('b is a peer already');
    refusal = 'another change is not committed';
    expect(manager.add(peer('g'))).toBe(refusal);
    expect(changes).toHaveLength(2);
  });

  it('takes out a member, or an invitation', () => {
    configuration = { ...ALL, invited: [peer('d')] };
    expect(manager.remove('c')).toBeUndefined();
    expect(manager.remove('d')).toBeUndefined();
    expect(manager.remove('z')).toBe('there is no peer z');
    expect(changes.map(({ voters, invited }) => [voters, invited?.map(({ name }) => name)]))
      .toEqual([[[A, B], undefined], [[A, B, C], []]]);
    refusal = 'another change is not committed';
    expect(manager.remove('c')).toBe(refusal);
  });

  it.each([
    ['a follower', () => { role = 'follower'; leader = B; },
      `this peer does not lead: ask b at ${ALL.members[1]!.clientAddress}`],
    ['a follower of one without a place', () => { role = 'follower'; leader = D; },
      'this peer does not lead: ask d'],
    ['a candidate', () => { role = 'candidate'; leader = undefined; },
      'this peer does not lead, and nobody does now'],
    ['a peer that has stopped', () => { isAtWork = false; },
      'this peer does not take part now: INFO replication says why'],
  ])('is sent on by %s', (_who, change, text) => {
    change();
    expect([manager.add(peer('d')), manager.remove('b'), changes]).toEqual([text, text, []]);
  });

  it('is told who has a place for good', () => {
    configuration = { ...ALL, invited: [peer('d')] };
    expect(['b', 'd', 'z'].map((name) => manager.hasCommitted(name))).toEqual([true, true, false]);
    // An invitation that replaces another one is not there before it is committed itself.
    const [peerMoved, clientMoved] = [{ peerAddress: 'far:2' }, { clientAddress: 'far:1' }];
    const places = [{}, peerMoved, clientMoved].map((change) => ({ ...peer('d'), ...change }));
    expect(places.map((place) => manager.hasCommitted('d', place))).toEqual([true, false, false]);
    isAtWork = false;
    expect(manager.hasCommitted('b')).toBeUndefined();
  });
});
