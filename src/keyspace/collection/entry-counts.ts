/**
 * How many elements each entry of a directory has, and how many are before it. Counts are summed
 * up in groups, so that an entry is found by rank in a step for each group: 170 for ten million
 * elements.
 */

const GROUP_BITS = 6;

export class EntryCounts {
  readonly #counts: number[];
  /** Of 64 entries each; to be made again when an entry came or went. */
  #groups: number[] | undefined;
  #total = 0;

  constructor(counts: readonly number[]) {
    this.#counts = [...counts];
    for (const count of counts) this.#total += count;
  }

  /** Elements in all entries. */
  get total(): number {
    return this.#total;
  }

  of(entry: number): number {
    return this.#counts[entry]!;
  }

  add(entry: number, growth: number): void {
    if (growth === 0) return;
    this.#counts[entry]! += growth;
    this.#total += growth;
    if (this.#groups !== undefined) this.#groups[entry >>> GROUP_BITS]! += growth;
  }

  insert(entry: number, count: number): void {
    this.#counts.splice(entry, 0, count);
    this.#total += count;
    this.#groups = undefined;
  }

  remove(entry: number): void {
    this.#total -= this.#counts[entry]!;
    this.#counts.splice(entry, 1);
    this.#groups = undefined;
  }

  /** How many elements are in the entries before. */
  before(entry: number): number {
    const groups = this.#summed();
    const group = entry >>> GROUP_BITS;
    let before = 0;
    for (let i = 0; i < group; i++) before += groups[i]!;
    for (let i = group << GROUP_BITS; i < entry; i++) before += this.#counts[i]!;
    return before;
  }

  /** The entry that has the element of this rank. */
  at(rank: number): number {
    const groups = this.#summed();
    let left = rank;
    let group = 0;
    while (group < groups.length && left >= groups[group]!) left -= groups[group++]!;
    for (let entry = group << GROUP_BITS; entry < this.#counts.length; entry++) {
      left -= this.#counts[entry]!;
      if (left < 0) return entry;
    }
    throw new Error(`assertion failed: a collection of ${this.#total} has no rank ${rank}`);
  }

  #summed(): number[] {
    if (this.#groups !== undefined) return this.#groups;
    const groups: number[] = [];
    for (const [entry, count] of this.#counts.entries()) {
      const group = entry >>> GROUP_BITS;
      groups[group] = (groups[group] ?? 0) + count;
    }
    this.#groups = groups;
    return groups;
  }
}
