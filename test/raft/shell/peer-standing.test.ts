import { describe, expect, it } from 'vitest';
import type { Configuration, MemberId } from '../../../src/raft/core/entry.ts';
import type { Replica } from '../../../src/raft/core/replica.ts';
import type { PeerFacts, Standing } from '../../../src/raft/links/peer-facts.ts';
import type { RaftLog } from '../../../src/raft/log/raft-log.ts';
import { clusterOf, type Identity } from '../../../src/raft/shell/identity.ts';
import { PeerStanding } from '../../../src/raft/shell/peer-standing.ts';
import { configurationOf } from '../log/helpers.ts';

const [A, C] = ['a:1', 'c:1'] as [MemberId, MemberId];
const FOUNDERS = configurationOf('a', 'b', 'c');
const CLUSTER = clusterOf(FOUNDERS);

/** What a knows, as the test says. */
class World {
  configuration: Configuration = FOUNDERS;
  configurationIndex = 5;
  /** Where that is not the newest. */
  committedIndex: number | undefined;
  isAtWork = true;
  commit = 20;
  leaderCommit = -1;
  role = 'follower';
  leader: MemberId | undefined;
  match = 0;
  applied = 0;
  starts = 0;
  nowMs = 0;
  contradictedAt: number | undefined;
  readonly saved: Identity[] = [];
  readonly givenUp: string[] = [];
  readonly standing: PeerStanding;

  constructor(identity: Partial<Identity> = {}, isFresh = false) {
    this.standing = new PeerStanding({
      identity: { id: A, starts: 3, founders: FOUNDERS, isCaughtUp: true, ...identity },
      raftLog: this.#raftLog(isFresh),
      replica: () => this.isAtWork ? this.replica : undefined,
      applied: () => this.applied,
      startsOf: () => this.starts,
      monotonicMs: () => this.nowMs,
      save: (changed) => void this.saved.push(changed),
      onGivenUp: (reason) => void this.givenUp.push(reason),
      log: () => {},
    });
  }

  get replica(): Replica {
    const { configuration, configurationIndex: index, commit, role, leader, leaderCommit } = this;
    const raft = {
      committedConfiguration: { index: this.committedIndex ?? index, configuration },
      configurationIndex: index, leaderCommit, baseAt: () => undefined,
      progress: new Map([[C, { match: this.match }]]), contradictedAt: this.contradictedAt,
    };
    return { raft, status: { configuration, commit, role, leader } } as unknown as Replica;
  }

  note(): void {
    this.standing.note(this.replica);
  }

  #raftLog(isFresh: boolean): RaftLog {
    const placed = [{ index: 0, configuration: FOUNDERS }];
    return {
      isFresh, lastIndex: 9, configurations: () => placed,
    } as unknown as RaftLog;
  }
}

function factsOfC(standing: Partial<Standing> = {}, cluster = CLUSTER): PeerFacts {
  return {
    name: 'c', id: C, clientAddress: 'c:1', peerAddress: 'c:2', cluster, founders: FOUNDERS,
    featureLevel: 2,
    standing: {
      starts: 3, lastIndex: 20, memberAt: 5, leftBehind: [], verdict: undefined, ...standing,
    },
  };
}

describe('a peer that comes from an older copy of its directory', () => {
  it('is told so when its log ends before what it had confirmed and a majority has', () => {
    const world = new World();
    world.match = 20;
    expect(world.standing.verdictOn(factsOfC({ lastIndex: 19 }), true))
      .toMatchObject({ kind: 'outdated', index: 20 });
    expect(world.standing.verdictOn(factsOfC({ lastIndex: 20 }), true)).toBeUndefined();
  });

  it('is not suspected of what may have been replaced, or may still be on its way', () => {
    const world = new World();
    world.match = 20;
    world.commit = 19;
    expect(world.standing.verdictOn(factsOfC({ lastIndex: 19 }), true)).toBeUndefined();
    expect(world.standing.verdictOn(factsOfC({ lastIndex: 10 }), false)).toBeUndefined();
  });

  it('is told so when it counts fewer starts than were seen', () => {
    const world = new World();
    world.starts = 4;
    expect(world.standing.verdictOn(factsOfC({ starts: 3 }), true))
      .toMatchObject({ kind: 'outdated' });
    expect(world.standing.verdictOn(factsOfC({ starts: 4 }), true)).toBeUndefined();
  });

  it('stops for good, and keeps that', () => {
    const world = new World();
    const verdict = { kind: 'outdated', index: 20, text: 'an older copy' } as const;
    world.standing.onVerdict(factsOfC({}, 'another'), verdict);
    expect(world.givenUp).toEqual([]);
    world.standing.onVerdict(factsOfC(), verdict);
    world.standing.onVerdict(factsOfC(), verdict);
    expect(world.givenUp).toEqual(['an older copy']);
    expect(world.saved.at(-1)?.givenUp).toBe('an older copy');
    expect(world.standing.notServing?.text).toMatch(/^REMOVED .*an older copy/);
  });
});

