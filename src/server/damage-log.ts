/**
 * What the disk gave back not as it was written, or not at all, as the log and INFO tell it.
 *
 * The same record is met again by each client that asks for it, by every scan and by the compactor:
 * a damaged place is logged once. A disk that fails everywhere has a place for each read, so lines
 * are also bounded in time; the next one says how many were left out.
 *
 * It does not fail.
 */

import type { Logger } from 'pino';
import type { Clock } from '../io/clock.ts';
import { SHOWN_ARG_BYTES_MAX } from '../commands/limits.ts';
import { StoreError } from '../store/store-error.ts';

/** Damaged places that are known, so that each is logged once: about 100 bytes each. */
const DAMAGED_PLACES_MAX = 10_000;

/** So many lines in such a time tell what is wrong; a disk that fails at each read makes more. */
export const DAMAGE_LINES_MAX = 10;
export const DAMAGE_LINES_MS = 10_000;

/** For INFO; since the start. */
export interface DamageFacts {
  /** Different places that are not as they were written; counted up to DAMAGED_PLACES_MAX. */
  readonly damagedPlaces: number;
  /** Reads that the disk refused. */
  readonly readErrors: number;
  /** What was logged last; undefined while all is well. */
  readonly lastBadRead: string | undefined;
}

export class DamageLog {
  readonly #log: Logger;
  readonly #clock: Clock;
  /** "offset:file" of damaged places. */
  readonly #places = new Set<string>();
  #readErrors = 0;
  #lastBadRead: string | undefined;
  #periodFrom = -Infinity;
  #lines = 0;
  #leftOut = 0;

  constructor(log: Logger, clock: Clock) {
    this.#log = log;
    this.#clock = clock;
  }

  get facts(): DamageFacts {
    const { size } = this.#places;
    return { damagedPlaces: size, readErrors: this.#readErrors, lastBadRead: this.#lastBadRead };
  }

  /** Whether an error is about one place on disk, and so for `report`. */
  static isBadRead(error: unknown): error is StoreError {
    return error instanceof StoreError && error.offset !== undefined &&
      (error.code === 'DAMAGED' || error.code === 'FAILED');
  }

  report(error: StoreError): void {
    if (error.code === 'DAMAGED') {
      const place = `${error.offset}:${error.file}`;
      if (this.#places.has(place)) return;
      if (this.#places.size < DAMAGED_PLACES_MAX) this.#places.add(place);
    } else this.#readErrors += 1;
    this.#lastBadRead = error.message;
    if (this.#mayWriteLine()) this.#writeLine(error);
    else this.#leftOut += 1;
  }

  #mayWriteLine(): boolean {
    const now = this.#clock.monotonicMs();
    if (now - this.#periodFrom >= DAMAGE_LINES_MS) {
      this.#periodFrom = now;
      this.#lines = 0;
    }
    this.#lines += 1;
    return this.#lines <= DAMAGE_LINES_MAX;
  }

  #writeLine(error: StoreError): void {
    const { key, cause } = error;
    const leftOut = this.#leftOut;
    this.#leftOut = 0;
    const { file, offset } = error;
    const shown = {
      file, offset, cause, key: key?.toString('latin1', 0, SHOWN_ARG_BYTES_MAX),
      ...(leftOut > 0 ? { leftOut } : {}),
    };
    const others = leftOut === 0 ? '' : `; ${leftOut} more like this were not logged`;
    this.#log.error(shown, `${error.message}${others}`);
  }
}
