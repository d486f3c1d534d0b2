/**
 * What is known of a log without reading it: the terms of all entries, the configurations, and the
 * last entry. No entries. Everything here follows the log when it is truncated at its end and
 * trimmed at its beginning.
 */

import { parseConfiguration } from '../core/configuration-codec.ts';
import type { Configuration, LogBase, LogEntry, PlacedConfiguration } from '../core/entry.ts';
import { TermRuns, type TermRun } from '../core/term-runs.ts';
import { mustBe } from './raft-log-error.ts';

export class LogIndex {
  readonly #terms: TermRuns;
  #lastTimeMs: number;
  readonly #configurations: PlacedConfiguration[];

  constructor({ index, term, timeMs, configuration }: LogBase) {
    this.#terms = new TermRuns(index, term);
    this.#lastTimeMs = timeMs;
    this.#configurations = [{ index, configuration }];
  }

  get baseIndex(): number {
    return this.#terms.baseIndex;
  }

  get lastIndex(): number {
    return this.#terms.lastIndex;
  }

  get lastTerm(): number {
    return this.#terms.lastTerm;
  }

  /** Where terms begin. */
  get termRuns(): readonly TermRun[] {
    return this.#terms.runs;
  }

  get lastTimeMs(): number {
    return this.#lastTimeMs;
  }

  get configurations(): readonly PlacedConfiguration[] {
    return this.#configurations;
  }

  /** Why `entry` cannot be appended; undefined if it can. */
  problemOf({ index, term, kind, payload }: LogEntry): string | undefined {
    const { baseIndex, lastIndex } = this;
    if (index > lastIndex + 1) return `entry ${index} does not follow ${lastIndex}`;
    if (index <= baseIndex) return `entry ${index} is not behind the base ${baseIndex}`;
    const before = this.termOf(index - 1)!;
    if (term < before) return `entry ${index} has term ${term}, the one before has ${before}`;
    const isReadable = kind !== 'configuration' || parseConfiguration(payload) !== undefined;
    return isReadable ? undefined : `entry ${index} is no configuration`;
  }

  /** Takes an entry that has no problem; it replaces those from its index on. */
  append({ index, term, timeMs, kind, payload }: LogEntry): void {
    if (index <= this.lastIndex) this.keepUpTo(index - 1, timeMs);
    this.#terms.append(index, term);
    this.#lastTimeMs = timeMs;
    if (kind !== 'configuration') return;
    const configuration = parseConfiguration(payload);
    mustBe(configuration !== undefined, () => `entry ${index} is no configuration`);
    this.#configurations.push({ index, configuration: configuration! });
  }

  /** The entries behind `lastIndex`, which is of that time, do not count any more. */
  keepUpTo(lastIndex: number, lastTimeMs: number): void {
    this.#terms.truncate(lastIndex);
    while (this.#configurations.at(-1)!.index > lastIndex) this.#configurations.pop();
    this.#lastTimeMs = lastTimeMs;
  }

  /** The base moves up to an index in the log. */
  trim(baseIndex: number): void {
    this.#terms.trim(baseIndex);
    const gone = this.#configurations.findLastIndex(({ index }) => index <= baseIndex);
    const [first] = this.#configurations.splice(0, gone + 1).slice(-1);
    this.#configurations.unshift({ ...first!, index: baseIndex });
  }

  /** Of the base and of every entry; undefined outside. */
  termOf(index: number): number | undefined {
    return this.#terms.termOf(index);
  }

  /** In force at an index of the log. */
  configurationAt(at: number): Configuration {
    return this.#configurations.findLast(({ index }) => index <= at)!.configuration;
  }
}
