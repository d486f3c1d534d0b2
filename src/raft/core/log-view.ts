/**
 * The log as the algorithm sees it: terms of all entries, the newest entries themselves, and how
 * far they are durable and committed.
 *
 * base.index <= commit <= last, durable <= last. Entries up to `commit` never change. Only recent
 * entries are in RAM, `windowBytes` of them or what is not durable yet; older ones are on disk, and
 * who needs them has them read (see Update.reads).
 */

import type { Configuration, LogBase, LogEntry, PlacedConfiguration } from './entry.ts';
import { TermRuns, type TermRun } from './term-runs.ts';

/** An entry costs so much beside its payload. */
const ENTRY_BYTES = 64;

/** What a restart knows of the log; the entries themselves stay on disk. */
export interface RecoveredLog {
  readonly base: LogBase;
  readonly lastIndex: number;
  readonly lastTimeMs: number;
  /** Where each new term begins, ascending; entries before the first have the base's term. */
  readonly terms: readonly TermRun[];
  readonly configurations: readonly PlacedConfiguration[];
}

export class LogView {
  readonly #windowBytesMax: number;
  #base: LogBase;
  #runs: TermRuns;
  /** Ascending; the base's is not among them. */
  #configurations: PlacedConfiguration[];
  #window: LogEntry[] = [];
  #windowBytes = 0;
  #lastTimeMs: number;
  #commit: number;
  #durable: number;
  /** Payload bytes behind `commit`. */
  uncommittedBytes = 0;

  /** `commit`: what the state machine holds already, so it was committed; at least the base. */
  constructor(recovered: RecoveredLog, commit: number, windowBytesMax: number) {
    const { base, lastIndex, lastTimeMs, terms, configurations } = recovered;
    this.#base = base;
    this.#runs = new TermRuns(base.index, base.term);
    const ofBase = (terms[0]?.from ?? lastIndex + 1) - 1;
    if (ofBase > base.index) this.#runs.extend(base.index + 1, ofBase, base.term);
    for (const [i, { from, term }] of terms.entries()) {
      this.#runs.extend(from, (terms[i + 1]?.from ?? lastIndex + 1) - 1, term);
    }
    this.#configurations = [...configurations];
    this.#lastTimeMs = lastTimeMs;
    this.#commit = Math.max(base.index, commit);
    this.#durable = lastIndex;
    this.#windowBytesMax = windowBytesMax;
  }

  get base(): LogBase {
    return this.#base;
  }

  get lastIndex(): number {
    return this.#runs.lastIndex;
  }

  get lastTerm(): number {
    return this.#runs.lastTerm;
  }

  get lastTimeMs(): number {
    return this.#lastTimeMs;
  }

  get commit(): number {
    return this.#commit;
  }

  get durable(): number {
    return this.#durable;
  }

  get configuration(): Configuration {
    return this.#configurations.at(-1)?.configuration ?? this.#base.configuration;
  }

