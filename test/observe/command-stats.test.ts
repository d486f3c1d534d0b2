import { describe, expect, it } from 'vitest';
import { ERROR_KINDS_MAX } from '../../src/observe/command-stats.ts';
import { CommandStats, ErrorStats } from '../../src/observe/command-stats.ts';

describe('CommandStats', () => {
  it('lists only commands that were called or refused, in order of their ids', () => {
    const stats = new CommandStats(['get', 'set', 'ping', 'del']);
    stats.record(2, 10.4, false);
    stats.record(1, 5, true);
    stats.record(1, 7, false);
    stats.reject(3);
    expect(stats.list()).toMatchObject([
      { name: 'set', calls: 2, microseconds: 12, failed: 1, rejected: 0 },
      { name: 'ping', calls: 1, microseconds: 10, failed: 0, rejected: 0 },
      { name: 'del', calls: 0, microseconds: 0, failed: 0, rejected: 1 },
    ]);
  });

  it('keeps latencies in nanoseconds, so that calls below a microsecond differ', () => {
    const stats = new CommandStats(['get']);
    stats.record(0, 0.25, false);
    stats.record(0, 2, false);
    const [get] = stats.list();
    expect([get?.latency.min, get?.latency.max, get?.latency.count]).toEqual([250, 2000, 2]);
  });

  it('forgets everything on reset', () => {
    const stats = new CommandStats(['get', 'set']);
    stats.record(0, 1, true);
    stats.reject(1);
    stats.reset();
    expect(stats.list()).toEqual([]);
    stats.record(0, 3, false);
    expect(stats.list()[0]?.latency.count).toBe(1);
  });
});

describe('ErrorStats', () => {
  it('counts by the first word, in order of the words', () => {
    const errors = new ErrorStats();
    for (const text of ['WRONGTYPE Operation', 'ERR a', 'NOAUTH', 'ERR b']) errors.count(text);
    expect(errors.list()).toEqual([
      { code: 'ERR', count: 2 }, { code: 'NOAUTH', count: 1 }, { code: 'WRONGTYPE', count: 1 },
    ]);
    expect(errors.total).toBe(4);
    errors.reset();
    expect([errors.list(), errors.total]).toEqual([[], 0]);
  });

  it('keeps a bounded number of kinds, and counts the others in the total only', () => {
    const errors = new ErrorStats();
    for (let i = 0; i < ERROR_KINDS_MAX + 50; i++) errors.count(`E${i} made up`);
    errors.count('E0 again');
    expect(errors.list()).toHaveLength(ERROR_KINDS_MAX);
    expect(errors.list().find(({ code }) => code === 'E0')?.count).toBe(2);
    expect(errors.total).toBe(ERROR_KINDS_MAX + 51);
  });

  it('cuts a first word that is too long', () => {
    const errors = new ErrorStats();
    errors.count('x'.repeat(1000));
    expect(errors.list()[0]?.code.length).toBe(64);
  });
});
