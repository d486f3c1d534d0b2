/**
 * npm run sim -- --seeds N --seed S [--servers 1|3|5] [--profile NAME] [--minutes M]
 *   [--detailed] [--brief]
 *
 * Runs N seeds from S on: whole servers on simulated machines, under faults, and every reply is
 * checked. Ends with status 1 at the first seed that fails, after its trace, unless --brief leaves
 * that out.
 */

import { parseArgs } from 'node:util';
import { PROFILES } from './profiles.ts';
import { runSeed, type SeedReport } from './run-seed.ts';

const { values } = parseArgs({ options: {
  seeds: { type: 'string', default: '20' },
  seed: { type: 'string', default: '1' },
  servers: { type: 'string' },
  profile: { type: 'string' },
  minutes: { type: 'string' },
  detailed: { type: 'boolean', default: false },
  brief: { type: 'boolean', default: false },
} });

const from = Number(values.seed);
const startedAt = process.cpuUsage();
const reports: SeedReport[] = [];
for (let seed = from; seed < from + Number(values.seeds); seed++) {
  const profiles = PROFILES.filter(({ name, servers }) =>
    (values.profile === undefined || name === values.profile) &&
    (values.servers === undefined || servers.includes(Number(values.servers))));
  const profile = profiles[seed % profiles.length]!;
  const report = await runSeed({
    seed, profile, isDetailed: values.detailed,
    ...values.servers !== undefined && { servers: Number(values.servers) },
    ...values.minutes !== undefined && { runMs: Number(values.minutes) * 60_000 },
  });
  reports.push(report);
  const { user, system } = process.cpuUsage(startedAt);
  const hours = reports.reduce((sum, { simulatedMs }) => sum + simulatedMs, 0) / 3_600_000;
  console.log(JSON.stringify({ ...report, trace: undefined, faults: Object.fromEntries(report.faults) }));
  console.log(`${hours.toFixed(2)} hours, ${(hours / ((user + system) / 3.6e9)).toFixed(0)} a core-hour`);
  if (report.failure !== undefined) {
    if (!values.brief) {
      console.log(report.trace.slice(-150).join('\n'));
      console.log(report.failure);
    }
    process.exitCode = 1;
    break;
  }
}
