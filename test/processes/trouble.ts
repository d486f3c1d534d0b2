/** Carries out plans on servers in a private network, and holds the servers to their promises. */

import type { Redis } from 'ioredis';
import { expect } from 'vitest';
import { Random } from '../../src/lib/random.ts';
import { testSeed } from '../lib/seeded.ts';
import { eventually } from '../wire/eventually.ts';
import type { Address } from '../wire/wire-client.ts';
import { ask, connectClient, type Outcome } from './asking.ts';
import { without, type NextPlan, type Plan } from './plans.ts';
import { PrivateNetwork } from './private-network.ts';
import { RealPeers, takesWrites } from '../server/real-peers.ts';
import { answers, underLoad } from './under-load.ts';

const BROADCAST_TIMEOUT_MS = 600;

/** A leader that is gone is missed sooner than by default, so that the tests are short. */
const OPTIONS = [
  '--broadcast-timeout', String(BROADCAST_TIMEOUT_MS),
  '--election-timeout', '400', '--heartbeat-interval', '80',
];

/** Answers of others while some are gone. */
const ANSWERS_MEANWHILE = 50;

/**
 * Starts servers in a network and puts them under load; `nextPlan` is asked until it gives none,
 * with all servers well. What is thrown names the seed and the plans so far.
 */
export async function sufferInTurn(
  servers: number,
  nextPlan: NextPlan,
): Promise<void> {
  const network = PrivateNetwork.create(servers);
  let peers: RealPeers | undefined;
  const plans: string[] = [];
  try {
    const all = peers = await RealPeers.start(servers, network, OPTIONS);
    const random = new Random(0, testSeed());
    const load = await underLoad(all, async (load) => {
      for (;;) {
        const plan = nextPlan(await all.leader(), random);
        if (plan === undefined) return;
        plans.push(plan.what);
        await strike(plan, all, network);
        if (plan.serving.length > 0) await answers(load, ANSWERS_MEANWHILE);
        await mend(plan, all, network);
      }
    });
    expect(load.refused + load.unknown).toBeGreaterThan(0);
  } catch (cause) {
    const after = plans.join(', ') || 'nothing';
    throw new Error(`DKVS_TEST_SEED=${testSeed()}, after ${after}: ${String(cause)}`, { cause });
  } finally {
    await peers?.stop();
    network.remove();
  }
}

async function strike(plan: Plan, peers: RealPeers, network: PrivateNetwork): Promise<void> {
  const { addresses } = peers;
  plan.cut(network);
  await Promise.all(plan.killed.map((i) => peers.kill(i)));
  const { killed, refusing, serving } = plan;
  const others = without(network.hosts, [...killed, ...refusing, ...serving]);
  await Promise.all([
    ...refusing.map((i) => mustRefuse(addresses[i]!)),
    ...serving.map((i) => takesWrites(addresses[i]!)),
    ...others.map((i) => askOnce(addresses[i]!, 'linearizable', ['SET', 'perhaps', '1'])),
  ]);
  if (plan.outlastsLinks) await Promise.all(refusing.map((i) => losesLinks(addresses[i]!)));
}

/** Resolves when a server has given up its connections to all others. */
async function losesLinks(address: Address): Promise<void> {
  const client = await mustConnect(address);
  try {
    await eventually('the links to be given up', async () => {
      const peers = (await client.info('replication')).match(/^peer\d+:.*$/gm) ?? [];
      // A server is always connected to itself.
      return peers.filter((one) => one.includes('connected=1')).length === 1;
    });
  } finally {
    client.disconnect();
  }
}

/** Resolves when all servers take writes again. */
async function mend({ killed }: Plan, peers: RealPeers, network: PrivateNetwork): Promise<void> {
  network.heal();
  await Promise.all(killed.map((i) => peers.launch(i)));
  await Promise.all(peers.addresses.map((address) => takesWrites(address)));
}

/** Writes and linearizable reads are refused; sequential reads go on. */
async function mustRefuse(address: Address): Promise<void> {
  const [written, latest, own] = await Promise.all([
    askOnce(address, 'linearizable', ['SET', 'refused', '1']),
    askOnce(address, 'linearizable', ['GET', 'ready']),
    askOnce(address, 'sequential', ['GET', 'ready']),
  ]);
  expect(written.kind, 'a write without a majority').toMatch(/^(refused|unknown)$/);
  expect(latest.kind, 'a linearizable read without a majority').toBe('refused');
  expect(own, 'a sequential read without a majority').toEqual({ kind: 'answered', reply: '1' });
}

async function askOnce(
  address: Address, reads: 'linearizable' | 'sequential', words: readonly string[],
): Promise<Outcome> {
  const client = await mustConnect(address);
  try {
    await client.call('PEERS', 'READS', reads);
    return await ask(client, words);
  } finally {
    client.disconnect();
  }
}

async function mustConnect(address: Address): Promise<Redis> {
  const client = await connectClient(address);
  if (client === undefined) throw new Error('a server that lives takes no clients');
  return client;
}
