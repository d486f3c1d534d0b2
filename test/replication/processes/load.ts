/** Clients that ask servers for one thing after the other, and write down what they were told. */

import { Random } from '../../../src/lib/random.ts';
import { HistoryRecorder } from '../checker/history.ts';
import type { StringCommand, StringReply } from '../checker/models.ts';
import { WireClient } from '../../wire/wire-client.ts';

const KEYS = 5;

/** Requests between one key set and the next, so that each key has a short history. */
const REQUESTS_PER_KEY_SET = 400;

/** Nothing is known of a request that is not answered by then. */
const PATIENCE_MS = 8000;

export class Load {
  readonly history = new HistoryRecorder<StringCommand, StringReply>();
  readonly #ports: readonly number[];
  readonly #random = new Random(7, 11);
  #requests = 0;
  #names = 0;
  #isStopped = false;
  answered = 0;
  unknown = 0;
  refused = 0;

  constructor(ports: readonly number[]) {
    this.#ports = ports;
  }

  /** Resolves when it was stopped and every client has ended. */
  async run(clients: number): Promise<void> {
    await Promise.all(Array.from({ length: clients }, (_, i) => this.#client(i)));
  }

  stop(): void {
    this.#isStopped = true;
  }

  async #client(i: number): Promise<void> {
    let client: WireClient | undefined;
    let name = `c${++this.#names}`;
    while (!this.#isStopped) {
      const port = this.#ports[i % this.#ports.length]!;
      client ??= await WireClient.connect({ port }).catch(() => undefined);
      if (client === undefined) {
        await pause();
        continue;
      }
      if (await this.#ask(name, client)) continue;
      client.close();
      client = undefined;
      // As a new process: nothing is known about when the old one's request takes effect.
      name = `c${++this.#names}`;
    }
    client?.close();
  }

  /** False when the outcome is not known. */
  async #ask(name: string, client: WireClient): Promise<boolean> {
    const key = `k${Math.floor(this.#requests / REQUESTS_PER_KEY_SET)}-${this.#random.below(KEYS)}`;
    const command = this.#choose();
    this.#requests++;
    const call = this.history.call(name, key, command);
    const reply = await within(client.call(...wordsOf(key, command)));
    if (reply === undefined || reply.startsWith('-UNKNOWN')) {
      this.unknown++;
      return false;
    }
    if (reply.startsWith('-NOQUORUM')) {
      this.refused++;
      this.history.fail(call);
      await pause();
      return true;
    }
    this.answered++;
    this.history.succeed(call, parse(reply));
    return true;
  }

  #choose(): StringCommand {
    const kind = this.#random.below(10);
    const unique = `${this.#requests}.`;
    if (kind < 3) return { kind: 'get' };
    if (kind < 5) return { kind: 'set', value: unique };
    if (kind < 8) return { kind: 'append', value: unique };
    return kind === 8 ? { kind: 'del' } : { kind: 'set', value: String(this.#requests) };
  }
}

function wordsOf(key: string, command: StringCommand): string[] {
  switch (command.kind) {
    case 'get': return ['GET', key];
    case 'set': return ['SET', key, command.value];
    case 'append': return ['APPEND', key, command.value];
    case 'del': return ['DEL', key];
    default: throw new Error(`no request for ${command.kind}`);
  }
}

function parse(reply: string): StringReply {
  if (reply === '$-1\r\n') return null;
  if (reply.startsWith(':')) return Number(reply.slice(1));
  if (reply.startsWith('+')) return reply.slice(1, -2);
  if (reply.startsWith('$')) return reply.slice(reply.indexOf('\r\n') + 2, -2);
  throw new Error(`an unexpected reply: ${reply}`);
}

async function within(reply: Promise<string>): Promise<string | undefined> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<undefined>((resolve) => {
    timer = setTimeout(() => resolve(undefined), PATIENCE_MS);
  });
  try {
    return await Promise.race([reply, late]);
  } catch {
    return undefined;
  } finally {
    clearTimeout(timer);
  }
}

function pause(): Promise<void> {
  return new Promise((resolve) => void setTimeout(resolve, 20));
}
