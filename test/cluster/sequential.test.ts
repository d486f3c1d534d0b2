/**
 * A peer that applies batches does what a plain server does with the same requests, one after the
 * other: the same replies, the same data. Peers that are wrong in the same way agree with each
 * other (determinism.test.ts); here they are found out.
 *
 * Batches are of this peer's clients or of another's; clients send several requests at once, in
 * several databases, watch keys, and go while they wait. Keys expire, by the leader's word or not.
 */

import { expect, it } from 'vitest';
import {
  ORDERED_COMMAND, ORDERED_EXPIRY, ORDERED_TRANSACTION, ORDERED_WATCHED, encodeWatched,
} from '../../src/cluster/proposal-body.ts';
import type { PendingGroup } from '../../src/cluster/open-batch.ts';
import { Random } from '../../src/lib/random.ts';
import { EngineLayer, type LayerClient } from '../engine/engine-layer.ts';
import { testSeed } from '../lib/seeded.ts';
import {
  argsOf, batchOf, bodyOf, dataOf, ClusterLayer, turns, type BodyRequest, type Line,
} from './cluster-layer.ts';
import { KEYS, RandomRequests } from './random-requests.ts';

const BATCHES = 300;
const CLIENTS = 5;

/** What one client sends at once. */
interface Sent {
  readonly client: number;
  readonly db: number;
  /** More than one only without MULTI. */
  readonly lines: readonly Line[];
  readonly isTransaction: boolean;
  /** The leader says that the time of these keys may be over; no client waits for it. */
  readonly isExpiry: boolean;
  /** The client is gone before it is answered. */
  readonly isLeft: boolean;
}

class BesidePlain {
  readonly random: RandomRequests;
  readonly peer: ClusterLayer;
  readonly plain = new EngineLayer();
  readonly #own: LayerClient[];
  readonly #beside: LayerClient[];
  timeMs = Date.UTC(2026, 5, 1);
  compared = 0;
  prevented = 0;

  constructor(random: RandomRequests, peer: ClusterLayer) {
    this.random = random;
    this.peer = peer;
    this.#own = Array.from({ length: CLIENTS }, () => peer.connect());
    this.#beside = Array.from({ length: CLIENTS }, () => this.plain.connect());
  }

