/**
 * What redis-benchmark is for Redis, for etcd: many clients in a closed loop, each with one call
 * under way, over a number of connections, from a process of its own (etcd-load-process.ts).
 *
 * It speaks gRPC, as etcd's own clients do; the JSON gateway would cost etcd several times as much.
 * etcd is quicker when clients share connections than with one for each; how many are best depends
 * on the machine, so a bench tries and takes the best.
 */

import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { BenchmarkFigures } from './redis-benchmark.ts';
import { endWithBench, ROOT } from './servers.ts';

export interface EtcdLoad {
  /** Connections take turns among them. */
  readonly ports: readonly number[];
  readonly connections: number;
  readonly clients: number;
  readonly requests: number;
  /** `fill` puts each key once and the others take them by chance; `get` is linearizable. */
  readonly kind: 'put' | 'get' | 'fill';
  readonly keys: number;
  readonly valueBytes: number;
}

export interface EtcdFigures extends BenchmarkFigures {
  /** Calls that were refused, or found no value where there must be one. */
  readonly errors: number;
}

const LOAD_PROCESS = join(ROOT, 'dist/bench/lib/etcd-load-process.js');
const TIMEOUT_MS = 600_000;

const run = promisify(execFile);

/** Rejects when the process fails, or when one call of a hundred has. */
export async function loadEtcd(load: EtcdLoad): Promise<EtcdFigures> {
  const running = run(
    process.execPath, [LOAD_PROCESS, JSON.stringify(load)], { timeout: TIMEOUT_MS });
  endWithBench(running.child);
  const { stdout } = await running;
  const figures = JSON.parse(stdout) as EtcdFigures;
  if (figures.errors > load.requests / 100) {
    throw new Error(`etcd failed ${figures.errors} of ${load.requests} calls`);
  }
  return figures;
}
