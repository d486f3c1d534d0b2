/** What the executor does for batches of the total order: see BatchHost. */

import type { CommandTable, TableEntry } from '../../commands/table.ts';
import { NotInRamError } from '../../keyspace/database.ts';
import type { Keyspace } from '../../keyspace/keyspace.ts';
import type { Random } from '../../lib/random.ts';
import { Args } from '../../protocol/args.ts';
import type { Caller } from '../caller.ts';
import type { ColdKeys } from '../cold-keys.ts';
import type { Session } from '../session.ts';
import type { QueuedCommand } from '../transaction.ts';
import type { BatchHost } from './batch-host.ts';
import { Watchers, type WatchersHost } from './watchers.ts';

export interface OrderHostParts {
  readonly keyspace: Keyspace;
  readonly table: CommandTable;
  readonly caller: Caller;
  readonly coldKeys: ColdKeys;
  readonly random: Random;
  /** An EXEC that runs in many turns, and how to run one. */
  exclusive(): Promise<void> | undefined;
  runExclusively(session: Session, exec: TableEntry, args: Args): Promise<void>;
  /** Runs requests of other peers' clients. */
  createGhost(): Session;
  /** See BatchHost and WatchersHost. */
  onWatchLeft(session: number): void;
  /** `wasHeld`: turns have ended meanwhile that wait for this. */
  commit(position: number, wasHeld: boolean): void;
  onFailure(error: unknown): void;
}

const EXEC = Args.of('EXEC');

export class OrderHost implements BatchHost, WatchersHost {
  readonly keyspace: Keyspace;
  readonly table: CommandTable;
  readonly ghost: Session;
  readonly watchers: Watchers;
  performing: Session | undefined;
  readonly #parts: OrderHostParts;
  readonly #ghosts = new WeakSet<Session>();
  #isHolding = false;

  constructor(parts: OrderHostParts) {
    this.#parts = parts;
    this.keyspace = parts.keyspace;
    this.table = parts.table;
    this.ghost = this.createGhost();
    this.watchers = new Watchers(this);
  }

  createGhost(): Session {
    const ghost = this.#parts.createGhost();
    this.#ghosts.add(ghost);
    return ghost;
  }

  onDropped(session: number): void {
    this.#parts.onWatchLeft(session);
  }

  onWatchLeft(session: number): void {
    this.#parts.onWatchLeft(session);
  }

  /** A batch waits in its middle: turns end without a commit. */
  get isHolding(): boolean {
    return this.#isHolding;
  }

  hold(): void {
    this.#isHolding = true;
  }

  beginRequest(timeMs: number, seed: readonly [number, number]): void {
    this.#parts.random.reseed(seed[0], seed[1]);
    this.keyspace.now = timeMs;
    this.keyspace.isReadOnly = false;
  }

  get coldKeys(): ColdKeys {
    return this.#parts.coldKeys;
  }

  get exclusive(): Promise<void> | undefined {
    return this.#parts.exclusive();
  }

  perform(session: Session, entry: TableEntry, args: Args): void {
    const { caller } = this.#parts;
    const mark = session.reply.mark();
    caller.lastCrash = undefined;
    this.performing = session;
    caller.perform(session, entry, args, this.keyspace.now);
    this.performing = undefined;
    this.#checkCrash();
    if (this.#ghosts.has(session)) session.reply.rewind(mark);
  }

  mayRow(session: Session): boolean {
    return session.isPlain && this.#parts.caller.mayRow;
  }

  performRow(
    session: Session, entry: TableEntry, row: readonly Args[], count: number, timeMs: number,
    beforeEach: (i: number) => void,
  ): number {
    const { caller } = this.#parts;
    const mark = session.reply.mark();
    caller.lastCrash = undefined;
    const ran = caller.performRow(session, entry, row, 0, count, timeMs, Infinity, beforeEach);
    this.#checkCrash();
    if (this.#ghosts.has(session)) session.reply.rewind(mark);
    return ran;
  }

  performQueue(session: Session, queue: readonly QueuedCommand[]): Promise<void> | undefined {
    const exec = this.table.lookup(EXEC);
    if (exec === undefined) throw new Error('assertion failed: there is no EXEC');
    if (this.#ghosts.has(session)) this.#fillQueue(session, queue);
    else if (queue.some(isInSteps)) return this.#performInSteps(session, exec);
    this.perform(session, exec, EXEC);
    return undefined;
  }

  /** What it watches is dropped before the first step. */
  async #performInSteps(session: Session, exec: TableEntry): Promise<void> {
    this.#parts.caller.lastCrash = undefined;
    this.performing = session;
    const done = this.#parts.runExclusively(session, exec, EXEC);
    this.performing = undefined;
    await done;
    this.#checkCrash();
  }

  /** Whether a key is in RAM is this peer's own affair: elsewhere the request has run. */
  #checkCrash(): void {
    const { lastCrash } = this.#parts.caller;
    if (lastCrash instanceof NotInRamError) throw lastCrash;
  }

  endRequests(): void {
    this.keyspace.isReadOnly = true;
  }

  commit(position: number): void {
    const wasHolding = this.#isHolding;
    this.#isHolding = false;
    this.#parts.commit(position, wasHolding);
  }

  onFailure(error: unknown): void {
    this.#parts.onFailure(error);
  }

  /** What concerns only the connection that queued it does not run elsewhere. */
  #fillQueue({ transaction }: Session, queue: readonly QueuedCommand[]): void {
    transaction.begin();
    for (const queued of queue) {
      const { entry, args } = queued;
      const concernsAll = entry.isOrdered || entry.readsData || entry.command.selects !== undefined;
      if (concernsAll && !isInSteps(queued) && !transaction.enqueue(entry, args)) {
        throw new Error('assertion failed: a transaction that was taken elsewhere is too large');
      }
    }
  }
}

/** Such a command changes nothing (the others are refused), and takes no part in chance. */
function isInSteps({ entry }: QueuedCommand): boolean {
  return entry.command.steps !== undefined;
}
