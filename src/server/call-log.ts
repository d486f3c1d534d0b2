/** Hears of every call and keeps what INFO, SLOWLOG and LATENCY tell of it. */

import type { Logger } from 'pino';
import type { Context } from '../commands/command.ts';
import type { TableEntry } from '../commands/table.ts';
import type { CommandStats, ErrorStats } from '../observe/command-stats.ts';
import type { LatencyMonitor } from '../observe/latency-monitor.ts';
import type { SlowLog } from '../observe/slow-log.ts';
import type { CallObserver } from '../engine/accounts.ts';
import { StoreError } from '../store/store-error.ts';
import { DamageLog } from './damage-log.ts';

/** A row of brief calls usually takes less than this. */
const ROW_MICROSECONDS = 1000;

export interface CallLogParts {
  readonly log: Logger;
  readonly commands: CommandStats;
  readonly errors: ErrorStats;
  readonly slow: SlowLog;
  readonly latency: LatencyMonitor;
  readonly damage: DamageLog;
}

export class CallLog implements CallObserver {
  readonly #parts: CallLogParts;
  /** Commands that ran, for INFO and its rate. */
  calls = 0;

  constructor(parts: CallLogParts) {
    this.#parts = parts;
  }

  called(entry: TableEntry, microseconds: number, failed: string | undefined, ctx: Context): void {
    this.calls++;
    const { commands, errors, slow, latency } = this.#parts;
    commands.record(entry.id, microseconds, failed !== undefined);
    if (failed !== undefined) errors.count(failed);
    if (slow.isSlow(microseconds) && entry.shownInSlowLog) {
      const { facts, name } = ctx.session;
      slow.add(ctx.now, microseconds, ctx.args, facts.address, name);
    }
    if (latency.isSlow(microseconds / 1000) && !entry.waits) {
      latency.record('command', ctx.now, Math.round(microseconds / 1000));
    }
  }

  calledOften(entry: TableEntry, count: number, microseconds: number): void {
    this.calls += count;
    this.#parts.commands.recordMany(entry.id, count, microseconds);
  }

  isSlow(microseconds: number): boolean {
    const { slow, latency } = this.#parts;
    return slow.isSlow(microseconds) || latency.isSlow(microseconds / 1000);
  }

  /** The slow log shows calls that take no longer than a row of brief ones. */
  get wantsEach(): boolean {
    return this.#parts.slow.isSlow(ROW_MICROSECONDS);
  }

  refused(entry: TableEntry | undefined, text: string): void {
    if (entry !== undefined) this.#parts.commands.reject(entry.id);
    this.#parts.errors.count(text);
  }

  /** A record that cannot be read is no fault of the command that asked for it. */
  crashed(entry: TableEntry, error: unknown): void {
    if (DamageLog.isBadRead(error)) return this.#parts.damage.report(error);
    // It ran while the store was closed for a reload or a stop, and was told so.
    if (error instanceof StoreError && error.code === 'CLOSED') return;
    this.#parts.log.error({ command: entry.command.name, error }, 'a command failed inside');
  }
}
