/**
 * Random commands of one client over keys of its own. They collide often: few keys, and every kind
 * of change on them. The same seed and the same calls give the same commands.
 *
 * Keys have a kind by which they are mostly used: s a string, h a hash, l a list, m a set, x
 * anything, f a number for INCRBYFLOAT (only by commands that keep it one that floating point holds
 * exactly), p a HyperLogLog.
 */

import type { Random } from '../../../src/lib/random.ts';
import { RandomKeys } from './random-keys.ts';
import { MAKERS, type Family, type Making } from './random-makers.ts';
import { RandomValues } from './random-values.ts';

export type Profile =
  | 'strings' | 'hyperloglogs' | 'hashes' | 'lists' | 'sets' | 'sortedSets' | 'expiry' | 'transactions' | 'big'
  | 'mixed';

export interface RandomCommandsOptions {
  readonly random: Random;
  /** All names of keys begin with it. */
  readonly prefix: string;
  readonly profile?: Profile;
  /** FLUSHDB, SWAPDB, DBSIZE, KEYS, SCAN …: only if no other client uses these databases. */
  readonly mayUseGlobal?: boolean;
  /** Whether whole databases may be changed too: FLUSHDB, FLUSHALL, SWAPDB. */
  readonly mayChangeGlobal?: boolean;
  /** How many databases are used, from 0 on. */
  readonly databases?: number;
  readonly valueBytesMax?: number;
  /** Fields of hashes get an expiry: the server knows as much as Redis 7.4. */
  readonly mayExpireFields?: boolean;
}

/** How often each family of commands comes, out of the sum. */
const WEIGHTS: Readonly<Record<Profile, Readonly<Partial<Record<Family, number>>>>> = {
  strings: { string: 40, edit: 30, number: 20, key: 20, move: 6, expiry: 4, multi: 2, wrong: 1 },
  hyperloglogs: { hyperloglog: 70, string: 5, key: 5, hash: 5, expiry: 4, multi: 5, wrong: 1 },
  hashes: { hash: 70, string: 5, key: 15, move: 8, expiry: 4, multi: 2, wrong: 1 },
  sets: { set: 65, sorted: 5, string: 5, hash: 3, key: 15, move: 8, expiry: 4, multi: 2, wrong: 1 },
  sortedSets: {
    zset: 70, sorted: 5, set: 5, string: 3, key: 15, move: 8, expiry: 4, multi: 2, wrong: 1,
  },
  lists: {
    list: 62, sorted: 8, string: 5, hash: 3, key: 15, move: 8, expiry: 4, multi: 2, wrong: 1,
  },
  expiry: {
    string: 15, timed: 30, expiry: 30, hash: 10, list: 10, set: 8, zset: 8, sorted: 4, number: 5,
    key: 15, move: 8, multi: 3,
  },
  transactions: {
    string: 20, number: 10, hyperloglog: 5, hash: 10, list: 10, set: 8, zset: 8, sorted: 4, key: 10,
    move: 5, timed: 4, multi: 25, wrong: 2,
  },
  big: { string: 20, big: 40, edit: 20, hash: 10, list: 10, set: 8, zset: 8, key: 15, move: 8, multi: 2 },
  mixed: {
    string: 20, edit: 12, number: 12, hyperloglog: 8, hash: 25, list: 25, set: 20, zset: 20, key: 15,
    move: 10, sorted: 5, timed: 8, expiry: 10, multi: 5, wrong: 1,
  },
};

/** Beside the commands on hashes of the profile. */
const FIELD_EXPIRY_WEIGHT = 1.2;

const GLOBAL_READ_WEIGHT = 6;
const GLOBAL_WRITE_WEIGHT = 1;
const SELECT_WEIGHT = 3;
const PIPELINE_COMMANDS_MAX = 20;
const TRANSACTION_COMMANDS_MAX = 6;

type Choice = Family | 'multi' | 'wrong';

export class RandomCommands {
  readonly #values: RandomValues;
  readonly #keys: RandomKeys;
  readonly #databases: number;
  readonly #choices: Choice[] = [];
  /** The rest of a transaction that has begun. */
  #waiting: string[][] = [];

