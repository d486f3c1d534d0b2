/**
 * The work queue with processes: workers are killed at any moment, and so is the server, which
 * comes back on its directory. What was added is finished, whatever was killed when.
 */

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import type { Redis } from 'ioredis';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { Random } from '../../src/lib/random.ts';
import { RealServer } from '../server/real-server.ts';
import { eventually } from '../wire/eventually.ts';
import { connectWorker } from './programs/queue-worker.ts';
import { takenBy, WorkQueue } from './programs/work-queue.ts';
import { Program } from './run-program.ts';

const WORKER = fileURLToPath(new URL('../../dist/test/clients/programs/queue-worker.js', import.meta.url));
const WORKERS = 3;
const ROUNDS = 9;
const JOBS_PER_ROUND = 150;
/** A seed of its own for each run, printed with a failure. */
const SEED = Date.now() % 2 ** 32;

let dir: string;
let server: RealServer;
let redis: Redis;
let queue: WorkQueue;
let workers: Map<string, Program>;
let started: number;

beforeEach(async () => {
  dir = mkdtempSync(join(tmpdir(), 'dkvs-queue-'));
  server = await RealServer.start(dir);
  redis = connectWorker(server.port, 'observer');
  queue = new WorkQueue(redis);
  workers = new Map();
  started = 0;
});
afterEach(async () => {
  for (const worker of workers.values()) await worker.kill();
  redis.disconnect();
  await server.stop();
  rmSync(dir, { recursive: true, force: true });
});

async function startWorker(): Promise<void> {
  const name = `worker${started++}`;
  workers.set(name, new Program(process.execPath, [WORKER, `${server.port}`, name]));
  await eventually(`${name} to be there`, () => queue.isPresent(name));
}

async function killOne(random: Random): Promise<void> {
  const names = [...workers.keys()];
  const name = names[random.below(names.length)]!;
  await workers.get(name)?.kill();
  workers.delete(name);
  await eventually(`${name} to be gone`, async () => !await queue.isPresent(name));
}

async function restartServer(): Promise<void> {
  const { port } = server;
  await server.kill('SIGKILL');
  server = await RealServer.start(dir, '--port', `${port}`);
  for (const name of workers.keys()) {
    await eventually(`${name} to be back`, () => queue.isPresent(name));
  }
}

/** Adds jobs in small pieces; the replies say that they are there. */
async function addJobs(round: number): Promise<string[]> {
  const jobs = Array.from({ length: JOBS_PER_ROUND }, (_, i) => `job${round}.${i}`);
  for (let i = 0; i < jobs.length; i += 10) await queue.add(jobs.slice(i, i + 10));
  return jobs;
}

async function holdsNothing(): Promise<boolean> {
  const lists = Array.from({ length: started }, (_, i) => takenBy(`worker${i}`));
  return await redis.exists('jobs', ...lists) === 0;
}

it(`finishes every job while workers and the server are killed (seed ${SEED})`, async () => {
  const random = new Random(0, SEED);
  const added: string[] = [];
  let restarts = 0;
  for (let i = 0; i < WORKERS; i++) await startWorker();
  for (let round = 0; round < ROUNDS; round++) {
    const adding = addJobs(round);
    await delay(random.below(60));
    if (round % 3 === 2) {
      await restartServer();
      restarts++;
    } else {
      await killOne(random);
      await startWorker();
    }
    added.push(...await adding);
    await queue.recover();
  }
  await eventually('all to be finished', async () => {
    await queue.recover();
    return await holdsNothing();
  });
  expect((await redis.smembers('finished')).toSorted()).toEqual(added.toSorted());
  const runs = Object.values(await redis.hgetall('runs')).map(Number);
  expect(runs).toHaveLength(added.length);
  expect(Math.min(...runs)).toBe(1);
  // Each killed worker may leave one job that is run again. A restart cuts off all workers and the
  // adding at once, which then send again what had no reply: a run each, and ten jobs.
  const again = runs.reduce((sum, count) => sum + count - 1, 0);
  expect(again).toBeLessThanOrEqual(started + restarts * (WORKERS + 10));
  expect(restarts).toBeGreaterThan(2);
});
