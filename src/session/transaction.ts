/**
 * One connection's MULTI: the queue, and the keys that it watches.
 *
 * The queue owns copies of its requests and is bounded in bytes by TRANSACTION_BYTES_MAX. EXEC
 * takes both out at once, whatever becomes of it, and they run together or not at all.
 *
 * WATCH notes each key's version: the place in the order, or without peers in the log, at which it
 * last changed; 0 for a key that is not there. The runner of the queue compares (`isTouched`). So
 * nothing has to be told of changes, and with peers all of them compare the same numbers. Only a
 * key that was absent is also listened to (absence.ts): if it was set, EXEC compares with a version
 * that no key has.
 */

import type { TransactionPort } from '../commands/session-port.ts';
import type { TableEntry } from '../commands/table.ts';
import { CHANGED, isAbsent, isSameVersion, type KeyVersion } from '../keyspace/database.ts';
import type { Keyspace } from '../keyspace/keyspace.ts';
import { COLD, NEED_KEY } from '../keyspace/storage.ts';
import { ByteRange } from '../lib/byte-range.ts';
import type { Args } from '../protocol/args.ts';
import { MiB } from '../lib/size-units.ts';
import { Absence } from './absence.ts';

/** Bytes that one MULTI may queue, so that a transaction fits memory; beyond it EXEC aborts. */
export const TRANSACTION_BYTES_MAX = 1024 * MiB;

/** What a queued request costs beside its bytes, so that a queue of tiny ones is bounded too. */
export const QUEUED_REQUEST_BYTES = 512;

/** One request whose arguments are owned, because it waits. */
export interface QueuedRequest {
  readonly entry: TableEntry;
  readonly args: Args;
}

export interface WatchedKey extends KeyVersion {
  readonly db: number;
  readonly key: Buffer;
}

/** As the connection keeps it. */
interface Watch extends WatchedKey {
  /** Of a key that was absent. */
  readonly absence: Absence | undefined;
}

/** What EXEC takes out of the session. */
export interface TakenTransaction {
  readonly queue: readonly QueuedRequest[];
  readonly watched: readonly WatchedKey[];
}

/** Keys watched over all connections, for INFO. */
export interface WatchCount {
  count: number;
}

export class Transaction implements TransactionPort {
  readonly #keyspace: Keyspace;
  readonly #total: WatchCount;
  #isOpen = false;
  #isBroken = false;
  #queue: QueuedRequest[] = [];
  #bytes = 0;
  /** By database and key. */
  readonly #watched = new Map<string, Watch>();

  constructor(keyspace: Keyspace, total: WatchCount) {
    this.#keyspace = keyspace;
    this.#total = total;
  }

  get isOpen(): boolean {
    return this.#isOpen;
  }

  get queue(): readonly QueuedRequest[] {
    return this.#queue;
  }

  get queued(): number {
    return this.#queue.length;
  }

  get queuedBytes(): number {
    return this.#bytes;
  }

  get broken(): boolean {
    return this.#isBroken;
  }

  get watching(): number {
    return this.#watched.size;
  }

  /** What a key must be at EXEC. */
  get watched(): readonly WatchedKey[] {
    return Array.from(this.#watched.values(), ({ db, key, space, version, absence }) => (
      absence?.isOver === true ? { db, key, ...CHANGED } : { db, key, space, version }
    ));
  }

  /** EXEC would run the queue. */
  get canRun(): boolean {
    return this.#isOpen && !this.#isBroken;
  }

  begin(): void {
    this.#isOpen = true;
  }

  /** A command was refused while queueing: EXEC will abort. */
  break(): void {
    if (this.#isOpen) this.#isBroken = true;
  }

  /** False when the queue is full; the transaction is broken then. */
  enqueue(entry: TableEntry, args: Args): boolean {
    const bytes = this.#bytes + args.bytes + QUEUED_REQUEST_BYTES;
    if (bytes > TRANSACTION_BYTES_MAX) {
      this.#isBroken = true;
      return false;
    }
    this.#bytes = bytes;
    this.#queue.push({ entry, args: args.detach() });
    return true;
  }

  discard(): void {
    this.#isOpen = false;
    this.#isBroken = false;
    this.#queue = [];
    this.#bytes = 0;
    this.unwatch();
  }

  /** Ends the transaction; what it was is the caller's. */
  take(): TakenTransaction {
    const taken = { queue: this.#queue, watched: this.watched };
    this.discard();
    return taken;
  }

  /** Throws a StoreError when one of the keys cannot be read: then it watches none of them. */
  watch(db: number, keys: readonly Buffer[]): void {
    const database = this.#keyspace.db(db);
    const versions = keys.map((key) => database.version(new ByteRange(key)));
    for (const [i, key] of keys.entries()) {
      const name = `${db}:${key.toString('latin1')}`;
      if (this.#watched.has(name)) continue;
      const found = versions[i]!;
      const absence = isAbsent(found) ? new Absence() : undefined;
      if (absence !== undefined) this.#keyspace.keyListeners.add(db, new ByteRange(key), absence);
      this.#watched.set(name, { db, key, ...found, absence });
      this.#total.count += 1;
    }
  }

  unwatch(): void {
    const { keyListeners } = this.#keyspace;
    for (const { db, key, absence } of this.#watched.values()) {
      if (absence !== undefined) keyListeners.remove(db, new ByteRange(key), absence);
    }
    this.#total.count -= this.#watched.size;
    this.#watched.clear();
  }
}

/** Whether one of the keys is not as it was watched. */
export function isTouched(keyspace: Keyspace, watched: Iterable<WatchedKey>): boolean {
  for (const each of watched) {
    const now = keyspace.db(each.db).version(new ByteRange(each.key));
    if (!isSameVersion(now, each)) return true;
  }
  return false;
}

/** The same as far as RAM can tell: for a list of clients, which must not read the disk. */
export function isTouchedInRam(keyspace: Keyspace, watched: Iterable<WatchedKey>): boolean {
  const { storage } = keyspace;
  for (const each of watched) {
    const found = storage.find(keyspace.db(each.db).space, new ByteRange(each.key), NEED_KEY);
    if (found !== COLD && isTouched(keyspace, [each])) return true;
  }
  return false;
}
