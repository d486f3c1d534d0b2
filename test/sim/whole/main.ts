/**
 * npm run sim -- [--seeds N] [--seed S] [--servers 1|3|5] [--profile NAME] [--minutes M]
 *                [--scenario FILE] [--detailed] [--all] [--brief] [--json]
 *
 * Runs N seeds from S on: whole servers on simulated machines, under faults, and every reply is
 * checked. The first seed that fails ends it with status 1, after the trace; a smaller scenario
 * that fails as well is looked for and written to a file, which --scenario runs again. With --all
 * the seeds after it are run too; with --brief nothing is shown of a failure but its text,
 * and with --json each seed is a line of JSON and nothing else is said.
 */

import { CommandLine } from '../../lib/command-line.ts';
import { PROFILES, type Profile } from './profiles.ts';
import { runSeed, type SeedReport } from './run-seed.ts';
import { readScenario, shrink, writeScenario, type Scenario } from './scenario.ts';
import { describeReport, Totals } from './totals.ts';

const TRACE_LINES = 150;
const USAGE = 'npm run sim -- [--seeds N] [--seed S] [--servers 1|3|5] [--profile NAME] ' +
  '[--minutes M] [--scenario FILE] [--detailed] [--all] [--brief] [--json]\nprofiles: ' +
  PROFILES.map(({ name, servers }) => `'${name}' (${servers.join(' or ')})`).join(', ');

const line = new CommandLine(USAGE);
const values = line.parse({
  seeds: { type: 'string', default: '20' },
  seed: { type: 'string', default: '1' },
  servers: { type: 'string' },
  profile: { type: 'string' },
  minutes: { type: 'string' },
  scenario: { type: 'string' },
  detailed: { type: 'boolean', default: false },
  all: { type: 'boolean', default: false },
  brief: { type: 'boolean', default: false },
  json: { type: 'boolean', default: false },
});

function scenarios(): Scenario[] {
  if (values.scenario !== undefined) return [readScenario(values.scenario)];
  const servers = values.servers === undefined
    ? undefined : line.wholeNumber('servers', values.servers);
  const profiles = PROFILES.filter((each) =>
    (values.profile === undefined || each.name === values.profile) &&
    (servers === undefined || each.servers.includes(servers)));
  if (profiles.length === 0) line.refuse('there is no such profile for so many servers');
  const from = line.wholeNumber('seed', values.seed);
  return Array.from({ length: line.wholeNumber('seeds', values.seeds) }, (_, i) =>
    scenarioOf(from + i, profiles[(from + i) % profiles.length]!, servers));
}

function scenarioOf(seed: number, profile: Profile, servers: number | undefined): Scenario {
  const runMs = values.minutes === undefined
    ? profile.runMs : line.wholeNumber('minutes', values.minutes) * 60_000;
  return { seed, profile, runMs, servers: servers ?? profile.servers[0]! };
}

async function onFailure(scenario: Scenario, report: SeedReport): Promise<void> {
  process.exitCode = 1;
  if (!values.brief) console.log(report.trace.slice(-TRACE_LINES).join('\n'));
  console.log(`FAILED seed ${report.seed}, '${report.profile}', ${report.servers} servers, ` +
    `${report.failure}`);
  if (values.brief || values.scenario !== undefined) return;
  console.log('looking for a smaller scenario that fails');
  const small = await shrink(scenario, report.simulatedMs, ({ runMs, profile: { faults } }) => {
    console.log(`  ${(runMs / 1000).toFixed(0)} s with ${faults.join(', ')}`);
  });
  const path = `failing-seed-${report.seed}.json`;
  writeScenario(path, small);
  console.log(`written to ${path}: npm run sim -- --scenario ${path} --detailed`);
}

function asJson(report: SeedReport): string {
  return JSON.stringify({
    ...report, trace: undefined, faults: Object.fromEntries(report.faults),
  });
}

const totals = new Totals();
for (const scenario of scenarios()) {
  const report = await runSeed({ ...scenario, isDetailed: values.detailed });
  totals.add(report);
  console.log(values.json ? asJson(report) : describeReport(report));
  if (report.failure === undefined) continue;
  if (values.json) process.exitCode = 1;
  else await onFailure(scenario, report);
  if (!values.all) break;
}
if (!values.json) console.log(totals.describe());
