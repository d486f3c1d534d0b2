/**
 * A client that writes without waiting, and knows what must be in the server afterwards: the
 * effects of a prefix of what it sent, at least as long as what was acknowledged.
 *
 * Its keys are its own, and every value is written only once, so the state tells the prefix.
 */

import type { Random } from '../../src/lib/random.ts';
import { elementsOf } from '../wire/differences.ts';
import type { WireClient } from '../wire/wire-client.ts';

type Words = readonly string[];

/** What happens as a whole or not at all: one command, or a MULTI. */
interface Operation {
  readonly effects: readonly Words[];
  readonly isTransaction: boolean;
}

interface Entry {
  /** A string, or the fields of a hash. */
  readonly value: string | Map<string, string>;
  expireAt: number;
}

const FIELDS = 5;
const VALUE_BYTES_MAX = 3000;

/** Operations sent and not yet acknowledged. */
const WINDOW = 50;

/** The year 3000: nothing expires within the test. */
const FAR_AWAY_MS = 32_503_680_000_000;

/** The commands that are used, as Redis defines them: the slow and clear twin of the server. */
class Model {
  readonly #entries = new Map<string, Entry>();

  apply([name, key = '', first = '', second = '']: Words): void {
    const entry = this.#entries.get(key);
    const hash = entry?.value instanceof Map ? entry.value : new Map<string, string>();
    switch (name) {
      case 'SET': this.#entries.set(key, { value: first, expireAt: 0 }); break;
      case 'INCR': this.#put(key, `${Number(entry?.value ?? 0) + 1}`, entry); break;
      case 'HSET': this.#put(key, hash.set(first, second), entry); break;
      case 'HDEL':
        hash.delete(first);
        if (hash.size === 0) this.#entries.delete(key);
        break;
      case 'DEL': this.#entries.delete(key); break;
      case 'PEXPIREAT': if (entry !== undefined) entry.expireAt = Number(first); break;
      case 'PERSIST': if (entry !== undefined) entry.expireAt = 0; break;
      default: throw new Error(`the model does not know ${name}`);
    }
  }

  /** Line by line in the form of `readState`. */
  show(keys: readonly string[]): string[] {
    return keys.map((key) => {
      const entry = this.#entries.get(key);
      if (entry === undefined) return `${key} is not there`;
      return `${key} ${showValue(entry.value)} until ${entry.expireAt}`;
    });
  }

  #put(key: string, value: string | Map<string, string>, before: Entry | undefined): void {
    this.#entries.set(key, { value, expireAt: before?.expireAt ?? 0 });
  }
}

function showValue(value: string | Map<string, string>): string {
  if (typeof value === 'string') return value;
  return [...value].map(([field, text]) => `${field}=${text}`).toSorted().join(',');
}

export class KillLoad {
  readonly #prefix: string;
  readonly #random: Random;
  readonly #names: number;
  readonly #keys: readonly string[];
  #model = new Model();
  /** Operations whose effects the server may or must have, oldest first. */
  #sent: Operation[] = [];
  #acknowledged = 0;
  #next = 0;
  /** Of all rounds. */
  total = 0;

