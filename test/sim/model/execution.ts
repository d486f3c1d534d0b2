/**
 * One command, or one EXEC, that runs on a model in one of the ways in which it can go. Commands
 * see keys only through this: it decides whether an expired key was seen.
 *
 * The time at which it ran is known as a window. All lookups of one execution have the same time,
 * also those of all commands of an EXEC: servers freeze the time of a transaction.
 */

import type { Choices } from './choices.ts';
import { Entry } from './entry.ts';
import { Lifetimes } from './lifetimes.ts';
import type { SortedSet } from './sorted-set-value.ts';
import {
  emptiedAt, isEmptyCollection, isHash, isList, isSet, isSortedSet, type Expiry, type Field, type Hash,
  type List, type Members, type Value,
} from './value.ts';
import { HyperLogLog } from './hyperloglog-value.ts';
import type { KeyspaceModel } from './keyspace-model.ts';
import { failure, type Reply } from './reply.ts';

/** When the command ran: from the first to the last, in ms since the epoch. */
export interface Window {
  readonly earliestMs: number;
  readonly latestMs: number;
}

export interface ExecutionParts {
  /** Changed by the execution. */
  readonly model: KeyspaceModel;
  readonly choices: Choices;
  readonly window: Window;
  readonly db: number;
  readonly protocol: 2 | 3;
  /** A key that was seen as expired never comes back: no clock goes backwards. */
  readonly isDeathFinal: boolean;
}

/**
 * A command ends with this error reply. It is no Error: nobody reads its stack, and to take one
 * costs more than the command.
 */
export class CommandError {
  readonly reply: Reply;

  constructor(text: string) {
    this.reply = failure(text);
  }
}

export const WRONG_TYPE = 'WRONGTYPE Operation against a key holding the wrong kind of value';

export class Execution {
  readonly model: KeyspaceModel;
  readonly choices: Choices;
  readonly window: Window;
  readonly protocol: 2 | 3;
  readonly isDeathFinal: boolean;
  db: number;
  /** Keys of which it is decided that this execution sees them, as they were then. */
  readonly #seen = new Set<Entry>();
  readonly #missed = new Set<Entry>();
  readonly #lifetimes: Lifetimes;

  constructor({ model, choices, window, db, protocol, isDeathFinal }: ExecutionParts) {
    this.model = model;
    this.choices = choices;
    this.window = window;
    this.db = db;
    this.protocol = protocol;
    this.isDeathFinal = isDeathFinal;
    this.#lifetimes = new Lifetimes(choices, window, isDeathFinal);
  }

  // ---- Looking up -------------------------------------------------------------------------------

  find(key: string, db = this.db): Entry | undefined {
    const entry = this.#findKey(key, db);
    return entry === undefined ? undefined : this.#unlessEmptied(db, key, entry);
  }

  /** A hash whose fields have all expired is not there. */
  #unlessEmptied(db: number, key: string, entry: Entry): Entry | undefined {
    if (!isHash(entry.value)) return entry;
    const settled = this.#lifetimes.settle(entry.value);
    const isSame = settled === entry.value;
    const known = isSame ? entry : new Entry(settled, entry.expiry);
    if (this.#seen.has(entry)) this.#seen.add(known);
    if (this.#lifetimes.left(settled).size === 0) {
      if (!isSame || this.model.ghost(db, key) !== entry) this.model.bury(db, key, known);
      return undefined;
    }
    if (this.model.get(db, key) !== known) this.model.learn(db, key, known);
    return known;
  }

  #findKey(key: string, db: number): Entry | undefined {
    const entry = this.model.get(db, key);
    if (entry === undefined) return this.isDeathFinal ? undefined : this.#findGhost(db, key);
    if (entry.expiry === undefined || this.#seen.has(entry)) return entry;
    const { earliestMs, latestMs } = this.window;
    if (latestMs < entry.expiry.earliestMs) return entry;
    if (earliestMs > entry.expiry.latestMs || !this.choices.choose()) {
      this.#bury(db, key, entry, entry.expiry);
      return undefined;
    }
    return this.#seeAlive(db, key, entry, entry.expiry);
  }

  #findGhost(db: number, key: string): Entry | undefined {
    const ghost = this.model.ghost(db, key);
    // Of an emptied hash the fields tell whether it is there again.
    if (ghost !== undefined && ghost.expiry === undefined) return ghost;
    if (ghost?.expiry === undefined || this.#missed.has(ghost)) return undefined;
    if (this.window.earliestMs > ghost.expiry.latestMs) return undefined;
    if (!this.choices.choose()) {
      this.#missed.add(ghost);
      return undefined;
    }
    return this.#seeAlive(db, key, ghost, ghost.expiry);
  }

