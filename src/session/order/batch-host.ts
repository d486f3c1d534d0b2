/** What the executor does for batches of the total order. Implemented by order-host.ts. */

import type { CommandTable, TableEntry } from '../../commands/table.ts';
import type { Keyspace } from '../../keyspace/keyspace.ts';
import type { Args } from '../../protocol/args.ts';
import type { ColdKeys } from '../cold-keys.ts';
import type { Session } from '../session.ts';
import type { QueuedCommand } from '../transaction.ts';
import type { Watchers } from './watchers.ts';

export interface BatchHost {
  readonly keyspace: Keyspace;
  readonly table: CommandTable;
  readonly watchers: Watchers;
  /** A session without a client, for requests of other peers; one that watches nothing. */
  readonly ghost: Session;
  /** A session of this peer that is gone by now has begun to watch: it will not end that itself. */
  onWatchLeft(session: number): void;
  /**
   * A request is about to run: its time, and the seed of whatever it chooses at random. Changes are
   * allowed from here to `endRequests`, and nothing else may run in between.
   */
  beginRequest(timeMs: number, seed: readonly [number, number]): void;
  endRequests(): void;
  /** A batch has begun and waits: what it did so far must not be committed alone. */
  hold(): void;
  /** An EXEC runs in many turns, between which nothing may change: settles when it has ended. */
  readonly exclusive: Promise<void> | undefined;
  /** Finds out which keys of requests are not in RAM. */
  readonly coldKeys: ColdKeys;
  /**
   * Its keys were brought in since `storage.begin`. Throws when the request could not do here what
   * it does elsewhere.
   */
  perform(session: Session, entry: TableEntry, args: Args): void;
  /** Whether requests of the session may run in a row: nobody wants to hear of each. */
  mayRow(session: Session): boolean;
  /**
   * Runs requests up to, not including, `count` of `row`, all for one brief command, as far as
   * their keys are in RAM since `storage.begin`; returns how many ran. `beforeEach` is told the
   * number of each, and says `beginRequest`.
   */
  performRow(
    session: Session, entry: TableEntry, row: readonly Args[], count: number, timeMs: number,
    beforeEach: (i: number) => void,
  ): number;
  /**
   * Runs commands as EXEC does. A promise when some of them run in steps: nothing else runs until
   * it settles. It rejects as `perform` throws.
   */
  performQueue(session: Session, queue: readonly QueuedCommand[]): Promise<void> | undefined;
  /** Ends the frame, and the hold. */
  commit(position: number): void;
  /** A batch cannot be applied: this peer is out of step for good. */
  onFailure(error: unknown): void;
}
