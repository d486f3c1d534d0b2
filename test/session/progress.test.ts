/** What a connection holds for requests that are still to run, and what ends its waits. */
import { describe, expect, it } from 'vitest';
import { Blocking } from '../../src/session/blocking.ts';
import { RequestProgress } from '../../src/session/progress.ts';

describe('prefetched requests', () => {
  function prefetched(count: number) {
    const progress = new RequestProgress();
    const released: string[] = [];
    progress.onPrefetched(count, () => void released.push('first'));
    return { progress, released };
  }

  it('hold their keys until the last of them was taken', () => {
    const { progress, released } = prefetched(3);
    progress.took(2);
    expect([progress.prefetched, released]).toEqual([1, []]);
    progress.took(1);
    expect([progress.prefetched, released]).toEqual([0, ['first']]);
    progress.took(1);
    progress.forget();
    expect([progress.prefetched, released]).toEqual([0, ['first']]);
  });

  it('let go when more were taken than were prefetched', () => {
    const { progress, released } = prefetched(2);
    progress.took(5);
    expect([progress.prefetched, released]).toEqual([0, ['first']]);
  });

  it('let go of their keys once when they never run', () => {
    const { progress, released } = prefetched(2);
    progress.forget();
    progress.forget();
    expect([progress.prefetched, released]).toEqual([0, ['first']]);
  });

  it('give up what was held when more are prefetched', () => {
    const { progress, released } = prefetched(2);
    progress.onPrefetched(1, () => void released.push('second'));
    expect([progress.prefetched, released]).toEqual([1, ['first']]);
    progress.took(1);
    expect(released).toEqual(['first', 'second']);
  });

  it('are slowed and looked for afresh after each that was taken', () => {
    const progress = new RequestProgress();
    progress.isDelayed = true;
    progress.levelLooks = 3;
    progress.took(1);
    expect([progress.isDelayed, progress.levelLooks]).toEqual([false, 0]);
  });
});

describe('a wait', () => {
  it('ends once, as it is told', () => {
    const blocking = new Blocking();
    const ended: string[] = [];
    expect(blocking.isBlocked).toBe(false);
    blocking.begin((how) => void ended.push(how));
    expect(blocking.isBlocked).toBe(true);
    expect(blocking.end('error')).toBe(true);
    expect([blocking.isBlocked, blocking.end('timeout')]).toEqual([false, false]);
    expect(ended).toEqual(['error']);
    blocking.begin((how) => void ended.push(how));
    expect(blocking.end('timeout')).toBe(true);
    expect(ended).toEqual(['error', 'timeout']);
  });

  it('cannot begin inside another', () => {
    const blocking = new Blocking();
    blocking.begin(() => {});
    expect(() => blocking.begin(() => {})).toThrow('blocked already');
  });

  it('ends when it is forbidden, and later ones as they begin', () => {
    const blocking = new Blocking();
    const ended: string[] = [];
    blocking.begin((how) => void ended.push(`first ${how}`));
    blocking.forbid();
    blocking.begin((how) => void ended.push(`second ${how}`));
    expect(ended).toEqual(['first timeout', 'second timeout']);
    expect(blocking.isBlocked).toBe(false);
  });
});
