/**
 * A work queue over three servers as processes: producers push, consumers on all servers wait, and
 * clients, followers and leaders are killed. No element is taken twice, and at most as many are
 * lost as consumers may have taken whose replies never came.
 */

import { setTimeout as delay } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { QueueLedger } from '../checker/queue-ledger.ts';
import { RealPeers, takesWrites } from '../server/real-peers.ts';
import { eventually } from '../wire/eventually.ts';
import { WireClient, type Address } from '../wire/wire-client.ts';

const SERVERS = [0, 1, 2];
const CONSUMERS_PER_SERVER = 4;
const KEYS = ['jobs', 'more'];
/** Beyond what a server may take to answer. */
const PATIENCE_MS = 20_000;

let peers: RealPeers;
let ledger: QueueLedger;
/** Producers push no more; consumers ask no more. */
let phase: { isFull: boolean; isStopped: boolean };
let faults: string[];
/** Of consumers, that a test may close. */
let sockets: Set<WireClient>;

beforeEach(async () => {
  faults = [];
  ledger = new QueueLedger((text) => void faults.push(text));
  phase = { isFull: false, isStopped: false };
  sockets = new Set();
  peers = await RealPeers.start(SERVERS.length);
});

afterEach(async () => {
  await peers.stop();
});

/** One that is there, or undefined after a while. */
async function connect(address: Address): Promise<WireClient | undefined> {
  const client = await WireClient.connect(address).catch(() => undefined);
  if (client === undefined) await delay(50);
  return client;
}

async function produce(address: Address): Promise<void> {
  let client: WireClient | undefined;
  while (!phase.isFull) {
    client ??= await connect(address);
    if (client === undefined) continue;
    const elements = Array.from({ length: 1 + Math.floor(Math.random() * 3) },
      () => ledger.element());
    const key = KEYS[Math.floor(Math.random() * 2)]!;
    client.send(['RPUSH', key, ...elements]);
    const reply = await client.reply(PATIENCE_MS).catch(() => undefined);
    if (reply === undefined) client = void client.close();
    const isUnknown = reply === undefined || reply.startsWith('-UNKNOWN');
    ledger.onPushed(elements, reply?.startsWith(':') === true ? 'made'
      : isUnknown ? 'unknown' : 'refused');
    await delay(Math.random() * 8);
  }
  client?.close();
}

async function consume(address: Address, name: string): Promise<void> {
  while (!phase.isStopped) {
    const client = await connect(address);
    if (client === undefined) continue;
    sockets.add(client);
    while (!client.isClosed && !phase.isStopped) {
      const seconds = Math.random() < 0.5 ? '0' : '0.3';
      client.send(['BLPOP', ...KEYS, seconds]);
      const reply = await client.reply(10 * PATIENCE_MS).catch(() => undefined);
      if (reply === undefined || reply.startsWith('-UNKNOWN')) ledger.lossesMax += 1;
      const element = /\r\n(e\d+)\r\n$/.exec(reply ?? '')?.[1];
      if (element !== undefined) ledger.onTaken(element, name);
      else if (reply !== undefined && !/^\*-1|^-(?:UNKNOWN|NOQUORUM|LOADING)/.test(reply)) {
        faults.push(`${name} got ${reply}`);
      }
    }
    sockets.delete(client);
    client.close();
  }
}

/** Consumers go on taking. */
async function takes(more: number): Promise<void> {
  const before = ledger.taken;
  await eventually(`${more} more elements are taken`, () => ledger.taken >= before + more);
}

/** Ends connections of consumers, so many a second. */
async function killClients(until: () => boolean): Promise<number> {
  let killed = 0;
  while (!until()) {
    const all = [...sockets];
    const one = all[Math.floor(Math.random() * all.length)];
    if (one !== undefined) {
      one.socket.destroy();
      killed += 1;
    }
    await delay(20);
  }
  return killed;
}

async function underTrouble(trouble: () => Promise<void>): Promise<void> {
  const { addresses } = peers;
  let isOver = false;
  const clients = addresses.flatMap((address, i) => [produce(address),
    ...Array.from({ length: CONSUMERS_PER_SERVER }, (_, n) => consume(address, `${i}-${n}`))]);
  const killing = killClients(() => isOver);
  try {
    await takes(100);
    await trouble();
    await takes(100);
  } finally {
    isOver = true;
  }
  expect(await killing).toBeGreaterThan(20);
  phase.isFull = true;
  await Promise.all(addresses.map((address) => takesWrites(address)));
  const reader = (await connect(addresses[0]!))!;
  // Those who wait take all that is left.
  await eventually('the lists to be empty', async () =>
    (await reader.call('EXISTS', ...KEYS)) === ':0\r\n');
  phase.isStopped = true;
  for (const client of sockets) client.socket.destroy();
  await Promise.all(clients);
  ledger.check([]);
  expect(faults).toEqual([]);
  let undelivered = 0;
  for (const address of addresses) {
    const client = (await connect(address))!;
    const info = await client.call('INFO', 'everything');
    undelivered += Number(/undelivered_blocking_replies:(\d+)/.exec(info)![1]);
    await eventually('no client to be waited for', async () =>
      /blocked_clients:0\r/.test(await client.call('INFO', 'clients')));
    client.close();
  }
  expect(undelivered).toBeLessThanOrEqual(ledger.lossesMax);
  reader.close();
}

describe('a work queue over three servers', () => {
  it('gives each element once, while clients and servers are killed', { timeout: 180_000 },
    async () => {
      await underTrouble(async () => {
        for (const which of ['leader', 'follower', 'leader']) {
          const leader = await peers.leader();
          const victim = which === 'leader' ? leader : (leader + 1) % SERVERS.length;
          await peers.kill(victim);
          await takes(100);
          await peers.launch(victim);
          await takesWrites(peers.addresses[victim]!);
        }
      });
    });
});
