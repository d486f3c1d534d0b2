/**
 * What has to be put back if frames are not written, or if a request is ended: the changes of the
 * index since the last frame that is surely written, in the order in which they were made.
 *
 *     entry, 8 words    SLOT    space | hi | lo | old place | old segment | old expiry | new slot,
 *                               new offset
 *                       STEP    -1    the next of `#steps` knows what to do: chains, spaces ...
 *                       MARK    -2    where a request began (take-back.ts)
 *                       GROUP   -3    number of a chain | deltas in its group | their bytes
 *
 * A change of the index costs eight stores into a typed array and no object. Entries are undone
 * from the end, and settled from the front once their frame is written.
 *
 * Bound: an entry belongs to a record in the open frame or in one that waits to be written, which
 * is at least as large; so the journal is never larger than what the log has to keep in RAM for
 * them. What a huge frame took is given back when it is settled.
 */

/**
 * Changes of the index of which the undo journal keeps its memory between two frames: 512 KiB, more
 * than a turn of 50 pipelining clients makes.
 */
const UNDO_ENTRIES_KEPT = 16_384;

export const UNDO_WORDS = 8;
const STEP = -1;
const MARK = -2;
export const GROUP = -3;

/** Something that a slot entry cannot say. */
export interface UndoStep {
  undo(): void;
  /** The frame is written: it is never undone. */
  settle(): void;
}

/** Puts back what a SLOT or GROUP entry at words[at] says. */
export type UndoSlot = (words: Int32Array, at: number) => void;

export class UndoJournal {
  words = new Int32Array(UNDO_ENTRIES_KEPT * UNDO_WORDS);
  /** Changes with each mark and commit: what was noted in an earlier epoch is noted again. */
  epoch = 1;
  /** Entries of the array that are in use. */
  #head = 0;
  #tail = 0;
  /** Number of the entry at #head, counted from the start. */
  #first = 0;
  readonly #steps: UndoStep[] = [];
  #stepHead = 0;

  /** The number of the next entry. */
  get end(): number {
    return this.#first + this.#tail - this.#head;
  }

  get isEmpty(): boolean {
    return this.#head === this.#tail;
  }

  get endsWithMark(): boolean {
    return !this.isEmpty && this.words[(this.#tail - 1) * UNDO_WORDS] === MARK;
  }

  /** Takes an entry: its words begin at the returned place of `words`. */
  take(): number {
    if (this.#tail * UNDO_WORDS === this.words.length) this.#makeRoom();
    const at = this.#tail * UNDO_WORDS;
    this.#tail += 1;
    return at;
  }

  /** Takes an entry for a slot that was pointed to a new record; its old words are missing. */
  takeSlot(space: number, hi: number, lo: number, newSlot: number, newOffset: number): number {
    const at = this.take();
    const { words } = this;
    words[at] = space;
    words[at + 1] = hi;
    words[at + 2] = lo;
    words[at + 6] = newSlot;
    words[at + 7] = newOffset;
    return at + 3;
  }

  /** Takes an entry for a chain whose group is about to get another delta. */
  takeGroup(chainId: number, count: number, bytes: number): void {
    const at = this.take();
    const { words } = this;
    words[at] = GROUP;
    words[at + 1] = chainId;
    words[at + 2] = count;
    words[at + 3] = bytes;
  }

  takeMark(): number {
    const at = this.take();
    this.words[at] = MARK;
    this.epoch += 1;
    return at;
  }

  push(step: UndoStep): void {
    this.words[this.take()] = STEP;
    this.#steps.push(step);
  }

  /** The place in `words` of the entry with this number. */
  placeOf(number: number): number {
    return (this.#head + number - this.#first) * UNDO_WORDS;
  }

  /** Undoes the entries from the end down to, not including, `number`. */
  undoTo(number: number, undoSlot: UndoSlot): void {
    while (this.end > number) {
      const at = (this.#tail - 1) * UNDO_WORDS;
      const kind = this.words[at]!;
      if (kind === STEP) this.#steps.pop()!.undo();
      else if (kind !== MARK) undoSlot(this.words, at);
      this.#tail -= 1;
    }
    this.epoch += 1;
  }

  /** Undoes all entries. Their numbers are not given out again. */
  undoAll(undoSlot: UndoSlot): void {
    const { end } = this;
    this.undoTo(this.#first, undoSlot);
    this.#first = end;
    this.#restart();
  }

  /** The entries up to, not including, `number` are never undone. */
  settleTo(number: number): void {
    if (number <= this.#first) return;
    const count = Math.min(number, this.end) - this.#first;
    if (this.#steps.length > this.#stepHead) this.#settleSteps(count);
    this.#head += count;
    this.#first += count;
    if (this.#head === this.#tail) this.#restart();
  }

  #settleSteps(count: number): void {
    for (let i = 0; i < count; i += 1) {
      if (this.words[(this.#head + i) * UNDO_WORDS] !== STEP) continue;
      this.#steps[this.#stepHead]!.settle();
      this.#stepHead += 1;
    }
    if (this.#stepHead * 2 < this.#steps.length) return;
    this.#steps.splice(0, this.#stepHead);
    this.#stepHead = 0;
  }

  #restart(): void {
    this.#head = this.#tail = 0;
    if (this.words.length > UNDO_ENTRIES_KEPT * UNDO_WORDS) {
      this.words = new Int32Array(UNDO_ENTRIES_KEPT * UNDO_WORDS);
    }
  }

  /** Moves the entries to the front, into a larger array if most of it is in use. */
  #makeRoom(): void {
    const { words } = this;
    const count = this.#tail - this.#head;
    const isCrowded = count * UNDO_WORDS * 2 > words.length;
    const target = isCrowded ? new Int32Array(words.length * 2) : words;
    if (isCrowded) target.set(words.subarray(this.#head * UNDO_WORDS, this.#tail * UNDO_WORDS));
    else words.copyWithin(0, this.#head * UNDO_WORDS, this.#tail * UNDO_WORDS);
    this.words = target;
    this.#head = 0;
    this.#tail = count;
  }
}
