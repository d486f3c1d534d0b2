/** What runs of the simulator come to, for people. */

import type { SeedReport } from './run-seed.ts';

const HOUR_MS = 3_600_000;

/** One line. */
export function describeReport(report: SeedReport): string {
  const { seed, profile, servers, simulatedMs, commands, unknown, starts } = report;
  const faults = [...report.faults.values()].reduce((sum, count) => sum + count, 0);
  return `seed ${seed} '${profile}' ${servers} server${servers === 1 ? '' : 's'}: ` +
    `${(simulatedMs / 60_000).toFixed(0)} min, ${commands} commands, ` +
    `${unknown} of unknown outcome, ` +
    `${faults} faults, ${starts} starts, ${report.indexChecks} checks of an index` +
    (report.failure === undefined ? '' : ', FAILED');
}

export class Totals {
  readonly #startedAt = process.cpuUsage();
  readonly #faults = new Map<string, number>();
  #seeds = 0;
  #failed = 0;
  #ms = 0;
  #commands = 0;
  #answered = 0;
  #messages = 0;
  #taken = 0;
  #steps = 0;
  #undecided = 0;

  add(report: SeedReport): void {
    this.#seeds += 1;
    if (report.failure !== undefined) this.#failed += 1;
    this.#ms += report.simulatedMs;
    this.#commands += report.commands;
    this.#answered += report.answered;
    this.#messages += report.messages;
    this.#taken += report.taken;
    this.#steps += report.steps;
    this.#undecided += report.undecided;
    for (const [name, count] of report.faults) {
      this.#faults.set(name, (this.#faults.get(name) ?? 0) + count);
    }
  }

  describe(): string {
    const { user, system } = process.cpuUsage(this.#startedAt);
    const hours = this.#ms / HOUR_MS;
    const faults = [...this.#faults].sort(([, a], [, b]) => b - a)
      .map(([name, count]) => `${name} ${count}`);
    return [
      `${this.#seeds} seeds, ${this.#failed} failed: ${hours.toFixed(1)} simulated hours, ` +
        `${(hours / ((user + system) / 3.6e9)).toFixed(0)} in an hour of one core`,
      `${this.#commands} commands, ${this.#answered} replies checked, ${this.#messages} messages ` +
        `received, ${this.#taken} elements taken, ${this.#steps} events, ` +
        `${this.#undecided} histories not decided`,
      `faults: ${faults.join(', ')}`,
    ].join('\n');
  }
}
