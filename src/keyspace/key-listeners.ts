/**
 * Who listens to which keys: connections that wait for a key to come (engine/blocked-requests.ts),
 * and those that found a key absent when they watched it (session/transaction.ts). Database asks
 * once for each change of a key.
 *
 * Local to this server: with peers a listener need only know of what was applied here, since its
 * connection has read nothing else.
 *
 * A change of a key that has no listener costs one look at a number: while there are listeners to
 * other keys, `#sieve` counts them by a few of the key's bytes, and no name is made of a key whose
 * count there is 0.
 */

import { ByteRange } from '../lib/byte-range.ts';

export interface KeyListener {
  /** The key was set or changed, or removed. Called in the middle of a command. */
  onChange(isSet: boolean): void;
  /** Changes were taken back, of whatever keys: what was removed may be there again. */
  onTakenBack(): void;
}

/** A power of two; with as many listened keys as this, nearly every other key passes the sieve. */
const SIEVE_COUNTS = 4096;

export class KeyListeners {
  /** By database and key. */
  readonly #listeners = new Map<string, Set<KeyListener>>();
  /** How many of the keys that are listened to fall on each number. */
  readonly #sieve = new Uint32Array(SIEVE_COUNTS);

  /** Keys that are listened to. */
  get size(): number {
    return this.#listeners.size;
  }

  /** The caller must `remove` it. */
  add(db: number, key: ByteRange, listener: KeyListener): void {
    const name = nameOf(db, key);
    const listeners = this.#listeners.get(name);
    if (listeners !== undefined) return void listeners.add(listener);
    this.#listeners.set(name, new Set([listener]));
    this.#sieve[sieveIndex(key)]! += 1;
  }

  remove(db: number, key: ByteRange, listener: KeyListener): void {
    const name = nameOf(db, key);
    const listeners = this.#listeners.get(name);
    if (listeners?.delete(listener) !== true || listeners.size > 0) return;
    this.#listeners.delete(name);
    this.#sieve[sieveIndex(key)]! -= 1;
  }

  /** For Database: the key is set or changed now, or removed. */
  onChange(db: number, key: ByteRange, isSet: boolean): void {
    if (this.#sieve[sieveIndex(key)] === 0) return;
    for (const listener of this.#listeners.get(nameOf(db, key)) ?? []) listener.onChange(isSet);
  }

  /** Changes were taken back. */
  onTakenBack(): void {
    for (const listeners of this.#listeners.values()) {
      for (const listener of listeners) listener.onTakenBack();
    }
  }

  /** The database has other keys now: `isSet` says which. */
  onReplaced(db: number, isSet: (key: ByteRange) => boolean): void {
    const prefix = `${db}:`;
    for (const [name, listeners] of this.#listeners) {
      if (!name.startsWith(prefix)) continue;
      const key = new ByteRange(Buffer.from(name.slice(prefix.length), 'latin1'));
      if (!isSet(key)) continue;
      for (const listener of listeners) listener.onChange(true);
    }
  }
}

function nameOf(db: number, key: ByteRange): string {
  return `${db}:${key.latin1()}`;
}

/** Of the length and the last bytes: keys of an application usually differ at their ends. */
function sieveIndex({ buf, start, end }: ByteRange): number {
  if (end - start < 2) return (end - start === 0 ? 0 : buf[start]!) & (SIEVE_COUNTS - 1);
  return (buf[end - 1]! * 31 + buf[end - 2]! * 389 + (end - start)) & (SIEVE_COUNTS - 1);
}