  /** That which is surely in force, and those behind it that may come into force or not. */
  get possibleConfigurations(): Configuration[] {
    const committed = this.#configurations.findLastIndex(({ index }) => index <= this.#commit);
    const possible = this.#configurations.slice(Math.max(committed, 0));
    const all = possible.map(({ configuration }) => configuration);
    return committed === -1 ? [this.#base.configuration, ...all] : all;
  }

  /** The newest that is committed. */
  get committedConfiguration(): PlacedConfiguration {
    const placed = this.#configurations.findLast(({ index }) => index <= this.#commit);
    return placed ?? { index: this.#base.index, configuration: this.#base.configuration };
  }

  get configurationIndex(): number {
    return this.#configurations.at(-1)?.index ?? this.#base.index;
  }

  /** See TermRuns. */
  get lastTermFrom(): number {
    return this.#runs.lastTermFrom;
  }

  /** Undefined outside of the log; the base's own term is known. */
  termOf(index: number): number | undefined {
    return this.#runs.termOf(index);
  }

  /** What a log that begins behind `index` has to know; undefined when the index is not here. */
  baseAt(index: number): LogBase | undefined {
    const term = this.termOf(index);
    if (term === undefined) return undefined;
    const placed = this.#configurations.findLast((one) => one.index <= index);
    const { configuration } = placed ?? this.#base;
    // No entry up to here is later than the last one.
    return { index, term, timeMs: this.#lastTimeMs, configuration };
  }

  /** See TermRuns. */
  lastAtMost(term: number, index: number): number {
    return this.#runs.lastAtMost(term, index);
  }

  /** Raft, section 5.4.1: a log that ends so may lead this one. */
  isUpToDate(lastIndex: number, lastTerm: number): boolean {
    if (lastTerm !== this.lastTerm) return lastTerm > this.lastTerm;
    return lastIndex >= this.lastIndex;
  }

  /** Undefined when it is not in RAM. */
  entry(index: number): LogEntry | undefined {
    return this.#window[index - this.#windowFirst];
  }

  /**
   * Entries from `from` on, up to `bytesMax` of payload but at least one; undefined when the first
   * is not in RAM.
   */
  slice(from: number, bytesMax: number): LogEntry[] | undefined {
    const start = from - this.#windowFirst;
    if (start < 0) return undefined;
    let bytes = 0;
    let end = start;
    for (; end < this.#window.length; end++) {
      bytes += this.#window[end]!.payload.length;
      if (bytes > bytesMax && end > start) break;
    }
    return this.#window.slice(start, end);
  }

  /** Puts an entry behind the last. `configuration`: what a configuration entry's payload says. */
  append(entry: LogEntry, configuration: Configuration | undefined): void {
    this.#runs.append(entry.index, entry.term);
    this.#lastTimeMs = entry.timeMs;
    this.#window.push(entry);
    this.#windowBytes += entry.payload.length + ENTRY_BYTES;
    this.uncommittedBytes += entry.payload.length;
    if (configuration !== undefined) {
      this.#configurations.push({ index: entry.index, configuration });
    }
  }

  /**
   * Forgets the entries behind `index`: they contradict a newer leader. `timeMs`: of that entry.
   */
  truncate(index: number): void {
    if (index < this.#commit) {
      throw new Error(`assertion failed: committed entry ${this.#commit} would be replaced`);
    }
    this.#runs.truncate(index);
    this.#durable = Math.min(this.#durable, index);
    while ((this.#configurations.at(-1)?.index ?? 0) > index) this.#configurations.pop();
    while ((this.#window.at(-1)?.index ?? 0) > index) this.#dropNewest();
    this.#lastTimeMs = this.#window.at(-1)?.timeMs ?? this.#lastTimeMs;
  }

  /** True when it moved. */
  commitTo(index: number): boolean {
    const to = Math.min(index, this.lastIndex);
    if (to <= this.#commit) return false;
    const known = this.#window.length > 0 ? this.#windowFirst : Infinity;
    for (let i = Math.max(this.#commit + 1, known); i <= to; i++) {
      this.uncommittedBytes -= this.entry(i)!.payload.length;
    }
    this.#commit = to;
    if (to === this.lastIndex) this.uncommittedBytes = 0;
    return true;
  }

  /** The entry of that index and term, and all before it, are durable. True when it moved. */
  durableTo(index: number, term: number): boolean {
    if (index <= this.#durable || this.termOf(index) !== term) return false;
    this.#durable = index;
    this.#shrinkWindow();
    return true;
  }

  /** The entries up to `base.index` were deleted. */
  trim(base: LogBase): void {
    if (base.index <= this.#base.index) return;
    this.#runs.trim(base.index);
    this.#configurations = this.#configurations.filter(({ index }) => index > base.index);
    this.#base = base;
    let gone = 0;
    while ((this.#window[gone]?.index ?? Infinity) <= base.index) gone++;
    for (const entry of this.#window.splice(0, gone)) {
      this.#windowBytes -= entry.payload.length + ENTRY_BYTES;
    }
  }

  /** The log begins anew behind a snapshot. */
  reset(base: LogBase): void {
    this.#base = base;
    this.#runs = new TermRuns(base.index, base.term);
    this.#configurations = [];
    this.#window = [];
    this.#windowBytes = 0;
    this.#lastTimeMs = base.timeMs;
    this.#commit = base.index;
    // Nothing may be acknowledged before the snapshot is installed.
    this.#durable = 0;
    this.uncommittedBytes = 0;
  }

  get #windowFirst(): number {
    return this.#window[0]?.index ?? this.lastIndex + 1;
  }

  #dropNewest(): void {
    const bytes = this.#window.pop()!.payload.length;
    this.#windowBytes -= bytes + ENTRY_BYTES;
    this.uncommittedBytes -= bytes;
  }

  #shrinkWindow(): void {
    let gone = 0;
    while (this.#windowBytes > this.#windowBytesMax) {
      const entry = this.#window[gone];
      if (entry === undefined || entry.index > Math.min(this.#durable, this.#commit)) break;
      this.#windowBytes -= entry.payload.length + ENTRY_BYTES;
      gone++;
    }
    if (gone > 0) this.#window.splice(0, gone);
  }
}
