/**
 * What a server must hold: its databases, what WATCH noted, and what a SCAN has promised. Only
 * state and its changes; what commands do with it is in the files `…-commands.ts`.
 *
 * A clone costs little: databases are shared until one of the two changes them. A key that expired
 * becomes a ghost: a server may still count it (DBSIZE), and one whose clock may go back may show
 * it again.
 */

import type { Entry } from './entry.ts';
import { hashText } from './reply.ts';

interface Database {
  readonly keys: Map<string, Entry>;
  readonly ghosts: Map<string, Entry>;
  /** Of its keys; undefined when they have changed since it was worked out. */
  hash: number | undefined;
}

/** A watched key: was it there at WATCH, and was it changed since? */
export interface WatchMark {
  readonly db: number;
  readonly key: string;
  readonly wasThere: boolean;
  readonly change: 'none' | 'maybe' | 'sure';
}

/** A SCAN that goes on: keys that were there all the time and have not been replied yet. */
export interface OpenScan {
  readonly db: number;
  readonly filter: string;
  /** Undefined until the reply of the last piece is known. */
  readonly cursor: string | undefined;
  /** Which SCAN of this model it is. */
  readonly number: number;
  readonly owed: ReadonlySet<string>;
}

const NO_MARKS: ReadonlyMap<string, WatchMark> = new Map();

export class KeyspaceModel {
  /** While none of them is owned, another model may have the same array. */
  #databases: Database[];
  /** One bit for each database that no other model shares. */
  #owned = 0;
  #watched = NO_MARKS;
  #scan: OpenScan | undefined;
  #hash: number | undefined;
  /** Whether it differs from the model that it was cloned from. */
  isChanged = false;

  constructor(databases = 16, shared?: Database[]) {
    this.#databases = shared ?? Array.from({ length: databases }, emptyDatabase);
  }

