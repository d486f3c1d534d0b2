/** A work queue on BLMOVE whose workers are killed: each job is finished, and none is lost. */

import type { Redis } from 'ioredis';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { TestServer } from '../server/test-server.ts';
import { eventually, within } from '../wire/eventually.ts';
import { untilBlocked } from './blocked-clients.ts';
import { connectWorker, work } from './programs/queue-worker.ts';
import { takenBy, WorkQueue } from './programs/work-queue.ts';

let dkvs: TestServer;
let redis: Redis;
let queue: WorkQueue;

beforeAll(async () => {
  dkvs = await TestServer.start({ maxmemory: '64mb' });
  redis = connectWorker(dkvs.port, 'observer');
  queue = new WorkQueue(redis);
});
afterAll(async () => {
  redis.disconnect();
  await dkvs.stop();
});
beforeEach(async () => { await redis.flushall(); });

function jobsOf(count: number): string[] {
  return Array.from({ length: count }, (_, i) => `job${i}`);
}

/** Starts workers; one that `dies` is killed between running a job and finishing it. */
function startWorkers(names: readonly string[], dies: (name: string) => boolean): () => void {
  const connections = names.map((name) => {
    const connection = connectWorker(dkvs.port, name);
    work(connection, name, () => { if (dies(name)) connection.disconnect(); })
      .catch((error: Error) => expect(error.message).toBe('Connection is closed.'));
    return connection;
  });
  return () => { for (const connection of connections) connection.disconnect(); };
}

async function isFinished(count: number): Promise<boolean> {
  return await redis.scard('finished') === count;
}

describe('a work queue', () => {
  it('runs each job once while no worker is killed', async () => {
    const jobs = jobsOf(60);
    const stop = startWorkers(['w1', 'w2', 'w3'], () => false);
    for (let i = 0; i < jobs.length; i += 10) await queue.add(jobs.slice(i, i + 10));
    await eventually('all to be finished', () => isFinished(jobs.length));
    const runs = await redis.hgetall('runs');
    expect(runs).toEqual(Object.fromEntries(jobs.map((job) => [job, '1'])));
    expect(await redis.exists('jobs')).toBe(0);
    stop();
  });

  it('loses no job of workers that are killed, and runs no more than theirs again', async () => {
    const jobs = jobsOf(40);
    const doomed = new Set(['w1', 'w2', 'w3', 'w4']);
    const stop = startWorkers([...doomed, 'w5'], (name) => doomed.has(name));
    await queue.add(jobs);
    await eventually('all but those of the killed', () => isFinished(jobs.length - doomed.size));
    await eventually('the killed to be gone', async () => {
      const present = await Promise.all([...doomed].map((name) => queue.isPresent(name)));
      return !present.includes(true);
    });
    expect(await queue.recover()).toBe(doomed.size);
    await eventually('all to be finished', () => isFinished(jobs.length));
    const counts = Object.values(await redis.hgetall('runs')).map(Number);
    expect(counts).toHaveLength(jobs.length);
    expect(counts.filter((count) => count === 2)).toHaveLength(doomed.size);
    expect(counts.every((count) => count <= 2)).toBe(true);
    expect(await queue.recover()).toBe(0);
    stop();
  });

  it('gives a job to a worker that waits, and none to one that was killed while it waited', async () => {
    const [killed, waiting] = [connectWorker(dkvs.port, 'killed'), connectWorker(dkvs.port, 'waits')];
    const never = new WorkQueue(killed).take('killed').catch((error: Error) => error.message);
    await untilBlocked(() => redis.info('clients'), 1);
    const job = new WorkQueue(waiting).take('waits');
    await untilBlocked(() => redis.info('clients'), 2);
    killed.disconnect();
    await untilBlocked(() => redis.info('clients'), 1);
    await queue.add(['only']);
    expect(await within('the job', job)).toBe('only');
    expect(await within('the killed one', never)).toBe('Connection is closed.');
    expect(await redis.exists(takenBy('killed'))).toBe(0);
    expect(await queue.recover()).toBe(0);
    waiting.disconnect();
  });

  it('says so when a job was taken from a worker that was thought to be gone', async () => {
    await queue.add(['job']);
    expect(await queue.take('observer')).toBe('job');
    // The reply may be lost: what is taken is found again.
    expect(await queue.take('observer')).toBe('job');
    await redis.client('SETNAME', 'renamed');
    expect(await queue.recover()).toBe(1);
    expect(await queue.finish('observer', 'job')).toBe(false);
    await redis.client('SETNAME', 'observer');
  });
});
