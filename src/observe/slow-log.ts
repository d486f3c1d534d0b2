/**
 * SLOWLOG: the last commands that took longer than a threshold, with their arguments shortened.
 *
 * Bounded by `lengthMax` entries of SLOW_ARGS_MAX arguments of SLOW_ARG_BYTES_MAX bytes. Owns
 * copies of what it keeps. Times are passed in.
 */

import type { SlowEntry, SlowLogPort } from '../commands/server-port.ts';
import { SLOWLOG_ENTRIES_MAX_DEFAULT } from '../config/limits.ts';
import type { Args } from '../protocol/args.ts';

/** What SLOWLOG keeps of one command; as Redis. */
const SLOW_ARGS_MAX = 32;
const SLOW_ARG_BYTES_MAX = 128;

const THRESHOLD_MICROS_DEFAULT = 10_000;

export class SlowLog implements SlowLogPort {
  /** Calls that took at least so long are kept; 0 = all of them, negative = none. */
  thresholdMicros = THRESHOLD_MICROS_DEFAULT;
  #lengthMax = SLOWLOG_ENTRIES_MAX_DEFAULT;
  /** Oldest first. */
  #entries: SlowEntry[] = [];
  #nextId = 0;

  get lengthMax(): number {
    return this.#lengthMax;
  }

  /** Older entries go when it gets smaller. */
  set lengthMax(length: number) {
    this.#lengthMax = length;
    this.#trim();
  }

  get length(): number {
    return this.#entries.length;
  }

  isSlow(microseconds: number): boolean {
    return this.thresholdMicros >= 0 && microseconds >= this.thresholdMicros;
  }

  /** `nowMs` since the epoch; `args` is copied. The caller has asked isSlow. */
  add(nowMs: number, microseconds: number, args: Args, address: string, clientName: string): void {
    this.#entries.push({
      id: this.#nextId++,
      at: Math.floor(nowMs / 1000),
      microseconds: Math.floor(microseconds),
      args: shorten(args),
      client: address,
      clientName,
    });
    this.#trim();
  }

  get(count: number): readonly SlowEntry[] {
    const from = count < 0 ? 0 : Math.max(0, this.#entries.length - count);
    return this.#entries.slice(from).toReversed();
  }

  reset(): void {
    this.#entries = [];
  }

  #trim(): void {
    const surplus = this.#entries.length - this.#lengthMax;
    if (surplus > 0) this.#entries.splice(0, surplus);
  }
}

/** As Redis does: what is left out is told in the last argument, and at the end of a long one. */
function shorten(args: Args): readonly Buffer[] {
  const isLong = args.count > SLOW_ARGS_MAX;
  const kept = isLong ? SLOW_ARGS_MAX - 1 : args.count;
  const shortened: Buffer[] = [];
  for (let i = 0; i < kept; i++) shortened.push(shortenOne(args, i));
  if (isLong) shortened.push(Buffer.from(`... (${args.count - kept} more arguments)`));
  return shortened;
}

function shortenOne(args: Args, i: number): Buffer {
  const more = args.length(i) - SLOW_ARG_BYTES_MAX;
  if (more <= 0) return args.copy(i);
  const head = args.view(i).subarray(0, SLOW_ARG_BYTES_MAX);
  return Buffer.concat([head, Buffer.from(`... (${more} more bytes)`)]);
}
