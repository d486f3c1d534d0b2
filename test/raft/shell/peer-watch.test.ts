import { pino } from 'pino';
import { beforeEach, describe, expect, it } from 'vitest';
import type {
  OrderStatus, PeerStatus,
} from '../../../src/raft/core/total-order-broadcast.ts';
import { PeerWatch } from '../../../src/raft/shell/peer-watch.ts';
import { FakeOrder, fakePeer } from '../../server/fake-order.ts';

/** What b is like unless a test says otherwise: well. */
const WELL: Partial<PeerStatus> = { isConnected: true, position: 1_000_000, lag: 0 };

describe('the watch over peers', () => {
  let lines: string[];
  let watch: PeerWatch;
  let nowMs: number;
  let committed: number;
  beforeEach(() => {
    lines = [];
    const log = pino({ base: null, timestamp: false }, { write: (line: string) => {
      const { level, msg } = JSON.parse(line) as { level: number; msg: string };
      lines.push(`${level} ${msg}`);
    } });
    watch = new PeerWatch(log);
    nowMs = 0;
    committed = 100;
  });

  /** So many seconds go by, looked at twice in each. */
  function pass(
    seconds: number, change: Partial<OrderStatus>, b: Partial<PeerStatus> = WELL,
  ): void {
    for (let i = 0; i < seconds * 2; i++) {
      const status: OrderStatus = {
        engine: 'raft', role: 'leader', term: 2, leader: 'a', lastPosition: committed, committed,
        peers: [fakePeer('a', 1, { isSelf: true }), fakePeer('b', 2, b)], ...change,
      };
      watch.maybeLook(nowMs, () => status);
      nowMs += 500;
    }
  }

  it('says nothing of a cluster that is well, or of a brief election', () => {
    pass(60, {});
    pass(4, { leader: '', role: 'candidate' });
    pass(60, { role: 'follower' }, { position: -1 });
    expect(lines).toEqual([]);
  });

  it('tells once that there is no majority, and when there is one again', () => {
    pass(2, {});
    pass(120, { leader: '', role: 'candidate' });
    pass(5, {});
    expect(lines).toEqual([
      '50 no majority of peers for 5 s: writes and linearizable reads are refused until there is ' +
        'one',
      '30 a majority of peers is there again after 120 s',
    ]);
  });

  it('tells once in each episode that a peer cannot be reached', () => {
    for (const seconds of [30, 9, 40]) {
      pass(seconds, {}, { isConnected: false });
      pass(5, {});
    }
    expect(lines).toEqual([
      '40 peer b has not been reachable for 10 s', '30 peer b is back after 30 s',
      '40 peer b has not been reachable for 10 s', '30 peer b is back after 40 s',
    ]);
  });

  it('tells of a peer that does not catch up, not of one that is only never quite there', () => {
    for (let i = 0; i < 60; i++) {
      committed += 10;
      pass(0.5, {}, { position: committed - 5, lag: 5 });
    }
    expect(lines).toEqual([]);
    const stuckAt = committed - 5;
    for (let i = 0; i < 60; i++) {
      committed += 10;
      pass(0.5, {}, { position: stuckAt, lag: committed - stuckAt });
    }
    pass(2, {});
    expect(lines).toHaveLength(2);
    expect(lines[0]).toMatch(/^40 peer b is \d+ positions behind: .* had 10 s ago$/);
    expect(lines[1]).toMatch(/^30 peer b has caught up after 30 s$/);
  });

  it('tells of no lag where only the leader would know', () => {
    pass(60, { role: 'follower', leader: 'b' }, { position: -1, lag: -1 });
    expect(lines).toEqual([]);
  });

  it('looks twice a second, however often it is called', () => {
    let looks = 0;
    const status = new FakeOrder().status();
    for (let ms = 0; ms < 10_000; ms++) {
      watch.maybeLook(ms, () => {
        looks++;
        return status;
      });
    }
    expect(looks).toBe(20);
  });

  it('forgets a peer that has left', () => {
    pass(15, {}, { isConnected: false });
    pass(1, { peers: [fakePeer('a', 1, { isSelf: true })] });
    pass(5, {});
    expect(lines).toEqual(['40 peer b has not been reachable for 10 s']);
  });
});
