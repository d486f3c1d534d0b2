/** A leaderboard: points of players in a sorted set for each week. */

import type { Redis } from 'ioredis';

export interface Standing {
  readonly player: string;
  readonly points: number;
}

export class Leaderboard {
  readonly #redis: Redis;

  constructor(redis: Redis) {
    this.#redis = redis;
  }

  async score(week: string, player: string, points: number): Promise<number> {
    return Number(await this.#redis.zincrby(key(week), points, player));
  }

  async top(week: string, count: number): Promise<Standing[]> {
    return standings(await this.#redis.zrange(key(week), 0, count - 1, 'REV', 'WITHSCORES'));
  }

  /** Those just above and just below the player, who stands in the middle. */
  async around(week: string, player: string, distance: number): Promise<Standing[]> {
    const place = await this.#redis.zrevrank(key(week), player);
    if (place === null) return [];
    const first = Math.max(0, place - distance);
    return standings(await this.#redis.zrevrange(key(week), first, place + distance, 'WITHSCORES'));
  }

  /** How many have at least so many points, and less than `below`. */
  async countBetween(week: string, from: number, below: number): Promise<number> {
    return this.#redis.zcount(key(week), from, `(${below}`);
  }

  /** The points of both weeks together, those of the second one twice. */
  async addWeeks(first: string, second: string, into: string): Promise<number> {
    return this.#redis.zunionstore(key(into), 2, key(first), key(second), 'WEIGHTS', 1, 2);
  }

  /** Drops all but the best; says how many went. */
  async keepBest(week: string, count: number): Promise<number> {
    return this.#redis.zremrangebyrank(key(week), 0, -count - 1);
  }
}

function key(week: string): string {
  return `points:${week}`;
}

function standings(flat: readonly string[]): Standing[] {
  const found: Standing[] = [];
  for (let i = 0; i < flat.length; i += 2) {
    found.push({ player: flat[i] ?? '', points: Number(flat[i + 1]) });
  }
  return found;
}
