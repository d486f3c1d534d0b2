/**
 * All databases: which space each one's keys live in, the time of the request that runs, and who
 * hears of changes.
 *
 * FLUSHDB gives a database a fresh space and SWAPDB exchanges two numbers, so neither touches a
 * record. The table of spaces is itself a record, in the system space 0, and so it is as durable
 * and as ordered as any other write.
 */

import { ByteRange } from '../lib/byte-range.ts';
import { DATABASES_DEFAULT, DATABASES_MAX } from '../config/limits.ts';
import { blocksSpaceOf, expiringSpaceOf, isHiddenSpace } from './collection/block-keys.ts';
import { CollectionChange } from './collection/collection-change.ts';
import { COLLECTION_LIMITS, type CollectionLimits } from './collection/limits.ts';
import { AccessClock } from './access-clock.ts';
import { Database, isAbsent } from './database.ts';
import { KeyListeners } from './key-listeners.ts';
import type { KeyspaceCore, KeyspaceStats } from './keyspace-core.ts';
import { COLD, NEED_VALUE, SYSTEM_SPACE, type Storage } from './storage.ts';

/**
 * A database beyond the default number begins in the space of this number plus its own, so that
 * the spaces of those before it, which a directory may have given out, are never taken twice.
 */
const FURTHER_SPACES_FROM = 2 ** 30;

/**
 * The system key under which the table of spaces is kept: a uint32 for each database, and the next
 * free space. Databases at the end that never had another space than their first are left out, but
 * not of the first DATABASES_DEFAULT: so a table of those only is what it always was.
 */
export const SPACES_KEY = Buffer.from('spaces');

/** Who hears of changes to keys. Called in the middle of a command: must not change anything. */
export interface KeyspaceListener {
  /** A keyspace notification; `kind` is the letter of its class in notify-keyspace-events. */
  notify(kind: string, event: string, db: number, key: ByteRange): void;
}

export class Keyspace implements KeyspaceCore {
  #storage: Storage;
  readonly stats: KeyspaceStats = { hits: 0, misses: 0, expired: 0, expiredFields: 0 };
  collections: CollectionChange;
  leftOvers = 0;
  readonly keyListeners = new KeyListeners();
  readonly access = new AccessClock();
  /** Milliseconds since the epoch as the running entry carries them. */
  now = 0;
  /** Changes made since the start; a command that leaves it as it was has changed nothing. */
  changes = 0;
  isReadOnly = false;
  readonly #listener: KeyspaceListener;
  readonly #limits: CollectionLimits;
  readonly #databases: Database[] = [];
  /** Of each database, and the next free one last. */
  readonly #spaces: Uint32Array;

  /** The caller has loaded SPACES_KEY of SYSTEM_SPACE; see storage.load. */
  constructor(storage: Storage, listener: KeyspaceListener, limits = COLLECTION_LIMITS) {
    this.#storage = storage;
    this.#limits = limits;
    this.collections = new CollectionChange(storage, limits);
    this.#listener = listener;
    this.#spaces = readSpaces(storage);
    for (let i = 0; i < DATABASES_MAX; i++) {
      this.#databases.push(new Database(this, i, this.#space(i)));
    }
    this.#follow(storage);
  }

  get storage(): Storage {
    return this.#storage;
  }

