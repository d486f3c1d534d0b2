import { describe, expect, it } from 'vitest';
import { Barriers } from '../../../src/raft/core/barriers.ts';

const RETRY_MS = 100;

it('an answer to a question of an earlier start is none to those of this one', () => {
  const [before, now] = [new Barriers(100, 0), new Barriers(100, 2 ** 40)];
  before.add(1000);
  now.add(1000);
  const stale = before.nextRequest(0)!;
  const request = now.nextRequest(0)!;
  expect(now.answered(stale, 3)).toEqual([]);
  expect(now.answered(request, 9)).toEqual([{ id: 1, index: 9 }]);
});

describe('barriers', () => {
  it('that come together share a question, and its answer', () => {
    const barriers = new Barriers(RETRY_MS);
    const ids = [barriers.add(1000), barriers.add(1000)];
    const request = barriers.nextRequest(0)!;
    expect(barriers.nextRequest(0)).toBeUndefined();
    expect(barriers.answered(request, 7)).toEqual(ids.map((id) => ({ id, index: 7 })));
    expect(barriers.nextRequest(0)).toBeUndefined();
  });

  it('that come while a question is asked wait for the next', () => {
    const barriers = new Barriers(RETRY_MS);
    const first = barriers.add(1000);
    const request = barriers.nextRequest(0)!;
    const second = barriers.add(1000);
    expect(barriers.nextRequest(1)).toBeUndefined();
    expect(barriers.answered(request, 7)).toEqual([{ id: first, index: 7 }]);
    const next = barriers.nextRequest(1)!;
    expect(next).not.toBe(request);
    expect(barriers.answered(next, 9)).toEqual([{ id: second, index: 9 }]);
  });

  it('are asked for again when no answer comes, together with those that came since', () => {
    const barriers = new Barriers(RETRY_MS);
    const first = barriers.add(1000);
    const request = barriers.nextRequest(0)!;
    const second = barriers.add(1000);
    expect(barriers.askAgainAtMs).toBe(RETRY_MS);
    expect(barriers.nextRequest(RETRY_MS - 1)).toBeUndefined();
    const again = barriers.nextRequest(RETRY_MS)!;
    expect(barriers.askAgainAtMs).toBe(2 * RETRY_MS);
    expect(barriers.answered(request, 3)).toEqual([]);
    expect(barriers.answered(again, 4)).toEqual([first, second].map((id) => ({ id, index: 4 })));
  });

  it('are asked for again at once when there is somebody new to ask', () => {
    const barriers = new Barriers(RETRY_MS);
    barriers.add(1000);
    const request = barriers.nextRequest(0)!;
    barriers.askAgain();
    expect(barriers.nextRequest(1)).toBe(request + 1);
  });

  it('need no question when none waits', () => {
    const barriers = new Barriers(RETRY_MS);
    barriers.askAgain();
    expect([barriers.nextRequest(0), barriers.askAgainAtMs, barriers.expiryMs])
      .toEqual([undefined, Infinity, Infinity]);
  });
});

describe('a barrier whose time is up', () => {
  it('is given up, asked for or not, and the others are answered', () => {
    const barriers = new Barriers(RETRY_MS);
    const [asked, alsoAsked] = [barriers.add(50), barriers.add(80)];
    const request = barriers.nextRequest(0)!;
    const waiting = barriers.add(80);
    expect(barriers.expiryMs).toBe(50);
    expect(barriers.expire(49)).toEqual([]);
    expect(barriers.expire(50)).toEqual([asked]);
    expect(barriers.expiryMs).toBe(80);
    expect(barriers.answered(request, 7)).toEqual([{ id: alsoAsked, index: 7 }]);
    expect(barriers.expire(80)).toEqual([waiting]);
    expect(barriers.expiryMs).toBe(Infinity);
  });

  it('takes its question with it when it was the last', () => {
    const barriers = new Barriers(RETRY_MS);
    barriers.add(50);
    const request = barriers.nextRequest(0)!;
    barriers.expire(60);
    expect([barriers.askAgainAtMs, barriers.nextRequest(500)]).toEqual([Infinity, undefined]);
    expect(barriers.answered(request, 7)).toEqual([]);
  });
});
