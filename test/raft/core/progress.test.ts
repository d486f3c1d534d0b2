import { describe, expect, it } from 'vitest';
import { Progress } from '../../../src/raft/core/progress.ts';
import { idOf } from './members.ts';

/** It agrees up to `match`, and entries follow each other. */
function streaming(match: number): Progress {
  const progress = new Progress(idOf('b'), match + 1, 0);
  progress.matched(match);
  progress.becomeStream();
  return progress;
}

describe('a member that is probed', () => {
  it('is sent one append at a time', () => {
    const progress = new Progress(idOf('b'), 5, 0);
    expect(progress.mayAppend(8, 1000)).toBe(true);
    progress.sent(7, 10);
    expect([progress.mayAppend(8, 1000), progress.next]).toEqual([false, 5]);
    progress.becomeProbe();
    expect(progress.mayAppend(8, 1000)).toBe(true);
  });

  it('streams from what was probed on when it has answered', () => {
    const progress = new Progress(idOf('b'), 5, 0);
    progress.sent(7, 10);
    expect(progress.matched(2)).toBe(true);
    progress.becomeStream();
    expect([progress.match, progress.next, progress.state]).toEqual([2, 5, 'stream']);
    expect(progress.mayAppend(8, 1000)).toBe(true);
  });
});

describe('a member that appends stream to', () => {
  it('is sent as many messages as may be under way', () => {
    const progress = streaming(4);
    for (const last of [5, 6, 7]) {
      expect(progress.mayAppend(3, 1000)).toBe(true);
      progress.sent(last, 10);
    }
    expect([progress.mayAppend(3, 1000), progress.next]).toEqual([false, 8]);
    progress.matched(5);
    expect(progress.mayAppend(3, 1000)).toBe(true);
  });

  it('is sent as many bytes as may be under way, and one message more', () => {
    const progress = streaming(4);
    progress.sent(5, 99);
    expect(progress.mayAppend(8, 100)).toBe(true);
    progress.sent(6, 5);
    expect(progress.mayAppend(8, 100)).toBe(false);
    progress.matched(5);
    expect(progress.mayAppend(8, 100)).toBe(true);
  });

  it('frees what it acknowledges together, and nothing of which it has only a part', () => {
    const progress = streaming(4);
    progress.sent(6, 50);
    progress.sent(8, 50);
    progress.matched(5);
    expect(progress.mayAppend(2, 1000)).toBe(false);
    progress.matched(8);
    expect([progress.mayAppend(1, 1), progress.match]).toEqual([true, 8]);
  });

  it('never goes back by an answer that comes late', () => {
    const progress = streaming(4);
    expect([progress.matched(4), progress.matched(3), progress.match]).toEqual([false, false, 4]);
    expect(progress.matched(9)).toBe(true);
    expect([progress.match, progress.next]).toEqual([9, 10]);
  });

  it('is probed from what it surely has when something was lost, with nothing under way', () => {
    const progress = streaming(4);
    progress.sent(6, 50);
    progress.becomeProbe();
    expect([progress.state, progress.next]).toEqual(['probe', 5]);
    progress.becomeStream();
    expect(progress.mayAppend(1, 1)).toBe(true);
  });
});

describe('a member that is sent nothing', () => {
  it('waits for the whole state', () => {
    const progress = streaming(4);
    progress.becomeSnapshot();
    expect(progress.mayAppend(8, 1000)).toBe(false);
  });

  it('waits for entries that are being read for it', () => {
    const progress = streaming(4);
    progress.isReading = true;
    expect(progress.mayAppend(8, 1000)).toBe(false);
  });
});
