/** A friend graph: a set of friends for each person. */

import type { Redis } from 'ioredis';

export class Friends {
  readonly #redis: Redis;

  constructor(redis: Redis) {
    this.#redis = redis;
  }

  async befriend(one: string, other: string): Promise<void> {
    await this.#redis.multi().sadd(key(one), other).sadd(key(other), one).exec();
  }

  async part(one: string, other: string): Promise<void> {
    await this.#redis.multi().srem(key(one), other).srem(key(other), one).exec();
  }

  async common(one: string, other: string): Promise<string[]> {
    return (await this.#redis.sinter(key(one), key(other))).toSorted();
  }

  async reach(people: readonly string[]): Promise<string[]> {
    return (await this.#redis.sunion(people.map(key))).toSorted();
  }

  /** Friends of friends who are no friends yet, those with most common friends first. */
  async suggest(person: string): Promise<{ name: string; common: number }[]> {
    const friends = await this.#redis.smembers(key(person));
    if (friends.length === 0) return [];
    const found = await this.#redis.multi()
      .sunionstore('near', friends.map(key)).srem('near', person)
      .sdiff('near', key(person)).del('near').exec();
    const names = found?.[2]?.[1] as string[];
    const commons = await Promise.all(
      names.map((name) => this.#redis.sintercard(2, key(person), key(name))));
    return names.map((name, i) => ({ name, common: commons[i] ?? 0 }))
      .toSorted((a, b) => b.common - a.common || (a.name < b.name ? -1 : 1));
  }
}

function key(person: string): string {
  return `friends:${person}`;
}
