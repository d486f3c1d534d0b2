/**
 * Clients that use the same keys. Each asks one thing after the other, of any server, and writes
 * down what it was told and when; in the end the history must be linearizable.
 *
 * A client whose request has an unknown outcome goes on under another name, as a new process would.
 * Keys live for a while and are then left, so that each has a short history.
 */

import { HistoryRecorder, type CallNumber } from '../../checker/history.ts';
import type { StringCommand, StringReply } from '../../checker/models.ts';
import { isUnknown } from '../model/refusals.ts';
import type { Reply } from '../model/reply.ts';
import type { Chance } from './chance.ts';
import type { ClientHost } from './client-host.ts';
import type { Cluster } from './cluster.ts';
import type { SimMachine } from './sim-machine.ts';
import { ThinkTime } from './think-time.ts';
import type { Command, Wire } from './wire.ts';

/** Keys in use at one time, and for how long. */
const KEYS = 4;
const KEY_LIFE_MS = 60_000;

/** A client that hears nothing for so long hangs up; servers answer before that. */
const PATIENCE_MS = 20_000;

/** First words of errors that say: this had no effect. */
const REFUSALS =
  /^(?:NOQUORUM|MISCONF|OOM|LOADING|REMOVED|READONLY|BUSY|EXECABORT)\b|^ERR cannot .*: simulated$/;

export interface SharedOptions {
  readonly count: number;
  /** Mean pause between two requests of a client, milliseconds. */
  readonly thinkMs: number;
  /** Reads may be of the past: what they see is not in the history. */
  readonly isSequential: boolean;
}

export interface ClientCounts {
  commands: number;
  answered: number;
  refused: number;
  unknown: number;
}

export class SharedClients {
  readonly history = new HistoryRecorder<StringCommand, StringReply>();
  readonly counts: ClientCounts = { commands: 0, answered: 0, refused: 0, unknown: 0 };
  readonly cluster: Cluster;
  readonly host: ClientHost;
  readonly thinkMs: number;
  readonly isSequential: boolean;
  #names = 0;
  #values = 0;
  isStopped = false;

  constructor(cluster: Cluster, host: ClientHost, { count, thinkMs, isSequential }: SharedOptions) {
    this.cluster = cluster;
    this.host = host;
    this.thinkMs = thinkMs;
    this.isSequential = isSequential;
    for (let i = 0; i < count; i++) {
      new SharedClient(this, cluster.chance.fork()).next();
    }
  }

  name(): string {
    this.#names += 1;
    return `c${this.#names}`;
  }

  /** No two are the same. */
  value(): string {
    this.#values += 1;
    return `${this.#values}.`;
  }
}

/** What a request is in the history, and what the client asks for it. */
interface Asked {
  readonly call: CallNumber;
  readonly commands: readonly Command[];
  readonly isRead: boolean;
  /** From the last reply; undefined if it shows that nothing was done. */
  readonly outcome: (reply: Reply) => StringReply | undefined;
}

class SharedClient {
  readonly #all: SharedClients;
  readonly #chance: Chance;
  #name: string;
  #wire: Wire | undefined;
  #machine: SimMachine | undefined;
  /** Replies that are outstanding, the last of which counts. */
  #waiting = 0;
  #asked: Asked | undefined;
  /** One of the replies so far was an error. */
  #hasError = false;
  #requests = 0;
  readonly #thinking: ThinkTime;

  constructor(all: SharedClients, chance: Chance) {
    this.#all = all;
    this.#chance = chance;
    this.#name = all.name();
    this.#thinking = new ThinkTime(all.host, chance, all.thinkMs, () => this.#go());
  }

  next(): void {
    this.#thinking.begin();
  }

