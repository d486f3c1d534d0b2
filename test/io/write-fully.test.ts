import { expect, test } from 'vitest';

import { writeFully, writeFullyThen } from '../../src/io/write-fully.ts';

type Call = [off: number, len: number, pos: number];

/** A system call that takes at most `step` bytes, and the calls that it saw. */
function stingy(step: number): { calls: Call[]; take(...call: Call): number } {
  const calls: Call[] = [];
  return {
    calls,
    take(off, len, pos) {
      calls.push([off, len, pos]);
      return Math.min(step, len);
    },
  };
}

const EXPECTED: Call[] = [[10, 7, 100], [13, 4, 103], [16, 1, 106]];

test('short writes are continued where they stopped', () => {
  const disk = stingy(3);
  writeFully(disk.take, 10, 7, 100);
  expect(disk.calls).toEqual(EXPECTED);
});

test('short writes are continued where they stopped, with a callback', () => {
  const disk = stingy(3);
  let ended: Error | null | undefined;
  writeFullyThen((off, len, pos, done) => done(null, disk.take(off, len, pos)), 10, 7, 100,
    (err) => {
      ended = err;
    });
  expect(disk.calls).toEqual(EXPECTED);
  expect(ended).toBeNull();
});

test('a system that takes nothing is an error, not an endless loop', () => {
  expect(() => writeFully(() => 0, 0, 5, 0)).toThrow(expect.objectContaining({ code: 'EIO' }));
  let ended: Error | null = null;
  writeFullyThen((_off, _len, _pos, done) => done(null, 0), 0, 5, 0, (err) => {
    ended = err;
  });
  expect(ended).toMatchObject({ code: 'EIO' });
});

test('an error in the middle ends the write', () => {
  const full = Object.assign(new Error('full'), { code: 'ENOSPC' });
  let ended: Error | null = null;
  writeFullyThen((off, _len, _pos, done) => (off === 0 ? done(null, 2) : done(full, 0)), 0, 5, 0,
    (err) => {
      ended = err;
    });
  expect(ended).toBe(full);
});