describe('a peer that was removed', () => {
  const WITHOUT_C = configurationOf('a', 'b');

  it('is told by which configuration, unless it knows a newer one or is invited', () => {
    const world = new World();
    world.configuration = WITHOUT_C;
    world.configurationIndex = 12;
    expect(world.standing.verdictOn(factsOfC({ memberAt: 5 }), true))
      .toMatchObject({ kind: 'removed', index: 12 });
    expect(world.standing.verdictOn(factsOfC({ memberAt: 13 }), true)).toBeUndefined();
    expect(world.standing.verdictOn(factsOfC({ memberAt: undefined }), true)).toBeUndefined();
    const [invited] = FOUNDERS.members.filter(({ name }) => name === 'c');
    world.configuration = { ...WITHOUT_C, featureLevel: 2, invited: [invited!] };
    expect(world.standing.verdictOn(factsOfC({ memberAt: 5 }), true)).toBeUndefined();
  });

  it('is not told so while it is a member, however old the one is that it knows', () => {
    const world = new World();
    world.configurationIndex = 12;
    expect(world.standing.verdictOn(factsOfC({ memberAt: 5 }), true)).toBeUndefined();
    world.configuration = WITHOUT_C;
    world.isAtWork = false;
    expect(world.standing.verdictOn(factsOfC({ memberAt: 5 }), true)).toBeUndefined();
  });

  it('learns it from its own log, once that is committed and newer than what has it', () => {
    const without = configurationOf('b', 'c');
    const seen = (index: number, committed: number, configuration: Configuration): World => {
      const world = new World();
      world.note();
      Object.assign(world, {
        configuration, configurationIndex: index, committedIndex: committed,
      });
      world.note();
      world.note();
      return world;
    };
    for (const [index, committed, configuration] of [
      [5, 5, without], [9, 5, without], [9, 9, { ...without, members: [] }],
    ] as const) {
      const world = seen(index, committed, configuration);
      expect([world.standing.removedBy, world.standing.notServing]).toEqual([undefined, undefined]);
    }
    const world = seen(6, 6, without);
    expect(world.standing.removedBy).toBe(6);
    expect(world.standing.notServing?.text).toMatch(/^REMOVED .* by configuration 6:/);
    expect(world.saved).toHaveLength(1);
  });

  it('believes only what is newer than the configuration that has it', () => {
    const world = new World();
    world.note();
    const removed = { kind: 'removed', index: 5, text: '' } as const;
    world.standing.onVerdict(factsOfC(), removed);
    expect(world.standing.notServing).toBeUndefined();
    world.standing.onVerdict(factsOfC(), { ...removed, index: 6 });
    expect(world.standing.notServing?.text).toMatch(/^REMOVED .* by configuration 6:/);
    expect(world.saved.at(-1)?.removedBy).toBe(6);
  });

  it('is LOADING when a later configuration has it again, and then answers', () => {
    const world = new World({ removedBy: 6 });
    world.configurationIndex = 8;
    world.leader = C;
    world.leaderCommit = 30;
    world.note();
    world.note();
    world.applied = 29;
    expect(world.standing.notServing?.text).toMatch(/^LOADING /);
    world.applied = 30;
    expect(world.standing.notServing).toBeUndefined();
    expect(world.saved.at(-1)).toMatchObject({ isCaughtUp: true });
    expect(world.saved.at(-1)).not.toHaveProperty('removedBy');
  });
});

