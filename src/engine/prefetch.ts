/**
 * Which keys of requests are only on disk: what is worth waiting for before they run, so that other
 * connections go on meanwhile. It is for speed alone: what was not prefetched is read when the
 * request asks for it (Storage.findNow).
 */

import type { VisitKey } from '../commands/command.ts';
import type { TableEntry } from '../commands/table.ts';
import { hasKeys, visitKeys } from '../commands/visit-keys.ts';
import type { Keyspace } from '../keyspace/keyspace.ts';
import { NEED_VALUE, type KeyToLoad, type Need } from '../keyspace/storage.ts';
import { DATABASES_MAX } from '../config/limits.ts';
import { Args } from '../protocol/args.ts';
import { REPLY_BYTES_MAX } from '../protocol/limits.ts';
import type { QueuedRequest } from '../session/transaction.ts';

/** Keys that are read from disk before the requests run that need them; the others when they do. */
const PREFETCH_KEYS_MAX = 4096;

const NO_ARGS = new Args();

export class Prefetch {
  readonly #keyspace: Keyspace;
  // The request that is looked at, for #visit, which is made once.
  #args: Args = NO_ARGS;
  #dbIndex = 0;
  #need: Need = NEED_VALUE;
  /** Undefined: it is enough to know whether there is one. */
  #keys: KeyToLoad[] | undefined;
  #isAnyCold = false;
  readonly #visit: VisitKey = (arg, db = this.#dbIndex) => this.#check(arg, db);

  constructor(keyspace: Keyspace) {
    this.#keyspace = keyspace;
  }

  /** Whether the request would have to wait for the disk. */
  mustLoad(entry: TableEntry, args: Args, dbIndex: number): boolean {
    this.#keys = undefined;
    this.#isAnyCold = false;
    this.#look(entry, args, dbIndex);
    return this.#isAnyCold;
  }

  /**
   * Whether the strings that the request asks for are surely more than a reply may hold: then it is
   * to be refused, and nothing is read for it. The largest is left out, because an absent key may
   * look like another one that has the same hash.
   */
  isBeyondReply(entry: TableEntry, args: Args, dbIndex: number): boolean {
    if (!entry.repliesStrings) return false;
    const { storage, now } = this.#keyspace;
    const { space } = this.#keyspace.db(dbIndex);
    let bytes = 0;
    let largest = 0;
    visitKeys(entry.command, args, (arg) => {
      const least = storage.stringBytesMin(space, args.at(arg), now);
      bytes += least;
      largest = Math.max(largest, least);
    });
    return bytes - largest > REPLY_BYTES_MAX;
  }

  /** Appends the request's keys that are only on disk, as owned copies; up to PREFETCH_KEYS_MAX. */
  collect(entry: TableEntry, args: Args, dbIndex: number, keys: KeyToLoad[]): void {
    if (this.isBeyondReply(entry, args, dbIndex)) return;
    this.#keys = keys;
    this.#look(entry, args, dbIndex);
    this.#keys = undefined;
  }

  /** The same for a queue; SELECT in it changes where the keys of those behind it are. */
  collectQueue(queue: readonly QueuedRequest[], dbIndex: number, keys: KeyToLoad[]): void {
    let db = dbIndex;
    for (const { entry, args } of queue) {
      const selected = entry.command.selects?.(args) ?? [];
      if (selected.length === 1 && selected[0] !== undefined) db = selected[0];
      this.collect(entry, args, db, keys);
    }
  }

  #look(entry: TableEntry, args: Args, dbIndex: number): void {
    const { command } = entry;
    if (!hasKeys(command)) return;
    this.#args = args;
    this.#dbIndex = dbIndex;
    try {
      this.#need = entry.needOf(args);
      if (entry.hasOneKey) this.#check(1, dbIndex);
      else visitKeys(command, args, this.#visit);
    } catch {
      // A damaged record, or a bug in the key positions: the request meets it too, and says so.
      this.#isAnyCold = false;
    } finally {
      this.#args = NO_ARGS;
    }
  }

  /** A database that does not exist is the command's to refuse. */
  #check(arg: number, db: number): void {
    if (!(db >= 0 && db < DATABASES_MAX)) return;
    const keys = this.#keys;
    if (keys === undefined ? this.#isAnyCold : keys.length >= PREFETCH_KEYS_MAX) return;
    const { storage } = this.#keyspace;
    const { space } = this.#keyspace.db(db);
    if (!storage.mustLoad(space, this.#args.at(arg), this.#need)) return;
    this.#isAnyCold = true;
    keys?.push({ space, key: this.#args.copy(arg), need: this.#need });
  }
}
