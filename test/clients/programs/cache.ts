/**
 * A cache in front of something slow. Of many that miss a value at the same time, the one that gets
 * the lock computes it; the others wait for it.
 * Each needs a connection of its own, because of WATCH.
 */

import type { Redis } from 'ioredis';
import { eventually } from '../../wire/eventually.ts';

/** After that, the lock of one who has died is free again. */
const LOCK_MS = 20_000;

export class Cache {
  readonly #redis: Redis;
  readonly #ttlMs: number;

  constructor(redis: Redis, ttlMs: number) {
    this.#redis = redis;
    this.#ttlMs = ttlMs;
  }

  async get(key: string, token: string, compute: () => Promise<string>): Promise<string> {
    return eventually(`a value of ${key}`, async () => {
      const known = await this.#redis.get(key);
      if (known !== null) return known;
      if (await this.#redis.set(`lock:${key}`, token, 'PX', LOCK_MS, 'NX') === null) return undefined;
      try {
        return await this.#computeOnce(key, compute);
      } finally {
        await this.#unlock(key, token);
      }
    });
  }

  /** The lock before this one may have been given back between the look and the lock. */
  async #computeOnce(key: string, compute: () => Promise<string>): Promise<string> {
    const known = await this.#redis.get(key);
    if (known !== null) return known;
    const value = await compute();
    await this.#redis.set(key, value, 'PX', this.#ttlMs);
    return value;
  }

  /** Only one's own lock: it may have expired, and be another's by now. */
  async #unlock(key: string, token: string): Promise<void> {
    const lock = `lock:${key}`;
    await this.#redis.watch(lock);
    if (await this.#redis.get(lock) === token) await this.#redis.multi().del(lock).exec();
    else await this.#redis.unwatch();
  }
}
