/**
 * How far the order has been applied: the position, the time, and each peer's last batch. Kept as
 * records in the system space, one for each peer, written in the same frame as the batch.
 *
 * Key `order:<member id>`; value: u48 epoch, u48 number, u48 time in milliseconds.
 */

import { ByteRange } from '../lib/byte-range.ts';
import { readU48, writeU48 } from '../lib/words.ts';
import { SYSTEM_SPACE } from '../keyspace/storage.ts';
import {
  COLD, NEED_KEY, NEED_VALUE, type Storage,
} from '../keyspace/storage.ts';
import type { MemberId } from '../raft/core/entry.ts';
import type { BatchId } from '../raft/core/proposal.ts';
import type { OrderedBatch } from '../raft/core/total-order-broadcast.ts';

/** Records of the system space that are looked at together at a start. */
export const ORDER_MARKS_PAGE = 100;

const PREFIX = 'order:';
const WATCH_PREFIX = 'watch:';
const VALUE_BYTES = 18;

/** Only its frame's position counts. */
const APPLIED = Buffer.from('applied');

export class OrderMarks {
  /** The highest position that is applied. */
  position = 0;
  /** Milliseconds since 1970; the time of the last batch. */
  timeMs = 0;
  readonly #ids = new Map<MemberId, BatchId>();
  /** Records that an earlier version kept of sessions that watched keys: they go with the next. */
  readonly #leftOver: Buffer[] = [];

  /** What the storage says. `position`: of its last frame. */
  static async read(storage: Storage, position: number): Promise<OrderMarks> {
    const marks = new OrderMarks();
    await marks.reload(storage, position);
    return marks;
  }

  /** The same, of a storage that has taken the place of the one before. */
  async reload(storage: Storage, position: number): Promise<void> {
    this.timeMs = 0;
    this.#ids.clear();
    this.#leftOver.length = 0;
    for (let cursor = 0; ;) {
      const page = await storage.scan(SYSTEM_SPACE, cursor, ORDER_MARKS_PAGE);
      for (const { key } of page.keys) await this.#readOne(storage, key);
      cursor = page.cursor;
      if (cursor === 0) break;
    }
    this.position = position;
  }

  get batchIds(): readonly BatchId[] {
    return [...this.#ids.values()];
  }

  /** The batch is applied: part of its frame. */
  note(storage: Storage, { id, timeMs }: OrderedBatch): void {
    this.timeMs = timeMs;
    this.#ids.set(id.origin, id);
    const value = Buffer.alloc(VALUE_BYTES);
    writeU48(value, 0, id.epoch);
    writeU48(value, 6, id.number);
    writeU48(value, 12, timeMs);
    const key = new ByteRange(keyOf(id.origin));
    // The record must be proven to be this key's before it is replaced.
    storage.findNow(SYSTEM_SPACE, key, NEED_KEY);
    storage.put(SYSTEM_SPACE, key, new ByteRange(value), 0, false);
    for (const name of this.#leftOver.splice(0)) this.#remove(storage, new ByteRange(name));
  }

  #remove(storage: Storage, key: ByteRange): void {
    const found = storage.findNow(SYSTEM_SPACE, key, NEED_KEY);
    if (found !== undefined) storage.remove(SYSTEM_SPACE, key);
  }

  /**
   * Writes the position down when batches without any effect have moved it beyond the last frame;
   * `commit` ends the frame.
   */
  async notePosition(storage: Storage, commit: () => void): Promise<void> {
    const release = await storage.load([{ space: SYSTEM_SPACE, key: APPLIED, need: NEED_KEY }]);
    try {
      const value = Buffer.alloc(VALUE_BYTES);
      writeU48(value, 0, this.position);
      storage.begin();
      const key = new ByteRange(APPLIED);
      storage.find(SYSTEM_SPACE, key, NEED_KEY);
      storage.put(SYSTEM_SPACE, key, new ByteRange(value), 0, false);
      commit();
    } finally {
      release();
    }
  }

  async #readOne(storage: Storage, key: Buffer): Promise<void> {
    const name = key.toString();
    if (name.startsWith(WATCH_PREFIX)) this.#leftOver.push(key);
    if (!name.startsWith(PREFIX)) return;
    const release = await storage.load([{ space: SYSTEM_SPACE, key, need: NEED_VALUE }]);
    try {
      const found = storage.find(SYSTEM_SPACE, new ByteRange(key), NEED_VALUE);
      if (found === undefined || found === COLD) throw new Error('assertion failed: a lost mark');
      this.#restore(name.slice(PREFIX.length) as MemberId, found.value.view());
    } finally {
      release();
    }
  }

  #restore(origin: MemberId, value: Buffer): void {
    this.#ids.set(origin, { origin, epoch: readU48(value, 0), number: readU48(value, 6) });
    this.timeMs = Math.max(this.timeMs, readU48(value, 12));
  }
}

function keyOf(origin: MemberId): Buffer {
  return Buffer.from(`${PREFIX}${origin}`);
}
