/**
 * However requests arrive, they do the same and are answered alike: one by one, in bursts of any
 * length, as a transaction, and through the total order with another client's requests between
 * them.
 */

import { expect, it } from 'vitest';
import { ByteRange } from '../../src/lib/byte-range.ts';
import { Random } from '../../src/lib/random.ts';
import { REQUEST_BATCH_MAX } from '../../src/protocol/limits.ts';
import type { Args } from '../../src/protocol/args.ts';
import { argsOf, ClusterLayer, turns, type Line } from '../cluster/cluster-layer.ts';
import { RandomRequests } from '../cluster/random-requests.ts';
import { EngineLayer, type LayerClient } from './engine-layer.ts';
import { testSeed } from '../lib/seeded.ts';
import { ContractPeer } from '../raft/contract/contract-peer.ts';
import { LocalCluster } from '../raft/contract/local-order.ts';
import { SimClock } from '../sim/sim-clock.ts';

const REQUESTS = 3000;
const FAR_MS = Date.UTC(2100, 0);

/**
 * No key expires meanwhile, but for those that PEXPIRE removes at once: with peers a read leaves an
 * expired key where it is, and DBSIZE counts it.
 */
function scriptOf(random: Random): Args[] {
  const made = new RandomRequests(random);
  const reads: readonly Line[] = [
    ['GET', 'a'], ['GET', 'b'], ['HGETALL', 'h'], ['EXISTS', 'a', 'b', 'h'], ['TYPE', 'i'],
    ['STRLEN', 'c'], ['DBSIZE'], ['HLEN', 'i'], ['MGET', 'a', 'h', 'd'], ['PING'], ['NOPE'],
    ['GET'], ['ECHO', 'x'],
  ];
  return Array.from({ length: REQUESTS }, () => {
    return argsOf(made.below(2) === 0 ? made.command(FAR_MS + made.below(1000)) : made.pick(reads));
  });
}

/** What a connection does with requests that are there all at once, in bursts. */
async function serveAll(
  server: EngineLayer, client: LayerClient, requests: readonly Args[], random: Random,
  afterBurst: () => void = () => {},
): Promise<string> {
  const { engine, clock } = server;
  let replies = '';
  for (let from = 0; from < requests.length;) {
    const batch = requests.slice(from, from + 1 + random.below(REQUEST_BATCH_MAX));
    from += engine.serve(client.session, batch, batch.length, clock.nowMs());
    const { wait } = engine;
    afterBurst();
    await wait;
    replies += client.heard();
  }
  afterBurst();
  await client.session.progress.replied;
  return replies + client.heard();
}

function digestOf({ storage, plumbing }: EngineLayer): string {
  const lines: string[] = [];
  for (const { index, space } of plumbing.keyspace.databases) {
    for (const key of [...storage.spaces.get(space)?.keys() ?? []].toSorted()) {
      const found = storage.findNow(space, ByteRange.ofText(key), 1);
      const bytes = found?.live?.encodeBase() ?? found?.value.copy();
      lines.push(`${index} ${key} ${found?.type} ${found?.expireAt} ${bytes?.toString('latin1')}`);
    }
  }
  return lines.join('\n');
}

async function throughTheOrder(requests: readonly Args[], random: Random) {
  const clock = new SimClock();
  const cluster = new LocalCluster(['a', 'b'], clock, 4 * 1024 * 1024);
  const [engine, other] = [cluster.open('a'), cluster.open('b')];
  const peer = await ClusterLayer.create(engine);
  const state = new ContractPeer('b', other, { applied: 0, batches: [] });
  other.start(state, {
    onExpired: () => {}, onSkipped: () => {}, onReadIndex: () => {}, onReadIndexFailed: () => {},
    onStopped: () => {},
  });
  await turns(2);
  const client = peer.connect();
  const flush = (): void => peer.order!.flush();
  const replies = await serveAll(peer.server, client, requests, random, flush);
  expect(peer.failures).toEqual([]);
  await Promise.all([engine.stop(), other.stop()]);
  return { replies, digest: digestOf(peer.server) };
}

it.each([testSeed(), 7])('requests are answered alike however they arrive, seed %i', async (seed) => {
  const requests = scriptOf(new Random(1, seed));
  const alone = new EngineLayer();
  const client = alone.connect();
  let oneByOne = '';
  for (const args of requests) {
    await alone.serve(client.session, args);
    oneByOne += client.heard();
  }

  const burst = new EngineLayer();
  expect(await serveAll(burst, burst.connect(), requests, new Random(2, seed))).toBe(oneByOne);
  expect(digestOf(burst)).toBe(digestOf(alone));

  const ordered = await throughTheOrder(requests, new Random(3, seed));
  expect(ordered.replies).toBe(oneByOne);
  expect(ordered.digest).toBe(digestOf(alone));
}, 60_000);

it('a transaction does what its requests do one by one', async () => {
  const requests = scriptOf(new Random(4, testSeed()))
    .filter((args) => !['NOPE', 'GET'].includes(args.text(0)) || args.count > 1);
  const [alone, multi] = [new EngineLayer(), new EngineLayer()];
  const [one, other] = [alone.connect(), multi.connect()];
  for (let from = 0; from < requests.length; from += 10) {
    const some = requests.slice(from, from + 10);
    let replies = '';
    for (const args of some) {
      await alone.serve(one.session, args);
      replies += one.heard();
    }
    await other.run('MULTI');
    for (const args of some) await multi.serve(other.session, args);
    other.heard();
    expect(await other.run('EXEC')).toBe(`*${some.length}\r\n${replies}`);
  }
  expect(digestOf(multi)).toBe(digestOf(alone));
}, 60_000);
