/** A sorted set of the model: scores by member, and their order. It never changes. */

import { hashText } from './reply.ts';

export type Scored = readonly [member: string, score: number];

export class SortedSet {
  readonly scores: ReadonlyMap<string, number>;
  #ordered: readonly Scored[] | undefined;

  constructor(scores: Iterable<Scored> = []) {
    this.scores = new Map(scores);
  }

  get size(): number {
    return this.scores.size;
  }

  /** By score, then by the bytes of the members. */
  get ordered(): readonly Scored[] {
    this.#ordered ??= [...this.scores].sort(([a, x], [b, y]) => {
      if (x !== y) return x < y ? -1 : 1;
      return a < b ? -1 : 1;
    });
    return this.#ordered;
  }

  with(changes: Iterable<Scored>): SortedSet {
    return new SortedSet([...this.scores, ...changes]);
  }

  without(members: Iterable<string>): SortedSet {
    const gone = new Set(members);
    return new SortedSet([...this.scores].filter(([member]) => !gone.has(member)));
  }

  equals(other: SortedSet): boolean {
    return this.size === other.size &&
      [...this.scores].every(([member, score]) => other.scores.get(member) === score);
  }

  /** Equal ones have the same: a uint32. */
  get hash(): number {
    let sum = 3;
    for (const [member, score] of this.scores) {
      sum += Math.imul(hashText(member), 0xc2b2_ae35) ^ hashText(`${score}`);
    }
    return sum >>> 0;
  }
}
