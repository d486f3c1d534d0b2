/**
 * Members of one collection that are looked up together in others: those in blocks are asked in the
 * order of their blocks, so that each of these comes to RAM once for a batch, and not once for each
 * member where they take more RAM than they may.
 */

import { ByteRange } from '../lib/byte-range.ts';
import { MiB } from '../lib/size-units.ts';

/** What members are looked up in. */
export interface LookedUp {
  /** Where a member stands among its blocks; what is in one piece has none. */
  orderOf?(member: ByteRange): number;
}

/** Whether members are better looked up together: the one has blocks. */
export function isInBlocks({ orderOf }: LookedUp): boolean {
  return orderOf !== undefined;
}

/** The larger a batch is, the fewer times each block is read. */
const BATCH_MEMBERS_MAX = 65_536;
const BATCH_BYTES_MAX = 4 * MiB;

const FIRST_BYTES = 4096;

export class MemberBatch {
  readonly #member = new ByteRange(Buffer.alloc(0));
  #buf = Buffer.allocUnsafeSlow(FIRST_BYTES);
  /** Where each begins, and where the last one ends. */
  readonly #starts: number[] = [0];
  readonly #isGone: boolean[] = [];

  get isFull(): boolean {
    return this.#isGone.length >= BATCH_MEMBERS_MAX || this.#starts.at(-1)! >= BATCH_BYTES_MAX;
  }

  /** Its bytes are copied. */
  add({ buf, end, start }: ByteRange): void {
    const at = this.#starts.at(-1)!;
    const behind = at + end - start;
    if (behind > this.#buf.length) {
      const larger = Buffer.allocUnsafeSlow(Math.max(behind, 2 * this.#buf.length));
      this.#buf.copy(larger, 0, 0, at);
      this.#buf = larger;
    }
    buf.copy(this.#buf, at, start, end);
    this.#starts.push(behind);
    this.#isGone.push(false);
  }

  drop(number: number): void {
    this.#isGone[number] = true;
  }

  /** Those that were not dropped, in the order in which they are looked up best. */
  each(looked: LookedUp, visit: (member: ByteRange, number: number) => void): void {
    const numbers = this.left();
    if (isInBlocks(looked)) {
      const orders = new Float64Array(this.#isGone.length);
      for (const number of numbers) orders[number] = looked.orderOf!(this.member(number));
      numbers.sort((a, b) => orders[a]! - orders[b]!);
    }
    for (const number of numbers) visit(this.member(number), number);
  }

  /** Borrowed until the next one. */
  member(number: number): ByteRange {
    const member = this.#member;
    member.buf = this.#buf;
    member.start = this.#starts[number]!;
    member.end = this.#starts[number + 1]!;
    return member;
  }

  /** The numbers of those that were not dropped, as they were added. */
  left(): number[] {
    const numbers: number[] = [];
    for (const [number, isGone] of this.#isGone.entries()) if (!isGone) numbers.push(number);
    return numbers;
  }

  clear(): void {
    this.#starts.length = 1;
    this.#isGone.length = 0;
  }
}
