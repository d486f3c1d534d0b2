/**
 * Who watches what, on all peers: WATCH takes place in the total order, so that every peer decides
 * alike what EXEC does. A session of another peer has a ghost here as long as it watches something.
 *
 * It is part of the state: a record of the system space for each session that watches, `watch:` and
 * its name, written in the frame of the batch that changed it. After a restart every session of
 * before is a ghost; those of a peer's earlier starts go with its next batch.
 */

import { ByteRange } from '../../lib/byte-range.ts';
import { collectCold } from '../../keyspace/collect-cold.ts';
import { SYSTEM_SPACE, type Keyspace } from '../../keyspace/keyspace.ts';
import { NEED_KEY, type KeyToLoad, type Storage } from '../../keyspace/storage.ts';
import type { MemberId } from '../../replication/core/entry.ts';
import type { BatchId } from '../../replication/core/proposal.ts';
import type { Session } from '../session.ts';
import { decodeWatching, encodeWatching } from './watch-codec.ts';

export interface WatchersHost {
  createGhost(): Session;
  /** Whose request of a batch runs right now. */
  readonly performing: Session | undefined;
  /** A session of this peer has dropped what it watched: the other peers have to hear of it. */
  onDropped(session: number): void;
}

interface Watcher {
  readonly origin: MemberId;
  readonly epoch: number;
  readonly session: Session;
}

export const WATCH_PREFIX = 'watch:';

export class Watchers {
  readonly #host: WatchersHost;
  readonly #watchers = new Map<string, Watcher>();
  /** Names of records that have to be written or removed with this batch. */
  readonly #dirty = new Set<string>();

  constructor(host: WatchersHost) {
    this.#host = host;
  }

  get count(): number {
    return this.#watchers.size;
  }

  /** The records of a start, or of a state that has taken the place of the one before. */
  restore(records: Iterable<readonly [name: string, value: Buffer]>): void {
    const before = new Map(this.#watchers);
    for (const name of before.keys()) this.#drop(name);
    for (const [name, value] of records) {
      const [origin, epoch, number] = name.split('/') as [MemberId, string, string];
      // A client of this peer has its own session still.
      const session = before.get(name)?.session ?? this.#host.createGhost();
      const { keys, isTouched } = decodeWatching(value);
      session.transaction.adopt(keys, isTouched);
      this.#add(name, { origin, epoch: Number(epoch), session }, Number(number));
    }
    this.#dirty.clear();
  }

  /** The session that watches something, if it does. */
  find(id: BatchId, session: number): Session | undefined {
    if (this.#watchers.size === 0) return undefined;
    return this.#watchers.get(nameOf(id, session))?.session;
  }

  /** A session is about to watch: its own one, or a ghost. */
  begin(id: BatchId, number: number, own: Session | undefined): Session {
    const name = nameOf(id, number);
    const known = this.#watchers.get(name);
    if (known !== undefined) return known.session;
    const session = own ?? this.#host.createGhost();
    this.#add(name, { origin: id.origin, epoch: id.epoch, session }, number);
    return session;
  }

  /** The session watches nothing any more. */
  end(id: BatchId, session: number): void {
    this.#drop(nameOf(id, session));
  }

  /** A batch of a later start: whoever watched before is gone. */
  dropEarlier({ origin, epoch }: BatchId): void {
    for (const [name, watcher] of this.#watchers) {
      if (watcher.origin === origin && watcher.epoch < epoch) this.#drop(name);
    }
  }

  /** The records that `write` will touch must be in RAM. */
  collectCold(storage: Storage, cold: KeyToLoad[]): void {
    for (const name of this.#dirty) {
      collectCold(storage, SYSTEM_SPACE, keyOf(name), NEED_KEY, cold);
    }
  }

  /**
   * A request that changes whole databases asks of watched keys that were absent whether they are
   * there now, in a database that takes the place of theirs. All peers must find the same, whatever
   * is in their RAM.
   */
  collectAbsent({ databases, storage }: Keyspace, cold: KeyToLoad[]): void {
    for (const { session } of this.#watchers.values()) {
      for (const { key, existed } of session.transaction.watched.keys) {
        if (existed) continue;
        for (const { space } of databases) collectCold(storage, space, key, NEED_KEY, cold);
      }
    }
  }

  /** Part of the batch's frame. */
  write(storage: Storage): void {
    if (this.#dirty.size === 0) return;
    for (const name of this.#dirty) {
      const key = new ByteRange(keyOf(name));
      const exists = storage.find(SYSTEM_SPACE, key, NEED_KEY) !== undefined;
      const watcher = this.#watchers.get(name);
      if (watcher !== undefined) {
        const value = encodeWatching(watcher.session.transaction.watched);
        storage.put(SYSTEM_SPACE, key, new ByteRange(value), 0, false);
      } else if (exists) storage.remove(SYSTEM_SPACE, key);
    }
    this.#dirty.clear();
  }

  #add(name: string, watcher: Watcher, own?: number): void {
    this.#watchers.set(name, watcher);
    watcher.session.transaction.listener = {
      onChanged: () => void this.#dirty.add(name),
      onDropped: () => {
        if (this.#host.performing === watcher.session) this.#remove(name);
        else if (own !== undefined) this.#host.onDropped(own);
      },
    };
  }

  #drop(name: string): void {
    const watcher = this.#watchers.get(name);
    if (watcher === undefined) return;
    this.#remove(name);
    watcher.session.transaction.listener = undefined;
    watcher.session.transaction.unwatch();
  }

  #remove(name: string): void {
    this.#watchers.delete(name);
    this.#dirty.add(name);
  }
}

function nameOf({ origin, epoch }: BatchId, session: number): string {
  return `${origin}/${epoch}/${session}`;
}

function keyOf(name: string): Buffer {
  return Buffer.from(WATCH_PREFIX + name);
}
