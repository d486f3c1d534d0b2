/**
 * ioredis clients that ask servers for one thing after the other, and write down what they were
 * told: histories of strings for the checker, and a ledger.
 */

import type { Redis } from 'ioredis';
import { Random } from '../../src/lib/random.ts';
import type { Address } from '../wire/wire-client.ts';
import { HistoryRecorder } from '../checker/history.ts';
import type { StringCommand, StringReply } from '../checker/models.ts';
import { ask, connectClient, type Outcome } from './asking.ts';
import { Ledger } from './ledger.ts';

const KEYS = 5;

/** Requests between one key set and the next, so that each key has a short history. */
const REQUESTS_PER_KEY_SET = 400;

/** One request in so many goes to the ledger. */
const LEDGER_SHARE = 10;

const PAUSE_MS = 20;

export class Load {
  readonly history = new HistoryRecorder<StringCommand, StringReply>();
  readonly ledger = new Ledger();
  readonly #addresses: readonly Address[];
  readonly #random = new Random(7, 11);
  readonly #keys = new Set<string>();
  #requests = 0;
  #names = 0;
  #isStopped = false;
  answered = 0;
  unknown = 0;
  refused = 0;

  constructor(addresses: readonly Address[]) {
    this.#addresses = addresses;
  }

  /** Resolves when it was stopped and every client has ended. */
  async run(clients: number): Promise<void> {
    await Promise.all(Array.from({ length: clients }, (_, i) => this.#client(i)));
  }

  stop(): void {
    this.#isStopped = true;
  }

  /** Reads every key through every server, as a part of the history. */
  async readAll(): Promise<void> {
    await Promise.all(this.#addresses.map(async (address) => {
      const client = await connectClient(address);
      if (client === undefined) throw new Error('a server is gone');
      const name = this.#newName();
      await Promise.all([...this.#keys].map((key) => this.#askString(name, client, key, GET)));
      client.disconnect();
    }));
  }

  async #client(i: number): Promise<void> {
    const address = this.#addresses[i % this.#addresses.length]!;
    while (!this.#isStopped) {
      const client = await connectClient(address);
      if (client === undefined) {
        await pause();
        continue;
      }
      // As a new process: nothing is known about when an earlier one's request takes effect.
      await this.#useUntilUnknown(this.#newName(), client);
      client.disconnect();
    }
  }

  async #useUntilUnknown(name: string, client: Redis): Promise<void> {
    while (!this.#isStopped) {
      const outcome = await this.#askSomething(name, client);
      if (outcome.kind === 'unknown') return;
      if (outcome.kind === 'refused') await pause();
    }
  }

  #askSomething(name: string, client: Redis): Promise<Outcome> {
    this.#requests++;
    if (this.#random.below(LEDGER_SHARE) === 0) return this.#askLedger(client);
    const key = `k${Math.floor(this.#requests / REQUESTS_PER_KEY_SET)}-${this.#random.below(KEYS)}`;
    this.#keys.add(key);
    return this.#askString(name, client, key, this.#choose());
  }

  async #askLedger(client: Redis): Promise<Outcome> {
    const [field, words] = this.ledger.next();
    const outcome = await ask(client, words);
    this.ledger.record(field, outcome);
    this[outcome.kind]++;
    return outcome;
  }

  async #askString(
    name: string, client: Redis, key: string, command: StringCommand,
  ): Promise<Outcome> {
    const call = this.history.call(name, key, command);
    const outcome = await ask(client, wordsOf(key, command));
    if (outcome.kind === 'answered') this.history.succeed(call, outcome.reply as StringReply);
    if (outcome.kind === 'refused') this.history.fail(call);
    this[outcome.kind]++;
    return outcome;
  }

  #choose(): StringCommand {
    const kind = this.#random.below(10);
    const unique = `${this.#requests}.`;
    if (kind < 3) return GET;
    if (kind < 5) return { kind: 'set', value: unique };
    if (kind < 8) return { kind: 'append', value: unique };
    return kind === 8 ? { kind: 'del' } : { kind: 'set', value: String(this.#requests) };
  }

  #newName(): string {
    return `c${++this.#names}`;
  }
}

const GET: StringCommand = { kind: 'get' };

function wordsOf(key: string, command: StringCommand): string[] {
  switch (command.kind) {
    case 'get': return ['GET', key];
    case 'set': return ['SET', key, command.value];
    case 'append': return ['APPEND', key, command.value];
    case 'del': return ['DEL', key];
    default: throw new Error(`no request for ${command.kind}`);
  }
}

function pause(): Promise<void> {
  return new Promise((resolve) => void setTimeout(resolve, PAUSE_MS));
}