  clone(): KeyspaceModel {
    this.#owned = 0;
    const copy = new KeyspaceModel(0, this.#databases);
    copy.#watched = this.#watched;
    copy.#scan = this.#scan;
    return copy;
  }

  get databases(): number {
    return this.#databases.length;
  }

  get(db: number, key: string): Entry | undefined {
    return this.#databases[db]?.keys.get(key);
  }

  ghost(db: number, key: string): Entry | undefined {
    return this.#databases[db]?.ghosts.get(key);
  }

  keys(db: number): ReadonlyMap<string, Entry> {
    return this.#databases[db]!.keys;
  }

  ghosts(db: number): ReadonlyMap<string, Entry> {
    return this.#databases[db]!.ghosts;
  }

  /** Sets a key because a command did; a watch of it notices. */
  put(db: number, key: string, entry: Entry): void {
    this.learn(db, key, entry);
    this.touch(db, key, 'sure');
  }

  /** Sets what is known about a key, which itself has not changed. */
  learn(db: number, key: string, entry: Entry): void {
    const database = this.#own(db);
    database.keys.set(key, entry);
    database.ghosts.delete(key);
  }

  remove(db: number, key: string): void {
    this.#own(db).keys.delete(key);
    this.#dropFromScan(db, key);
    this.touch(db, key, 'sure');
  }

  /** The key expired. If it is watched, EXEC finds that out. */
  bury(db: number, key: string, entry: Entry): void {
    const database = this.#own(db);
    database.keys.delete(key);
    database.ghosts.set(key, entry);
    this.#dropFromScan(db, key);
  }

  flush(db: number): void {
    for (const key of this.keys(db).keys()) this.touch(db, key, 'sure');
    this.#place(db, emptyDatabase());
    this.#owned |= 1 << db;
    this.#changed();
    if (this.#scan?.db === db) this.#endScan();
  }

  swap(one: number, other: number): void {
    const first = this.#databases[one]!;
    this.#place(one, this.#databases[other]!);
    this.#place(other, first);
    this.#owned = 0;
    this.#changed();
    this.#endScan();
    for (const { db, key } of this.#watched.values()) {
      if (db !== one && db !== other) continue;
      const isThere = this.get(one, key) !== undefined || this.get(other, key) !== undefined;
      if (isThere) this.touch(db, key, 'maybe');
    }
  }

  /** The keys, in every database, are of no interest any more. */
  forget(keys: ReadonlySet<string>): void {
    for (let db = 0; db < this.databases; db++) {
      for (const key of keys) {
        if (this.get(db, key) !== undefined) this.#own(db).keys.delete(key);
        if (this.ghost(db, key) !== undefined) this.#own(db).ghosts.delete(key);
        this.#dropFromScan(db, key);
        this.touch(db, key, 'maybe');
      }
    }
  }

  // ---- WATCH ------------------------------------------------------------------------------------

  watch(db: number, key: string): void {
    const name = `${db}:${key}`;
    if (this.#watched.has(name)) return;
    const wasThere = this.get(db, key) !== undefined;
    this.#mark(name, { db, key, wasThere, change: 'none' });
  }

  unwatch(): void {
    if (this.#watched.size === 0) return;
    this.#watched = NO_MARKS;
    this.#changed();
  }

  /** A change was refused: a server may have made it and taken it back, and EXEC may see that. */
  doubtWatch(): void {
    for (const [name, mark] of this.#watched) {
      if (mark.change === 'none') this.#mark(name, { ...mark, change: 'maybe' });
    }
  }

  get watched(): Iterable<WatchMark> {
    return this.#watched.values();
  }

  /** A command changed the key, or may have. */
  touch(db: number, key: string, change: 'maybe' | 'sure'): void {
    if (this.#watched.size === 0) return;
    const name = `${db}:${key}`;
    const mark = this.#watched.get(name);
    if (mark === undefined || mark.change === 'sure') return;
    this.#mark(name, { ...mark, change });
  }

  #mark(name: string, mark: WatchMark): void {
    this.#watched = new Map(this.#watched).set(name, mark);
    this.#changed();
  }

  // ---- SCAN -------------------------------------------------------------------------------------

  get scan(): OpenScan | undefined {
    return this.#scan;
  }

  set scan(scan: OpenScan | undefined) {
    if (scan === this.#scan) return;
    this.#scan = scan;
    this.#changed();
  }

  /** What it promised does not hold any more. Its number stays: a reply to it may still come. */
  #endScan(): void {
    if (this.#scan === undefined) return;
    this.#scan = { ...this.#scan, cursor: undefined, owed: new Set() };
  }

  #dropFromScan(db: number, key: string): void {
    const scan = this.#scan;
    if (scan?.db !== db || !scan.owed.has(key)) return;
    const owed = new Set(scan.owed);
    owed.delete(key);
    this.#scan = { ...scan, owed };
  }

  // ---- Comparing --------------------------------------------------------------------------------

  /** Equal models have the same. */
  get hash(): number {
    this.#hash ??= this.#computeHash();
    return this.#hash;
  }

  equals(other: KeyspaceModel): boolean {
    if (this === other) return true;
    return this.hash === other.hash && sameScan(this.#scan, other.#scan) &&
      sameMarks(this.#watched, other.#watched) &&
      this.#databases.every((one, db) => sameDatabase(one, other.#databases[db]!));
  }

  #computeHash(): number {
    let sum = 0;
    this.#databases.forEach((database, db) => {
      database.hash ??= hashKeys(database.keys);
      sum = (sum + Math.imul(database.hash, 2 * db + 1)) | 0;
    });
    return sum;
  }

  #place(db: number, database: Database): void {
    if (this.#owned === 0) this.#databases = [...this.#databases];
    this.#databases[db] = database;
  }

  #own(db: number): Database {
    this.#changed();
    const database = this.#databases[db]!;
    if ((this.#owned & (1 << db)) !== 0) {
      database.hash = undefined;
      return database;
    }
    const copy = {
      keys: new Map(database.keys), ghosts: new Map(database.ghosts), hash: undefined,
    };
    this.#place(db, copy);
    this.#owned |= 1 << db;
    return copy;
  }

  #changed(): void {
    this.isChanged = true;
    this.#hash = undefined;
  }
}

function emptyDatabase(): Database {
  return { keys: new Map(), ghosts: new Map(), hash: undefined };
}

function hashKeys(keys: ReadonlyMap<string, Entry>): number {
  let sum = 0;
  for (const [key, entry] of keys) sum = (sum + Math.imul(hashText(key), entry.hash | 1)) | 0;
  return sum;
}

/** The models, each one once. */
export function distinct(models: readonly KeyspaceModel[]): KeyspaceModel[] {
  if (models.length < 2) return [...models];
  const byHash = new Map<number, KeyspaceModel[]>();
  const kept: KeyspaceModel[] = [];
  for (const model of models) {
    const same = byHash.get(model.hash);
    if (same?.some((other) => other.equals(model)) === true) continue;
    if (same === undefined) byHash.set(model.hash, [model]);
    else same.push(model);
    kept.push(model);
  }
  return kept;
}

function sameDatabase(one: Database, other: Database): boolean {
  return one === other || (sameKeys(one.keys, other.keys) && sameKeys(one.ghosts, other.ghosts));
}

function sameKeys(one: ReadonlyMap<string, Entry>, other: ReadonlyMap<string, Entry>): boolean {
  if (one.size !== other.size) return false;
  for (const [key, entry] of one) {
    const its = other.get(key);
    if (its === undefined || !entry.equals(its)) return false;
  }
  return true;
}

function sameScan(one: OpenScan | undefined, other: OpenScan | undefined): boolean {
  if (one === other) return true;
  if (one === undefined || other === undefined || one.owed.size !== other.owed.size) return false;
  return one.db === other.db && one.filter === other.filter && one.cursor === other.cursor &&
    [...one.owed].every((key) => other.owed.has(key));
}

function sameMarks(
  one: ReadonlyMap<string, WatchMark>, other: ReadonlyMap<string, WatchMark>,
): boolean {
  if (one === other) return true;
  if (one.size !== other.size) return false;
  for (const [name, mark] of one) {
    const its = other.get(name);
    if (its?.wasThere !== mark.wasThere || its.change !== mark.change) return false;
  }
  return true;
}