  /** Goes on with another storage that holds the same: what was written and recovered. */
  adopt(storage: Storage): void {
    // Versions of keys go on with the places of the total order; see Storage.logIndex.
    storage.logIndex = this.#storage.logIndex;
    this.#storage = storage;
    this.collections = new CollectionChange(storage, this.#limits);
    this.#follow(storage);
  }

  /** Goes on with another storage that holds something else; SPACES_KEY must be in RAM. */
  replace(storage: Storage): void {
    this.adopt(storage);
    this.#readSpaces();
    // What was there and is gone again by now is not known.
    for (const { index } of this.#databases) this.keyListeners.onReplaced(index, () => true);
    this.changed();
  }

  /** A FLUSHDB or SWAPDB that the storage takes back is one of ours as well. */
  #follow(storage: Storage): void {
    storage.onTakenBack = () => {
      this.#readSpaces();
      this.keyListeners.onTakenBack();
    };
  }

  #readSpaces(): void {
    this.#spaces.set(readSpaces(this.#storage));
    for (const db of this.#databases) db.space = this.#space(db.index);
  }

  /** The database of a number that was checked before. */
  db(index: number): Database {
    const db = this.#databases[index];
    if (db === undefined) throw new Error(`assertion failed: there is no database ${index}`);
    return db;
  }

  get databases(): readonly Database[] {
    return this.#databases;
  }

  /** Empties a database; its records are dead at once and reclaimed by the compactor. */
  flush(index: number): void {
    const old = this.#space(index);
    this.#assign(index, this.#takeSpace());
    this.#saveSpaces();
    this.#storage.dropSpace(old);
    this.#storage.dropSpace(blocksSpaceOf(old));
    this.#storage.dropSpace(expiringSpaceOf(old));
    this.changed();
  }

  flushAll(): void {
    for (let i = 0; i < DATABASES_MAX; i++) if (this.db(i).count() > 0) this.flush(i);
  }

  swap(a: number, b: number): void {
    const space = this.#space(a);
    this.#assign(a, this.#space(b));
    this.#assign(b, space);
    this.#saveSpaces();
    for (const index of [a, b]) {
      this.keyListeners.onReplaced(index, (key) => !isAbsent(this.db(index).version(key)));
    }
    this.changed();
  }

  changed(): void {
    this.changes++;
  }

  /** A key changed: for Database. */
  modified(key: ByteRange): void {
    this.changes++;
    if (this.access.isHeld) this.access.touchAnyway(key, this.now);
  }

  /** A place to come back to with `takeBack`; valid until the frame of this turn is closed. */
  mark(): number {
    return this.#storage.mark();
  }

  /** Undoes every change since `mark`. */
  takeBack(mark: number): void {
    this.#storage.takeBack(mark);
  }

  notify(kind: string, event: string, db: number, key: ByteRange): void {
    this.#listener.notify(kind, event, db, key);
  }

  #space(index: number): number {
    return this.#spaces[index] as number;
  }

  #assign(index: number, space: number): void {
    this.#spaces[index] = space;
    this.db(index).space = space;
  }

  #takeSpace(): number {
    const next = this.#spaces[DATABASES_MAX] as number;
    const isReserved = next >= FURTHER_SPACES_FROM && next < FURTHER_SPACES_FROM + DATABASES_MAX;
    const free = isReserved ? FURTHER_SPACES_FROM + DATABASES_MAX : next;
    if (isHiddenSpace(free)) throw new Error('assertion failed: no space is left for a database');
    this.#spaces[DATABASES_MAX] = free + 1;
    return free;
  }

  #saveSpaces(): void {
    let count = DATABASES_MAX;
    while (count > DATABASES_DEFAULT && this.#space(count - 1) === firstSpace(count - 1)) count--;
    const bytes = Buffer.alloc((count + 1) * 4);
    for (let i = 0; i < count; i++) bytes.writeUInt32LE(this.#space(i), i * 4);
    bytes.writeUInt32LE(this.#spaces[DATABASES_MAX] as number, count * 4);
    const key = new ByteRange(SPACES_KEY);
    this.#storage.find(SYSTEM_SPACE, key, NEED_VALUE);
    this.#storage.put(SYSTEM_SPACE, key, new ByteRange(bytes), 0, false);
  }
}

function readSpaces(storage: Storage): Uint32Array {
  const spaces = Uint32Array.from({ length: DATABASES_MAX + 1 }, (_, i) => firstSpace(i));
  spaces[DATABASES_MAX] = DATABASES_DEFAULT + 1;
  const found = storage.find(SYSTEM_SPACE, new ByteRange(SPACES_KEY), NEED_VALUE);
  if (found === COLD) throw new Error('assertion failed: the table of spaces was not loaded');
  if (found === undefined) return spaces;
  const { buf, start, end } = found.value;
  const count = Math.floor((end - start) / 4) - 1;
  if (count < DATABASES_DEFAULT || count > DATABASES_MAX) {
    throw new Error(`assertion failed: a table of spaces for ${count} databases`);
  }
  for (let i = 0; i < count; i++) spaces[i] = buf.readUInt32LE(start + i * 4);
  spaces[DATABASES_MAX] = buf.readUInt32LE(start + count * 4);
  return spaces;
}

function firstSpace(index: number): number {
  return index < DATABASES_DEFAULT ? index + 1 : FURTHER_SPACES_FROM + index;
}