  async step(position: number, why: string): Promise<void> {
    const { random, peer } = this;
    this.timeMs += random.below(60);
    this.plain.clock.advance(this.timeMs - this.plain.clock.nowMs());
    const isOwn = random.below(3) > 0;
    const sent = Array.from({ length: 1 + random.below(4) }, (_, i) => this.#sent(i));
    const requests = sent.flatMap((each) => this.#requestsOf(each));
    const body = bodyOf(...requests);
    const ticket = isOwn ? position : undefined;
    if (isOwn) peer.groups.set(position, this.#groupsOf(sent));
    for (const { client, isLeft } of sent) if (isOwn && isLeft) this.#own[client]!.kill();
    for (const key of KEYS) if (random.below(4) === 0) peer.server.storage.coldKeys.add(key);
    const seed = [random.below(2 ** 32), position] as const;
    peer.apply.apply(position, batchOf(position, body, { timeMs: this.timeMs, seed, ticket }));
    for (let i = 0; i < 50 && peer.apply.applied < position; i += 1) await turns(1);
    peer.server.storage.coldKeys.clear();
    expect(peer.failures, why).toEqual([]);
    for (const each of sent) await this.#compareOne(each, isOwn, why);
    expect(dataOf(peer.server, this.timeMs), why).toBe(dataOf(this.plain, this.timeMs));
    this.#replaceGone(sent);
    if (random.below(3) === 0) await this.#watch(random.below(CLIENTS));
  }

  #sent(client: number): Sent {
    const { random, timeMs } = this;
    const db = random.below(3);
    const isExpiry = random.below(10) === 0;
    const isTransaction = !isExpiry && random.below(3) === 0;
    const isLeft = random.below(12) === 0;
    const count = isExpiry ? 1 : 1 + random.below(4);
    const lines = Array.from({ length: count }, (): Line => random.command(timeMs));
    if (isTransaction && random.below(2) === 0) lines.splice(1, 0, `SELECT ${random.below(3)}`);
    return { client, db, lines, isTransaction, isExpiry, isLeft };
  }

  #requestsOf({ client, db, lines, isTransaction, isExpiry }: Sent): BodyRequest[] {
    if (isExpiry) return [{ kind: ORDERED_EXPIRY, db, commands: [KEYS] }];
    const from = { session: client, db };
    if (!isTransaction) {
      return lines.map((line) => ({ ...from, kind: ORDERED_COMMAND, commands: [line] }));
    }
    const watched = encodeWatched(this.#own[client]!.session.transaction.take().watched);
    if (watched.count === 0) return [{ ...from, kind: ORDERED_TRANSACTION, commands: lines }];
    const words = Array.from({ length: watched.count }, (_, i) => watched.latin1(i));
    return [{ ...from, kind: ORDERED_WATCHED, commands: [words, ...lines] }];
  }

  #groupsOf(sent: readonly Sent[]): PendingGroup[] {
    const { table } = this.peer.server;
    const groups: PendingGroup[] = [];
    for (const { client, db, lines, isTransaction, isExpiry } of sent) {
      if (isExpiry) continue;
      const { session } = this.#own[client]!;
      session.dbIndex = db;
      const names = isTransaction ? ['EXEC'] : lines;
      const entries = names.map((name) => table.lookup(argsOf(name))!);
      groups.push({ session, entries, resolve: () => {} });
    }
    return groups;
  }

  /** Has the plain server do it too. */
  async #compareOne(
    { client, db, lines, isTransaction, isExpiry, isLeft }: Sent, isOwn: boolean, why: string,
  ): Promise<void> {
    const beside = this.#beside[client]!;
    beside.session.dbIndex = db;
    if (isExpiry) return void await beside.run(['EXISTS', ...KEYS]);
    if (isTransaction) await beside.run('MULTI');
    let expected = '';
    for (const line of lines) {
      const reply = await beside.run(line);
      if (!isTransaction) expected += reply;
    }
    if (isTransaction) expected = await beside.run('EXEC');
    const heard = this.#own[client]!.heard();
    if (!isOwn || isLeft) return expect(heard, why).toBe('');
    expect(heard, `${why}: ${lines.join('; ')}`).toBe(expected);
    this.compared += 1;
    if (expected === '*-1\r\n') this.prevented += 1;
  }

  #replaceGone(sent: readonly Sent[]): void {
    for (const { client } of sent) {
      if (!this.#own[client]!.session.isEnded) continue;
      this.#own[client] = this.peer.connect();
      this.#beside[client] = this.plain.connect();
    }
  }

  /** Until the next transaction of this client. */
  async #watch(client: number): Promise<void> {
    const words = ['WATCH', this.random.pick(KEYS), this.random.pick(KEYS)];
    const db = this.random.below(3);
    for (const one of [this.#own[client]!, this.#beside[client]!]) {
      one.session.dbIndex = db;
      expect(await one.run(words)).toBe('+OK\r\n');
    }
  }
}

it.each([testSeed(), 1])('a peer does what a plain server does, seed %i', async (seed) => {
  const random = new RandomRequests(new Random(3, seed));
  const run = new BesidePlain(random, await ClusterLayer.create());
  for (let position = 1; position <= BATCHES; position += 1) {
    await run.step(position, `position ${position}, seed ${seed}`);
  }
  expect(run.compared, 'replies that were compared').toBeGreaterThan(BATCHES);
  expect(run.prevented, 'transactions that a watched key prevented').toBeGreaterThan(5);
  const { plumbing, storage } = run.peer.server;
  expect(plumbing.keyspace.isReadOnly).toBe(true);
  expect(storage.count(plumbing.keyspace.db(0).space)).toBeGreaterThan(0);
}, 60_000);
