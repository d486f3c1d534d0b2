/**
 * Peers that are given the same batches hold the same state at each position, whatever differs
 * between them: clocks, reads in between, what is in RAM, whose clients asked, what was told whom.
 */

import { expect, it } from 'vitest';
import { Random } from '../../src/lib/random.ts';
import type { OrderedBatch } from '../../src/raft/core/total-order-broadcast.ts';
import {
  ORDERED_EXPIRY, ORDERED_FIELD_EXPIRY, ORDERED_TRANSACTION, ORDERED_WATCHED, encodeWatched,
} from '../../src/cluster/proposal-body.ts';
import type { PendingGroup } from '../../src/cluster/open-batch.ts';
import { testSeed } from '../lib/seeded.ts';
import type { LayerClient } from '../engine/engine-layer.ts';
import {
  argsOf, batchOf, bodyOf, ClusterLayer, turns, type BodyRequest, type Line,
} from './cluster-layer.ts';
import { KEYS, RandomRequests } from './random-requests.ts';

const BATCHES = 400;

/** Own clients of one peer ask for these requests: gives those who wait. */
function askAsClients(
  peer: ClusterLayer, clients: readonly LayerClient[], requests: readonly BodyRequest[],
): PendingGroup[] {
  const groups: PendingGroup[] = [];
  const lookup = (line: Line) => peer.server.table.lookup(argsOf(line))!;
  for (const { kind, session: number, db, commands } of requests) {
    if (kind === ORDERED_EXPIRY || kind === ORDERED_FIELD_EXPIRY) continue;
    const client = clients[number!]!;
    const { session } = client;
    session.dbIndex = db!;
    const isQueue = kind === ORDERED_TRANSACTION || kind === ORDERED_WATCHED;
    const entries = [lookup(isQueue ? 'EXEC' : commands[0]!)];
    groups.push({ session, entries, resolve: () => {} });
  }
  return groups;
}

it.each([testSeed(), 1])('three peers agree at each position, seed %i', async (seed) => {
  const made = new RandomRequests(new Random(1, seed));
  const beside = new RandomRequests(new Random(2, seed));
  const peers = await Promise.all(Array.from({ length: 3 }, () => ClusterLayer.create()));
  peers[1]!.server.clock.advance(3_600_000);
  peers[2]!.server.clock.jumpWall(-5_000);
  const readers = peers.map((peer) => peer.connect());
  // At most one request of each in a batch.
  const askers = Array.from({ length: 5 }, () => peers[0]!.connect());
  await readers[2]!.run('SUBSCRIBE news');
  let timeMs = Date.UTC(2026, 5, 1);
  let touched = 0;
  let untouched = 0;
  for (let position = 1; position <= BATCHES; position++) {
    timeMs += made.below(60);
    const requests = Array.from({ length: 1 + made.below(5) }, (_, i) => made.request(timeMs, i));
    const body = made.below(30) === 0 ? new Uint8Array(0) : bodyOf(...requests);
    const batch = batchOf(position, body, { timeMs, seed: [made.below(2 ** 32), position] });
    for (const asker of askers) asker.heard();
    await applyEverywhere(peers, askers, requests, batch);
    requests.forEach(({ kind }, i) => {
      if (kind !== ORDERED_WATCHED || body.length === 0) return;
      if (askers[i]!.heard().endsWith('*-1\r\n')) touched++;
      else untouched++;
    });
    made.watched = [await watchedNow(peers[0]!, made), ...made.watched].slice(0, 4);
    for (const [i, peer] of peers.entries()) {
      expect(peer.failures, `seed ${seed}`).toEqual([]);
      expect(peer.apply.applied).toBe(position);
      peer.server.clock.advance(beside.below(40) * i);
      if (i < 2 && beside.below(2) === 0) await readers[i]!.run(beside.read());
    }
    const [first, ...others] = peers.map((peer) => peer.digest());
    for (const other of others) expect(other, `position ${position}, seed ${seed}`).toBe(first);
  }
  expect(peers[0]!.digest().split('\n').length).toBeGreaterThan(3);
  expect(untouched, 'transactions that ran').toBeGreaterThan(20);
  expect(touched, 'transactions that a watched key prevented').toBeGreaterThan(5);
}, 60_000);

/** What a client of a peer watches now. */
async function watchedNow(peer: ClusterLayer, made: RandomRequests): Promise<Line> {
  const client = peer.connect();
  await client.run(`SELECT ${made.below(2)}`);
  await client.run(`WATCH ${made.pick(KEYS)} ${made.pick(KEYS)}`);
  const args = encodeWatched(client.session.transaction.take().watched);
  return Array.from({ length: args.count }, (_, i) => args.latin1(i));
}

/** At the first peer clients wait for the replies; at the second nothing is in RAM. */
async function applyEverywhere(
  peers: readonly ClusterLayer[], askers: readonly LayerClient[], requests: readonly BodyRequest[],
  batch: OrderedBatch,
): Promise<void> {
  const { position, body } = batch;
  const [first, second, third] = peers;
  if (body.length > 0) {
    first!.groups.set(position, askAsClients(first!, askers, requests));
  }
  first!.apply.apply(position, { ...batch, ticket: position });
  for (const key of [...KEYS, 'e', 'order:other:1']) second!.server.storage.coldKeys.add(key);
  second!.apply.apply(position, batch);
  for (let i = 0; i < 50 && second!.apply.applied < position; i++) await turns(1);
  second!.server.storage.coldKeys.clear();
  third!.apply.apply(position, batch);
}
