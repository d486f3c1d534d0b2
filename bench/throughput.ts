/** redis-benchmark's commands on keys of their own: strings, and hashes of a field. */

import type { Fsync } from './lib/servers.ts';
import { VALUE_BYTES, type Case } from './lib/throughput.ts';

const PAIR = ['key:__rand_int__', 'x'.repeat(VALUE_BYTES)];
const PAIRS = Array.from({ length: 10 }, () => PAIR).flat();

export const THROUGHPUT: readonly Case[] = [
  ...speeds('SET', 'everysec', ['-t', 'set'], [0.95, 1.1, 1.2]),
  ...speeds('GET', 'everysec', ['-t', 'get'], [0.95, 1.1, 1.2]),
  { ...base('SET always', 'always', ['-t', 'set']), pipeline: 1, requests: 30_000, target: 1 },
  { ...base('SET always', 'always', ['-t', 'set']), pipeline: 16, requests: 300_000, target: 1 },
  { ...base('INCR', 'everysec', ['-t', 'incr']), pipeline: 16, requests: 400_000, target: 0.9 },
  { ...base('HSET', 'everysec', ['-t', 'hset']), pipeline: 16, requests: 400_000, target: 0.9 },
  {
    ...base('HSET of 100,000 hashes', 'everysec', ['HSET', 'user:__rand_int__', 'name', 'Ada']),
    pipeline: 16, requests: 400_000, target: 0.9,
  },
  {
    ...base('MSET(10)', 'everysec', ['MSET', ...PAIRS]),
    pipeline: 16, requests: 200_000, target: 0.9,
  },
];

function base(name: string, fsync: Fsync, command: readonly string[]) {
  return { name, fsync, command };
}

function speeds(
  name: string, fsync: Fsync, command: readonly string[], targets: readonly number[],
): readonly Case[] {
  const pipelines = [1, 16, 64];
  return targets.map((target, i) => {
    const pipeline = pipelines[i] as number;
    const requests = pipeline === 1 ? 100_000 : 400_000;
    return { ...base(name, fsync, command), pipeline, requests, target };
  });
}
