/**
 * Which records of a key count, told by their kinds in the order of value_index: the one set of
 * rules for a running store (chains.ts) and for recovery, which has nothing but kinds
 * (recovery/merge-hints.ts). Pure: it only counts; its owner keeps the records in the same order.
 *
 *     base  | RUN  RUN  DELTA  DELTA  BEGIN  RUN  DELTA  EXPIRE |        PAGE  PAGE
 *             `---------- tail: `length` records ------------'           pending
 *                                         `begunAt`    `singlesFrom`
 *
 *  - An EXPIRE is dead as soon as any record follows it in the tail: each carries the whole expiry.
 *  - A RUN holds again what the single records (DELTA, EXPIRE) behind the last RUN or BEGIN did:
 *    they are dead.
 *  - A BEGIN says: here a new base begins. The PAGEs behind it are pending.
 *  - A BASE makes them the base: the old one is dead, and so is the tail up to the last BEGIN. What
 *    came behind the BEGIN stays: it happened after the pages were taken.
 *  - A BEGIN whose BASE never came (a crash, a stop) stays in the tail, where it changes nothing
 *    but keeps a RUN from reaching over it; its PAGEs are dead. Were it dead itself, the compactor
 *    could take it away, and recovery would let the next RUN replace records that it does not hold.
 *
 * PAGING.md has the decision behind this.
 */

import {
  KIND_BASE, KIND_BEGIN, KIND_DELETED, KIND_DELTA, KIND_EXPIRE, KIND_PAGE, KIND_PUT, KIND_RUN,
} from '../format/data-entry.ts';

export class ChainShape {
  /** Records of the tail. */
  length = 0;
  /** Where the single records at the tail's end begin: what the next RUN would replace. */
  singlesFrom = 0;
  /** Place in the tail of the BEGIN whose BASE is awaited; -1 if none is. */
  begunAt = -1;
  isLastExpire = false;

  /** How many records at the end of the tail are dead once one of `kind` follows. */
  deadBehind(kind: number): number {
    return kind === KIND_RUN ? this.length - this.singlesFrom : Number(this.isLastExpire);
  }

  /** A DELTA, EXPIRE, RUN or BEGIN follows; the owner has dropped `deadBehind` records first. */
  follow(kind: number): void {
    this.length += 1 - this.deadBehind(kind);
    this.isLastExpire = kind === KIND_EXPIRE;
    if (kind === KIND_BEGIN) this.begunAt = this.length - 1;
    if (kind === KIND_BEGIN || kind === KIND_RUN) this.singlesFrom = this.length;
  }

  /** A BASE follows: how many records at the front of the tail it takes away, the BEGIN last. */
  rebase(): number {
    const taken = this.begunAt + 1;
    this.length -= taken;
    this.singlesFrom -= taken;
    this.begunAt = -1;
    if (this.length === 0) this.isLastExpire = false;
    return taken;
  }

  /** A PUT follows, or the key is gone. */
  clear(): void {
    this.length = this.singlesFrom = 0;
    this.begunAt = -1;
    this.isLastExpire = false;
  }
}

/** What the records of one key come to; fed in the order of value_index. */
export class ChainFold<Row> extends ChainShape {
  base: Row | undefined;
  /** The BEGIN and the PAGEs of the base, if it has some. */
  pages: Row[] = [];
  readonly tail: Row[] = [];
  #pending: Row[] = [];

  add(row: Row, kind: number): void {
    if (kind === KIND_PUT || kind === KIND_DELETED) this.#restart(row, kind);
    else if (kind === KIND_BASE) this.#complete(row);
    else if (kind === KIND_PAGE) {
      if (this.begunAt !== -1) this.#pending.push(row);
    } else if (kind === KIND_BEGIN) {
      this.#pending = [];
      this.#push(row, kind);
    } else if (kind === KIND_DELTA || kind === KIND_EXPIRE || kind === KIND_RUN) {
      // Without a base it belongs to one that is gone.
      if (this.base !== undefined || this.begunAt !== -1) this.#push(row, kind);
    }
  }

  #restart(row: Row, kind: number): void {
    this.clear();
    this.base = kind === KIND_PUT ? row : undefined;
    this.pages = [];
    this.#pending = [];
    this.tail.length = 0;
  }

  #push(row: Row, kind: number): void {
    this.tail.length -= this.deadBehind(kind);
    this.follow(kind);
    this.tail.push(row);
  }

  /** A BASE without a BEGIN is what the compactor has left of one that is dead. */
  #complete(row: Row): void {
    if (this.begunAt === -1) return;
    const begin = this.tail[this.begunAt] as Row;
    this.tail.splice(0, this.rebase());
    this.base = row;
    this.pages = [begin, ...this.#pending];
    this.#pending = [];
  }
}
