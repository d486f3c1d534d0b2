/**
 * The spaces of an open store, and which of the spaces met in the log are dead.
 *
 * A space begins with its first key. Dropping one must not touch its records, so recovery has to
 * know that they are dead: one system record, written when a space is dropped, lists the spaces
 * that are alive up to the highest number used so far, and since which value_index:
 *
 *     u32 highest | u32 count | count times: u32 space, u48 since (10 bytes)
 *
 * A record is dead if its space is at most `highest` and not listed, or its value_index is below
 * the listed one. A space that begins later with a number up to `highest` makes the record be
 * written again, in the same frame as its first key.
 */

import { readU32, readU48, writeU32, writeU48 } from '../../lib/words.ts';
import { SYSTEM_SPACE } from '../format/hint-rows.ts';
import { KeyIndex } from './key-index.ts';

/** The system key of that record. */
export const LIVE_SPACES_KEY = Buffer.from('store:live-spaces');

const ROW_BYTES = 10;

export interface Space {
  readonly id: number;
  readonly index: KeyIndex;
  /** Records with a lower value_index belong to an earlier space of the same number. */
  since: number;
  /** Where findExpired goes on. */
  expiryPosition: number;
}

export class SpaceTable {
  readonly #spaces = new Map<number, Space>();
  /** The highest number of a space when one was last dropped; -1 = none ever was. */
  #highest = -1;
  #highestSeen = 0;
  /** What recovery read: the spaces that were alive, and since when. */
  #listed = new Map<number, number>();

  get(id: number): Space | undefined {
    return this.#spaces.get(id);
  }

  all(): Iterable<Space> {
    return this.#spaces.values();
  }

  /** Begins a space. If `mustRecord` is true afterwards, the live-spaces record must be written. */
  create(id: number, nextValueIndex: number): Space {
    // What was listed is older than this record's own value_index; a new space starts here.
    const since = this.#listed.get(id) ?? (id <= this.#highest ? nextValueIndex : 0);
    const space: Space = { id, index: new KeyIndex(), since, expiryPosition: 0 };
    this.#spaces.set(id, space);
    this.#highestSeen = Math.max(this.#highestSeen, id);
    return space;
  }

  /** A space as a checkpoint has it; what `decode` reads afterwards tells since when it is. */
  adopt(id: number, index: KeyIndex): void {
    this.#spaces.set(id, { id, index, since: 0, expiryPosition: 0 });
    this.#highestSeen = Math.max(this.#highestSeen, id);
  }

  isUnlisted(id: number): boolean {
    return id <= this.#highest && id !== SYSTEM_SPACE && !this.#listed.has(id);
  }

  /** Ends a space; its index is the caller's. The live-spaces record must be written then. */
  drop(id: number): Space | undefined {
    const space = this.#spaces.get(id);
    this.#spaces.delete(id);
    this.#listed.delete(id);
    return space;
  }

  /** The value of the live-spaces record as of now. */
  encode(): Buffer {
    this.#highest = Math.max(this.#highest, this.#highestSeen);
    this.#listed = new Map();
    for (const { id, since } of this.#spaces.values()) {
      if (id !== SYSTEM_SPACE) this.#listed.set(id, since);
    }
    const buf = Buffer.alloc(8 + this.#listed.size * ROW_BYTES);
    writeU32(buf, 0, this.#highest);
    writeU32(buf, 4, this.#listed.size);
    let at = 8;
    for (const [id, since] of this.#listed) {
      writeU32(buf, at, id);
      writeU48(buf, at + 4, since);
      at += ROW_BYTES;
    }
    return buf;
  }

  /** Takes over the record that recovery found. */
  decode(buf: Buffer): void {
    this.#highest = readU32(buf, 0);
    this.#highestSeen = Math.max(this.#highestSeen, this.#highest);
    this.#listed = new Map();
    const count = readU32(buf, 4);
    for (let i = 0; i < count; i += 1) {
      const at = 8 + i * ROW_BYTES;
      this.#listed.set(readU32(buf, at), readU48(buf, at + 4));
    }
    for (const space of this.#spaces.values()) {
      space.since = this.#listed.get(space.id) ?? space.since;
    }
  }

  /** Puts everything back as it is now. */
  image(): () => void {
    const [spaces, listed] = [new Map(this.#spaces), new Map(this.#listed)];
    const [highest, highestSeen] = [this.#highest, this.#highestSeen];
    return () => {
      this.#spaces.clear();
      for (const [id, space] of spaces) this.#spaces.set(id, space);
      this.#listed = listed;
      this.#highest = highest;
      this.#highestSeen = highestSeen;
    };
  }

  /** Whether a record of this space and value_index is dead whatever the index says. */
  isDead(id: number, valueIndex: number): boolean {
    if (id > this.#highest || id === SYSTEM_SPACE) return false;
    const since = this.#listed.get(id);
    return since === undefined || valueIndex < since;
  }
}
