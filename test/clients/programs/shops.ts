/** A search for shops near a place: their coordinates in a geo set, what they are in hashes. */

import type { Redis } from 'ioredis';

export interface Shop {
  readonly id: string;
  readonly longitude: number;
  readonly latitude: number;
  readonly sells: string;
}

export interface Hit {
  readonly id: string;
  readonly metres: number;
  readonly sells: string;
}

export class Shops {
  readonly #redis: Redis;

  constructor(redis: Redis) {
    this.#redis = redis;
  }

  async add({ id, longitude, latitude, sells }: Shop): Promise<void> {
    await this.#redis.multi().geoadd('shops', longitude, latitude, id)
      .hset(`shop:${id}`, { sells }).exec();
  }

  async close(id: string): Promise<void> {
    await this.#redis.multi().zrem('shops', id).del(`shop:${id}`).exec();
  }

  /** The nearest first. */
  async near(
    longitude: number, latitude: number, metres: number, count: number,
  ): Promise<Hit[]> {
    const found = await this.#redis.geosearch('shops', 'FROMLONLAT', longitude, latitude,
      'BYRADIUS', metres, 'M', 'ASC', 'COUNT', count, 'WITHDIST') as [string, string][];
    const sells = await Promise.all(found.map(([id]) => this.#redis.hget(`shop:${id}`, 'sells')));
    return found.map(([id, distance], i) =>
      ({ id, metres: Number(distance), sells: sells[i] ?? '' }));
  }
}