  /** `names` keys of each kind: few are always in RAM, many are not. */
  constructor(prefix: string, random: Random, names: number) {
    this.#prefix = prefix;
    this.#random = random;
    this.#names = names;
    const kinds = ['s', 'n', 'h'];
    this.#keys = kinds.flatMap((kind) =>
      Array.from({ length: names }, (_, i) => `${prefix}:${kind}${i}`));
  }

  /** Writes until the connection ends; an error reply is a failure. */
  async run(client: WireClient): Promise<void> {
    const waiting: Operation[] = [];
    try {
      for (;;) {
        while (waiting.length < WINDOW) waiting.push(this.#send(client));
        await expectDone(client, waiting[0]);
        waiting.shift();
        this.#acknowledged++;
        this.total++;
      }
    } catch (error) {
      if (!client.isClosed || error instanceof WrongReply) throw error;
    }
  }

  /**
   * Finds the prefix that the server has. Undefined if it is long enough, else what is wrong. The
   * next round goes on from there.
   */
  async check(client: WireClient): Promise<string | undefined> {
    const state = await readState(client, this.#keys);
    const found = state.join('\n');
    const mustHave = this.#sent.slice(0, this.#acknowledged);
    const mayHave = this.#sent.slice(this.#acknowledged);
    for (const { effects } of mustHave) for (const words of effects) this.#model.apply(words);
    const expected = this.#model.show(this.#keys);
    let isFound = expected.join('\n') === found;
    for (let i = 0; !isFound && i < mayHave.length; i++) {
      for (const words of mayHave[i]?.effects ?? []) this.#model.apply(words);
      isFound = this.#model.show(this.#keys).join('\n') === found;
    }
    this.#sent = [];
    this.#acknowledged = 0;
    return isFound ? undefined : `${this.#prefix}: after ${mustHave.length} acknowledged and ` +
      `${mayHave.length} other operations:\n${showDifference(expected, state)}`;
  }

  #send(client: WireClient): Operation {
    const operation = this.#operation();
    this.#sent.push(operation);
    const { effects, isTransaction } = operation;
    client.send(...(isTransaction ? [['MULTI'], ...effects, ['EXEC']] : effects));
    return operation;
  }

  #operation(): Operation {
    const isTransaction = this.#random.below(10) === 0;
    const count = isTransaction ? 2 + this.#random.below(3) : 1;
    return { effects: Array.from({ length: count }, () => this.#command()), isTransaction };
  }

  #command(): Words {
    const key = (kind: string): string =>
      `${this.#prefix}:${kind}${this.#random.below(this.#names)}`;
    const field = `f${this.#random.below(FIELDS)}`;
    switch (this.#random.below(12)) {
      case 0: return ['INCR', key('n')];
      case 1: return ['DEL', key('s')];
      case 2: return ['HDEL', key('h'), field];
      case 3: return ['PEXPIREAT', key('s'), `${FAR_AWAY_MS + this.#next++}`];
      case 4: return ['PERSIST', key('s')];
      case 5: return ['DEL', key('h')];
      case 6: case 7: case 8: return ['HSET', key('h'), field, this.#value()];
      default: return ['SET', key('s'), this.#value()];
    }
  }

  /** Another one each time. */
  #value(): string {
    return `${this.#next++}:`.padEnd(8 + this.#random.below(VALUE_BYTES_MAX), 'v');
  }
}

/** The server replied something that it must not reply. */
class WrongReply extends Error {}

async function expectDone(client: WireClient, operation: Operation | undefined): Promise<void> {
  const { effects, isTransaction } = operation ?? { effects: [], isTransaction: false };
  const replies = await client.replies(effects.length + (isTransaction ? 2 : 0));
  const wrong = replies.find((reply) => reply.startsWith('-') || /\r\n-[A-Z]/.test(reply));
  const exec = isTransaction ? replies.at(-1) ?? '' : '';
  if (wrong !== undefined) throw new WrongReply(wrong);
  if (isTransaction && !exec.startsWith(`*${effects.length}\r\n`)) throw new WrongReply(exec);
}

/** All in one go: whatever the type, one of GET and HGETALL is refused. */
async function readState(client: WireClient, keys: readonly string[]): Promise<string[]> {
  client.send(...keys.flatMap((key) => [
    ['TYPE', key], ['PEXPIRETIME', key], ['GET', key], ['HGETALL', key],
  ]));
  const lines: string[] = [];
  for (const key of keys) {
    const [type = '', expiry = '', string = '', hash = ''] = await client.replies(4);
    const expireAt = Math.max(0, Number(expiry.slice(1)));
    const value = type === '+string\r\n' ? textOf(string) : showValue(fieldsOf(hash));
    lines.push(type === '+none\r\n' ? `${key} is not there` : `${key} ${value} until ${expireAt}`);
  }
  return lines;
}

function textOf(bulk: string): string {
  return bulk.slice(bulk.indexOf('\r\n') + 2, -2);
}

function fieldsOf(hash: string): Map<string, string> {
  const words = elementsOf(hash).map(textOf);
  const fields = new Map<string, string>();
  for (let i = 0; i < words.length; i += 2) fields.set(words[i] ?? '', words[i + 1] ?? '');
  return fields;
}

function showDifference(expected: readonly string[], found: readonly string[]): string {
  const short = (line = ''): string => line.replace(/v{10,}/g, 'v...');
  return expected.flatMap((line, i) => (line === found[i] ? [] : [
    `  acknowledged: ${short(line)}`, `  found:        ${short(found[i])}`,
  ])).join('\n');
}
