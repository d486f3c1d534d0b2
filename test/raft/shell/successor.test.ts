import { describe, expect, it } from 'vitest';
import type { Replica } from '../../../src/raft/core/replica.ts';
import {
  chooseSuccessor, mostAdvancedVoter, waitForSuccessor,
} from '../../../src/raft/shell/successor.ts';
import { turns } from '../../cluster/cluster-layer.ts';
import { FakeOrder } from '../../server/fake-order.ts';
import { SimClock } from '../../sim/sim-clock.ts';

function choose(name: string, prepare: (peers: FakeOrder) => void = () => {}) {
  const peers = new FakeOrder();
  prepare(peers);
  return chooseSuccessor(peers.status(), name);
}

describe('who a leader hands over to', () => {
  it('is the voter of that name', () => {
    expect(choose('c')).toEqual({ ok: true, id: 'c:0123456789abcdef' });
  });

  for (const [title, name, reason, prepare] of [
    ['itself', 'a', 'this peer leads already', undefined],
    ['somebody unknown', 'x', "no peer is called 'x': a, b, c", undefined],
    ['one that has no vote', 'b', 'b has no vote and cannot lead',
      (peers: FakeOrder) => peers.change('b', { role: 'learner' })],
    ['one that would not hear of it', 'b', 'b is not connected',
      (peers: FakeOrder) => peers.change('b', { isConnected: false })],
  ] as const) {
    it(`is not ${title}`, () => {
      expect(choose(name, prepare)).toEqual({ ok: false, reason });
    });
  }

  it('is for the leader to say, who is named', () => {
    expect(choose('c', (peers) => peers.follow())).toEqual({
      ok: false, reason: 'only the leader hands over: ask b at 127.0.0.1:6380',
    });
    const leaderless = choose('c', (peers) => {
      peers.order = { ...peers.order, role: 'candidate', leader: '' };
    });
    expect(leaderless).toEqual({
      ok: false, reason: 'only a leader hands over, and no peer leads now',
    });
  });
});

describe('who takes over from a leader that shuts down', () => {
  function replicaOf(role: string, matches: readonly (readonly [string, number])[]): Replica {
    const rows = matches.map(([id, match]) => [id, { id, match }] as const);
    return {
      status: { role, configuration: { voters: ['b', 'c'] } },
      raft: { progress: new Map(rows) },
    } as unknown as Replica;
  }

  it('is the voter that has most', () => {
    const matches = [['b', 5], ['c', 7], ['learner', 9]] as const;
    expect(mostAdvancedVoter(replicaOf('leader', matches))).toBe('c');
    expect(mostAdvancedVoter(replicaOf('follower', matches))).toBeUndefined();
    expect(mostAdvancedVoter(replicaOf('leader', []))).toBeUndefined();
  });

  it.each([
    ['until another leads', 30, 30], ['for two seconds at most', Infinity, 2000],
  ])('is waited for %s', async (_how, leadsUntilMs, expectedMs) => {
    const clock = new SimClock();
    const status = { get role() {
      return clock.monotonicMs() < leadsUntilMs ? 'leader' : 'follower';
    } };
    const wait = { isOver: false };
    void waitForSuccessor({ status } as Replica, clock).then(() => (wait.isOver = true));
    for (let i = 0; i < 3000 && !wait.isOver; i += 1) {
      clock.advance(1);
      await turns(1);
    }
    expect(clock.monotonicMs()).toBe(expectedMs);
  });
});
