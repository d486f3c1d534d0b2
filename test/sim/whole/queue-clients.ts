/**
 * Producers and consumers of work queues: elements are pushed into a few lists, each once, and
 * consumers wait for them. A ledger says of each element what became of it; and when all is well,
 * who waits for a list that has something gets it soon.
 */

import { QueueLedger } from '../../checker/queue-ledger.ts';
import { isRefusal, isUnknown } from '../model/refusals.ts';
import { describeReply, type Reply } from '../model/reply.ts';
import type { Chance } from './chance.ts';
import { ask } from './check-end.ts';
import type { ClientHost } from './client-host.ts';
import type { Cluster } from './cluster.ts';
import type { SimMachine } from './sim-machine.ts';
import { ThinkTime } from './think-time.ts';
import type { Command, Wire } from './wire.ts';

const KEYS = ['queue-a', 'queue-b', 'queue-c'];
/** Consumers of each producer. */
const CONSUMERS = 3;
/** A client that hears nothing for so long, beyond its timeout, hangs up. */
const PATIENCE_MS = 20_000;
/** One that waits for ever leaves after about so long. */
const STAY_MS = 30_000;
/** Who waits has what there is by then, when all is well. */
const SERVED_MS = 10_000;
const DISK_ERROR = /^ERR cannot .*: simulated$/;

export class QueueClients {
  readonly cluster: Cluster;
  readonly host: ClientHost;
  readonly thinkMs: number;
  readonly ledger: QueueLedger;
  readonly #consumers: Consumer[] = [];
  /** Nothing more is pushed. */
  isFull = false;
  isStopped = false;

  constructor(cluster: Cluster, host: ClientHost, count: number, thinkMs: number) {
    this.cluster = cluster;
    this.host = host;
    this.thinkMs = thinkMs;
    this.ledger = new QueueLedger((text) => cluster.fail(text));
    for (let i = 0; i < count; i++) {
      new Producer(this, cluster.chance.fork()).next();
      for (let n = 0; n < CONSUMERS; n++) {
        const consumer = new Consumer(this, `q${i * CONSUMERS + n}`, cluster.chance.fork());
        this.#consumers.push(consumer);
        consumer.next();
      }
    }
  }

  /** When all is well again: lets consumers have what there is, then looks what is left. */
  async check(): Promise<void> {
    const { cluster, host, ledger } = this;
    this.isFull = true;
    if (this.#consumers.length === 0) return;
    await cluster.scheduler.sleep(SERVED_MS + PATIENCE_MS);
    const lengths = new Map(await this.#read((key) => ['LLEN', key]));
    for (const consumer of this.#consumers) {
      const key = consumer.waitsFor(SERVED_MS).find((each) => asNumber(lengths.get(each)) > 0);
      if (key !== undefined) cluster.fail(`${consumer.name} waits for ${key}, which has something`);
    }
    this.isStopped = true;
    for (const consumer of this.#consumers) consumer.leave();
    await cluster.scheduler.sleep(SERVED_MS);
    const left = await this.#read((key) => ['LRANGE', key, '0', '-1']);
    ledger.check(left.flatMap(([, reply]) => elementsOf(reply)));
    await this.#checkForgotten(host);
  }

  /** A write first: what is read then is all that was acknowledged. */
  async #read(command: (key: string) => Command): Promise<[string, Reply][]> {
    const [machine] = this.cluster.ready;
    if (machine === undefined) return [];
    const [, ...replies] = await ask(this.host, machine, [['SET', 'queue-read', '1'],
      ...KEYS.map(command)]);
    return KEYS.map((key, i) => [key, replies[i]!]);
  }

  /** Servers know no clients that wait when all have left. */
  async #checkForgotten(host: ClientHost): Promise<void> {
    for (const machine of this.cluster.ready) {
      const [reply] = await ask(host, machine, [['INFO', 'clients']]);
      const text = reply?.kind === 'bulk' ? reply.bytes : '';
      for (const name of ['blocked_clients', 'total_blocking_keys']) {
        if (text.includes(`\r\n${name}:0\r\n`)) continue;
        this.cluster.fail(`${machine.name} says of ${name} that it is not 0: ${text}`);
      }
    }
  }
}

// ---- Producers ---------------------------------------------------------------------------------

class Producer {
  readonly #all: QueueClients;
  readonly #chance: Chance;
  readonly #thinking: ThinkTime;
  #wire: Wire | undefined;
  #machine: SimMachine | undefined;
  /** What is on its way, and how many replies are outstanding. */
  #elements: readonly string[] = [];
  #due = 0;
  #requests = 0;

