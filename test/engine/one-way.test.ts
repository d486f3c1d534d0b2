/**
 * However requests arrive, they do the same and are answered alike: one by one, in pipelines of any
 * length, as a transaction, and through the total order.
 */

import { expect, it } from 'vitest';
import { Random } from '../../src/lib/random.ts';
import { REQUEST_BATCH_MAX } from '../../src/protocol/limits.ts';
import type { Line } from '../cluster/cluster-layer.ts';
import { RandomRequests } from '../cluster/random-requests.ts';
import { testSeed } from '../lib/seeded.ts';
import { ContractPeer } from '../raft/contract/contract-peer.ts';
import { LocalCluster } from '../raft/contract/local-order.ts';
import { FAKE_PEER_OPTIONS } from '../server/fake-order.ts';
import { TestServer } from '../server/test-server.ts';
import { TestWorld } from '../server/test-world.ts';
import type { WireClient } from '../wire/wire-client.ts';

const REQUESTS = 2000;
const FAR_MS = Date.UTC(2100, 0);

type Request = readonly string[];

/**
 * No key expires meanwhile, but for those that PEXPIRE removes at once: with peers a read leaves an
 * expired key where it is, and DBSIZE counts it.
 */
function scriptOf(random: Random): Request[] {
  const made = new RandomRequests(random);
  const reads: readonly Line[] = [
    ['GET', 'a'], ['GET', 'b'], ['HGETALL', 'h'], ['EXISTS', 'a', 'b', 'h'], ['TYPE', 'i'],
    ['STRLEN', 'c'], ['DBSIZE'], ['HLEN', 'i'], ['MGET', 'a', 'h', 'd'], ['PING'], ['NOPE'],
    ['GET'], ['ECHO', 'x'],
  ];
  return Array.from({ length: REQUESTS }, () => {
    const line = made.below(2) === 0 ? made.command(FAR_MS + made.below(1000)) : made.pick(reads);
    return typeof line === 'string' ? line.split(' ') : line;
  });
}

async function inPipelines(
  client: WireClient, requests: readonly Request[], random: Random,
): Promise<string[]> {
  const replies: string[] = [];
  for (let from = 0; from < requests.length;) {
    const some = requests.slice(from, from + 1 + random.below(REQUEST_BATCH_MAX));
    from += some.length;
    client.send(...some);
    replies.push(...await client.replies(some.length));
  }
  return replies;
}

/** What is stored, in all databases that the requests name. */
async function digestOf(client: WireClient): Promise<string> {
  const lines: string[] = [];
  for (const db of [0, 1]) {
    await client.run(`SELECT ${db}`);
    for (const key of (await client.ask('KEYS *') as string[]).toSorted()) {
      const type = await client.ask(['TYPE', key]) as string;
      const value = await client.run(type === 'hash' ? ['HGETALL', key] : ['GET', key]);
      lines.push(`${db} ${key} ${type} ${await client.run(['PEXPIRETIME', key])} ${value}`);
    }
  }
  return lines.join('\n');
}

async function alone(): Promise<WireClient> {
  return (await TestServer.inMemory()).connect();
}

async function throughTheOrder(requests: readonly Request[], random: Random) {
  const world = new TestWorld();
  const cluster = new LocalCluster(['a', 'b'], world.clock, 4 * 1024 * 1024);
  const other = cluster.open('b');
  const server = await TestServer.inMemory(FAKE_PEER_OPTIONS, cluster.open('a'), world);
  const nobody = {
    onExpired: () => {}, onSkipped: () => {}, onReadIndex: () => {}, onReadIndexFailed: () => {},
    onStopped: () => {},
  };
  other.start(new ContractPeer('b', other, { applied: 0, batches: [] }), nobody);
  const client = await server.connect();
  const replies = await inPipelines(client, requests, random);
  const digest = await digestOf(client);
  await Promise.all([server.stop(), other.stop()]);
  expect(cluster.order.length).toBeGreaterThan(10);
  return { replies, digest };
}

it.each([testSeed(), 7])('requests are answered alike however they arrive, seed %i', async (seed) => {
  const requests = scriptOf(new Random(1, seed));
  const client = await alone();
  const oneByOne: string[] = [];
  for (const request of requests) oneByOne.push(await client.run(request));
  const digest = await digestOf(client);

  const pipelined = await alone();
  expect(await inPipelines(pipelined, requests, new Random(2, seed))).toEqual(oneByOne);
  expect(await digestOf(pipelined)).toBe(digest);

  const ordered = await throughTheOrder(requests, new Random(3, seed));
  expect(ordered.replies).toEqual(oneByOne);
  expect(ordered.digest).toBe(digest);
}, 60_000);

it('a transaction does what its requests do one by one', async () => {
  const requests = scriptOf(new Random(4, testSeed()))
    .filter((words) => words[0] !== 'NOPE' && (words[0] !== 'GET' || words.length > 1));
  const [one, other] = [await alone(), await alone()];
  for (let from = 0; from < requests.length; from += 10) {
    const some = requests.slice(from, from + 10);
    one.send(...some);
    const replies = await one.replies(some.length);
    other.send(['MULTI'], ...some, ['EXEC']);
    const transacted = (await other.replies(some.length + 2)).at(-1);
    expect(transacted).toBe(`*${some.length}\r\n${replies.join('')}`);
  }
  expect(await digestOf(other)).toBe(await digestOf(one));
}, 60_000);
