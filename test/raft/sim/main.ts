/**
 * npm run sim:raft -- --seeds N --seed S [--minutes M] [--first] [--brief]
 *
 * Runs N seeds from S on, each a cluster of simulated servers under faults, for M virtual minutes
 * or as long as its profile says, and checks what they promise. Ends with status 1 when a seed
 * fails: that is named, and run once more for its trace, unless --brief says no. With --first
 * nothing is run after the first that fails.
 */

import { CommandLine } from '../../lib/command-line.ts';
import { runSeed, type SeedReport } from './run-seed.ts';

/** Lines of the trace that are shown before a failure. */
const TRACE_LINES = 200;

const USAGE = 'npm run sim:raft -- --seeds N --seed S [--minutes M] [--first] [--brief]';

const line = new CommandLine(USAGE);
const values = line.parse({
  seeds: { type: 'string', default: '20' },
  seed: { type: 'string', default: '1' },
  minutes: { type: 'string' },
  first: { type: 'boolean', default: false },
  brief: { type: 'boolean', default: false },
});

function main(): void {
  const first = line.wholeNumber('seed', values.seed);
  const count = line.wholeNumber('seeds', values.seeds);
  const runMs = values.minutes === undefined
    ? undefined : line.wholeNumber('minutes', values.minutes) * 60_000;
  const startedAt = process.cpuUsage();
  const reports: SeedReport[] = [];
  for (let seed = first; seed < first + count; seed++) {
    const report = runSeed(seed, undefined, runMs);
    reports.push(report);
    if (report.failure === undefined) continue;
    fail(report, runMs);
    if (values.first) return;
  }
  const { user, system } = process.cpuUsage(startedAt);
  summarize(reports, (user + system) / 1e6);
}

function fail({ seed, profile, failure }: SeedReport, runMs: number | undefined): void {
  process.exitCode = 1;
  if (!values.brief) console.log(lastLines(seed, runMs).join('\n'));
  console.log(`seed ${seed} (${profile}) fails ${failure}`);
  console.log(`again: npm run sim:raft -- --seeds 1 --seed ${seed}`);
}

/** The same seed once more: what was said last before it failed. */
function lastLines(seed: number, runMs: number | undefined): string[] {
  const lines: string[] = [];
  runSeed(seed, (text) => {
    lines.push(text());
    if (lines.length > TRACE_LINES) lines.shift();
  }, runMs);
  return lines;
}

function summarize(reports: readonly SeedReport[], cpuSeconds: number): void {
  const sum = (of: (report: SeedReport) => number): number => {
    return reports.reduce((total, report) => total + of(report), 0);
  };
  const hours = sum(({ simulatedMs }) => simulatedMs) / 3_600_000;
  const faults = new Map<string, number>();
  for (const report of reports) {
    for (const [name, n] of report.faults) faults.set(name, (faults.get(name) ?? 0) + n);
  }
  const failed = reports.filter(({ failure }) => failure !== undefined).map(({ seed }) => seed);
  console.log([
    `${reports.length} seeds, ${hours.toFixed(2)} simulated hours in ${cpuSeconds.toFixed(1)} s ` +
      `of processor time: ${(hours / (cpuSeconds / 3600)).toFixed(0)} hours per core-hour`,
    `${sum(({ messages }) => messages)} messages, ${sum(({ elections }) => elections)} elections`,
    `faults: ${[...faults].map(([name, n]) => `${name} ${n}`).join(', ')}`,
    `operations: ${sum(({ answered }) => answered)} answered ` +
      `(${sum(({ sequentialReads }) => sequentialReads)} sequential reads), ` +
      `${sum(({ refused }) => refused)} refused, ${sum(({ unknown }) => unknown)} of unknown ` +
      `outcome; ${sum(({ checks }) => checks)} invariants checked`,
    `keys whose history could not be decided: ${sum(({ undecided }) => undecided)}`,
    `failed seeds: ${failed.length === 0 ? 'none' : failed.join(', ')}`,
  ].join('\n'));
}

main();
