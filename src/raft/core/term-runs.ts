/**
 * The term of every entry of a log in little memory: terms never go down along a log, so it is
 * enough to know where each one begins. Cut at the front when the log is trimmed and at the back
 * when it is repaired.
 */

/** Entries from `from` on have this term, up to where the next run begins. */
export interface TermRun {
  readonly from: number;
  readonly term: number;
}

export class TermRuns {
  #baseIndex: number;
  #baseTerm: number;
  #lastIndex: number;
  /** Ascending, each of another term than the one before. */
  #runs: TermRun[] = [];

  constructor(baseIndex: number, baseTerm: number) {
    this.#baseIndex = baseIndex;
    this.#baseTerm = baseTerm;
    this.#lastIndex = baseIndex;
  }

  /** Ascending; entries before the first have the base's term. */
  get runs(): readonly TermRun[] {
    return this.#runs;
  }

  get baseIndex(): number {
    return this.#baseIndex;
  }

  get lastIndex(): number {
    return this.#lastIndex;
  }

  get lastTerm(): number {
    return this.#runs.at(-1)?.term ?? this.#baseTerm;
  }

  /** The first entry of that term, or the base if it is behind that. */
  get lastTermFrom(): number {
    return this.#runs.at(-1)?.from ?? this.#baseIndex;
  }

  /** Undefined before the base and behind the last entry. */
  termOf(index: number): number | undefined {
    if (index < this.#baseIndex || index > this.#lastIndex) return undefined;
    for (let i = this.#runs.length - 1; i >= 0; i--) {
      const run = this.#runs[i]!;
      if (run.from <= index) return run.term;
    }
    return this.#baseTerm;
  }

  /** The greatest index not above `index` whose term is at most `term`; the base at least. */
  lastAtMost(term: number, index: number): number {
    let end = Math.min(index, this.#lastIndex);
    for (let i = this.#runs.length - 1; i >= 0; i--) {
      const run = this.#runs[i]!;
      if (run.from <= end && run.term <= term) return end;
      end = Math.min(end, run.from - 1);
    }
    // Entries before the first run have the base's term.
    return term < this.#baseTerm ? this.#baseIndex : Math.max(end, this.#baseIndex);
  }

  append(index: number, term: number): void {
    this.extend(index, index, term);
  }

  /** Entries `from` to `to`, all of one term, behind the last. */
  extend(from: number, to: number, term: number): void {
    if (from !== this.#lastIndex + 1 || to < from || term < this.lastTerm) {
      throw new Error(
        `assertion failed: entries ${from} to ${to} of term ${term} behind ` +
          `${this.#lastIndex} of term ${this.lastTerm}`,
      );
    }
    if (term !== this.lastTerm) this.#runs.push({ from, term });
    this.#lastIndex = to;
  }

  /** Forgets the entries behind `lastIndex`. */
  truncate(lastIndex: number): void {
    while ((this.#runs.at(-1)?.from ?? 0) > lastIndex) this.#runs.pop();
    this.#lastIndex = Math.min(this.#lastIndex, lastIndex);
  }

  /** Forgets the entries up to `baseIndex`, which must be in the log. */
  trim(baseIndex: number): void {
    const term = this.termOf(baseIndex);
    if (term === undefined) throw new Error(`assertion failed: no entry ${baseIndex} to trim at`);
    this.#baseTerm = term;
    this.#baseIndex = baseIndex;
    while ((this.#runs[0]?.from ?? Infinity) <= baseIndex) this.#runs.shift();
  }
}
