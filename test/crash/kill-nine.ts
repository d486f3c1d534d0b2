/**
 * kill -9, again and again, under load: whatever the policy, a killed process loses nothing that it
 * acknowledged, because the log is written before the reply. With small segments, so that kills
 * also hit sealing and compaction; and some of them hit recovery.
 */

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect } from 'vitest';
import { Random } from '../../src/lib/random.ts';
import { testSeed } from '../lib/seeded.ts';
import { RealServer, serverArgs } from '../server/real-server.ts';
import { eventually } from '../wire/eventually.ts';
import { KillLoad } from './kill-load.ts';

const CLIENTS = 4;
/** Acknowledged operations of all clients before a kill. */
const OPERATIONS_MIN = 300;
const OPERATIONS_MAX = 2000;
/** A start takes about this long: kills at any moment of it. */
const START_MS = 400;

/** Some clients have few keys, some more than fit in the memory below. */
const NAMES = [6, 200];

const SMALL = [
  '--segment-bytes', '1mb', '--compaction-min-bytes', '2mb',
  '--maxmemory', '8mb', '--hot-tail-bytes', '1mb', '--read-cache-bytes', '1mb',
];

let dir: string;
let server: RealServer | undefined;

export function cleanUpAfterKills(): void {
  beforeEach(() => { dir = mkdtempSync(join(tmpdir(), 'dkvs-kill-')); });
  afterEach(async () => {
    await server?.stop();
    rmSync(dir, { recursive: true, force: true });
  });
}

/** Returns how many rounds of compaction the lives had together. */
export async function killAgainAndAgain(kills: number): Promise<number> {
  const random = new Random(9, testSeed());
  const loads = Array.from({ length: CLIENTS }, (_, i) =>
    new KillLoad(`c${i}`, random, NAMES[i % NAMES.length] ?? 0));
  let compactions = 0;
  for (let kill = 0; kill < kills; kill++) {
    const policy = kill % 2 === 0 ? 'everysec' : 'always';
    const run = await RealServer.start(dir, ...SMALL, '--appendfsync', policy);
    server = run;
    await expectAcknowledged(run, loads, `before kill ${kill}`);
    const goal = OPERATIONS_MIN + random.below(OPERATIONS_MAX - OPERATIONS_MIN);
    compactions += await loadUntil(run, loads, goal);
    if (kill % 3 === 2) await killWhileItStarts(random.below(START_MS));
  }
  server = await RealServer.start(dir, ...SMALL);
  await expectAcknowledged(server, loads, 'at the end');
  return compactions;
}

async function expectAcknowledged(
  run: RealServer, loads: readonly KillLoad[], when: string,
): Promise<void> {
  const client = await run.connect();
  const wrong: string[] = [];
  for (const load of loads) wrong.push(await load.check(client) ?? '');
  client.close();
  expect(wrong.join('\n').trim(), `DKVS_TEST_SEED=${testSeed()}, ${when}`).toBe('');
}

/** Lets all clients write, kills the server in the middle, and gives its rounds of compaction. */
async function loadUntil(
  run: RealServer, loads: readonly KillLoad[], goal: number,
): Promise<number> {
  const observer = await run.connect();
  const total = (): number => loads.reduce((sum, load) => sum + load.total, 0);
  const target = total() + goal;
  const clients = await Promise.all(loads.map(() => run.connect()));
  const writers = Promise.all(loads.map((load, i) => {
    const client = clients[i];
    if (client === undefined) throw new Error('a client for each load');
    return load.run(client);
  }));
  const looking = eventually('enough operations', () => total() >= target);
  await Promise.race([looking, writers.then(() => looking)]);
  const compactions = await compactionRounds(observer);
  await run.kill();
  await writers;
  observer.close();
  return compactions;
}

async function compactionRounds(
  observer: { call(...args: readonly string[]): Promise<string> },
): Promise<number> {
  const info = await observer.call('INFO', 'dkvs');
  const [, rounds = '0'] = /compaction_rounds:(\d+)/.exec(info) ?? [];
  return Number(rounds);
}

/** The time of the kill is the point, so this is a wait for a time. */
async function killWhileItStarts(afterMs: number): Promise<void> {
  const run = new RealServer({ args: serverArgs(dir, SMALL) });
  server = run;
  await new Promise((resolve) => { setTimeout(resolve, afterMs); });
  await run.kill();
}
