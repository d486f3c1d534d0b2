/**
 * Records of the system space that the store keeps in RAM for ever, because their owners change
 * them without loading them. What is in RAM follows the index, back too: a record that was replaced
 * is let go when the frame of the new one is written.
 */

import type { Held, Residents } from '../memory/residents.ts';
import type { SegmentTable } from '../segments/segment-table.ts';
import type { UndoJournal } from '../log/undo-journal.ts';

export class SystemRecords {
  readonly #residents: Residents;
  readonly #segments: SegmentTable;
  readonly #journal: UndoJournal;
  readonly #held = new Map<string, Held>();

  constructor(residents: Residents, segments: SegmentTable, journal: UndoJournal) {
    this.#residents = residents;
    this.#segments = segments;
    this.#journal = journal;
  }

  /** A record that recovery found. */
  adopt(key: string, held: Held): void {
    this.#held.set(key, held);
  }

  /** The key's record is the one that was appended just now. */
  hold(key: string, slot: number, offset: number, bytes: number): void {
    const residents = this.#residents;
    if (!residents.find(slot, offset)) throw new Error('store: an appended record is not in RAM');
    const buf = Buffer.from(residents.buf.subarray(residents.at, residents.at + bytes));
    const record = { buf, at: 0, isWhole: true };
    this.#replace(key, residents.hold(this.#segments.mustGet(slot), offset, record));
  }

  /** The key was removed. */
  drop(key: string): void {
    this.#replace(key, undefined);
  }

  #replace(key: string, held: Held | undefined): void {
    const before = this.#held.get(key);
    this.#set(key, held);
    this.#journal.push({
      undo: () => {
        if (held !== undefined) this.#residents.release(held);
        this.#set(key, before);
      },
      settle: () => {
        if (before !== undefined) this.#residents.release(before);
      },
    });
  }

  #set(key: string, held: Held | undefined): void {
    if (held === undefined) this.#held.delete(key);
    else this.#held.set(key, held);
  }
}
