/**
 * A reliable work queue. A worker takes a job by moving it to a list of its own, which names it
 * until it is finished; the jobs of workers that are gone go back to the queue. A worker is there
 * while its connection has its name, which CLIENT LIST tells.
 */

import type { Redis } from 'ioredis';

export class WorkQueue {
  readonly #redis: Redis;

  /** A worker needs a connection of its own, with its name as `connectionName`. */
  constructor(redis: Redis) {
    this.#redis = redis;
  }

  async add(jobs: readonly string[]): Promise<void> {
    await this.#redis.lpush('jobs', ...jobs);
  }

  /**
   * Waits for a job. What the worker has already taken comes first: the reply that said so may have
   * been lost with a connection.
   */
  async take(worker: string): Promise<string> {
    await this.#redis.sadd('workers', worker);
    for (;;) {
      const job = await this.#redis.lindex(takenBy(worker), -1)
        ?? await this.#redis.blmove('jobs', takenBy(worker), 'RIGHT', 'LEFT', 0);
      if (job !== null) return job;
    }
  }

  /** False if it is no longer the worker's, because the worker was thought to be gone. */
  async finish(worker: string, job: string): Promise<boolean> {
    const results = await this.#redis.multi()
      .lrem(takenBy(worker), 1, job).sadd('finished', job).exec();
    return results?.[0]?.[1] === 1;
  }

  /**
   * Puts back what workers that are gone have taken; says how many jobs that were. They stay known:
   * one that was only cut off goes on under its name.
   */
  async recover(): Promise<number> {
    const present = await this.#present();
    let count = 0;
    for (const worker of await this.#redis.smembers('workers')) {
      if (present.has(worker)) continue;
      while (await this.#redis.lmove(takenBy(worker), 'jobs', 'LEFT', 'RIGHT') !== null) count++;
    }
    return count;
  }

  async isPresent(worker: string): Promise<boolean> {
    return (await this.#present()).has(worker);
  }

  async #present(): Promise<ReadonlySet<string>> {
    const list = await this.#redis.call('CLIENT', 'LIST') as string;
    return new Set([...list.matchAll(/ name=(\S+)/g)].map(([, name]) => name ?? ''));
  }
}

export function takenBy(worker: string): string {
  return `taken:${worker}`;
}
