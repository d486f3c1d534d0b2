/**
 * When keys were last used, in bounded RAM: for OBJECT IDLETIME.
 *
 * The index has no room for a clock per key, so keys share cells chosen by their length and last
 * bytes. Two keys in one cell make each other look used: idle times are never too long, and may be
 * too short.
 */

import type { ByteRange } from '../lib/byte-range.ts';

/** Cells of the approximate last-use clock: 4 bytes each, a power of two. */
const ACCESS_CLOCK_CELLS = 1 << 16;

export class AccessClock {
  readonly #seconds = new Uint32Array(ACCESS_CLOCK_CELLS);
  /** The running command is of a client in CLIENT NO-TOUCH: its reads are no use. */
  isHeld = false;

  touch(key: ByteRange, nowMs: number): void {
    if (!this.isHeld) this.touchAnyway(key, nowMs);
  }

  /** Also while held: for TOUCH, and for a value that is new and so cannot have been idle. */
  touchAnyway(key: ByteRange, nowMs: number): void {
    this.#seconds[cellOf(key)] = nowMs / 1000;
  }

  /** Seconds since a key of this key's cell was used; counted from `startMs` if none was. */
  idleSeconds(key: ByteRange, nowMs: number, startMs: number): number {
    const last = this.#seconds[cellOf(key)] || Math.floor(startMs / 1000);
    return Math.max(0, Math.floor(nowMs / 1000) - last);
  }
}

function cellOf(key: ByteRange): number {
  const { buf, start, end } = key;
  let mix = end - start;
  for (let i = Math.max(start, end - 8); i < end; i++) {
    mix = Math.imul(mix, 31) + (buf[i] as number);
  }
  return (mix ^ (mix >>> 15)) & (ACCESS_CLOCK_CELLS - 1);
}
