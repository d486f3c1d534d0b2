/**
 * How often each command ran, how long it took and how often it failed; and which errors were
 * replied. Fed with data: there is no clock here.
 *
 * `record` is on the path of every command: it writes into typed arrays at the command's id and
 * allocates nothing but, once per command, its histogram.
 *
 * Invariants: an id is a position in the list of names that the statistics were made with; counts
 * are exact up to 2^53; kinds of errors are bounded by ERROR_KINDS_MAX.
 */

import type { CommandStat } from '../commands/server-port.ts';
import { Histogram } from '../lib/histogram.ts';

/** Kinds of errors that INFO counts apart; as Redis. Scripts can reply errors of any first word. */
export const ERROR_KINDS_MAX = 128;

/** Longest first word of an error that INFO shows. */
const ERROR_WORD_LENGTH_MAX = 64;

const NANOSECONDS = 1000;

export class CommandStats {
  readonly #names: readonly string[];
  readonly #calls: Float64Array;
  readonly #microseconds: Float64Array;
  readonly #rejected: Float64Array;
  readonly #failed: Float64Array;
  #latency: (Histogram | undefined)[];

  constructor(names: readonly string[]) {
    this.#names = names;
    this.#calls = new Float64Array(names.length);
    this.#microseconds = new Float64Array(names.length);
    this.#rejected = new Float64Array(names.length);
    this.#failed = new Float64Array(names.length);
    this.#latency = names.map(() => undefined);
  }

  /** A call ended; `microseconds` may have a fraction. */
  record(id: number, microseconds: number, failed: boolean): void {
    this.#calls[id]! += 1;
    this.#microseconds[id]! += microseconds;
    if (failed) this.#failed[id]! += 1;
    const latency = (this.#latency[id] ??= new Histogram());
    latency.record(microseconds * NANOSECONDS);
  }

  /** So many calls ended well that took `microseconds` each. */
  recordMany(id: number, count: number, microseconds: number): void {
    this.#calls[id]! += count;
    this.#microseconds[id]! += microseconds * count;
    const latency = (this.#latency[id] ??= new Histogram());
    latency.record(microseconds * NANOSECONDS, count);
  }

  /** A call was refused before it ran. */
  reject(id: number): void {
    this.#rejected[id]! += 1;
  }

  /** Those that were called or refused since the last reset, in order of their ids. */
  list(): readonly CommandStat[] {
    const stats: CommandStat[] = [];
    this.#names.forEach((name, id) => {
      const calls = this.#calls[id]!;
      const rejected = this.#rejected[id]!;
      if (calls === 0 && rejected === 0) return;
      stats.push({
        name, calls, rejected,
        microseconds: Math.round(this.#microseconds[id]!),
        failed: this.#failed[id]!,
        latency: this.#latency[id] ?? new Histogram(),
      });
    });
    return stats;
  }

  reset(): void {
    this.#calls.fill(0);
    this.#microseconds.fill(0);
    this.#rejected.fill(0);
    this.#failed.fill(0);
    this.#latency = this.#names.map(() => undefined);
  }
}

export interface ErrorStat {
  /** The first word of the reply: ERR, WRONGTYPE ... */
  readonly code: string;
  readonly count: number;
}

export class ErrorStats {
  readonly #counts = new Map<string, number>();
  #total = 0;

  /** Errors of all kinds since the last reset. */
  get total(): number {
    return this.#total;
  }

  /** `text` is a whole error reply. */
  count(text: string): void {
    this.#total++;
    const code = codeOf(text);
    const count = this.#counts.get(code);
    // A script may reply errors of its own invention: further kinds are in the total only.
    if (count === undefined && this.#counts.size >= ERROR_KINDS_MAX) return;
    this.#counts.set(code, (count ?? 0) + 1);
  }

  /** In order of their codes. */
  list(): readonly ErrorStat[] {
    const stats = [...this.#counts].map(([code, count]): ErrorStat => ({ code, count }));
    return stats.sort((one, other) => (one.code < other.code ? -1 : 1));
  }

  reset(): void {
    this.#counts.clear();
    this.#total = 0;
  }
}

function codeOf(text: string): string {
  const end = text.indexOf(' ');
  return text.slice(0, Math.min(end < 0 ? text.length : end, ERROR_WORD_LENGTH_MAX));
}
