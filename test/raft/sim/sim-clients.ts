/**
 * Clients that ask one thing after the other, of any server, and write down what they were told and
 * when. A client whose request has an unknown outcome goes on under another name, as a new process
 * would: nothing is known about when the old one's request takes effect.
 *
 * Keys live for a while and are then left, so that each has a short history.
 */

import { HistoryRecorder } from '../../checker/history.ts';
import type { StringCommand, StringReply } from '../../checker/models.ts';
import { InvariantError } from './invariants.ts';
import type { SimCluster } from './sim-cluster.ts';
import type { Outcome, SimNode } from './sim-node.ts';

/** Keys in use at one time, and for how long. */
const KEYS = 4;
const KEY_LIFE_MS = 60_000;

/** A client that hears nothing gives up; servers answer before that. */
const PATIENCE_MS = 10_000;

export interface ClientOptions {
  readonly count: number;
  /** Mean pause between two requests of a client, milliseconds. */
  readonly thinkMs: number;
}

export class SimClients {
  readonly history = new HistoryRecorder<StringCommand, StringReply>();
  readonly #cluster: SimCluster;
  readonly #options: ClientOptions;
  #names = 0;
  #isStopped = false;
  answered = 0;
  refused = 0;
  unknown = 0;
  sequentialReads = 0;

  constructor(cluster: SimCluster, options: ClientOptions) {
    this.#cluster = cluster;
    this.#options = options;
  }

  start(): void {
    for (let i = 0; i < this.#options.count; i++) this.#begin(this.#cluster.nodes[0]!, 0);
  }

  stop(): void {
    this.#isStopped = true;
  }

  /** A client: `position` is what it has seen of the order. */
  #begin(node: SimNode, position: number): void {
    const client = new SimClient(this.#cluster, this, `c${++this.#names}`, node, position);
    this.#next(client);
  }

  #next(client: SimClient): void {
    const { world } = this.#cluster;
    world.after(world.around(this.#options.thinkMs), () => {
      if (this.#isStopped) return;
      client.request((outcome) => {
        if (outcome.kind === 'done') this.answered++;
        else this[outcome.kind]++;
        if (outcome.kind === 'unknown') this.#begin(client.node, client.position);
        else this.#next(client);
      });
    });
  }
}

class SimClient {
  readonly #cluster: SimCluster;
  readonly #clients: SimClients;
  readonly #name: string;
  node: SimNode;
  /** The greatest position that it was told. */
  position: number;
  readonly #lastSeen = new Map<string, string>();

  constructor(
    cluster: SimCluster, clients: SimClients, name: string, node: SimNode, position: number,
  ) {
    this.#cluster = cluster;
    this.#clients = clients;
    this.#name = name;
    this.node = node;
    this.position = position;
  }

  /** One request; `done` is called once, later. */
  request(done: (outcome: Outcome) => void): void {
    const { world } = this.#cluster;
    if (!this.node.isUp || world.chance(0.1)) {
      const up = this.#cluster.upNodes;
      if (up.length === 0) return void world.after(100, () => done({ kind: 'refused' }));
      this.node = world.pick(up);
    }
    const key = `${Math.floor(world.nowMs / KEY_LIFE_MS)}-${world.random.below(KEYS)}`;
    const kind = world.random.float();
    if (kind < 0.15) this.#readSequential(key, done);
    else if (kind < 0.4) this.#readLinearizable(key, done);
    else this.#write(key, this.#chooseWrite(key), done);
  }

  #chooseWrite(key: string): StringCommand {
    const { world, operations } = this.#cluster;
    const unique = `${operations.length}.`;
    const kind = world.random.float();
    if (kind < 0.35) return { kind: 'set', value: unique };
    if (kind < 0.6) return { kind: 'append', value: unique };
    if (kind < 0.75) return { kind: 'incrBy', by: 1 };
    if (kind < 0.8) return { kind: 'set', value: '1' };
    if (kind < 0.85) return { kind: 'del' };
    const expected = this.#lastSeen.get(key) ?? null;
    return { kind: 'compareAndSet', expected, value: unique };
  }

  #write(key: string, command: StringCommand, done: (outcome: Outcome) => void): void {
    const { operations } = this.#cluster;
    const number = operations.length;
    operations.push({ number, key, command });
    const call = this.#clients.history.call(this.#name, key, command);
    this.node.write(number, this.#once(done, (outcome) => {
      if (outcome.kind === 'refused') this.#clients.history.fail(call);
      if (outcome.kind !== 'done') return;
      this.#clients.history.succeed(call, outcome.result);
      this.position = Math.max(this.position, outcome.position);
    }));
  }

  #readLinearizable(key: string, done: (outcome: Outcome) => void): void {
    const call = this.#clients.history.call(this.#name, key, { kind: 'get' });
    const { node } = this;
    node.readLinearizable(() => node.get(key), this.#once(done, (outcome) => {
      if (outcome.kind !== 'done') return this.#clients.history.fail(call);
      this.#clients.history.succeed(call, outcome.result);
      this.#saw(key, outcome.result);
    }, 'refused'));
  }

  /** What it sees is checked by the state's digest at that position; here: it never goes back. */
  #readSequential(key: string, done: (outcome: Outcome) => void): void {
    this.#clients.sequentialReads++;
    const { node, position } = this;
    node.readSequential(position, () => node.get(key), this.#once(done, (outcome) => {
      if (outcome.kind !== 'done') return;
      if (outcome.position < position) {
        throw new InvariantError(
          `${this.#name} read at ${outcome.position} on ${node.id} after ${position}`,
        );
      }
      this.position = Math.max(this.position, outcome.position);
      this.#saw(key, outcome.result);
    }, 'refused'));
  }

  #saw(key: string, value: StringReply): void {
    if (typeof value === 'string') this.#lastSeen.set(key, value);
  }

  /** The first answer counts; without one the client gives up in the end. */
  #once(
    done: (outcome: Outcome) => void, note: (outcome: Outcome) => void,
    afterPatience: 'unknown' | 'refused' = 'unknown',
  ): (outcome: Outcome) => void {
    let isOver = false;
    const end = (outcome: Outcome): void => {
      if (isOver) return;
      isOver = true;
      note(outcome);
      done(outcome);
    };
    this.#cluster.world.after(PATIENCE_MS, () => end({ kind: afterPatience }));
    return end;
  }
}