  #seeAlive(db: number, key: string, entry: Entry, expiry: Expiry): Entry {
    const earliestMs = Math.max(expiry.earliestMs, this.window.earliestMs);
    const seen = entry.withExpiry({ ...expiry, earliestMs });
    this.#seen.add(seen);
    this.model.learn(db, key, seen);
    return seen;
  }

  #bury(db: number, key: string, entry: Entry, expiry: Expiry): void {
    const latestMs = Math.min(expiry.latestMs, this.window.latestMs);
    const ghost = entry.withExpiry({ ...expiry, latestMs });
    this.#missed.add(ghost);
    this.model.bury(db, key, ghost);
  }

  has(key: string, db = this.db): boolean {
    return this.find(key, db) !== undefined;
  }

  findString(key: string): string | undefined {
    const value = this.find(key)?.value;
    if (value === undefined || typeof value === 'string') return value;
    if (!(value instanceof HyperLogLog)) throw new CommandError(WRONG_TYPE);
    throw new Error(`the model does not know the bytes of ${JSON.stringify(key)}`);
  }

  /** Without the fields that have expired. */
  findHash(key: string): Hash | undefined {
    const hash = this.#findOf(key, isHash);
    return hash === undefined ? undefined : this.#lifetimes.left(hash);
  }

  /** A hash that was found, as a write to some of its fields leaves it: those go that expired. */
  hashToChange(key: string, names: readonly string[]): Map<string, Field> {
    const left = this.findHash(key);
    const value = this.model.get(this.db, key)?.value;
    const whole = new Map(left === undefined || value === undefined ? [] : value as Hash);
    for (const name of names) if (left?.has(name) !== true) whole.delete(name);
    return whole;
  }

  /** Whether fields of a hash may have expired: a server may remove them, which is a change. */
  mayHaveExpiredFields(key: string, db: number): boolean {
    const value = this.model.get(db, key)?.value;
    return value !== undefined && isHash(value) && [...value.values()].some(({ expiry }) =>
      expiry !== undefined && this.window.latestMs >= expiry.earliestMs);
  }

  findList(key: string): List | undefined {
    return this.#findOf(key, isList);
  }

  findSet(key: string): Members | undefined {
    return this.#findOf(key, isSet);
  }

  findSortedSet(key: string): SortedSet | undefined {
    return this.#findOf(key, isSortedSet);
  }

  #findOf<V extends Value>(key: string, isOne: (value: Value) => value is V): V | undefined {
    const value = this.find(key)?.value;
    if (value === undefined || isOne(value)) return value;
    throw new CommandError(WRONG_TYPE);
  }

  /** Of all keys of the database, those that are surely there, and those that may be. */
  census(): { readonly sure: Set<string>; readonly maybe: Set<string> } {
    const sure = new Set<string>();
    const maybe = new Set<string>();
    for (const [key, entry] of this.model.keys(this.db)) {
      const { expiry } = entry;
      const isSure = this.#isSurelyBefore(expiry) || this.#seen.has(entry);
      const emptied = emptiedAt(entry.value);
      if (isSure && this.#isSurelyBefore(emptied)) sure.add(key);
      else if (this.#mayBeBefore(expiry) && this.#mayBeBefore(emptied)) maybe.add(key);
    }
    if (this.isDeathFinal) return { sure, maybe };
    for (const [key, { expiry, value }] of this.model.ghosts(this.db)) {
      const end = expiry ?? emptiedAt(value);
      if (end !== undefined && this.#mayBeBefore(end)) maybe.add(key);
    }
    return { sure, maybe };
  }

  #isSurelyBefore(end: Expiry | undefined): boolean {
    return end === undefined || this.window.latestMs < end.earliestMs;
  }

  #mayBeBefore(end: Expiry | undefined): boolean {
    return end === undefined || this.window.earliestMs <= end.latestMs;
  }

  // ---- Changing ---------------------------------------------------------------------------------

  /** A new value without expiry. */
  put(key: string, value: Value, expiry?: Expiry, db = this.db): void {
    this.model.put(db, key, new Entry(value, expiry));
  }

  /** A new value that keeps the expiry; an empty collection removes the key. */
  change(key: string, value: Value): void {
    if (isEmptyCollection(value)) return this.model.remove(this.db, key);
    const old = this.model.get(this.db, key);
    const entry = new Entry(value, old?.expiry);
    if (old !== undefined && this.#seen.has(old)) this.#seen.add(entry);
    this.model.put(this.db, key, entry);
  }

  putEntry(key: string, entry: Entry, db = this.db): void {
    const copy = entry.withExpiry(entry.expiry);
    if (this.#seen.has(entry)) this.#seen.add(copy);
    this.model.put(db, key, copy);
  }

  /** Removes a key that `find` has found. */
  remove(key: string, db = this.db): void {
    this.model.remove(db, key);
  }

  /** Sets the expiry of a key that `find` has found; one that is over removes the key. */
  expire(key: string, expiry: Expiry | undefined): void {
    const entry = this.model.get(this.db, key);
    if (entry === undefined) return;
    if (expiry !== undefined && expiry.latestMs < this.window.earliestMs) {
      return this.model.remove(this.db, key);
    }
    this.model.put(this.db, key, entry.withExpiry(expiry));
  }

  /** When a time from now on is over. */
  after(delayMs: number): Expiry {
    const { earliestMs, latestMs } = this.window;
    return { earliestMs: earliestMs + delayMs, latestMs: latestMs + delayMs };
  }
}
