import { describe, expect, it } from 'vitest';
import { chooseSuccessor } from '../../../src/raft/shell/successor.ts';
import { FakeOrder } from '../../server/fake-order.ts';

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
