/** By which time a peer's reads find keys expired. */
import { describe, expect, it } from 'vitest';
import { LogTime } from '../../src/cluster/log-time.ts';

const HOUR_MS = 3_600_000;

class Peer {
  monotonicMs = 0;
  nowMs = 10 * HOUR_MS;
  clockErrorMs = 0;
  readonly applied = { timeMs: 0 };
  readonly time = new LogTime({
    applied: this.applied,
    monotonicMs: () => this.monotonicMs,
    clockErrorMs: () => this.clockErrorMs,
  });

  apply(timeMs: number): void {
    this.applied.timeMs = timeMs;
    this.time.note();
  }

  pass(ms: number): void {
    this.monotonicMs += ms;
    this.nowMs += ms;
  }

  read(): number {
    return this.time.readTimeMs(this.nowMs);
  }
}

describe('the time of reads', () => {
  it('is the clock, when the order is not ahead of it', () => {
    const peer = new Peer();
    peer.apply(peer.nowMs);
    peer.pass(5000);
    expect(peer.read()).toBe(peer.nowMs);
  });

  it('is never before the last batch, and goes on from there without another one', () => {
    const peer = new Peer();
    const aheadMs = peer.nowMs + HOUR_MS;
    peer.apply(aheadMs);
    expect(peer.read()).toBe(aheadMs);
    peer.pass(500);
    expect(peer.read()).toBeGreaterThanOrEqual(aheadMs + 494);
    expect(peer.read()).toBeLessThanOrEqual(aheadMs + 500);
  });

  it('is asked for again when a batch has come in the same millisecond', () => {
    const peer = new Peer();
    expect(peer.read()).toBe(peer.nowMs);
    peer.apply(peer.nowMs + HOUR_MS);
    expect(peer.read()).toBe(peer.nowMs + HOUR_MS);
  });

  it('goes by the clocks of the others when they say that the own one is wrong', () => {
    const peer = new Peer();
    peer.apply(peer.nowMs);
    const rightMs = peer.nowMs;
    peer.nowMs += HOUR_MS;
    peer.clockErrorMs = HOUR_MS;
    expect(peer.read()).toBe(rightMs);
  });
});
