import { describe, expect, it } from 'vitest';
import { ProposalQueue } from '../../../src/raft/core/proposal-queue.ts';
import { decodeProposal } from '../../../src/raft/core/proposal.ts';
import { bytesOf, idOf, textOf } from './members.ts';

function makeQueue(): ProposalQueue {
  return new ProposalQueue({ origin: idOf('a'), epoch: 4, resendMs: 100, resendMsMax: 400 });
}

function add(queue: ProposalQueue, text: string, deadlineMs = 1000): number {
  return queue.add(bytesOf(text), [1, 2], deadlineMs);
}

/** `number body` of each payload that is to be sent. */
function unsent(queue: ProposalQueue, nowMs = 0): string[] {
  return queue.unsent(nowMs).map((payload) => {
    const { number, body } = decodeProposal(payload)!;
    return `${number} ${textOf(body)}`;
  });
}

describe('batches on their way out', () => {
  it('are sent once, in order, with numbers from 1 and whose they are', () => {
    const queue = makeQueue();
    add(queue, 'x');
    add(queue, 'y');
    const [payload] = queue.unsent(0);
    expect(decodeProposal(payload!)).toMatchObject({
      origin: 'a', epoch: 4, number: 1, seed: [1, 2],
    });
    add(queue, 'z');
    expect(unsent(queue)).toEqual(['3 z']);
    expect(unsent(queue)).toEqual([]);
  });

  it('are sent again to a new leader, under the same numbers', () => {
    const queue = makeQueue();
    for (const text of ['x', 'y']) add(queue, text);
    unsent(queue);
    queue.forgetSent();
    add(queue, 'z');
    expect(unsent(queue)).toEqual(['1 x', '2 y', '3 z']);
  });

  it('are encoded once, however often they are sent', () => {
    const queue = makeQueue();
    add(queue, 'x');
    const [first] = queue.unsent(0);
    queue.forgetSent();
    expect(queue.unsent(0)[0]).toBe(first);
  });

  it('are not sent again while what was sent has not left', () => {
    const queue = makeQueue();
    queue.postponeResend(0);
    expect(queue.resendAtMs).toBe(Infinity);
    add(queue, 'x');
    unsent(queue);
    queue.postponeResend(90);
    expect(queue.maybeResend(150)).toBe(false);
    expect(queue.maybeResend(190)).toBe(true);
  });

  it('give their tickets back when they are delivered, and count no longer', () => {
    const queue = makeQueue();
    const tickets = ['x', 'yy', 'zzz'].map((text) => add(queue, text));
    unsent(queue);
    expect([queue.bytes, queue.count]).toEqual([6, 3]);
    expect(queue.delivered(2, 0)).toEqual(tickets.slice(0, 2));
    expect([queue.bytes, queue.count]).toEqual([3, 1]);
    expect(queue.delivered(2, 0)).toEqual([]);
    queue.forgetSent();
    expect(unsent(queue)).toEqual(['3 zzz']);
  });

  it('are delivered even while they wait to be sent again', () => {
    const queue = makeQueue();
    const tickets = ['x', 'y'].map((text) => add(queue, text));
    unsent(queue);
    queue.forgetSent();
    expect(queue.delivered(1, 0)).toEqual(tickets.slice(0, 1));
    expect(unsent(queue)).toEqual(['2 y']);
  });

  it('that were never sent are not delivered, whatever number comes', () => {
    const queue = makeQueue();
    add(queue, 'x');
    expect(queue.delivered(9, 0)).toEqual([]);
    expect(unsent(queue)).toEqual(['1 x']);
  });
});

describe('sending again', () => {
  it('happens when nothing is delivered for long, later each time up to a bound', () => {
    const queue = makeQueue();
    add(queue, 'x');
    expect(queue.resendAtMs).toBe(Infinity);
    unsent(queue, 0);
    const waits: number[] = [];
    for (let nowMs = 0; waits.length < 5;) {
      const atMs = queue.resendAtMs;
      expect(queue.maybeResend(atMs - 1)).toBe(false);
      expect(queue.maybeResend(atMs)).toBe(true);
      expect(unsent(queue, atMs)).toEqual(['1 x']);
      waits.push(atMs - nowMs);
      nowMs = atMs;
    }
    expect(waits).toEqual([100, 200, 400, 400, 400]);
  });

  it('waits anew after each delivery, and for nothing when nothing is under way', () => {
    const queue = makeQueue();
    add(queue, 'x');
    add(queue, 'y');
    unsent(queue, 0);
    queue.maybeResend(100);
    unsent(queue, 100);
    queue.delivered(1, 150);
    expect(queue.resendAtMs).toBe(250);
    queue.delivered(2, 160);
    expect(queue.resendAtMs).toBe(Infinity);
  });

  it('is not put off by more that is sent', () => {
    const queue = makeQueue();
    add(queue, 'x');
    unsent(queue, 0);
    add(queue, 'y');
    unsent(queue, 90);
    expect(queue.resendAtMs).toBe(100);
  });
});

describe('a batch whose time is up', () => {
  it('is dropped if it was never sent: it will certainly not be made', () => {
    const queue = makeQueue();
    const ticket = add(queue, 'x', 50);
    add(queue, 'y', 60);
    expect([queue.expiryMs, queue.expire(49)]).toEqual([50, []]);
    expect(queue.expire(50)).toEqual([{ ticket, mayApply: false }]);
    expect(unsent(queue)).toEqual(['1 y']);
    expect([queue.bytes, queue.expiryMs]).toEqual([1, 60]);
  });

  it('may be made if it was sent: its number goes on without a body', () => {
    const queue = makeQueue();
    const ticket = add(queue, 'x', 50);
    add(queue, 'y', 500);
    unsent(queue);
    expect(queue.expire(50)).toEqual([{ ticket, mayApply: true }]);
    expect(queue.expire(60)).toEqual([]);
    expect([queue.bytes, queue.expiryMs]).toEqual([1, 500]);
    queue.forgetSent();
    expect(unsent(queue)).toEqual(['1 ', '2 y']);
  });

  it('is not told again when it is delivered after all', () => {
    const queue = makeQueue();
    add(queue, 'x', 50);
    const second = add(queue, 'y', 500);
    unsent(queue);
    queue.expire(50);
    expect(queue.delivered(2, 60)).toEqual([second]);
    expect([queue.count, queue.bytes]).toEqual([0, 0]);
  });
});
