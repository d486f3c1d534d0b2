/**
 * A log-linear histogram of non-negative integers, as HdrHistogram draws it: the unit is the
 * caller's (microseconds, nanoseconds, bytes).
 *
 *   values    0 1 2 … 255 | 256 258 … 510 | 512 516 … 1020 | …
 *   buckets   one each    | 128 of two    | 128 of four    | …
 *
 * A bucket is less than 1 % of its values wide, so two significant digits are right. Recording
 * costs some nanoseconds and allocates only when a value is larger than any before it; a histogram
 * that never saw a value over 255 takes 2 KiB, one that saw an hour in microseconds 26 KiB.
 *
 * Invariants: counts are exact up to 2^53. Values above VALUE_MAX count as VALUE_MAX.
 */

const HALF = 128;
const HALF_BITS = 7;
const EXACT_END = 2 * HALF;

/** 2^42 - 1: an hour in nanoseconds, 50 days in microseconds. */
const VALUE_MAX = 2 ** 42 - 1;

export class Histogram {
  #counts = new Float64Array(EXACT_END);
  #count = 0;
  #sum = 0;
  #min = Infinity;
  #max = 0;

  get count(): number {
    return this.#count;
  }

  /** Zero for an empty histogram, as are min and max. */
  get mean(): number {
    return this.#count === 0 ? 0 : this.#sum / this.#count;
  }

  get sum(): number {
    return this.#sum;
  }

  get min(): number {
    return this.#count === 0 ? 0 : this.#min;
  }

  get max(): number {
    return this.#max;
  }

  /** Counts a value, without its fraction; outside the range it counts as the nearer end. */
  record(value: number, times = 1): void {
    const whole = value >= VALUE_MAX ? VALUE_MAX : value > 0 ? Math.floor(value) : 0;
    const index = bucketOf(whole);
    if (index >= this.#counts.length) this.#grow(index);
    this.#counts[index]! += times;
    this.#count += times;
    this.#sum += whole * times;
    if (whole < this.#min) this.#min = whole;
    if (whole > this.#max) this.#max = whole;
  }

  /**
   * A value that `percent` (0 to 100) of all values do not exceed: the largest of its bucket, but
   * never more than the largest recorded. Zero for an empty histogram.
   */
  percentile(percent: number): number {
    const rank = Math.max(1, Math.ceil((Math.min(percent, 100) / 100) * this.#count));
    let seen = 0;
    for (let index = 0; index < this.#counts.length; index++) {
      seen += this.#counts[index]!;
      if (seen >= rank) return Math.min(bucketLast(index), this.#max);
    }
    return 0;
  }

  /** Visits the buckets that are not empty, from the smallest: first and last value, count. */
  forEachBucket(visit: (first: number, last: number, count: number) => void): void {
    for (let index = 0; index < this.#counts.length; index++) {
      const count = this.#counts[index]!;
      if (count > 0) visit(index === 0 ? 0 : bucketLast(index - 1) + 1, bucketLast(index), count);
    }
  }

  /** Adds the counts of `other`, which stays as it is. */
  merge(other: Histogram): void {
    if (other.#counts.length > this.#counts.length) this.#grow(other.#counts.length - 1);
    for (let index = 0; index < other.#counts.length; index++) {
      this.#counts[index]! += other.#counts[index]!;
    }
    this.#count += other.#count;
    this.#sum += other.#sum;
    this.#min = Math.min(this.#min, other.#min);
    this.#max = Math.max(this.#max, other.#max);
  }

  reset(): void {
    this.#counts = new Float64Array(EXACT_END);
    this.#count = 0;
    this.#sum = 0;
    this.#min = Infinity;
    this.#max = 0;
  }

  /** Grows by whole rows of the drawing above. */
  #grow(index: number): void {
    const rows = Math.floor(index / HALF) + 1;
    const counts = new Float64Array(rows * HALF);
    counts.set(this.#counts);
    this.#counts = counts;
  }
}

function bucketOf(value: number): number {
  if (value < EXACT_END) return value;
  if (value < 2 ** 31) {
    const shift = 31 - Math.clz32(value) - HALF_BITS;
    return shift * HALF + (value >> shift);
  }
  const upper = Math.floor(value / 2 ** 31);
  const shift = 31 - Math.clz32(upper) + 31 - HALF_BITS;
  return shift * HALF + Math.floor(value / 2 ** shift);
}

/** The largest value that is counted in a bucket. */
function bucketLast(index: number): number {
  if (index < EXACT_END) return index;
  const shift = Math.floor(index / HALF) - 1;
  return (index - shift * HALF + 1) * 2 ** shift - 1;
}
