// tidy: table
/**
 * Kinds of trouble. Long calm runs find what needs a long history; storms find what needs several
 * things to go wrong within one election.
 */

import { FAULTS, type FaultName } from './faults.ts';

export interface Profile {
  readonly name: string;
  readonly runMs: number;
  readonly faults: readonly FaultName[];
  readonly faultEveryMs: number;
  readonly restartMs: number;
  readonly healMs: number;
  readonly saveMs: number;
  readonly clients: number;
  readonly thinkMs: number;
}

const MINUTE_MS = 60_000;

const EVERYTHING = Object.keys(FAULTS) as FaultName[];

const EVERYDAY = EVERYTHING.filter((name) => name !== 'clock runs wild');

const ELECTIONS: readonly FaultName[] = [
  'kill', 'power loss', 'leader lost', 'leader lost', 'all lose power', 'leader isolated',
  'leader paused', 'one-way', 'one link', 'split', 'lossy', 'slow disk', 'transfer', 'clog',
];

const MEMBERS: readonly FaultName[] = [
  'reshape', 'reshape', 'reshape', 'wipe', 'leader isolated', 'leader lost', 'split', 'one-way',
  'power loss', 'isolated',
];

/** A leader that does not know yet that it has been replaced, and many who ask it. */
const STALE_LEADERS: readonly FaultName[] = [
  'leader paused', 'leader paused', 'leader isolated', 'one-way', 'clog', 'clock runs wild',
];

export const PROFILES: readonly Profile[] = [
  {
    name: 'everyday', runMs: 45 * MINUTE_MS, faults: EVERYDAY, faultEveryMs: 15_000,
    restartMs: 2000, healMs: 3000, saveMs: 1000, clients: 4, thinkMs: 1000,
  },
  {
    name: 'rough', runMs: 8 * MINUTE_MS, faults: EVERYTHING, faultEveryMs: 2000,
    restartMs: 1000, healMs: 2000, saveMs: 1000, clients: 5, thinkMs: 500,
  },
  {
    name: 'elections', runMs: 3 * MINUTE_MS, faults: ELECTIONS, faultEveryMs: 500,
    restartMs: 150, healMs: 700, saveMs: 200, clients: 8, thinkMs: 100,
  },
  {
    name: 'members', runMs: 4 * MINUTE_MS, faults: MEMBERS, faultEveryMs: 700,
    restartMs: 600, healMs: 1500, saveMs: 500, clients: 6, thinkMs: 200,
  },
  {
    name: 'stale leaders', runMs: 2 * MINUTE_MS, faults: STALE_LEADERS, faultEveryMs: 1500,
    restartMs: 600, healMs: 1200, saveMs: 500, clients: 12, thinkMs: 60,
  },
];
