/**
 * The log of one member of a scenario: what a crash leaves of it. Writes wait in order until they
 * are completed; see ScenarioMember.
 */

import { parseConfiguration } from '../../../src/raft/core/configuration-codec.ts';
import type { HardState, LogBase, LogEntry } from '../../../src/raft/core/entry.ts';
import type { Snapshot } from '../../../src/raft/core/message.ts';
import type { RecoveredLog } from '../../../src/raft/core/log-view.ts';
import { recoveredOf } from './members.ts';

/** One of the three is there. */
export interface DiskWrite {
  readonly hardState?: HardState;
  readonly install?: Snapshot;
  readonly entries?: readonly LogEntry[];
}

export class ScenarioDisk {
  base: LogBase;
  hardState: HardState;
  entries: LogEntry[];

  constructor(base: LogBase, hardState: HardState, entries: LogEntry[]) {
    this.base = base;
    this.hardState = hardState;
    this.entries = entries;
  }

  write({ hardState, install, entries = [] }: DiskWrite): void {
    if (hardState !== undefined) this.hardState = hardState;
    if (install !== undefined) {
      const { index, indexTerm: term, timeMs, configuration } = install;
      this.base = { index, term, timeMs, configuration };
      this.entries = [];
    }
    const first = entries[0];
    if (first === undefined) return;
    const kept = this.entries.filter(({ index }) => index < first.index);
    if (this.base.index + kept.length !== first.index - 1) {
      throw new Error(`entry ${first.index} is written behind ${this.base.index + kept.length}`);
    }
    this.entries = [...kept, ...entries];
  }

  entry(index: number): LogEntry | undefined {
    return this.entries[index - this.base.index - 1];
  }

  /** As LogPort.read. */
  read(from: number, bytesMax: number): LogEntry[] {
    let bytes = 0;
    const found: LogEntry[] = [];
    for (let i = from; this.entry(i) !== undefined; i++) {
      bytes += this.entry(i)!.payload.length;
      if (bytes > bytesMax && found.length > 0) break;
      found.push(this.entry(i)!);
    }
    return found;
  }

  trim(base: LogBase): void {
    this.entries = this.entries.filter(({ index }) => index > base.index);
    this.base = base;
  }

  recover(): RecoveredLog {
    const configurations = this.entries
      .filter(({ kind }) => kind === 'configuration')
      .map(({ index, payload }) => ({ index, configuration: parseConfiguration(payload)! }));
    return recoveredOf(this.base, this.entries, configurations);
  }
}