  constructor(options: RandomCommandsOptions) {
    const { random, prefix, profile = 'mixed', databases = 1 } = options;
    this.#values = new RandomValues(random, options.valueBytesMax ?? 400_000);
    this.#keys = new RandomKeys(prefix, this.#values);
    this.#databases = databases;
    const weights: Partial<Record<Choice, number>> = { ...WEIGHTS[profile] };
    if (options.mayUseGlobal === true) weights.globalRead = GLOBAL_READ_WEIGHT;
    if (options.mayChangeGlobal === true) weights.globalWrite = GLOBAL_WRITE_WEIGHT;
    if (options.mayExpireFields === true && weights.hash !== undefined) {
      weights.fieldExpiry = Math.ceil(weights.hash * FIELD_EXPIRY_WEIGHT);
    }
    if (databases > 1) weights.select = SELECT_WEIGHT;
    for (const [choice, weight] of Object.entries(weights)) {
      for (let i = 0; i < weight; i++) this.#choices.push(choice as Choice);
    }
  }

  /** The next command, as latin1 texts. A transaction comes one command at a time. */
  next(nowMs: number): string[] {
    const waiting = this.#waiting.shift();
    if (waiting !== undefined) return waiting;
    const choice = this.#values.pick(this.#choices);
    if (choice !== 'multi') return this.#make(choice, nowMs);
    this.#waiting = this.#transaction(nowMs);
    return this.#waiting.shift()!;
  }

  /** Commands to be sent at once: 1 to 20. A transaction may go on in the next pipeline. */
  nextPipeline(nowMs: number): string[][] {
    const isLong = this.#values.chance(20);
    const count = this.#values.between(1, isLong ? PIPELINE_COMMANDS_MAX : 4);
    return Array.from({ length: count }, () => this.next(nowMs));
  }

  /** The connection is new: a transaction that had begun is not gone on with. */
  disconnected(): void {
    this.#waiting = [];
  }

  /** Uses others instead of these keys from now on. */
  replaceKeys(names: Iterable<string>): void {
    for (const name of names) this.#keys.replace(name);
  }

  /** Uses none of the keys until now from now on. */
  startFresh(): void {
    this.#keys.replaceAll();
    this.#waiting = [];
  }

  #make(choice: Exclude<Choice, 'multi'>, nowMs: number): string[] {
    const making: Making = {
      values: this.#values, keys: this.#keys, databases: this.#databases, nowMs,
    };
    return this.#values.pick(MAKERS[choice])(making);
  }

  #transaction(nowMs: number): string[][] {
    const values = this.#values;
    const commands: string[][] = [];
    const one = (): string[] => this.#oneOf(nowMs);
    if (values.chance(40)) {
      commands.push(['WATCH', ...values.list(1, 2, () => this.#keys.any())]);
      if (values.chance(40)) commands.push(one());
      if (values.chance(20)) commands.push(...this.#setAndGone(commands[0]![1]!));
      if (values.chance(10)) commands.push(['UNWATCH']);
    }
    commands.push(['MULTI'], ...values.list(1, TRANSACTION_COMMANDS_MAX, one));
    if (values.chance(4)) commands.push(this.#make('wrong', nowMs));
    if (values.chance(2)) commands.push(['MULTI']);
    if (values.chance(2)) commands.push(['WATCH', this.#keys.any()]);
    commands.push([values.chance(12) ? 'DISCARD' : 'EXEC']);
    if (values.chance(2)) commands.push([values.pick(['EXEC', 'DISCARD'])]);
    return commands;
  }

  /** What a watch of an absent key has to notice although the key is absent again. */
  #setAndGone(key: string): string[][] {
    return [['SET', key, this.#values.value()], ['DEL', key]];
  }

  /** A command that may stand inside MULTI. */
  #oneOf(nowMs: number): string[] {
    for (;;) {
      const choice = this.#values.pick(this.#choices);
      if (choice !== 'multi' && choice !== 'wrong') return this.#make(choice, nowMs);
    }
  }
}