  #go(): void {
    if (this.#all.isStopped) return this.#wire?.destroy();
    if (this.#wire === undefined) return this.#connect();
    if (this.#asked === undefined) this.#request();
  }

  #connect(): void {
    const { cluster, host } = this.#all;
    const machines = cluster.ready;
    if (machines.length === 0) {
      this.next();
      return;
    }
    this.#machine = this.#chance.choose(machines);
    this.#wire = host.connect(this.#machine, () => this.next(), {
      onReply: (reply) => this.#onReply(reply),
      onClosed: () => this.#onClosed(),
    });
  }

  #request(): void {
    const { cluster } = this.#all;
    const life = Math.floor(cluster.scheduler.nowMs / KEY_LIFE_MS);
    const key = `s${life}-${this.#chance.below(KEYS)}`;
    const kind = this.#chance.between(0, 1);
    if (kind < 0.1) return this.#compareAndSet(key);
    this.#ask(key, this.#choose(kind));
  }

  #choose(kind: number): StringCommand {
    if (kind < 0.45) return { kind: 'get' };
    if (kind < 0.65) return { kind: 'set', value: this.#all.value() };
    if (kind < 0.85) return { kind: 'append', value: this.#all.value() };
    if (kind < 0.95) return { kind: 'incrBy', by: 1 };
    return { kind: 'del' };
  }

  #ask(key: string, command: StringCommand): void {
    const call = this.#all.history.call(this.#name, key, command);
    this.#send({
      call, commands: [toRequest(key, command)], isRead: command.kind === 'get', outcome: outcomeOf,
    });
  }

  /** WATCH and GET first; what EXEC does then is one compare-and-set. */
  #compareAndSet(key: string): void {
    const value = this.#all.value();
    this.#send({
      call: this.#all.history.call(this.#name, key, { kind: 'get' }),
      commands: [['WATCH', key], ['GET', key]],
      isRead: true,
      outcome: (reply) => {
        const expected = outcomeOf(reply);
        if (expected === undefined || typeof expected === 'number') return expected;
        this.#then = () => this.#exec(key, expected, value);
        return expected;
      },
    });
  }

  #then: (() => void) | undefined;

  #exec(key: string, expected: string | null, value: string): void {
    const command = { kind: 'compareAndSet', expected, value } as const;
    this.#send({
      call: this.#all.history.call(this.#name, key, command),
      commands: [['MULTI'], ['SET', key, value], ['EXEC']],
      isRead: false,
      outcome: (reply) => (reply.kind === 'array' ? 1 : undefined),
    });
  }

  #send(asked: Asked): void {
    const { cluster, host, counts } = this.#all;
    this.#asked = asked;
    this.#hasError = false;
    this.#waiting = asked.commands.length;
    counts.commands += asked.commands.length;
    this.#requests += 1;
    const number = this.#requests;
    const { isPeace } = cluster;
    this.#wire!.send(asked.commands);
    host.after(PATIENCE_MS, () => {
      if (this.#requests !== number || this.#asked === undefined) return;
      if (isPeace) cluster.fail(`${this.#name} got no reply though all is well`);
      this.#wire?.destroy();
    });
  }

  #onReply(reply: Reply): void {
    const { cluster, history, counts } = this.#all;
    if (this.#waiting === 0) return cluster.fail(`${this.#name}: a reply that nobody asked for`);
    this.#waiting -= 1;
    const asked = this.#asked!;
    if (reply.kind === 'error') this.#hasError = true;
    if (this.#waiting > 0) return;
    this.#asked = undefined;
    if (isUnknown(reply)) return this.#onUnknown();
    const outcome = asked.outcome(reply);
    if (outcome === undefined) {
      history.fail(asked.call);
      counts.refused += 1;
    } else {
      if (asked.isRead && this.#all.isSequential) history.fail(asked.call);
      else history.succeed(asked.call, outcome);
      counts.answered += 1;
    }
    // Without WATCH, which may have been refused, it would be no compare-and-set.
    const then = this.#hasError ? undefined : this.#then;
    this.#then = undefined;
    if (then !== undefined) then();
    else if (cluster.sendsAway(this.#machine!, reply)) this.#wire?.destroy();
    else this.next();
  }

  #onUnknown(): void {
    this.#all.counts.unknown += 1;
    this.#then = undefined;
    this.#name = this.#all.name();
    this.next();
  }

  #onClosed(): void {
    this.#wire = undefined;
    const hadAsked = this.#asked !== undefined;
    this.#asked = undefined;
    this.#then = undefined;
    this.#waiting = 0;
    if (this.#all.isStopped) return;
    if (hadAsked) return this.#onUnknown();
    this.next();
  }
}

function toRequest(key: string, command: StringCommand): Command {
  switch (command.kind) {
    case 'get': return ['GET', key];
    case 'set': return ['SET', key, command.value];
    case 'append': return ['APPEND', key, command.value];
    case 'incrBy': return ['INCRBY', key, String(command.by)];
    case 'del': return ['DEL', key];
    case 'compareAndSet': throw new Error('a transaction');
    default: return command satisfies never;
  }
}

/** Undefined: an error of a kind that the model does not give. */
function outcomeOf(reply: Reply): StringReply | undefined {
  switch (reply.kind) {
    case 'simple': return reply.text;
    case 'bulk': return reply.bytes;
    case 'nil': return null;
    case 'integer': return typeof reply.value === 'number' ? reply.value : String(reply.value);
    case 'error': return REFUSALS.test(reply.text) ? undefined : reply.text;
    default: return undefined;
  }
}
