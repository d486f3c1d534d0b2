/** All that decides a run, as a file: the same scenario on the same build is the same run. */

import { readFileSync, writeFileSync } from 'node:fs';
import type { Profile } from './profiles.ts';
import { runSeed, type SeedReport } from './run-seed.ts';

export interface Scenario {
  readonly seed: number;
  readonly servers: number;
  readonly runMs: number;
  readonly profile: Profile;
}

export function readScenario(path: string): Scenario {
  return JSON.parse(readFileSync(path, 'utf8')) as Scenario;
}

export function writeScenario(path: string, scenario: Scenario): void {
  writeFileSync(path, `${JSON.stringify(scenario, undefined, 2)}\n`);
}

/** Runs after which no smaller failing scenario is looked for. */
const TRIES_MAX = 40;
const MINUTE_MS = 60_000;

/**
 * A smaller scenario that fails as well: shorter, with fewer clients and kinds of faults. Every
 * change makes another run, so that most of them do not fail; those that do are kept.
 */
export async function shrink(
  scenario: Scenario, failedAtMs: number, onSmaller: (smaller: Scenario) => void,
): Promise<Scenario> {
  let best: Scenario = { ...scenario, runMs: Math.min(scenario.runMs, failedAtMs + 1) };
  let tries = 0;
  for (let isSmaller = true; isSmaller && tries < TRIES_MAX;) {
    isSmaller = false;
    for (const smaller of smallerThan(best)) {
      if (tries++ >= TRIES_MAX) break;
      const report: SeedReport = await runSeed(smaller);
      if (report.failure === undefined) continue;
      best = { ...smaller, runMs: Math.min(smaller.runMs, report.simulatedMs + 1) };
      onSmaller(best);
      isSmaller = true;
      break;
    }
  }
  return best;
}

function smallerThan(scenario: Scenario): Scenario[] {
  const { profile, runMs } = scenario;
  const { faults } = profile;
  const withProfile = (change: Partial<Profile>): Scenario =>
    ({ ...scenario, profile: { ...profile, ...change } });
  const found: Scenario[] = [];
  if (faults.length > 1) {
    const half = faults.length >> 1;
    found.push(withProfile({ faults: faults.slice(half) }));
    found.push(withProfile({ faults: faults.slice(0, half) }));
  }
  for (const name of ['listeners', 'queueClients', 'sharedClients', 'privateClients'] as const) {
    const count = profile[name] ?? 0;
    if (count > 0) found.push(withProfile({ [name]: count - 1 }));
  }
  if (runMs > MINUTE_MS) found.push({ ...scenario, runMs: runMs / 2 });
  for (const [i] of faults.entries()) {
    if (faults.length > 1) found.push(withProfile({ faults: faults.filter((_, at) => at !== i) }));
  }
  return found;
}
