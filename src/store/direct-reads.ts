/**
 * Cold records read at once, on the thread that serves, while that is quick.
 *
 * Most data sets larger than dkvs's own memory budget still fit the kernel's page cache, and there
 * a read is a copy of a few microseconds. Through libuv's pool it costs ten times that: two changes
 * of threads, a wait for the next turn of the event loop, and promises. So a read is tried here
 * first, and its time is taken. When reads turn out to come from a disk, they go through the pool,
 * where they wait side by side and stop nobody else, and only now and then one is tried here again.
 * A single slow one means nothing: the thread may have lost its processor meanwhile. So the time
 * above what a read may take is added up, and quick reads pay it off.
 *
 * Price: reads from a disk stop the server for DIRECT_READS_DEBT_MS, or for one read if that takes
 * longer, before the pool takes over; and for half of that after each rest, which grows longer
 * while the disk stays slow.
 *
 * What is read is a guest (residents.ts): there until the next command begins; a value then goes
 * into the read cache. Anything unusual is left to the loader, which says what is wrong: a
 * record that is large or damaged, a chain, a file that is not open.
 */

import type { Clock } from '../io/clock.ts';
import type { ByteRange } from '../lib/byte-range.ts';
import { NEED_VALUE, type Need } from '../keyspace/storage.ts';
import {
  DIRECT_READS_DEBT_MS, DIRECT_READS_REST_MS, DIRECT_READS_REST_MS_MAX, DIRECT_READ_FREE_MS,
} from '../limits.ts';
import type { KeyProbe } from './key-probe.ts';
import type { Residents } from './residents.ts';
import { sizeClassBytes } from './size-class.ts';
import type { ValueIndex } from './value-index.ts';

/** A key is found in one round; a second one sees what the first has read. */
const ROUNDS_MAX = 3;

export class DirectReads {
  readonly #clock: Clock;
  readonly #probe: KeyProbe;
  readonly #residents: Residents;
  /** Time that reads have cost above what each may; quick reads pay it off. */
  #debtMs = 0;
  /** Reads go through the pool until then. */
  #restsUntilMs = 0;
  #restMs = DIRECT_READS_REST_MS;

  constructor(clock: Clock, probe: KeyProbe, residents: Residents) {
    this.#clock = clock;
    this.#probe = probe;
    this.#residents = residents;
  }

  /** True when the key is in RAM as it is needed, or surely absent. */
  bring(space: number, key: ByteRange, need: Need): boolean {
    for (let round = 0; round < ROUNDS_MAX; round += 1) {
      const probe = this.#probe;
      probe.run(space, key);
      if (probe.slot === -1) {
        if (!probe.isCold) return true;
        if (!this.#readCandidates(probe.space!.index, probe.hi, probe.lo, need)) return false;
        continue;
      }
      if (probe.chain !== undefined) return need !== NEED_VALUE || probe.chain.live !== undefined;
      if (need !== NEED_VALUE || probe.isWhole) return true;
      if (!this.#read(probe.space!.index, probe.slot, NEED_VALUE)) return false;
    }
    return false;
  }

  /** The records with this hash that are only on disk. */
  #readCandidates(index: ValueIndex, hi: number, lo: number, need: Need): boolean {
    for (let slot = index.find(hi, lo); slot !== -1; slot = index.findNext(slot)) {
      if (index.isChained(slot)) return false;
      if (this.#residents.find(index.segmentOf(slot), index.offsetOf(slot))) continue;
      if (!this.#read(index, slot, need)) return false;
    }
    return true;
  }

  #read(index: ValueIndex, slot: number, need: Need): boolean {
    const startedMs = this.#clock.monotonicMs();
    if (startedMs < this.#restsUntilMs) return false;
    const bytes = sizeClassBytes(index.sizeClassOf(slot));
    const isRead = this.#residents.readGuest(index.segmentOf(slot), index.offsetOf(slot), bytes,
      need === NEED_VALUE);
    if (isRead) this.#took(startedMs);
    return isRead;
  }

  #took(startedMs: number): void {
    const nowMs = this.#clock.monotonicMs();
    this.#debtMs = Math.max(0, this.#debtMs + nowMs - startedMs - DIRECT_READ_FREE_MS);
    if (this.#debtMs === 0) this.#restMs = DIRECT_READS_REST_MS;
    if (this.#debtMs <= DIRECT_READS_DEBT_MS) return;
    this.#restsUntilMs = nowMs + this.#restMs;
    this.#restMs = Math.min(this.#restMs * 2, DIRECT_READS_REST_MS_MAX);
    // Half of it is left for the attempt after the rest.
    this.#debtMs = DIRECT_READS_DEBT_MS / 2;
  }
}
