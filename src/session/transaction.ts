/**
 * One connection's MULTI: the queue, and the keys that it watches.
 *
 * The queue owns copies of its requests and is bounded in bytes by TRANSACTION_BYTES_MAX. EXEC runs
 * it in one go, so that the effects of all its commands are one batch in the log.
 *
 * A watched key counts as touched when it was changed, removed, or has expired since; also when its
 * database was emptied or exchanged, unless it was absent before and is absent after.
 */

import { ByteRange } from '../lib/byte-range.ts';
import type { Args } from '../protocol/args.ts';
import type { ReplyWriter } from '../protocol/reply-encoder.ts';
import type { TransactionPort } from '../commands/session-port.ts';
import type { TableEntry } from '../commands/table.ts';
import type { Keyspace } from '../keyspace/keyspace.ts';
import { NEED_KEY } from '../keyspace/storage.ts';
import { QUEUED_REQUEST_BYTES, TRANSACTION_BYTES_MAX } from '../limits.ts';
import type { WatchedKeys, Watcher } from './watched-keys.ts';

export interface QueuedCommand {
  readonly entry: TableEntry;
  readonly args: Args;
}

export interface WatchedKey {
  readonly db: number;
  readonly key: Buffer;
  readonly existed: boolean;
  /** Its expiry when it was watched; 0 = it had none, or the key was not there. */
  readonly expireAt: number;
}

/** With peers, what a transaction watches is part of the state: who keeps it hears of changes. */
export interface WatchListener {
  /** It watches more, or something that it watches has changed. */
  onChanged(): void;
  /** It watches nothing any more. */
  onDropped(): void;
}

export type RunQueued = (queue: readonly QueuedCommand[], reply: ReplyWriter) => void;

const ABORTED = 'EXECABORT Transaction discarded because of previous errors.';

export class Transaction implements TransactionPort, Watcher {
  readonly #keyspace: Keyspace;
  readonly #registry: WatchedKeys;
  readonly #run: RunQueued;
  #open = false;
  #broken = false;
  #touched = false;
  #queue: QueuedCommand[] = [];
  #bytes = 0;
  #watched: WatchedKey[] = [];
  /** Their databases and keys, so that a key is taken once without looking through all. */
  #watchedNames = new Set<string>();
  listener: WatchListener | undefined;

  constructor(keyspace: Keyspace, registry: WatchedKeys, run: RunQueued) {
    this.#keyspace = keyspace;
    this.#registry = registry;
    this.#run = run;
  }

  get isOpen(): boolean {
    return this.#open;
  }

  get queue(): readonly QueuedCommand[] {
    return this.#queue;
  }

  get queued(): number {
    return this.#queue.length;
  }

  get queuedBytes(): number {
    return this.#bytes;
  }

  get broken(): boolean {
    return this.#broken;
  }

  get touched(): boolean {
    return this.#touched || this.#watched.some((watched) => this.#expiredSince(watched));
  }

  get watching(): number {
    return this.#watched.length;
  }

  begin(): void {
    this.#open = true;
  }

  /** A command was refused while queueing: EXEC will abort. */
  break(): void {
    if (this.#open) this.#broken = true;
  }

  /** False when the queue is full; the transaction is broken then. */
  enqueue(entry: TableEntry, args: Args): boolean {
    const bytes = this.#bytes + args.bytes + QUEUED_REQUEST_BYTES;
    if (bytes > TRANSACTION_BYTES_MAX) {
      this.#broken = true;
      return false;
    }
    this.#bytes = bytes;
    this.#queue.push({ entry, args: args.detach() });
    return true;
  }

  discard(): void {
    this.#open = false;
    this.#broken = false;
    this.#queue = [];
    this.#bytes = 0;
    this.unwatch();
  }

  exec(reply: ReplyWriter): void {
    const queue = this.take(reply);
    if (queue !== undefined) this.#run(queue, reply);
  }

  /**
   * Ends the transaction and writes the head of EXEC's reply: an array, into which the caller
   * writes the reply to each command of the queue. Undefined when the reply is whole: an error, or
   * nil.
   */
  take(reply: ReplyWriter): readonly QueuedCommand[] | undefined {
    const { queue, broken, touched } = this;
    this.discard();
    if (broken) return void reply.error(ABORTED);
    if (touched) return void reply.nilArray();
    reply.array(queue.length);
    return queue;
  }

  watch(db: number, keys: readonly Buffer[]): void {
    for (const key of keys) {
      const name = `${db}:${key.toString('latin1')}`;
      if (this.#watchedNames.has(name)) continue;
      this.#watchedNames.add(name);
      const found = this.#keyspace.db(db).find(new ByteRange(key), NEED_KEY);
      const existed = found !== undefined;
      this.#watched.push({ db, key, existed, expireAt: found?.expireAt ?? 0 });
      this.#registry.add(db, key, this);
    }
    this.listener?.onChanged();
  }

  /** What it watches; and whether any of that was touched, but for what has only expired. */
  get watched(): { readonly keys: readonly WatchedKey[]; readonly isTouched: boolean } {
    return { keys: this.#watched, isTouched: this.#touched };
  }

  /** Watches what another one watched, from `watched`. */
  adopt(keys: readonly WatchedKey[], isTouched: boolean): void {
    this.#watched = [...keys];
    this.#watchedNames = new Set(keys.map(({ db, key }) => `${db}:${key.toString('latin1')}`));
    this.#touched = isTouched;
    for (const { db, key } of keys) this.#registry.add(db, key, this);
  }

  unwatch(): void {
    const wasWatching = this.#watched.length > 0;
    for (const { db, key } of this.#watched) this.#registry.remove(db, key, this);
    this.#watched = [];
    this.#watchedNames = new Set();
    this.#touched = false;
    if (wasWatching) this.listener?.onDropped();
  }

  touch(): void {
    if (this.#touched) return;
    this.#touched = true;
    this.listener?.onChanged();
  }

  onFlushed(db: number): void {
    const isTouched = this.#watched.some((each) => {
      return each.db === db && (each.existed || this.#mayExist(each));
    });
    if (isTouched) this.touch();
  }

  /** Asked of the storage, because this must change nothing: an expired key stays where it is. */
  #mayExist({ db, key }: WatchedKey): boolean {
    const { storage } = this.#keyspace;
    return storage.find(this.#keyspace.db(db).space, new ByteRange(key), NEED_KEY) !== undefined;
  }

  #expiredSince({ expireAt }: WatchedKey): boolean {
    return expireAt !== 0 && expireAt <= this.#keyspace.now;
  }
}
