/**
 * Publishers that number their messages, and subscribers. On one connection the messages of a
 * publisher come in their order, each once, and none that was acknowledged is missing between two
 * that came: a server that has lost some closes the connection.
 */

import type { Reply } from '../model/reply.ts';
import type { Chance } from './chance.ts';
import { ask } from './check-end.ts';
import type { ClientHost } from './client-host.ts';
import type { Cluster } from './cluster.ts';
import type { SimMachine } from './sim-machine.ts';
import { ThinkTime } from './think-time.ts';
import type { Wire } from './wire.ts';

const CHANNEL = 'news';
const PATIENCE_MS = 30_000;
/** A subscriber leaves after about so long, and comes back to any server. */
const STAY_MS = 60_000;

interface Gap {
  readonly subscriber: string;
  readonly publisher: string;
  readonly after: number;
  readonly before: number;
}

export class Listeners {
  readonly cluster: Cluster;
  readonly host: ClientHost;
  readonly thinkMs: number;
  /** Numbers that were published for sure, by publisher. */
  readonly acknowledged = new Map<string, Set<number>>();
  readonly gaps: Gap[] = [];
  received = 0;
  isStopped = false;

  constructor(cluster: Cluster, host: ClientHost, count: number, thinkMs: number) {
    this.cluster = cluster;
    this.host = host;
    this.thinkMs = thinkMs;
    for (let i = 0; i < count; i++) {
      new Publisher(this, `n${i}`, cluster.chance.fork()).next();
      new Subscriber(this, `l${i}`, cluster.chance.fork()).connect();
    }
  }

  /** When all is over: what was missing had not been acknowledged. */
  async check(): Promise<void> {
    await this.#countSubscribers();
    for (const { subscriber, publisher, after, before } of this.gaps) {
      for (let number = after + 1; number < before; number++) {
        if (this.acknowledged.get(publisher)?.has(number) !== true) continue;
        this.cluster.fail(
          `${subscriber} got message ${after} of ${publisher} and then ${before}, ` +
          `not ${number}, which was published`);
      }
    }
  }

  /** Servers know no subscribers that have left. */
  async #countSubscribers(): Promise<void> {
    let known = 0;
    for (const machine of this.cluster.ready) {
      const [reply] = await ask(this.host, machine, [['PUBSUB', 'NUMSUB', CHANNEL]]);
      const count = reply?.kind === 'array' ? reply.items[1] : undefined;
      if (count?.kind === 'integer') known += Number(count.value);
    }
    if (known > this.acknowledged.size) {
      this.cluster.fail(`${known} subscribers are known, there are ${this.acknowledged.size}`);
    }
  }
}

class Publisher {
  readonly #all: Listeners;
  readonly #name: string;
  readonly #chance: Chance;
  #wire: Wire | undefined;
  #machine: SimMachine | undefined;
  #sent = 0;
  #isWaiting = false;
  readonly #thinking: ThinkTime;

  constructor(all: Listeners, name: string, chance: Chance) {
    this.#all = all;
    this.#name = name;
    this.#chance = chance;
    this.#thinking = new ThinkTime(all.host, chance, all.thinkMs, () => this.#go());
    all.acknowledged.set(name, new Set());
  }

  next(): void {
    this.#thinking.begin();
  }

  #go(): void {
    if (this.#all.isStopped) return this.#wire?.destroy();
    if (this.#wire === undefined) return this.#connect();
    if (!this.#isWaiting) this.#publish();
  }

  #connect(): void {
    const { cluster, host } = this.#all;
    if (cluster.ready.length === 0) return this.next();
    this.#machine = this.#chance.choose(cluster.ready);
    this.#wire = host.connect(this.#machine, () => this.next(), {
      onReply: (reply) => this.#onReply(reply),
      onClosed: () => {
        this.#wire = undefined;
        this.#isWaiting = false;
        if (!this.#all.isStopped) this.next();
      },
    });
  }

  #publish(): void {
    this.#sent += 1;
    this.#isWaiting = true;
    const number = this.#sent;
    this.#wire!.send([['PUBLISH', CHANNEL, `${this.#name} ${number}`]]);
    this.#all.host.after(PATIENCE_MS, () => {
      if (this.#isWaiting && this.#sent === number) this.#wire?.destroy();
    });
  }

  #onReply(reply: Reply): void {
    this.#isWaiting = false;
    if (reply.kind === 'integer') this.#all.acknowledged.get(this.#name)!.add(this.#sent);
    if (this.#all.cluster.sendsAway(this.#machine!, reply)) this.#wire?.destroy();
    else this.next();
  }
}

class Subscriber {
  readonly #all: Listeners;
  readonly #name: string;
  readonly #chance: Chance;
  /** The last number of each publisher on this connection. */
  readonly #last = new Map<string, number>();
  /** The last number of each publisher on earlier connections to each machine. */
  readonly #seen = new Map<string, number>();
  #machine = '';

  constructor(all: Listeners, name: string, chance: Chance) {
    this.#all = all;
    this.#name = name;
    this.#chance = chance;
  }

  connect(): void {
    const { cluster, host } = this.#all;
    if (this.#all.isStopped) return;
    const again = (): void => host.after(this.#chance.wait(1000), () => this.connect());
    if (cluster.ready.length === 0) return again();
    for (const [publisher, number] of this.#last) {
      this.#seen.set(`${this.#machine} ${publisher}`, number);
    }
    this.#last.clear();
    const machine = this.#chance.choose(cluster.ready);
    this.#machine = machine.name;
    const wire = host.connect(machine, () => wire.send([['SUBSCRIBE', CHANNEL]]), {
      onReply: (reply) => this.#onReply(reply),
      onClosed: again,
    });
    host.after(this.#chance.wait(STAY_MS), () => wire.destroy());
  }

  #onReply(reply: Reply): void {
    if (reply.kind !== 'array') return;
    const [kind, , text] = reply.items;
    if (kind?.kind !== 'bulk' || kind.bytes !== 'message' || text?.kind !== 'bulk') return;
    const [publisher = '', digits] = text.bytes.split(' ');
    const number = Number(digits);
    const last = this.#last.get(publisher);
    this.#all.received += 1;
    this.#last.set(publisher, number);
    if (number <= (this.#seen.get(`${this.#machine} ${publisher}`) ?? 0)) {
      this.#all.cluster.fail(`${this.#name} got message ${number} of ${publisher} again, after ` +
        `it had left ${this.#machine} and come back`);
    }
    if (last === undefined || number === last + 1) return;
    if (number <= last) {
      this.#all.cluster.fail(`${this.#name} got message ${number} of ${publisher} after ${last}`);
    } else {
      this.#all.gaps.push({ subscriber: this.#name, publisher, after: last, before: number });
    }
  }
}
