/**
 * What is known of a log without reading it: the terms of all entries, the configurations, and the
 * last entry. No entries.
 *
 * Terms are runs, one for each reign of a leader: (index of its first entry, term), ascending in
 * both. The first run is that of the base. Everything here follows the log when it is truncated at
 * its end and trimmed at its beginning.
 */

import { parseConfiguration } from '../core/configuration-codec.ts';
import type { Configuration, LogBase, LogEntry } from '../core/entry.ts';
import { mustBe } from './raft-log-error.ts';

/** A configuration and the index from which on it is in the log. */
export interface ConfigurationAt {
  readonly index: number;
  readonly configuration: Configuration;
}

export class LogIndex {
  #baseIndex: number;
  #lastIndex: number;
  #lastTimeMs: number;
  readonly #firsts: number[];
  readonly #terms: number[];
  readonly #configurations: ConfigurationAt[];

  constructor({ index, term, timeMs, configuration }: LogBase) {
    this.#baseIndex = this.#lastIndex = index;
    this.#lastTimeMs = timeMs;
    this.#firsts = [index];
    this.#terms = [term];
    this.#configurations = [{ index, configuration }];
  }

  get baseIndex(): number {
    return this.#baseIndex;
  }

  get lastIndex(): number {
    return this.#lastIndex;
  }

  get lastTerm(): number {
    return this.#terms.at(-1)!;
  }

  get lastTimeMs(): number {
    return this.#lastTimeMs;
  }

  get configurations(): readonly ConfigurationAt[] {
    return this.#configurations;
  }

  /** Why `entry` cannot be appended; undefined if it can. */
  problemOf({ index, term, kind, payload }: LogEntry): string | undefined {
    if (index > this.#lastIndex + 1) return `entry ${index} does not follow ${this.#lastIndex}`;
    if (index <= this.#baseIndex) return `entry ${index} is not behind the base ${this.#baseIndex}`;
    const before = this.termOf(index - 1)!;
    if (term < before) return `entry ${index} has term ${term}, the one before has ${before}`;
    const isReadable = kind !== 'configuration' || parseConfiguration(payload) !== undefined;
    return isReadable ? undefined : `entry ${index} is no configuration`;
  }

  /** Takes an entry that has no problem; it replaces those from its index on. */
  append({ index, term, timeMs, kind, payload }: LogEntry): void {
    if (index <= this.#lastIndex) this.keepUpTo(index - 1, timeMs);
    this.#lastIndex = index;
    this.#lastTimeMs = timeMs;
    if (term > this.lastTerm) {
      this.#firsts.push(index);
      this.#terms.push(term);
    }
    if (kind !== 'configuration') return;
    const configuration = parseConfiguration(payload);
    mustBe(configuration !== undefined, () => `entry ${index} is no configuration`);
    this.#configurations.push({ index, configuration: configuration! });
  }

  /** The entries behind `lastIndex`, which is of that time, do not count any more. */
  keepUpTo(lastIndex: number, lastTimeMs: number): void {
    this.#firsts.length = this.#terms.length = this.#runOf(lastIndex) + 1;
    while (this.#configurations.at(-1)!.index > lastIndex) this.#configurations.pop();
    this.#lastIndex = lastIndex;
    this.#lastTimeMs = lastTimeMs;
  }

  /** The base moves up to an index in the log. */
  trim(baseIndex: number): void {
    this.#firsts.splice(0, this.#runOf(baseIndex));
    this.#terms.splice(0, this.#terms.length - this.#firsts.length);
    this.#firsts[0] = baseIndex;
    const gone = this.#configurations.findLastIndex(({ index }) => index <= baseIndex);
    const [first] = this.#configurations.splice(0, gone + 1).slice(-1);
    this.#configurations.unshift({ ...first!, index: baseIndex });
    this.#baseIndex = baseIndex;
  }

  /** Of the base and of every entry; undefined outside. */
  termOf(index: number): number | undefined {
    if (index < this.#baseIndex || index > this.#lastIndex) return undefined;
    return this.#terms[this.#runOf(index)];
  }

  /** In force at an index of the log. */
  configurationAt(at: number): Configuration {
    return this.#configurations.findLast(({ index }) => index <= at)!.configuration;
  }

  /** Which run the entry belongs to. The newest are asked for most. */
  #runOf(index: number): number {
    let run = this.#firsts.length - 1;
    while (run > 0 && this.#firsts[run]! > index) run -= 1;
    return run;
  }
}
