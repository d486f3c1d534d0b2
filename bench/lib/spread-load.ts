/**
 * redis-benchmark against one port or several at once, the clients and requests shared among them:
 * it knows one server only, so there is one of it for each.
 */

import { type BenchmarkFigures, type BenchmarkRun, redisBenchmark } from './redis-benchmark.ts';
import { median } from './statistics.ts';

/** Of several: the sum of the rates, the middle p50, and the worst p99 and maximum. */
export async function loadPorts(
  ports: readonly number[], run: Omit<BenchmarkRun, 'port'>,
): Promise<BenchmarkFigures> {
  const share = (whole: number): number => Math.max(1, Math.round(whole / ports.length));
  const figures = await Promise.all(ports.map((port) => redisBenchmark({
    ...run, port, clients: share(run.clients), requests: share(run.requests),
  })));
  return {
    perSecond: figures.reduce((sum, one) => sum + one.perSecond, 0),
    p50Ms: median(figures.map(({ p50Ms }) => p50Ms)),
    p99Ms: Math.max(...figures.map(({ p99Ms }) => p99Ms)),
    maxMs: Math.max(...figures.map(({ maxMs }) => maxMs)),
  };
}
