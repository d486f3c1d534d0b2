/**
 * Which of a request's keys it cannot read here and now: those that only disk can answer for, and
 * with peers those of which the clock says that they are over, but the total order does not yet.
 * Makes no object while there are none.
 */

import type { VisitKey } from '../commands/command.ts';
import type { TableEntry } from '../commands/table.ts';
import { lastPosition, visitKeys } from '../commands/visit-keys.ts';
import type { Database } from '../keyspace/database.ts';
import type { Keyspace } from '../keyspace/keyspace.ts';
import { NEED_VALUE, type KeyToLoad, type Need } from '../keyspace/storage.ts';
import { DATABASES_MAX } from '../limits.ts';
import { Args } from '../protocol/args.ts';
import type { DoubtfulKey } from './order/request-order.ts';
import type { QueuedCommand } from './transaction.ts';

const NO_ARGS = new Args();

export class ColdKeys {
  readonly #keyspace: Keyspace;
  // The request that is looked at, for #visit, which is made once.
  #args: Args = NO_ARGS;
  #dbIndex = 0;
  #need: Need = NEED_VALUE;
  #cold: KeyToLoad[] = [];
  /** Not undefined: looks for keys in doubt. */
  #doubtful: DoubtfulKey[] | undefined;
  #orderMs = 0;
  readonly #visit: VisitKey = (arg, db = this.#dbIndex) => this.#check(arg, db);
  readonly #visitBoth: VisitKey = (arg, db = this.#dbIndex) => {
    this.#check(arg, this.#dbIndex);
    if (db !== this.#dbIndex) this.#check(arg, db);
  };

  constructor(keyspace: Keyspace) {
    this.#keyspace = keyspace;
  }

  /** Appends the cold keys of a request to `cold`, as owned copies; usually there are none. */
  collect(entry: TableEntry, args: Args, dbIndex: number, cold: KeyToLoad[]): void {
    this.#collect(entry, args, dbIndex, cold, this.#visit);
  }

  /**
   * Likewise of what MULTI queued. SELECT and SWAPDB in the queue change where the keys of others
   * are, if they succeed: keys are looked for in each database that they name, beside `dbIndex`.
   */
  collectQueue(queue: readonly QueuedCommand[], dbIndex: number, cold: KeyToLoad[]): void {
    const databases = new Set([dbIndex]);
    for (const { entry, args } of queue) {
      for (const db of entry.command.selects?.(args) ?? []) if (db !== undefined) databases.add(db);
    }
    for (const { entry, args } of queue) {
      for (const db of databases) this.#collect(entry, args, db, cold, this.#visitBoth);
    }
  }

  /**
   * Appends the keys that are over now but were not at `orderMs`: of a request, or of the queue
   * that it runs.
   */
  collectDoubtful(
    { entry, args }: QueuedCommand, queue: readonly QueuedCommand[], dbIndex: number,
    orderMs: number, doubtful: DoubtfulKey[],
  ): void {
    this.#doubtful = doubtful;
    this.#orderMs = orderMs;
    if (entry.runsQueued) this.collectQueue(queue, dbIndex, this.#cold);
    else this.collect(entry, args, dbIndex, this.#cold);
    this.#doubtful = undefined;
  }

  #collect(
    entry: TableEntry, args: Args, dbIndex: number, cold: KeyToLoad[], visit: VisitKey,
  ): void {
    const { command } = entry;
    if (command.keys === undefined && command.visitKeys === undefined) return;
    this.#args = args;
    this.#dbIndex = dbIndex;
    this.#need = entry.needOf(args);
    this.#cold = cold;
    visitKeys(command, args, visit);
    this.#args = NO_ARGS;
  }

  /** Whether `collect` would find one; for commands with plain key positions. */
  isAnyCold(entry: TableEntry, args: Args, database: Database): boolean {
    const { keys } = entry.command;
    if (keys === undefined) return false;
    const need = entry.needOf(args);
    const last = lastPosition(keys, args.count);
    for (let i = keys.first; i <= last; i += keys.step) {
      if (database.isCold(args.at(i), need)) return true;
    }
    return false;
  }

  /** Whether `collectDoubtful` would find one; likewise. */
  isAnyInDoubt({ command }: TableEntry, args: Args, database: Database, orderMs: number): boolean {
    const { keys } = command;
    if (keys === undefined || database.countExpiring() === 0) return false;
    const last = lastPosition(keys, args.count);
    for (let i = keys.first; i <= last; i += keys.step) {
      if (database.isInDoubt(args.at(i), orderMs)) return true;
    }
    return false;
  }

  /** A database that does not exist is the command's to refuse. */
  #check(arg: number, db: number): void {
    if (!(db >= 0 && db < DATABASES_MAX)) return;
    const database = this.#keyspace.db(db);
    if (this.#doubtful !== undefined) {
      const mayBe = database.countExpiring() > 0;
      const isInDoubt = mayBe && database.isInDoubt(this.#args.at(arg), this.#orderMs);
      if (isInDoubt) this.#doubtful.push({ db, key: this.#args.copy(arg) });
      return;
    }
    if (!database.isCold(this.#args.at(arg), this.#need)) return;
    this.#cold.push({ space: database.space, key: this.#args.copy(arg), need: this.#need });
  }
}
