/** Which of a request's keys only disk can answer for. */

import type { VisitKey } from '../commands/command.ts';
import type { TableEntry } from '../commands/table.ts';
import { visitKeys } from '../commands/visit-keys.ts';
import type { Keyspace } from '../keyspace/keyspace.ts';
import type { KeyToLoad } from '../keyspace/storage.ts';
import type { Args } from '../protocol/args.ts';

export class ColdKeys {
  readonly #keyspace: Keyspace;

  constructor(keyspace: Keyspace) {
    this.#keyspace = keyspace;
  }

  /** Appends the cold keys of a request to `cold`, as owned copies; usually there are none. */
  collect(entry: TableEntry, args: Args, dbIndex: number, cold: KeyToLoad[]): void {
    const { command } = entry;
    if (command.keys?.last === 1 && command.visitKeys === undefined) {
      this.#check(args, 1, dbIndex, entry, cold);
      return;
    }
    if (command.keys === undefined && command.visitKeys === undefined) return;
    const need = entry.needOf(args);
    const visit: VisitKey = (arg, db = dbIndex) => {
      const database = this.#keyspace.db(db);
      if (!database.isCold(args.at(arg), need)) return;
      cold.push({ space: database.space, key: args.copy(arg), need });
    };
    visitKeys(command, args, visit);
  }

  #check(args: Args, arg: number, db: number, entry: TableEntry, cold: KeyToLoad[]): void {
    const database = this.#keyspace.db(db);
    const need = entry.needOf(args);
    if (!database.isCold(args.at(arg), need)) return;
    cold.push({ space: database.space, key: args.copy(arg), need });
  }
}
