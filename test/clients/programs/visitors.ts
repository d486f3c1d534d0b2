/** Unique visitors: a HyperLogLog for each page and day. */

import type { Redis } from 'ioredis';

export class Visitors {
  readonly #redis: Redis;

  constructor(redis: Redis) {
    this.#redis = redis;
  }

  async visit(page: string, day: number, visitors: readonly string[]): Promise<void> {
    await this.#redis.multi().pfadd(key(page, day), ...visitors)
      .expire(key(page, day), 90 * 86_400).exec();
  }

  async onDay(page: string, day: number): Promise<number> {
    return this.#redis.pfcount(key(page, day));
  }

  /** Each is counted once, on however many days. */
  async onDays(page: string, days: readonly number[]): Promise<number> {
    return this.#redis.pfcount(...days.map((day) => key(page, day)));
  }

  /** Keeps the days as one, and drops them. */
  async archive(page: string, days: readonly number[], name: string): Promise<number> {
    const keys = days.map((day) => key(page, day));
    const results = await this.#redis.multi().pfmerge(`visitors:${name}`, ...keys)
      .unlink(...keys).pfcount(`visitors:${name}`).exec();
    return results?.[2]?.[1] as number;
  }
}

function key(page: string, day: number): string {
  return `visitors:${page}:${day}`;
}
