/**
 * Histories of an imaginary server that is correct: every command takes effect at one moment
 * between its call and its return. And commands to fill them with.
 *
 * Clients act in turns that chance decides: a client calls, its command takes effect, it returns,
 * each at an event of its own. Sometimes a client gives up on a call; then the command may take
 * effect at any later event or never, and the client goes on with something else.
 */

import type { Random } from '../../src/lib/random.ts';
import { HistoryRecorder, type CallNumber, type Operation } from './history.ts';
import {
  replyTo, valueAfter, type StringCommand, type StringReply, type StringValue,
} from './models.ts';

export type StringOperation = Operation<StringCommand, StringReply>;

export interface HistoryShape {
  readonly operations: number;
  readonly clients: number;
  readonly keys: number;
  /** Of all calls, how many are given up: 0 to 1. */
  readonly unknownShare: number;
  readonly command: (random: Random) => StringCommand;
  /**
   * Of all turns, how many let a client begin that has nothing under way: 0 to 1. Small, and
   * operations rarely overlap.
   */
  readonly haste: number;
}

/** Of all events, one in so many lets a command that was given up take effect. */
const LATE_EFFECT_EVERY = 20;

interface Call {
  readonly number: CallNumber;
  readonly key: string;
  readonly command: StringCommand;
  reply: StringReply | undefined;
}

export function correctHistory(random: Random, shape: HistoryShape): StringOperation[] {
  const server = new CorrectServer(random, shape);
  while (!server.isDone()) server.makeEvent();
  return server.recorder.operations();
}

class CorrectServer {
  readonly recorder = new HistoryRecorder<StringCommand, StringReply>();
  readonly #random: Random;
  readonly #shape: HistoryShape;
  readonly #values = new Map<string, StringValue>();
  readonly #underWay = new Map<string, Call>();
  readonly #givenUp: Call[] = [];
  #begun = 0;

  constructor(random: Random, shape: HistoryShape) {
    this.#random = random;
    this.#shape = shape;
  }

  isDone(): boolean {
    return this.#begun >= this.#shape.operations && this.#underWay.size === 0;
  }

  makeEvent(): void {
    if (this.#givenUp.length > 0 && this.#random.below(LATE_EFFECT_EVERY) === 0) {
      this.#takeEffect(this.#givenUp.splice(this.#random.below(this.#givenUp.length), 1)[0]!);
      return;
    }
    const client = `c${this.#random.below(this.#shape.clients)}`;
    const call = this.#underWay.get(client);
    if (call !== undefined) this.#goOnWith(client, call);
    else if (this.#isToBegin()) this.#begin(client);
  }

  #isToBegin(): boolean {
    if (this.#begun >= this.#shape.operations) return false;
    return this.#underWay.size === 0 || this.#random.float() < this.#shape.haste;
  }

  #begin(client: string): void {
    const key = `k${this.#random.below(this.#shape.keys)}`;
    const command = this.#shape.command(this.#random);
    const number = this.recorder.call(client, key, command);
    this.#underWay.set(client, { number, key, command, reply: undefined });
    this.#begun += 1;
  }

  /** Half of what is given up had its effect before, and only the reply was lost. */
  #goOnWith(client: string, call: Call): void {
    const isGivenUp = this.#random.float() < this.#shape.unknownShare / 2;
    if (isGivenUp && call.reply === undefined) this.#givenUp.push(call);
    if (!isGivenUp && call.reply === undefined) return this.#takeEffect(call);
    if (!isGivenUp) this.recorder.succeed(call.number, call.reply);
    this.#underWay.delete(client);
  }

  #takeEffect(call: Call): void {
    const value = this.#values.get(call.key) ?? null;
    call.reply = replyTo(value, call.command);
    this.#values.set(call.key, valueAfter(value, call.command));
  }
}

/** A weight for each kind of command, and how many different values they carry. */
export interface CommandMix {
  readonly weights: Partial<Readonly<Record<StringCommand['kind'], number>>>;
  /** 0: every value is another one. 1: increments are by one. */
  readonly values: number;
}

/** Few different values make many orders possible; different ones make most faults visible. */
export function commandsOf({ weights, values }: CommandMix): (random: Random) => StringCommand {
  const kinds = Object.entries(weights).flatMap(([kind, weight]) =>
    Array.from({ length: weight }, () => kind as StringCommand['kind']));
  let made = 0;
  return (random) => {
    made += 1;
    const anyValue = (): string => String(random.below(Math.max(values, 2)));
    const value = values === 0 ? `v${made}` : anyValue();
    const kind = kinds[random.below(kinds.length)]!;
    switch (kind) {
      case 'get': case 'del': return { kind };
      case 'set': case 'append': return { kind, value };
      case 'incrBy': return { kind, by: values === 1 ? 1 : 1 + random.below(2) };
      case 'compareAndSet': {
        return { kind, expected: random.below(4) === 0 ? null : anyValue(), value };
      }
      default: return kind satisfies never;
    }
  };
}
