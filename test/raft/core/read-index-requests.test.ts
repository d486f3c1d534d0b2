import { describe, expect, it } from 'vitest';
import { ReadIndexRequests } from '../../../src/raft/core/read-index-requests.ts';

const RETRY_MS = 100;

it('an answer to a question of an earlier start is none to those of this one', () => {
  const [before, now] = [new ReadIndexRequests(100, 0), new ReadIndexRequests(100, 2 ** 40)];
  before.add(1000);
  now.add(1000);
  const stale = before.nextRequest(0)!;
  const request = now.nextRequest(0)!;
  expect(now.answered(stale, 3)).toEqual([]);
  expect(now.answered(request, 9)).toEqual([{ id: 1, index: 9 }]);
});

describe('readIndexes', () => {
  it('that come together share a question, and its answer', () => {
    const readIndexes = new ReadIndexRequests(RETRY_MS);
    const ids = [readIndexes.add(1000), readIndexes.add(1000)];
    const request = readIndexes.nextRequest(0)!;
    expect(readIndexes.nextRequest(0)).toBeUndefined();
    expect(readIndexes.answered(request, 7)).toEqual(ids.map((id) => ({ id, index: 7 })));
    expect(readIndexes.nextRequest(0)).toBeUndefined();
  });

  it('that come while a question is asked wait for the next', () => {
    const readIndexes = new ReadIndexRequests(RETRY_MS);
    const first = readIndexes.add(1000);
    const request = readIndexes.nextRequest(0)!;
    const second = readIndexes.add(1000);
    expect(readIndexes.nextRequest(1)).toBeUndefined();
    expect(readIndexes.answered(request, 7)).toEqual([{ id: first, index: 7 }]);
    const next = readIndexes.nextRequest(1)!;
    expect(next).not.toBe(request);
    expect(readIndexes.answered(next, 9)).toEqual([{ id: second, index: 9 }]);
  });

  it('are asked for again when no answer comes, together with those that came since', () => {
    const readIndexes = new ReadIndexRequests(RETRY_MS);
    const first = readIndexes.add(1000);
    const request = readIndexes.nextRequest(0)!;
    const second = readIndexes.add(1000);
    expect(readIndexes.sendAgainAtMs).toBe(RETRY_MS);
    expect(readIndexes.nextRequest(RETRY_MS - 1)).toBeUndefined();
    const again = readIndexes.nextRequest(RETRY_MS)!;
    expect(readIndexes.sendAgainAtMs).toBe(2 * RETRY_MS);
    expect(readIndexes.answered(request, 3)).toEqual([]);
    expect(readIndexes.answered(again, 4)).toEqual([first, second].map((id) => ({ id, index: 4 })));
  });

  it('are asked for again at once when there is somebody new to ask', () => {
    const readIndexes = new ReadIndexRequests(RETRY_MS);
    readIndexes.add(1000);
    const request = readIndexes.nextRequest(0)!;
    readIndexes.sendAgain();
    expect(readIndexes.nextRequest(1)).toBe(request + 1);
  });

  it('need no question when none waits', () => {
    const readIndexes = new ReadIndexRequests(RETRY_MS);
    readIndexes.sendAgain();
    expect([readIndexes.nextRequest(0), readIndexes.sendAgainAtMs, readIndexes.expiryMs])
      .toEqual([undefined, Infinity, Infinity]);
  });
});

describe('a read index whose time is up', () => {
  it('is given up, asked for or not, and the others are answered', () => {
    const readIndexes = new ReadIndexRequests(RETRY_MS);
    const [asked, alsoAsked] = [readIndexes.add(50), readIndexes.add(80)];
    const request = readIndexes.nextRequest(0)!;
    const waiting = readIndexes.add(80);
    expect(readIndexes.expiryMs).toBe(50);
    expect(readIndexes.expire(49)).toEqual([]);
    expect(readIndexes.expire(50)).toEqual([asked]);
    expect(readIndexes.expiryMs).toBe(80);
    expect(readIndexes.answered(request, 7)).toEqual([{ id: alsoAsked, index: 7 }]);
    expect(readIndexes.expire(80)).toEqual([waiting]);
    expect(readIndexes.expiryMs).toBe(Infinity);
  });

  it('takes its question with it when it was the last', () => {
    const readIndexes = new ReadIndexRequests(RETRY_MS);
    readIndexes.add(50);
    const request = readIndexes.nextRequest(0)!;
    readIndexes.expire(60);
    expect([readIndexes.sendAgainAtMs, readIndexes.nextRequest(500)]).toEqual([Infinity, undefined]);
    expect(readIndexes.answered(request, 7)).toEqual([]);
  });
});