describe('a link with another peer', () => {
  it('is refused to one of another cluster, or with a build too old for this one', () => {
    const world = new World();
    const reason = (change: Partial<PeerFacts>): string | undefined =>
      world.standing.judge({ ...factsOfC(), ...change });
    expect(reason({})).toBeUndefined();
    expect(reason({ cluster: '' })).toBeUndefined();
    expect(reason({ cluster: 'other' }))
      .toBe(`peer c belongs to cluster other, this one to ${CLUSTER}`);
    expect(new World({ founders: undefined }).standing.judge(factsOfC({}, 'other')))
      .toBeUndefined();
    world.configuration = { ...FOUNDERS, featureLevel: 3 };
    expect(reason({ featureLevel: 3 })).toBeUndefined();
    expect(reason({ featureLevel: 2 })).toMatch(/^the cluster has feature level 3, /);
    world.isAtWork = false;
    expect(reason({ featureLevel: 1 })).toBeUndefined();
  });
});

describe('a cluster that was given up', () => {
  it('is told so by the one that went on alone', () => {
    const world = new World({ leftBehind: ['old'] });
    expect(world.standing.verdictOn(factsOfC({}, 'old'), true))
      .toMatchObject({ kind: 'superseded', text: expect.stringContaining('a went on alone') });
    expect(world.standing.verdictOn(factsOfC({}, 'other'), true)).toBeUndefined();
    const old = new World();
    const verdict = { kind: 'superseded', index: 0, text: 'gone' } as const;
    old.standing.onVerdict(factsOfC({ leftBehind: ['other'] }, 'new'), verdict);
    expect(old.givenUp).toEqual([]);
    old.standing.onVerdict(factsOfC({ leftBehind: [CLUSTER] }, 'new'), verdict);
    expect(old.givenUp).toEqual(['gone']);
  });
});

describe('a peer that is new to its cluster', () => {
  it('says whether it waits to be let in or for the data', () => {
    const world = new World({ founders: configurationOf('b', 'c'), isCaughtUp: false }, true);
    world.configuration = configurationOf('b', 'c');
    world.note();
    expect(world.standing.notServing?.text).toMatch(/^LOADING .* waits to be let in: PEERS ADD/);
    world.configuration = FOUNDERS;
    world.note();
    expect(world.standing.notServing?.text).toMatch(/^LOADING .* gets the data of its cluster/);
    world.leader = C;
    world.leaderCommit = 5;
    world.applied = 5;
    world.note();
    expect(world.standing.notServing).toBeUndefined();
  });
});

describe('a peer whose log contradicts the leader’s', () => {
  it('takes no part any more, says so, and keeps it', () => {
    const world = new World();
    world.leader = C;
    world.note();
    expect(world.standing.notServing).toBe(undefined);
    world.contradictedAt = 7;
    world.note();
    world.note();
    expect(world.givenUp).toHaveLength(1);
    expect(world.givenUp[0]).toMatch(/^position 7 was agreed upon, and c leads with something/);
    expect(world.standing.notServing?.text).toMatch(/^REMOVED this peer takes no part any more: position 7/);
    expect(world.saved.at(-1)?.givenUp).toBe(world.givenUp[0]);
  });
});

describe('a peer whose cluster has forgotten it', () => {
  it('takes no part any more when it meets a majority that has', () => {
    const world = new World();
    world.configurationIndex = 12;
    world.note();
    const met = (name: string, cluster = CLUSTER, lastIndex = 11): void => {
      world.standing.meet({ ...factsOfC({ lastIndex }, cluster), id: `${name}:1` as MemberId });
    };
    met('b');
    met('c', 'another');
    met('c', CLUSTER, 12);
    expect(world.givenUp).toEqual([]);
    met('c');
    expect(world.givenUp[0]).toMatch(/^the members of configuration 12 were agreed upon, and a maj/);
    expect(world.standing.notServing?.text).toMatch(/^REMOVED /);
  });
});
