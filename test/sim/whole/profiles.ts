// tidy: table
/** Kinds of trouble, and the sizes that go with them. */

import type { FaultName } from './faults.ts';

export interface Profile {
  readonly name: string;
  readonly servers: readonly number[];
  readonly runMs: number;
  readonly faults: readonly FaultName[];
  readonly everyMs: number;
  readonly restartMs: number;
  readonly healMs: number;
  readonly sharedClients: number;
  readonly privateClients: number;
  readonly thinkMs: number;
  /** Producers of work queues; three consumers for each. Not where others flush everything. */
  readonly queueClients?: number;
  /** Publishers, and as many subscribers. */
  readonly listeners: number;
  /** A client that behaves badly comes about this often. */
  readonly rudeEveryMs: number;
  /** 'always' unless given: then no clients share keys, and the power takes what was not synced. */
  readonly fsync?: 'everysec' | 'no';
  /** Mean time of an operation of the disk; by chance unless given. */
  readonly diskMs?: number;
  /** The servers are of an older build and are exchanged, about as often as this. */
  readonly upgradeEveryMs?: number;
  /** Every start has other options, as far as they may change. */
  readonly hasOtherOptions?: true;
  /** Machines that peers may come to, and how often one comes or goes. */
  readonly members?: { readonly spares: number; readonly everyMs: number };
}

const MINUTE_MS = 60_000;

/** What one server alone has to live with. */
const ALONE: readonly FaultName[] = [
  'kill', 'power loss', 'power loss in a turn', 'power loss in a turn', 'clean restart', 'pause',
  'reload', 'check index', 'save', 'small budget', 'clients cut off', 'slow network',
  'power loss in a sync', 'power loss in a sync', 'killed in a sync, then power loss',
];

const DISK: readonly FaultName[] = ['disk error', 'disk error', 'lasting disk error', 'full disk'];

/** So that what was written is taken back often. */
const FULL: readonly FaultName[] = [
  'full disk', 'full disk', 'full disk', 'disk error', 'check index', 'check index', 'reload',
  'kill',
];

/** So that much is lost between a write and its sync. */
const SYNCS: readonly FaultName[] = [
  'power loss in a sync', 'power loss in a sync', 'killed in a sync, then power loss',
  'power loss in a turn', 'disk error', 'sync error', 'check index',
];

const CLOCKS: readonly FaultName[] = ['wall clock set', 'clock runs wild'];

const NETWORK: readonly FaultName[] = [
  'isolated', 'one-way', 'one link', 'lossy network', 'slow network', 'clients cut off',
];

const PEERS: readonly FaultName[] = [
  ...ALONE, ...NETWORK, 'all lose power', 'transfer', 'wiped disk',
];

/** What is at rest changes; copies are taken more often than they are put back. */
const DAMAGE: readonly FaultName[] = [
  'damage while it runs', 'damage while it runs', 'damage while it is down', 'cut file',
  'older copy', 'exchanged files', 'copies taken', 'copies taken', 'check index', 'reload', 'kill',
  'power loss', 'clean restart', 'save', 'small budget',
];

/** So that a directory that is put back meets a cluster that has gone on and changed its leader. */
const OLDER_DIRECTORIES: readonly FaultName[] = [
  'older directory', 'older directory', 'older directory', 'kill', 'power loss', 'clean restart',
  'power loss in a turn', 'all lose power', 'pause', 'transfer', 'isolated', 'one-way',
  'slow network', 'clients cut off', 'save',
];

