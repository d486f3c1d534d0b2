/**
 * How much room the disk has, as asked once in a while, and what is refused when there is too
 * little: below the reserve writes that add data, below half of it all that do not make room.
 */

import type { Files } from '../io/files.ts';
import type { Ballast } from './segments/ballast.ts';
import type { LogWriter } from './log/log-writer.ts';
import { StoreError } from './store-error.ts';
import type { StoreParts } from './store-parts.ts';

export class DiskSpace {
  /** 0 = nothing is refused before the disk itself does. */
  reserveBytes: number;
  readonly #files: Files;
  readonly #dir: string;
  readonly #writer: LogWriter;
  readonly #ballast: Ballast | undefined;
  /** Free space at the last look, and how long the written log was then. */
  #freeBytesSeen = Infinity;
  #seenAtLsn = 0;

  constructor(parts: StoreParts, reserveBytes: number, ballast?: Ballast) {
    this.#files = parts.files;
    this.#dir = parts.dir;
    this.#writer = parts.writer;
    this.reserveBytes = reserveBytes;
    this.#ballast = ballast;
  }

  get refusesData(): StoreError | undefined {
    return this.#refuseBelow(this.reserveBytes);
  }

  get refusesWrites(): StoreError | undefined {
    return this.#refuseBelow(this.reserveBytes / 2);
  }

  /** Bytes that may be written before data is refused. */
  get roomBytes(): number {
    return Math.max(0, this.#freeBytes - this.reserveBytes);
  }

  /** Asks how much space is left; a disk that does not answer changes nothing. */
  async look(): Promise<void> {
    const writer = this.#writer;
    // What is written while the question is under way counts twice, until the next look.
    const lsn = writer.appendedLsn - writer.backlogBytes;
    try {
      this.#freeBytesSeen = await this.#files.freeBytes(this.#dir);
      this.#seenAtLsn = lsn;
      if (this.#freeBytesSeen > 0) writer.retry();
      this.#ballast?.maybeMake(this.#freeBytesSeen - this.reserveBytes);
    } catch {
      return;
    }
  }

  /** A second of writing may be a gigabyte: what was appended since the last look is taken off. */
  get #freeBytes(): number {
    return this.#freeBytesSeen - (this.#writer.appendedLsn - this.#seenAtLsn);
  }

  #refuseBelow(bytes: number): StoreError | undefined {
    if (this.reserveBytes === 0 || this.#freeBytes >= bytes) return undefined;
    return new StoreError('FULL', `the disk is full up to the ${this.reserveBytes} ` +
      'bytes of disk-reserve-bytes: delete keys, or make room beside the data; deleted data is ' +
      'given back by compaction');
  }
}
