/** When a link is dialled again: without a network, in virtual time. */

import { Socket } from 'node:net';
import { pino } from 'pino';
import { describe, expect, it } from 'vitest';
import { Random } from '../../../src/lib/random.ts';
import { Connection, noTraffic } from '../../../src/raft/links/connection.ts';
import {
  DialledLink, type DialHost, LINK_BACKOFF_MS_MAX, LINK_BACKOFF_MS_MIN,
} from '../../../src/raft/links/dialled-link.ts';
import { DiallerHandshake } from '../../../src/raft/links/handshake.ts';
import { TroubleLog } from '../../../src/raft/links/trouble-log.ts';
import { SimClock } from '../../sim/sim-clock.ts';
import { bytes } from './messages.ts';
import { factsOf } from './test-node.ts';

const { id } = factsOf('b');

interface World {
  readonly clock: SimClock;
  readonly link: DialledLink;
  /** When each dial began. */
  readonly dialsMs: number[];
  /** Nobody is there: the dial under way ends. */
  fail(): void;
  /** The other side does not answer at all. */
  isConnecting: boolean;
}

function world(): World {
  const clock = new SimClock();
  const dialsMs: number[] = [];
  let connection: Connection | undefined;
  const host: DialHost = {
    clock,
    random: new Random(1, 2),
    troubles: new TroubleLog(pino({ level: 'silent' }), clock),
    dial: (_target, purpose, user, traffic) => {
      dialsMs.push(clock.monotonicMs());
      const socket = new Socket();
      Object.assign(socket, { connecting: made.isConnecting });
      const handshake = new DiallerHandshake(purpose, {
        secret: 's', nonce: bytes(32), self: () => factsOf('a'), judge: () => undefined,
      });
      connection = new Connection(socket, handshake, clock, user, traffic);
      return connection;
    },
    onDialledUp: () => undefined,
    onDialledDown: () => undefined,
    flushLater: () => undefined,
  };
  const link = new DialledLink(
    { name: 'b', address: { host: 'b.test', port: 1 } }, host, noTraffic());
  const made: World = {
    clock, link, dialsMs, isConnecting: false, fail: () => connection?.destroy('nobody is there'),
  };
  link.dial();
  return made;
}

/** Fails the dial under way and waits for the next; how long that took. */
function waitMs({ clock, dialsMs, fail }: World): number {
  const before = dialsMs.length;
  const failedMs = clock.monotonicMs();
  fail();
  while (dialsMs.length === before) clock.advance(1);
  return dialsMs.at(-1)! - failedMs;
}

describe('a link that finds nobody', () => {
  it('waits longer and longer, within bounds, and never twice the same', () => {
    const here = world();
    const waits = Array.from({ length: 20 }, () => waitMs(here));
    for (const [n, wait] of waits.entries()) {
      const longest = Math.min(LINK_BACKOFF_MS_MAX, LINK_BACKOFF_MS_MIN * 2 ** n);
      expect(wait, `wait ${n}`).toBeGreaterThanOrEqual(longest / 2);
      expect(wait, `wait ${n}`).toBeLessThanOrEqual(longest);
    }
    expect(new Set(waits).size).toBeGreaterThan(15);
  });

  it('dials at once when the peer is seen, and is quick again if that fails', () => {
    const here = world();
    for (let n = 0; n < 10; n += 1) waitMs(here);
    here.fail();
    const dials = here.dialsMs.length;
    here.link.onPeerSeen(id);
    expect(here.dialsMs.length).toBe(dials + 1);
    expect(waitMs(here)).toBeLessThanOrEqual(LINK_BACKOFF_MS_MIN);
  });

  it('dials anew when the peer is seen while a dial gets no answer', () => {
    const here = world();
    here.fail();
    here.isConnecting = true;
    here.link.onPeerSeen(id);
    here.link.onPeerSeen(id);
    expect(here.dialsMs.length).toBe(3);
    expect(here.link.lastError).toBe('dialled anew');
  });

  it('lets a handshake that is under way go on when the peer is seen', () => {
    const here = world();
    here.link.onPeerSeen(id);
    expect(here.dialsMs.length).toBe(1);
  });

  it('gives a dial up that takes too long', () => {
    const here = world();
    here.clock.advance(5000);
    expect(here.link.lastError).toBe('no agreement within 5000 ms');
    here.clock.advance(LINK_BACKOFF_MS_MIN);
    expect(here.dialsMs.length).toBe(2);
  });

  it('is never dialled again once it is stopped', () => {
    const here = world();
    here.fail();
    here.link.stop();
    here.clock.advance(10_000);
    here.link.dial();
    expect(here.dialsMs.length).toBe(1);
  });
});
