/**
 * One budget for everything that grows: index, in-memory tail, read cache, warm values. The index
 * comes first, because it cannot shrink; what it takes is taken from the warm values and the cache.
 *
 *     budget | index | in-memory tail | warm values: up to half of the rest | read cache: what is
 *     left |
 *
 * A cache that has become too large is given back in slices, with other work between them.
 */

import type { Timer } from '../io/clock.ts';
import { SHRINK_SLICE_MS } from './limits.ts';
import type { StoreParts } from './store-parts.ts';
import { MiB } from '../lib/size-units.ts';

/** What warm values may take however large the index is: a collection is used only warm. */
export const LIVE_BYTES_MIN = 4 * MiB;

/**
 * Room for keys in the smallest budget that is said to work: the first pages of two indexes, or
 * some hundred thousand keys. Without it, the budget would be too small again after the first key.
 */
const INDEX_ROOM_BYTES = 4 * MiB;

export interface MemoryUse {
  readonly budget: number;
  /** The smallest budget with which keys can be added for some time. */
  readonly needed: number;
  /** The budget is smaller, and not only by the room for more keys. */
  readonly isShort: boolean;
  readonly index: number;
  readonly hotTail: number;
  readonly readCache: number;
  /** Warm values and chains. */
  readonly live: number;
  /** Records that waiting commands hold. */
  readonly loaded: number;
  readonly total: number;
}

export class MemoryBudget {
  readonly #parts: StoreParts;
  readonly #cacheBytesMax: number;
  #totalBytes: number;
  #slice: Timer | undefined;
  #isStopped = false;
  /** How much the warm values may take. */
  liveBytes = LIVE_BYTES_MIN;
  /** What is there without warm values and cache exceeds the budget. */
  isExceeded = false;

  constructor(parts: StoreParts, totalBytes: number, cacheBytesMax: number) {
    this.#parts = parts;
    this.#totalBytes = totalBytes;
    this.#cacheBytesMax = cacheBytesMax;
    this.rebalance();
  }

  setTotal(bytes: number): void {
    this.#totalBytes = bytes;
    this.rebalance();
  }

  /**
   * Divides the budget anew. A tail that is larger than it may be has one huge record, which goes
   * when what follows does not fit behind it: were writes refused for it, it would never go.
   */
  rebalance(): void {
    const { chains, tail, residents } = this.#parts;
    const tailBytes = Math.min(tail.bytes, tail.bytesMax);
    const fixed = this.#indexBytes() + tailBytes + (chains.bytes - chains.warmBytes);
    const rest = Math.max(0, this.#totalBytes - fixed);
    this.isExceeded = rest === 0;
    this.liveBytes = Math.max(LIVE_BYTES_MIN, rest / 2);
    const cache = rest - Math.min(chains.warmBytes, this.liveBytes);
    residents.cache.setBudget(Math.max(0, Math.min(cache, this.#cacheBytesMax)));
    this.#parts.probe.forget();
    this.#shrinkSome();
  }

  /** For good. */
  stop(): void {
    this.#isStopped = true;
    if (this.#slice !== undefined) this.#parts.clock.clearTimer(this.#slice);
    this.#slice = undefined;
  }

  use(): MemoryUse {
    const { tail, residents, chains } = this.#parts;
    const index = this.#indexBytes();
    const parts = [index, tail.bytes, residents.cache.bytes, chains.bytes, residents.heldBytes];
    return {
      budget: this.#totalBytes,
      needed: this.#mustBytes() + INDEX_ROOM_BYTES,
      isShort: this.#totalBytes < this.#mustBytes(),
      index,
      hotTail: tail.bytes,
      readCache: residents.cache.bytes,
      live: chains.bytes,
      loaded: residents.heldBytes,
      total: parts.reduce((sum, bytes) => sum + bytes, 0),
    };
  }

  /** What cannot be given back, the tail as large as it may become, and the values in use. */
  #mustBytes(): number {
    const { chains, tail } = this.#parts;
    return this.#indexBytes() + tail.bytesMax + (chains.bytes - chains.warmBytes) + LIVE_BYTES_MIN;
  }

  #shrinkSome(): void {
    const { clock, probe, residents: { cache } } = this.#parts;
    if (this.#isStopped || this.#slice !== undefined || !cache.isTooLarge) return;
    const stopMs = clock.monotonicMs() + SHRINK_SLICE_MS;
    cache.shrink(() => clock.monotonicMs() < stopMs);
    probe.forget();
    if (!cache.isTooLarge) return;
    this.#slice = clock.setTimer(0, () => {
      this.#slice = undefined;
      this.#shrinkSome();
    });
  }

  #indexBytes(): number {
    let bytes = 0;
    for (const space of this.#parts.spaces.all()) bytes += space.index.bytes;
    return bytes;
  }
}
