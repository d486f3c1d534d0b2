/** A rate limiter with a sliding window: the times of a user's requests in a sorted set. */

import type { Redis } from 'ioredis';

export class RateLimiter {
  readonly #redis: Redis;
  readonly #requestsMax: number;
  readonly #windowMs: number;
  #count = 0;

  constructor(redis: Redis, requestsMax: number, windowMs: number) {
    this.#redis = redis;
    this.#requestsMax = requestsMax;
    this.#windowMs = windowMs;
  }

  /** Whether the user may go on; a request that is refused does not count. */
  async mayPass(user: string, nowMs: number): Promise<boolean> {
    const key = `requests:${user}`;
    const request = `${nowMs}:${this.#redis.options.connectionName}:${this.#count++}`;
    const results = await this.#redis.multi()
      .zremrangebyscore(key, '-inf', nowMs - this.#windowMs)
      .zadd(key, nowMs, request)
      .zcard(key)
      .pexpire(key, this.#windowMs)
      .exec();
    const count = results?.[2]?.[1] as number;
    if (count <= this.#requestsMax) return true;
    await this.#redis.zrem(key, request);
    return false;
  }
}
