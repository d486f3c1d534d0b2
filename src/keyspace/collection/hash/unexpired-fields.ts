/**
 * A hash some of whose fields have expired and are not removed yet, as who reads it at a time sees
 * it: without them. Positions are those of the whole hash; ranks count the fields that are left.
 */

import type { ByteRange } from '../../../lib/byte-range.ts';
import type { HashPage, HashView, WholeHash } from './hash-view.ts';

export class UnexpiredFields implements HashView {
  readonly #hash: WholeHash;
  readonly #nowMs: number;
  /** How many fields are left before each part, and in all; undefined until it is asked for. */
  #before: number[] | undefined;
  /** The part that was asked for last by rank, and the positions of what is left of it. */
  #part = -1;
  #left: number[] = [];

  constructor(hash: WholeHash, nowMs: number) {
    this.#hash = hash;
    this.#nowMs = nowMs;
  }

  get size(): number {
    return this.#counted().at(-1)!;
  }

  get wholeSize(): number {
    return this.#hash.size;
  }

  get longest(): number {
    return this.#hash.longest;
  }

  get peak(): number {
    return this.#hash.peak;
  }

  get soonestMs(): number {
    return this.#hash.soonestMs;
  }

  find(field: ByteRange): number {
    const position = this.#hash.find(field);
    return position >= 0 && this.#isLeft(position) ? position : -1;
  }

  get(field: ByteRange): ByteRange | undefined {
    const position = this.find(field);
    return position < 0 ? undefined : this.#hash.valueAt(position);
  }

  has(field: ByteRange): boolean {
    return this.find(field) >= 0;
  }

  fieldAt(position: number): ByteRange {
    return this.#hash.fieldAt(position);
  }

  valueAt(position: number): ByteRange {
    return this.#hash.valueAt(position);
  }

  expiryAt(position: number): number {
    return this.#hash.expiryAt(position);
  }

  scan(cursor: number, count: number): HashPage {
    const page = this.#hash.scan(cursor, count);
    return { ...page, positions: page.positions.filter((at) => this.#isLeft(at)) };
  }

  nth(rank: number): number {
    const before = this.#counted();
    if (this.#part < 0 || rank < before[this.#part]! || rank >= before[this.#part + 1]!) {
      this.#findPart(rank);
    }
    return this.#left[rank - before[this.#part]!]!;
  }

  #isLeft(position: number): boolean {
    const expiryMs = this.#hash.expiryAt(position);
    return expiryMs === 0 || expiryMs > this.#nowMs;
  }

  #counted(): readonly number[] {
    if (this.#before !== undefined) return this.#before;
    const hash = this.#hash;
    const before = [0];
    for (let part = 0; part < hash.partCount; part++) {
      const left = hash.partSize(part) - hash.expiredIn(part, this.#nowMs);
      before.push(before[part]! + left);
    }
    this.#before = before;
    // Who comes next need not ask again if none had.
    hash.refreshTimes([]);
    return before;
  }

  /** The last part with no more fields before it. */
  #findPart(rank: number): void {
    const before = this.#counted();
    let low = 0;
    let high = before.length - 2;
    while (low < high) {
      const middle = (low + high + 1) >>> 1;
      if (before[middle]! <= rank) low = middle;
      else high = middle - 1;
    }
    this.#part = low;
    const first = this.#hash.partFirst(low);
    this.#left = Array.from({ length: this.#hash.partSize(low) }, (_, at) => first + at)
      .filter((position) => this.#isLeft(position));
  }
}
