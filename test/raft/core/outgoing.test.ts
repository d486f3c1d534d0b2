import { describe, expect, it } from 'vitest';
import { Outgoing } from '../../../src/raft/core/outgoing.ts';
import { decodeProposal } from '../../../src/raft/core/proposal.ts';
import { bytesOf, idOf, textOf } from './members.ts';

function makeOutgoing(): Outgoing {
  return new Outgoing({ origin: idOf('a'), epoch: 4, resendMs: 100, resendMsMax: 400 });
}

function add(outgoing: Outgoing, text: string, deadlineMs = 1000): number {
  return outgoing.add(bytesOf(text), [1, 2], deadlineMs);
}

/** `number body` of each payload that is to be sent. */
function unsent(outgoing: Outgoing, nowMs = 0): string[] {
  return outgoing.unsent(nowMs).map((payload) => {
    const { number, body } = decodeProposal(payload)!;
    return `${number} ${textOf(body)}`;
  });
}

describe('batches on their way out', () => {
  it('are sent once, in order, with numbers from 1 and whose they are', () => {
    const outgoing = makeOutgoing();
    add(outgoing, 'x');
    add(outgoing, 'y');
    const [payload] = outgoing.unsent(0);
    expect(decodeProposal(payload!)).toMatchObject({
      origin: 'a', epoch: 4, number: 1, seed: [1, 2],
    });
    add(outgoing, 'z');
    expect(unsent(outgoing)).toEqual(['3 z']);
    expect(unsent(outgoing)).toEqual([]);
  });

  it('are sent again to a new leader, under the same numbers', () => {
    const outgoing = makeOutgoing();
    for (const text of ['x', 'y']) add(outgoing, text);
    unsent(outgoing);
    outgoing.forgetSent();
    add(outgoing, 'z');
    expect(unsent(outgoing)).toEqual(['1 x', '2 y', '3 z']);
  });

  it('are encoded once, however often they are sent', () => {
    const outgoing = makeOutgoing();
    add(outgoing, 'x');
    const [first] = outgoing.unsent(0);
    outgoing.forgetSent();
    expect(outgoing.unsent(0)[0]).toBe(first);
  });

  it('are not sent again while what was sent has not left', () => {
    const outgoing = makeOutgoing();
    outgoing.postponeResend(0);
    expect(outgoing.resendAtMs).toBe(Infinity);
    add(outgoing, 'x');
    unsent(outgoing);
    outgoing.postponeResend(90);
    expect(outgoing.maybeResend(150)).toBe(false);
    expect(outgoing.maybeResend(190)).toBe(true);
  });

  it('give their tickets back when they are delivered, and count no longer', () => {
    const outgoing = makeOutgoing();
    const tickets = ['x', 'yy', 'zzz'].map((text) => add(outgoing, text));
    unsent(outgoing);
    expect([outgoing.bytes, outgoing.count]).toEqual([6, 3]);
    expect(outgoing.delivered(2, 0)).toEqual(tickets.slice(0, 2));
    expect([outgoing.bytes, outgoing.count]).toEqual([3, 1]);
    expect(outgoing.delivered(2, 0)).toEqual([]);
    outgoing.forgetSent();
    expect(unsent(outgoing)).toEqual(['3 zzz']);
  });

  it('are delivered even while they wait to be sent again', () => {
    const outgoing = makeOutgoing();
    const tickets = ['x', 'y'].map((text) => add(outgoing, text));
    unsent(outgoing);
    outgoing.forgetSent();
    expect(outgoing.delivered(1, 0)).toEqual(tickets.slice(0, 1));
    expect(unsent(outgoing)).toEqual(['2 y']);
  });

  it('that were never sent are not delivered, whatever number comes', () => {
    const outgoing = makeOutgoing();
    add(outgoing, 'x');
    expect(outgoing.delivered(9, 0)).toEqual([]);
    expect(unsent(outgoing)).toEqual(['1 x']);
  });
});

describe('sending again', () => {
  it('happens when nothing is delivered for long, later each time up to a bound', () => {
    const outgoing = makeOutgoing();
    add(outgoing, 'x');
    expect(outgoing.resendAtMs).toBe(Infinity);
    unsent(outgoing, 0);
    const waits: number[] = [];
    for (let nowMs = 0; waits.length < 5;) {
      const atMs = outgoing.resendAtMs;
      expect(outgoing.maybeResend(atMs - 1)).toBe(false);
      expect(outgoing.maybeResend(atMs)).toBe(true);
      expect(unsent(outgoing, atMs)).toEqual(['1 x']);
      waits.push(atMs - nowMs);
      nowMs = atMs;
    }
    expect(waits).toEqual([100, 200, 400, 400, 400]);
  });

  it('waits anew after each delivery, and for nothing when nothing is under way', () => {
    const outgoing = makeOutgoing();
    add(outgoing, 'x');
    add(outgoing, 'y');
    unsent(outgoing, 0);
    outgoing.maybeResend(100);
    unsent(outgoing, 100);
    outgoing.delivered(1, 150);
    expect(outgoing.resendAtMs).toBe(250);
    outgoing.delivered(2, 160);
    expect(outgoing.resendAtMs).toBe(Infinity);
  });

  it('is not put off by more that is sent', () => {
    const outgoing = makeOutgoing();
    add(outgoing, 'x');
    unsent(outgoing, 0);
    add(outgoing, 'y');
    unsent(outgoing, 90);
    expect(outgoing.resendAtMs).toBe(100);
  });
});

describe('a batch whose time is up', () => {
  it('is dropped if it was never sent: it will certainly not be made', () => {
    const outgoing = makeOutgoing();
    const ticket = add(outgoing, 'x', 50);
    add(outgoing, 'y', 60);
    expect([outgoing.expiryMs, outgoing.expire(49)]).toEqual([50, []]);
    expect(outgoing.expire(50)).toEqual([{ ticket, mayApply: false }]);
    expect(unsent(outgoing)).toEqual(['1 y']);
    expect([outgoing.bytes, outgoing.expiryMs]).toEqual([1, 60]);
  });

  it('may be made if it was sent: its number goes on without a body', () => {
    const outgoing = makeOutgoing();
    const ticket = add(outgoing, 'x', 50);
    add(outgoing, 'y', 500);
    unsent(outgoing);
    expect(outgoing.expire(50)).toEqual([{ ticket, mayApply: true }]);
    expect(outgoing.expire(60)).toEqual([]);
    expect([outgoing.bytes, outgoing.expiryMs]).toEqual([1, 500]);
    outgoing.forgetSent();
    expect(unsent(outgoing)).toEqual(['1 ', '2 y']);
  });

  it('is not told again when it is delivered after all', () => {
    const outgoing = makeOutgoing();
    add(outgoing, 'x', 50);
    const second = add(outgoing, 'y', 500);
    unsent(outgoing);
    outgoing.expire(50);
    expect(outgoing.delivered(2, 60)).toEqual([second]);
    expect([outgoing.count, outgoing.bytes]).toEqual([0, 0]);
  });
});
