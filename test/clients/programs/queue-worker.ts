/**
 * A worker of the work queue: takes jobs and runs each, which is counting it, until its connection
 * is closed. As a program of its own, with port and name as arguments, it runs until it is killed,
 * and goes on over restarts of the server.
 */

import { argv } from 'node:process';
import { fileURLToPath } from 'node:url';
import { Redis } from 'ioredis';
import { WorkQueue } from './work-queue.ts';

export interface Job {
  readonly name: string;
  readonly worker: string;
}

/** `afterRun` is called between running a job and finishing it. */
export async function work(
  redis: Redis, worker: string, afterRun: (job: Job) => void = () => {},
): Promise<void> {
  const queue = new WorkQueue(redis);
  for (;;) {
    const name = await queue.take(worker);
    await redis.hincrby('runs', name, 1);
    afterRun({ name, worker });
    await queue.finish(worker, name);
  }
}

export function connectWorker(port: number, worker: string): Redis {
  const redis = new Redis({
    port, host: '127.0.0.1', connectionName: worker, maxRetriesPerRequest: null,
    retryStrategy: () => 20,
  });
  return redis.on('error', () => {});
}

async function main(): Promise<void> {
  const [port, worker = ''] = argv.slice(2);
  await work(connectWorker(Number(port), worker), worker);
}

if (argv[1] === fileURLToPath(import.meta.url)) await main();
