/**
 * What waits, in buckets by an integer rank; either end can be taken. Of one rank the last in is
 * the first out. Taking costs as many looks at buckets as there are ranks between the old end and
 * the new one.
 */
export class BucketQueue<T> {
  #size = 0;
  #lowest = Infinity;
  #highest = -Infinity;
  readonly #buckets = new Map<number, T[]>();

  get size(): number {
    return this.#size;
  }

  push(rank: number, item: T): void {
    const bucket = this.#buckets.get(rank);
    if (bucket === undefined) this.#buckets.set(rank, [item]);
    else bucket.push(item);
    this.#size += 1;
    if (rank > this.#highest) this.#highest = rank;
    if (rank < this.#lowest) this.#lowest = rank;
  }

  /** The least rank; the queue is not empty. */
  lowestRank(): number {
    while (!this.#buckets.has(this.#lowest)) this.#lowest += 1;
    return this.#lowest;
  }

  /** Of the least rank; the queue is not empty. */
  takeLowest(): T {
    return this.#take(this.lowestRank());
  }

  /** Of the greatest rank; the queue is not empty. */
  takeHighest(): T {
    while (!this.#buckets.has(this.#highest)) this.#highest -= 1;
    return this.#take(this.#highest);
  }

  /** There are no empty buckets, so that what was gone through leaves nothing behind. */
  #take(rank: number): T {
    const bucket = this.#buckets.get(rank)!;
    const item = bucket.pop()!;
    if (bucket.length === 0) this.#buckets.delete(rank);
    this.#size -= 1;
    if (this.#size === 0) {
      this.#lowest = Infinity;
      this.#highest = -Infinity;
    }
    return item;
  }
}