  constructor(all: QueueClients, chance: Chance) {
    this.#all = all;
    this.#chance = chance;
    this.#thinking = new ThinkTime(all.host, chance, all.thinkMs, () => this.#go());
  }

  next(): void {
    this.#thinking.begin();
  }

  #go(): void {
    const { cluster, host, isFull } = this.#all;
    if (isFull) return this.#wire?.destroy();
    if (this.#due > 0) return;
    if (this.#wire !== undefined) return this.#push();
    if (cluster.ready.length === 0) return this.next();
    this.#machine = this.#chance.choose(cluster.ready);
    this.#wire = host.connect(this.#machine, () => this.next(), {
      onReply: (reply) => this.#onReply(reply),
      onClosed: () => this.#onClosed(),
    });
  }

  #push(): void {
    const { host, ledger } = this.#all;
    const chance = this.#chance;
    const key = chance.choose(KEYS);
    this.#elements = Array.from({ length: 1 + chance.below(3) }, () => ledger.element());
    const commands = pushing(chance, key, this.#elements);
    this.#due = commands.length;
    this.#requests += 1;
    const number = this.#requests;
    this.#wire!.send(commands);
    host.after(PATIENCE_MS, () => {
      if (this.#requests === number && this.#due > 0) this.#wire?.destroy();
    });
  }

  #onReply(reply: Reply): void {
    this.#due -= 1;
    if (this.#due > 0) return;
    const { cluster, ledger } = this.#all;
    const isMade = reply.kind === 'integer' || reply.kind === 'array';
    if (!isMade && !isUnknown(reply) && !isRefused(reply)) {
      cluster.fail(`a push got ${describeReply(reply)}`);
    }
    ledger.onPushed(this.#elements, isMade ? 'made' : isUnknown(reply) ? 'unknown' : 'refused');
    if (cluster.sendsAway(this.#machine!, reply)) this.#wire?.destroy();
    else this.next();
  }

  #onClosed(): void {
    if (this.#due > 0) this.#all.ledger.onPushed(this.#elements, 'unknown');
    this.#due = 0;
    this.#wire = undefined;
    if (!this.#all.isFull) this.next();
  }
}

/** Ways in which a list gets elements; the last reply says what became of all. */
function pushing(chance: Chance, key: string, elements: readonly string[]): Command[] {
  const push = ['RPUSH', key, ...elements];
  switch (chance.below(4)) {
    case 0: return [push];
    case 1: return [['LPUSH', key, ...elements]];
    case 2: return [['MULTI'], ...elements.map((each) => ['LPUSH', key, each]), ['EXEC']];
    default: return [
      ['MULTI'], ['RPUSH', 'queue-in', ...elements],
      ...elements.map(() => ['LMOVE', 'queue-in', key, 'LEFT', 'RIGHT']), ['EXEC'],
    ];
  }
}

// ---- Consumers ---------------------------------------------------------------------------------

interface Waiting {
  readonly keys: readonly string[];
  readonly sinceMs: number;
  /** Of the server: a client without a reply to come does not notice that its server lost power. */
  readonly start: number;
  /** It takes at most so many elements out of the lists. */
  readonly takesMax: number;
}

class Consumer {
  readonly name: string;
  readonly #all: QueueClients;
  readonly #chance: Chance;
  readonly #thinking: ThinkTime;
  #wire: Wire | undefined;
  #machine: SimMachine | undefined;
  #waiting: Waiting | undefined;
  /** It has sent something behind, which is answered behind. */
  #hasMore = false;
  #requests = 0;

  constructor(all: QueueClients, name: string, chance: Chance) {
    this.#all = all;
    this.name = name;
    this.#chance = chance;
    this.#thinking = new ThinkTime(all.host, chance, all.thinkMs / 2, () => this.#go());
  }

  next(): void {
    this.#thinking.begin();
  }

  /** The keys that it has waited for longer than so; none when it does not wait. */
  waitsFor(ms: number): readonly string[] {
    const waiting = this.#waiting;
    if (waiting === undefined || this.#hasMore || waiting.start !== this.#machine!.starts) return [];
    return this.#all.cluster.scheduler.nowMs - waiting.sinceMs > ms ? waiting.keys : [];
  }

  leave(): void {
    this.#wire?.destroy();
  }

  #go(): void {
    const { cluster, host, isStopped } = this.#all;
    if (isStopped) return this.leave();
    if (this.#waiting !== undefined || this.#hasMore) return;
    if (this.#wire !== undefined) return this.#ask();
    if (cluster.ready.length === 0) return this.next();
    this.#machine = this.#chance.choose(cluster.ready);
    this.#wire = host.connect(this.#machine, () => this.next(), {
      onReply: (reply) => this.#onReply(reply),
      onClosed: () => this.#onClosed(),
    });
  }

  #ask(): void {
    const { cluster, host } = this.#all;
    const chance = this.#chance;
    const seconds = chance.oneIn(3) ? 0 : chance.choose([0.001, 0.05, 1, 5, 20]);
    const { command, keys, takesMax } = waitingCommand(chance, String(seconds));
    const { starts: start } = this.#machine!;
    this.#waiting = { keys, takesMax, start, sinceMs: cluster.scheduler.nowMs };
    this.#hasMore = chance.oneIn(4);
    this.#requests += 1;
    const number = this.#requests;
    const { isPeace } = cluster;
    const behind = chance.oneIn(2) ? ['PING'] : ['SET', 'queue-behind', '1'];
    this.#wire!.send(this.#hasMore ? [command, behind] : [command]);
    const untilMs = seconds > 0 ? seconds * 1000 + PATIENCE_MS : chance.wait(STAY_MS);
    host.after(untilMs, () => {
      if (this.#requests !== number || this.#waiting === undefined) return;
      if (isPeace && seconds > 0) cluster.fail(`${this.name} got no reply though all is well`);
      this.leave();
    });
  }

  #onReply(reply: Reply): void {
    const { cluster } = this.#all;
    if (this.#waiting === undefined) return this.#onMore(reply);
    const { takesMax } = this.#waiting;
    this.#waiting = undefined;
    this.#note(reply, takesMax);
    if (cluster.sendsAway(this.#machine!, reply)) this.leave();
    else if (!this.#hasMore) this.next();
  }

  #onMore(reply: Reply): void {
    const isExpected = this.#hasMore && (reply.kind === 'error' ||
      (reply.kind === 'simple' && /^(?:PONG|OK)$/.test(reply.text)));
    if (!isExpected) this.#all.cluster.fail(`${this.name} got ${describeReply(reply)} for nothing`);
    this.#hasMore = false;
    this.next();
  }

  #note(reply: Reply, takesMax: number): void {
    const { cluster, ledger } = this.#all;
    if (isUnknown(reply)) {
      ledger.lossesMax += takesMax;
      return;
    }
    const isNothing = reply.kind === 'nilArray' || isRefused(reply) ||
      (reply.kind === 'error' && reply.text.startsWith('UNBLOCKED '));
    if (isNothing) return;
    const elements = reply.kind === 'array' ? elementsOf(reply.items[1]!) : elementsOf(reply);
    if (elements.length === 0) cluster.fail(`${this.name} got ${describeReply(reply)}`);
    // What it moves to another list is not taken.
    if (takesMax > 0) for (const element of elements) ledger.onTaken(element, this.name);
  }

  #onClosed(): void {
    this.#all.ledger.lossesMax += this.#waiting?.takesMax ?? 0;
    this.#waiting = undefined;
    this.#hasMore = false;
    this.#wire = undefined;
    if (!this.#all.isStopped) this.next();
  }
}

function waitingCommand(
  chance: Chance, timeout: string,
): { readonly command: Command } & Pick<Waiting, 'keys' | 'takesMax'> {
  const keys = chance.oneIn(2) ? [chance.choose(KEYS)]
    : [chance.choose(KEYS), chance.choose(KEYS)];
  switch (chance.below(5)) {
    case 0: {
      const [source = '', destination = chance.choose(KEYS)] = keys;
      const command = ['BLMOVE', source, destination, 'LEFT', 'RIGHT', timeout];
      return { command, keys: [source], takesMax: 0 };
    }
    case 1: {
      const command = ['BLMPOP', timeout, String(keys.length), ...keys, 'RIGHT', 'COUNT', '2'];
      return { command, keys, takesMax: 2 };
    }
    case 2: return { command: ['BRPOP', ...keys, timeout], keys, takesMax: 1 };
    default: return { command: ['BLPOP', ...keys, timeout], keys, takesMax: 1 };
  }
}

function isRefused(reply: Reply): boolean {
  return isRefusal(reply) || (reply.kind === 'error' && DISK_ERROR.test(reply.text)) ||
    (reply.kind === 'error' && reply.text.startsWith('EXECABORT '));
}

function elementsOf(reply: Reply): string[] {
  if (reply.kind === 'bulk') return [reply.bytes];
  return reply.kind === 'array' ? reply.items.flatMap(elementsOf) : [];
}

function asNumber(reply: Reply | undefined): number {
  return reply?.kind === 'integer' ? Number(reply.value) : 0;
}
