/**
 * redis-benchmark as a function: one kind of request, many clients, every one waiting for its
 * reply.
 */

import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { endWithBench } from './servers.ts';

export interface BenchmarkRun {
  readonly port: number;
  readonly clients: number;
  readonly pipeline: number;
  readonly requests: number;
  /** __rand_int__ in the command is replaced by a number below this. */
  readonly keys: number;
  /** `-t get`, or the words of a command. */
  readonly command: readonly string[];
}

export interface BenchmarkFigures {
  readonly perSecond: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly maxMs: number;
}

/** It goes on trying for ever when its server has ended. */
const TIMEOUT_MS = 600_000;

const run = promisify(execFile);

/** Throws when it fails or prints something else than its table. */
export async function redisBenchmark(
  { port, clients, pipeline, requests, keys, command }: BenchmarkRun,
): Promise<BenchmarkFigures> {
  const running = run('redis-benchmark', [
    '-h', '127.0.0.1', '-p', `${port}`, '-c', `${clients}`, '-P', `${pipeline}`, '-r', `${keys}`,
    '-n', `${requests}`, '--csv', ...command,
  ], { timeout: TIMEOUT_MS });
  endWithBench(running.child);
  const { stdout } = await running;
  const row = stdout.trim().split('\n').at(-1) ?? '';
  // "test","rps","avg_latency_ms","min_latency_ms","p50","p95","p99","max"
  const cells = row.slice(1, -1).split('","').slice(1).map(Number);
  const [perSecond, , , p50Ms, , p99Ms, maxMs] = cells;
  if (maxMs === undefined || !cells.every(Number.isFinite)) {
    throw new Error(`redis-benchmark printed no figures but: ${stdout}`);
  }
  return { perSecond, p50Ms, p99Ms, maxMs } as BenchmarkFigures;
}