export const PROFILES: readonly Profile[] = [
  {
    name: 'alone', servers: [1], runMs: 30 * MINUTE_MS, faults: ALONE, everyMs: 10_000,
    restartMs: 500, healMs: 2000, sharedClients: 2, privateClients: 3, thinkMs: 1500, listeners: 1,
    queueClients: 1, rudeEveryMs: 20_000,
  },
  {
    name: 'alone, one client', servers: [1], runMs: 30 * MINUTE_MS, faults: ALONE, everyMs: 10_000,
    restartMs: 500, healMs: 2000, sharedClients: 0, privateClients: 1, thinkMs: 400, listeners: 1,
    rudeEveryMs: 20_000,
  },
  {
    name: 'alone, everysec', servers: [1], runMs: 30 * MINUTE_MS, faults: ALONE, everyMs: 10_000,
    restartMs: 500, healMs: 2000, sharedClients: 0, privateClients: 1, thinkMs: 200, listeners: 0,
    rudeEveryMs: 20_000, fsync: 'everysec',
  },
  {
    name: 'alone, bad disk', servers: [1], runMs: 20 * MINUTE_MS, faults: [...ALONE, ...DISK],
    everyMs: 10_000, restartMs: 500, healMs: 3000, sharedClients: 2, privateClients: 3,
    thinkMs: 1000, listeners: 1,
    queueClients: 1, rudeEveryMs: 20_000,
  },
  {
    name: 'peers', servers: [3], runMs: 20 * MINUTE_MS, faults: PEERS, everyMs: 15_000,
    restartMs: 2000, healMs: 4000, sharedClients: 3, privateClients: 2, thinkMs: 2500, listeners: 1,
    queueClients: 1, rudeEveryMs: 20_000,
  },
  {
    name: 'storm', servers: [3], runMs: 5 * MINUTE_MS, faults: [...PEERS, ...CLOCKS],
    everyMs: 2500, restartMs: 800, healMs: 2000, sharedClients: 4, privateClients: 2, thinkMs: 500,
    listeners: 1,
    queueClients: 2, rudeEveryMs: 20_000,
  },
  {
    name: 'peers, bad disks', servers: [3], runMs: 10 * MINUTE_MS, faults: [...PEERS, ...DISK],
    everyMs: 10_000, restartMs: 1000, healMs: 3000, sharedClients: 3, privateClients: 2,
    thinkMs: 800, listeners: 1,
    queueClients: 1, rudeEveryMs: 20_000,
  },
  {
    name: 'five', servers: [5], runMs: 5 * MINUTE_MS, faults: [...PEERS, ...CLOCKS],
    everyMs: 5000, restartMs: 1000, healMs: 3000, sharedClients: 4, privateClients: 2,
    thinkMs: 400, listeners: 1,
    queueClients: 1, rudeEveryMs: 20_000,
  },
  {
    name: 'alone, full disk', servers: [1], runMs: 20 * MINUTE_MS, faults: FULL, everyMs: 4000,
    restartMs: 300, healMs: 2000, sharedClients: 0, privateClients: 1, thinkMs: 100, listeners: 0,
    rudeEveryMs: 20_000,
  },
  {
    name: 'alone, rude clients', servers: [1], runMs: 10 * MINUTE_MS, faults: ALONE,
    everyMs: 20_000, restartMs: 300, healMs: 1000, sharedClients: 1, privateClients: 1,
    thinkMs: 500, listeners: 1,
    queueClients: 1, rudeEveryMs: 1000,
  },
  {
    name: 'alone, slow disk', servers: [1], runMs: 5 * MINUTE_MS, faults: SYNCS, everyMs: 2000,
    restartMs: 200, healMs: 1000, sharedClients: 2, privateClients: 2, thinkMs: 50, listeners: 0,
    queueClients: 1, rudeEveryMs: 20_000, diskMs: 5,
  },
  {
    name: 'peers, one client', servers: [3], runMs: 10 * MINUTE_MS, faults: PEERS, everyMs: 8000,
    restartMs: 1000, healMs: 3000, sharedClients: 0, privateClients: 1, thinkMs: 200, listeners: 3,
    rudeEveryMs: 20_000,
  },
  {
    name: 'members', servers: [3], runMs: 10 * MINUTE_MS, faults: PEERS, everyMs: 8000,
    restartMs: 1000, healMs: 3000, sharedClients: 4, privateClients: 2, thinkMs: 500, listeners: 1,
    queueClients: 1, rudeEveryMs: 20_000, members: { spares: 2, everyMs: 4000 },
  },
  {
    name: 'alone, other options', servers: [1], runMs: 20 * MINUTE_MS, faults: ALONE,
    everyMs: 8000, restartMs: 500, healMs: 2000, sharedClients: 2, privateClients: 3,
    thinkMs: 1000, listeners: 1,
    queueClients: 1, rudeEveryMs: 20_000, hasOtherOptions: true,
  },
  {
    name: 'peers, other options', servers: [3], runMs: 10 * MINUTE_MS, faults: PEERS,
    everyMs: 6000, restartMs: 1000, healMs: 3000, sharedClients: 3, privateClients: 3,
    thinkMs: 600, listeners: 1,
    queueClients: 1, rudeEveryMs: 20_000, hasOtherOptions: true,
  },
  {
    name: 'rolling upgrade', servers: [3], runMs: 6 * MINUTE_MS, faults: PEERS, everyMs: 8000,
    restartMs: 1000, healMs: 3000, sharedClients: 4, privateClients: 2, thinkMs: 500, listeners: 1,
    queueClients: 1, rudeEveryMs: 20_000, upgradeEveryMs: 20_000,
  },
  {
    name: 'alone, damage', servers: [1], runMs: 20 * MINUTE_MS, faults: DAMAGE, everyMs: 4000,
    restartMs: 300, healMs: 1500, sharedClients: 0, privateClients: 1, thinkMs: 200, listeners: 0,
    rudeEveryMs: 60_000,
  },
  {
    name: 'peers, damage', servers: [3], runMs: 10 * MINUTE_MS,
    faults: [...DAMAGE, 'wiped disk', 'transfer', 'isolated'], everyMs: 5000, restartMs: 500,
    healMs: 2000, sharedClients: 0, privateClients: 1, thinkMs: 200, listeners: 1,
    rudeEveryMs: 60_000,
  },
  {
    name: 'older directories', servers: [3, 5], runMs: 5 * MINUTE_MS, faults: OLDER_DIRECTORIES,
    everyMs: 5000, restartMs: 500, healMs: 2000, sharedClients: 3, privateClients: 2,
    thinkMs: 300, listeners: 1,
    queueClients: 1, rudeEveryMs: 20_000,
  },
];
