/**
 * Removes the fields of hashes that have expired and that no command meets, as part of the cycle
 * that does so with keys (active-expiry.ts), and in the same way: found here, removed in one batch,
 * with peers through the order, which names them. So each peer removes the same at one place in it.
 */

import {
  findExpiredFields, removeExpiredFields, type ExpiredOfHash,
} from '../keyspace/expired-fields.ts';
import type { WholeHash } from '../keyspace/collection/hash/hash-view.ts';
import { hasOnlyExpired, hashOf } from '../keyspace/collection/hash/hashes.ts';
import type { Database } from '../keyspace/database.ts';
import type { Keyspace } from '../keyspace/keyspace.ts';
import { NEED_VALUE } from '../keyspace/storage.ts';
import { HASH } from '../keyspace/value-type.ts';
import { ByteRange } from '../lib/byte-range.ts';
import { MiB } from '../lib/size-units.ts';
import type { Random } from '../lib/random.ts';

/** Fields that one batch removes: some two milliseconds of work, if they are of a large hash. */
export const EXPIRY_BATCH_FIELDS = 256;

/** Hashes that one batch looks at: most have few fields. */
const BATCH_HASHES = 64;

/**
 * Of one hash: blocks that a batch looks through, each read and decoded in some 50 microseconds,
 * and bytes of the fields that it names; with peers a batch is one request.
 */
const PER_HASH = Object.freeze({ parts: 32, bytes: MiB });

/** A batch whose fields have more bytes ends with them. */
const BATCH_BYTES = MiB;

/** Full batches in a row for each unit of `active-expire-effort`, before others have their turn. */
const ROUNDS_MAX = 8;

export interface FieldExpiryHost {
  readonly keyspace: Keyspace;
  readonly random: Random;
  runInternal(work: () => void): void;
  /** With peers: has the fields removed on all of them. False when another peer sees to that. */
  readonly expireFields:
    ((db: number, hashes: readonly ExpiredOfHash[]) => Promise<boolean>) | undefined;
  nowMs(): number;
  /** Resolves when what the event loop has at hand is done. */
  yieldToLoop(): Promise<void>;
}

export class FieldExpiry {
  readonly #host: FieldExpiryHost;
  readonly #isStopped: () => boolean;

  constructor(host: FieldExpiryHost, isStopped: () => boolean) {
    this.#host = host;
    this.#isStopped = isStopped;
  }

  /** One cycle over a database; returns how many hashes were changed. */
  async cycle(index: number, effort: number): Promise<number> {
    const { keyspace, nowMs } = this.#host;
    const db = keyspace.db(index);
    let changed = 0;
    for (let round = 0; round < ROUNDS_MAX * effort && !this.#isStopped(); round++) {
      if (db.countExpiringHashes() === 0) break;
      const { space } = db;
      const keys = await db.findExpiringHashes(nowMs(), BATCH_HASHES);
      if (keys.length === 0 || this.#isStopped()) break;
      const batch = await this.#find(db, space, keys);
      if (this.#isStopped() || db.space !== space) break;
      if (!await this.#remove(db, batch.found)) break;
      changed += batch.found.length;
      await this.#host.yieldToLoop();
      if (!batch.isFull && keys.length < BATCH_HASHES) break;
    }
    return changed;
  }

  /** What has expired of some hashes, up to the bounds of one batch. */
  async #find(db: Database, space: number, keys: readonly Buffer[]): Promise<Batch> {
    const batch: Batch = { found: [], fields: 0, bytes: 0, isFull: false };
    for (const key of keys) {
      const isFull = batch.fields >= EXPIRY_BATCH_FIELDS || batch.bytes >= BATCH_BYTES;
      if (isFull || this.#isStopped()) {
        batch.isFull = true;
        break;
      }
      const release = await this.#load(space, key);
      if (release === undefined) continue;
      try {
        if (db.space === space) this.#findIn(db, key, batch);
      } finally {
        release();
      }
    }
    return batch;
  }

  #findIn(db: Database, key: Buffer, batch: Batch): void {
    const { keyspace, nowMs } = this.#host;
    keyspace.storage.begin();
    const found = db.findStored(new ByteRange(key));
    const hash = found?.type === HASH ? hashOf(found) : undefined;
    const fields = hash === undefined ? [] : expiredOf(hash, nowMs(), batch);
    batch.found.push({ key, fields });
    batch.fields += fields.length + 1;
    for (const field of fields) batch.bytes += field.length;
  }

  /** A hash that cannot be read stays: it must not stop the others. */
  async #load(space: number, key: Buffer): Promise<(() => void) | undefined> {
    const { storage } = this.#host.keyspace;
    return await storage.load([{ space, key, need: NEED_VALUE }]).catch(() => undefined);
  }

  /** False when another peer sees to it. */
  async #remove(db: Database, hashes: readonly ExpiredOfHash[]): Promise<boolean> {
    const { expireFields, keyspace, random } = this.#host;
    if (hashes.length === 0) return true;
    if (expireFields !== undefined) return await expireFields(db.index, hashes);
    this.#host.runInternal(() => {
      for (const { key, fields } of hashes) {
        const ranges = fields.map((field) => new ByteRange(field));
        keyspace.storage.begin();
        removeExpiredFields(db, new ByteRange(key), ranges, keyspace.now, random);
      }
    });
    return true;
  }
}

interface Batch {
  readonly found: ExpiredOfHash[];
  fields: number;
  bytes: number;
  isFull: boolean;
}

/** Fields of a hash that have expired; none if no other ones are left: it goes as a whole. */
function expiredOf(hash: WholeHash, nowMs: number, batch: Batch): Buffer[] {
  if (hasOnlyExpired(hash, nowMs)) return [];
  const room = EXPIRY_BATCH_FIELDS - batch.fields;
  const fields = findExpiredFields(hash, nowMs, { fields: room, ...PER_HASH });
  if (fields.length === room) batch.isFull = true;
  return fields;
}
