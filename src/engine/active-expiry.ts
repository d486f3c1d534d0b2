/**
 * Removes keys that expired and that nobody asks for: a few times a second, a bounded number of
 * them, more when many are found, so that expired data does not pile up and no burst stalls the
 * server.
 */

import { ByteRange } from '../lib/byte-range.ts';
import type { Database } from '../keyspace/database.ts';
import type { Keyspace } from '../keyspace/keyspace.ts';
import { FieldExpiry, type FieldExpiryHost } from './field-expiry.ts';
import { NEED_KEY, type KeyToLoad } from '../keyspace/storage.ts';

/** Expired keys that one batch removes: well below a millisecond of work. */
export const EXPIRY_BATCH_KEYS = 256;

/** Full batches in a row for each unit of `active-expire-effort`, before others have their turn. */
const EXPIRY_ROUNDS_MAX = 8;

export interface ExpiryHost extends FieldExpiryHost {
  readonly keyspace: Keyspace;
  /** Runs work of the server itself as one batch with one time, or not at all if it may not now. */
  runInternal(work: () => void): void;
  /** False where another peer sees to it. */
  mayExpire(): boolean;
  /** With peers: has the keys removed on all of them. False when another peer sees to that. */
  readonly expire: ((db: number, keys: readonly Buffer[]) => Promise<boolean>) | undefined;
  nowMs(): number;
}

export class ActiveExpiry {
  readonly #host: ExpiryHost;
  readonly #fields: FieldExpiry;
  #isRunning = false;
  #isStopped = false;
  /** DEBUG SET-ACTIVE-EXPIRE. */
  isOn = true;

  constructor(host: ExpiryHost) {
    this.#host = host;
    this.#fields = new FieldExpiry(host, () => this.#isStopped);
  }

  /**
   * One cycle over all databases, unless one runs; returns how many keys were removed, and how many
   * hashes were looked at because fields of them may have expired.
   */
  async cycle(effort: number): Promise<number> {
    if (this.#isRunning || this.#isStopped || !this.isOn) return 0;
    const { storage, databases } = this.#host.keyspace;
    if (storage.countAllExpiring() === 0 || !this.#host.mayExpire()) return 0;
    this.#isRunning = true;
    let removed = 0;
    try {
      for (const db of databases) {
        if (db.countExpiring() > 0) removed += await this.#cycleOne(db.index, effort);
        if (db.countExpiringHashes() > 0) removed += await this.#fields.cycle(db.index, effort);
      }
    } finally {
      this.#isRunning = false;
    }
    return removed;
  }

  /** For good; a cycle under way changes nothing any more. */
  stop(): void {
    this.#isStopped = true;
  }

  /** Goes on while batches come back full: then many more have expired. */
  async #cycleOne(index: number, effort: number): Promise<number> {
    const { keyspace, nowMs } = this.#host;
    let removed = 0;
    for (let round = 0; round < EXPIRY_ROUNDS_MAX * effort; round++) {
      const { space } = keyspace.db(index);
      const keys = await keyspace.storage.findExpired(space, nowMs(), EXPIRY_BATCH_KEYS);
      if (this.#isStopped) break;
      if (keys.length > 0) removed += await this.#remove(index, space, keys);
      if (this.#isStopped || keys.length < EXPIRY_BATCH_KEYS) break;
      // What is in RAM takes no time to load.
      await this.#host.yieldToLoop();
    }
    return removed;
  }

  async #remove(index: number, space: number, keys: readonly Buffer[]): Promise<number> {
    const { keyspace, expire } = this.#host;
    if (expire !== undefined) return await expire(index, keys) ? keys.length : 0;
    const wanted = keys.map((key): KeyToLoad => ({ space, key, need: NEED_KEY }));
    const releases = await this.#load(wanted);
    const before = keyspace.stats.expired;
    try {
      if (this.#isStopped) return 0;
      this.#host.runInternal(() => {
        const db = keyspace.db(index);
        if (db.space !== space) return;
        for (const key of keys) removeIfExpired(keyspace, db, key);
      });
    } finally {
      for (const release of releases) release();
    }
    return keyspace.stats.expired - before;
  }

  /** All at once; if one record is damaged, one by one without it: it must not stop the others. */
  async #load(wanted: readonly KeyToLoad[]): Promise<(() => void)[]> {
    const { storage } = this.#host.keyspace;
    try {
      return [await storage.load(wanted)];
    } catch {
      const loads = await Promise.allSettled(wanted.map((one) => storage.load([one])));
      return loads.filter((load) => load.status === 'fulfilled').map(({ value }) => value);
    }
  }
}

/** A key that cannot be read stays: who asks for it is told why. It must not stop the others. */
function removeIfExpired(keyspace: Keyspace, db: Database, key: Buffer): void {
  keyspace.storage.begin();
  try {
    db.has(new ByteRange(key));
  } catch {
    return;
  }
}
