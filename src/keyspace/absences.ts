/**
 * Keys that a connection found absent when it watched them. An absent key has no version, so a key
 * that is set and deleted again looks as if nothing had happened to it, though the connection may
 * have read it meanwhile. Here each of them is noted, and whether the key was set since.
 *
 * Local to this server: with peers it need only know of what was applied here, since its
 * connections have read nothing else. Empty, and then free, unless absent keys are watched.
 */

import { ByteRange } from '../lib/byte-range.ts';

export interface Absence {
  readonly db: number;
  /** The key was set since, whatever became of it. */
  isOver: boolean;
}

export class Absences {
  /** By database and key. */
  readonly #noted = new Map<string, Set<Absence>>();

  get size(): number {
    return this.#noted.size;
  }

  /** The caller must `forget` it. */
  note(db: number, key: ByteRange): Absence {
    const name = nameOf(db, key);
    const absence = { db, isOver: false };
    const noted = this.#noted.get(name);
    if (noted === undefined) this.#noted.set(name, new Set([absence]));
    else noted.add(absence);
    return absence;
  }

  forget(absence: Absence, key: ByteRange): void {
    const name = nameOf(absence.db, key);
    const noted = this.#noted.get(name);
    noted?.delete(absence);
    if (noted?.size === 0) this.#noted.delete(name);
  }

  /** The key is set now. */
  onSet(db: number, key: ByteRange): void {
    for (const absence of this.#noted.get(nameOf(db, key)) ?? []) absence.isOver = true;
  }

  /** The database has other keys now: `isSet` says which. */
  onReplaced(db: number, isSet: (key: ByteRange) => boolean): void {
    const prefix = `${db}:`;
    for (const [name, noted] of this.#noted) {
      if (!name.startsWith(prefix)) continue;
      const key = new ByteRange(Buffer.from(name.slice(prefix.length), 'latin1'));
      if (!isSet(key)) continue;
      for (const absence of noted) absence.isOver = true;
    }
  }
}

function nameOf(db: number, key: ByteRange): string {
  return `${db}:${key.latin1()}`;
}
