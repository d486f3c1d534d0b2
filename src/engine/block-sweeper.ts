/**
 * Removes the blocks of large collections that are gone: a bounded number of them at a time, so
 * that a DEL of a huge value returns at once and stalls no one afterwards.
 *
 * What is left over is noted in the store (keyspace/collection/left-over-blocks.ts), so it is found
 * again after a restart. Blocks are hidden from all clients: each peer sweeps its own.
 */

import {
  endLeftOver, leftOverUntil, removeLeftOver,
} from '../keyspace/collection/left-over-blocks.ts';
import {
  blockKey, parseLeftOverKey, type LeftOver,
} from '../keyspace/collection/block-keys.ts';
import type { Keyspace } from '../keyspace/keyspace.ts';
import { NEED_KEY, SYSTEM_SPACE, type KeyToLoad, type Storage } from '../keyspace/storage.ts';

/** Blocks that one batch removes: about a millisecond of work. */
export const SWEEP_BATCH_BLOCKS = 64;

/** Batches of one cycle; the rest waits for the next one. */
const SWEEP_BATCHES_MAX = 32;

/** System records that are looked through in one step. */
const SCAN_RECORDS = 256;

export interface SweepHost {
  readonly keyspace: Keyspace;
  /** Runs work of the server itself as one batch, or not at all if it may not now. */
  runInternal(work: () => void): void;
  /** Resolves when what the event loop has at hand is done: a load of what is in RAM is no wait. */
  yieldToLoop(): Promise<void>;
}

export class BlockSweeper {
  readonly #host: SweepHost;
  /** What is to be removed, and the next block of it. */
  readonly #pending = new Map<string, LeftOver & { next: number }>();
  /** Where `#pending` was read from, and how many collections had left blocks then. */
  #readFrom: Storage | undefined;
  #readAt = -1;
  #isRunning = false;
  #isStopped = false;

  constructor(host: SweepHost) {
    this.#host = host;
  }

  /** One cycle, unless one runs; returns how many blocks were removed. */
  async cycle(): Promise<number> {
    if (this.#isRunning || this.#isStopped) return 0;
    const { keyspace } = this.#host;
    const isKnown = this.#readFrom === keyspace.storage && this.#readAt === keyspace.leftOvers;
    if (isKnown && this.#pending.size === 0) return 0;
    this.#isRunning = true;
    try {
      if (!isKnown) await this.#read();
      return await this.#sweep();
    } finally {
      this.#isRunning = false;
    }
  }

  /** For good. */
  stop(): void {
    this.#isStopped = true;
  }

  async #read(): Promise<void> {
    const { keyspace } = this.#host;
    const { storage, leftOvers } = keyspace;
    if (this.#readFrom !== storage) this.#pending.clear();
    let cursor = 0;
    do {
      const page = await storage.scan(SYSTEM_SPACE, cursor, SCAN_RECORDS);
      cursor = page.cursor;
      for (const { key } of page.keys) this.#add(key.toString('latin1'));
    } while (cursor !== 0 && !this.#isStopped);
    this.#readFrom = storage;
    this.#readAt = leftOvers;
  }

  #add(key: string): void {
    const leftOver = parseLeftOverKey(key);
    if (leftOver !== undefined && !this.#pending.has(key)) {
      this.#pending.set(key, { ...leftOver, next: 0 });
    }
  }

  async #sweep(): Promise<number> {
    let removed = 0;
    let batches = 0;
    for (const [key, leftOver] of this.#pending) {
      for (let isDone = false; !isDone; batches++) {
        if (batches >= SWEEP_BATCHES_MAX || this.#isStopped) return removed;
        const before = leftOver.next;
        isDone = await this.#sweepOne(leftOver);
        removed += leftOver.next - before;
        await this.#host.yieldToLoop();
        // It may not write now.
        if (!isDone && leftOver.next === before) return removed;
      }
      this.#pending.delete(key);
    }
    return removed;
  }

  /** One batch; true when nothing is left. */
  async #sweepOne(leftOver: LeftOver & { next: number }): Promise<boolean> {
    const { storage } = this.#host.keyspace;
    const until = leftOverUntil(storage, leftOver);
    if (until === undefined) return true;
    const to = Math.min(until, leftOver.next + SWEEP_BATCH_BLOCKS);
    const release = await this.#load(storage, leftOver, to);
    let isDone = false;
    try {
      if (this.#isStopped || this.#host.keyspace.storage !== storage) return true;
      this.#host.runInternal(() => {
        for (; leftOver.next < to; leftOver.next++) removeIfSound(storage, leftOver);
        isDone = to === until;
        if (isDone) endLeftOver(storage, leftOver);
      });
    } finally {
      release();
    }
    return isDone;
  }

  /** Brings the keys to RAM. One that is damaged must not stop the others. */
  async #load(storage: Storage, { space, id, next }: LeftOver & { next: number }, to: number):
  Promise<() => void> {
    const keys = Array.from({ length: to - next }, (_, i): KeyToLoad =>
      ({ space, key: blockKey(id, next + i).buf, need: NEED_KEY }));
    return await storage.load(keys).catch(() => () => undefined);
  }
}

/** A block that cannot be read stays, hidden: no one can prove that it is the one to be removed. */
function removeIfSound(storage: Storage, leftOver: LeftOver & { next: number }): void {
  try {
    removeLeftOver(storage, leftOver, leftOver.next);
  } catch (error) {
    if (!(error instanceof Error && 'code' in error)) throw error;
  }
}
