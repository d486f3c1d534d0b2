/**
 * Which requests wait for which keys: for each key, and kind of value that it must have, a queue in
 * the order in which they came. blocked-requests.ts serves those whose keys have changed.
 *
 * A queue is there only while a request waits in it.
 */

import type { KeyWait } from '../commands/command.ts';
import type { KeyListener, KeyListeners } from '../keyspace/key-listeners.ts';
import { ByteRange } from '../lib/byte-range.ts';
import type { Args } from '../protocol/args.ts';

/**
 * Keys of one request that waits: each is a place in a queue, and all are looked at by each of its
 * attempts, so that a request with more would hold the server up for others.
 */
export const BLOCKING_KEYS_MAX = 4096;

/**
 * Places in queues over all requests: 900 bytes each, where each is of another key of 16 bytes
 * (measured), so 120 MB. Requests that wait are bounded by `maxclients`, because a connection has
 * at most one.
 */
export const BLOCKING_PLACES_MAX = 131_072;

type CountReady = KeyWait['countReady'];

/** What a queue needs of a request in it. */
export interface QueuedWait {
  /** Its attempt is on its way through the total order. */
  readonly isAttempting: boolean;
}

export class KeyQueue<R extends QueuedWait = QueuedWait> implements KeyListener {
  readonly db: number;
  readonly key: ByteRange;
  readonly countReady: CountReady;
  /** In the order in which they came. */
  readonly waiting = new Set<R>();
  /** It is tried again when CLIENT PAUSE, or what else its first met, is over. */
  isPaused = false;
  readonly #onReady: (queue: KeyQueue<R>) => void;

  constructor(
    db: number, key: ByteRange, countReady: CountReady, onReady: (queue: KeyQueue<R>) => void,
  ) {
    this.db = db;
    this.key = key;
    this.countReady = countReady;
    this.#onReady = onReady;
  }

  onChange(isSet: boolean): void {
    if (isSet) this.#onReady(this);
  }

  onTakenBack(): void {
    this.#onReady(this);
  }
}

export class KeyQueues<R extends QueuedWait> {
  readonly #listeners: KeyListeners;
  readonly #onReady: (queue: KeyQueue<R>) => void;
  readonly #queues = new Map<CountReady, Map<string, KeyQueue<R>>>();
  #count = 0;
  #places = 0;

  /** `onReady` is called, in the middle of a command, when a key of a queue was changed. */
  constructor(listeners: KeyListeners, onReady: (queue: KeyQueue<R>) => void) {
    this.#listeners = listeners;
    this.#onReady = onReady;
  }

  /** How many there are. */
  get size(): number {
    return this.#count;
  }

  /** Why the request may not wait: the whole text of an error; else undefined. */
  refusal({ first, end }: KeyWait): string | undefined {
    const keys = end - first;
    if (keys > BLOCKING_KEYS_MAX) {
      return `ERR a command waits for at most ${BLOCKING_KEYS_MAX} keys, not for ${keys}`;
    }
    if (this.#places + keys <= BLOCKING_PLACES_MAX) return undefined;
    return `ERR all clients together wait for at most ${BLOCKING_PLACES_MAX} keys, and ` +
      `${this.#places} are waited for`;
  }

  /** Puts it at the end of the queues of its keys, and returns them. */
  join(request: R, db: number, args: Args, wait: KeyWait): ReadonlySet<KeyQueue<R>> {
    const joined = new Set<KeyQueue<R>>();
    for (let i = wait.first; i < wait.end; i++) {
      const queue = this.#queueOf(db, args.at(i), wait.countReady);
      queue.waiting.add(request);
      joined.add(queue);
    }
    this.#places += joined.size;
    return joined;
  }

  leave(request: R, joined: ReadonlySet<KeyQueue<R>>): void {
    for (const queue of joined) {
      queue.waiting.delete(request);
      if (queue.waiting.size === 0) this.#remove(queue);
    }
    this.#places -= joined.size;
  }

  #queueOf(db: number, key: ByteRange, countReady: CountReady): KeyQueue<R> {
    let ofKind = this.#queues.get(countReady);
    if (ofKind === undefined) this.#queues.set(countReady, ofKind = new Map());
    const name = nameOf(db, key);
    const known = ofKind.get(name);
    if (known !== undefined) return known;
    const queue = new KeyQueue(db, new ByteRange(key.copy()), countReady, this.#onReady);
    ofKind.set(name, queue);
    this.#listeners.add(db, queue.key, queue);
    this.#count += 1;
    return queue;
  }

  #remove(queue: KeyQueue<R>): void {
    const { db, key, countReady } = queue;
    this.#queues.get(countReady)?.delete(nameOf(db, key));
    this.#listeners.remove(db, key, queue);
    this.#count -= 1;
  }
}

function nameOf(db: number, key: ByteRange): string {
  return `${db}:${key.latin1()}`;
}
