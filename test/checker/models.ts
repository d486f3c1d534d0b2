/**
 * Models of what the tests do to a server: one string key by itself, and transactions over several.
 *
 * A string is a JavaScript string of ASCII, so that its length is its length in bytes; a key that
 * does not exist is null. Replies are as a client shows them: numbers for integers, null for nil.
 * Integers are those of Redis, 64 bits wide; beyond 2^53 they are in strings.
 */

import type { Operation } from './history.ts';
import type { Model } from './model.ts';

export type StringValue = string | null;

export type StringCommand =
  | { readonly kind: 'get' }
  | { readonly kind: 'set'; readonly value: string }
  | { readonly kind: 'incrBy'; readonly by: number }
  | { readonly kind: 'append'; readonly value: string }
  | { readonly kind: 'del' }
  /** Sets `value` and replies 1 if the key holds `expected` (null: does not exist), else 0. */
  | { readonly kind: 'compareAndSet'; readonly expected: StringValue; readonly value: string };

export type StringReply = string | number | null;

export const NOT_AN_INTEGER = 'ERR value is not an integer or out of range';
export const OVERFLOW = 'ERR increment or decrement would overflow';

const INTEGER = /^(?:0|-?[1-9]\d{0,18})$/;
const INT64_MIN = -(2n ** 63n);
const INT64_MAX = 2n ** 63n - 1n;

/** Sums of integers of at most so many characters are exact in a number. */
const SAFE_DIGITS = 15;

export function replyTo(value: StringValue, command: StringCommand): StringReply {
  switch (command.kind) {
    case 'get': return value;
    case 'set': return 'OK';
    case 'incrBy': return increment(value, command.by);
    case 'append': return (value?.length ?? 0) + command.value.length;
    case 'del': return value === null ? 0 : 1;
    case 'compareAndSet': return value === command.expected ? 1 : 0;
    default: return command satisfies never;
  }
}

export function valueAfter(value: StringValue, command: StringCommand): StringValue {
  switch (command.kind) {
    case 'get': return value;
    case 'set': return command.value;
    case 'incrBy': {
      const reply = increment(value, command.by);
      return reply === NOT_AN_INTEGER || reply === OVERFLOW ? value : String(reply);
    }
    case 'append': return (value ?? '') + command.value;
    case 'del': return null;
    case 'compareAndSet': return value === command.expected ? command.value : value;
    default: return command satisfies never;
  }
}

function increment(value: StringValue, by: number): StringReply {
  const text = value ?? '0';
  if (!INTEGER.test(text)) return NOT_AN_INTEGER;
  if (text.length <= SAFE_DIGITS && Math.abs(by) < 1e15) return Number(text) + by;
  const old = BigInt(text);
  if (old < INT64_MIN || old > INT64_MAX) return NOT_AN_INTEGER;
  const sum = old + BigInt(by);
  if (sum < INT64_MIN || sum > INT64_MAX) return OVERFLOW;
  return Number.isSafeInteger(Number(sum)) ? Number(sum) : String(sum);
}

/** True if, wherever the command replies this, it changes nothing. */
function isReadOnlyCommand(command: StringCommand, reply: StringReply | undefined): boolean {
  switch (command.kind) {
    case 'get': return true;
    case 'del':
    case 'compareAndSet': return reply === 0;
    case 'incrBy': return reply === NOT_AN_INTEGER || reply === OVERFLOW;
    case 'set':
    case 'append': return false;
    default: return command satisfies never;
  }
}

/** True if neither its effect nor its reply depends on what was there. */
function isOverwritingCommand(command: StringCommand, reply: StringReply | undefined): boolean {
  return command.kind === 'set' || (command.kind === 'del' && reply === undefined);
}

function commandKey(command: StringCommand): string {
  return JSON.stringify(command, ['kind', 'value', 'by', 'expected']);
}

function commandInWords(command: StringCommand): string {
  switch (command.kind) {
    case 'get': return 'GET';
    case 'set': return `SET ${JSON.stringify(command.value)}`;
    case 'incrBy': return `INCRBY ${command.by}`;
    case 'append': return `APPEND ${JSON.stringify(command.value)}`;
    case 'del': return 'DEL';
    case 'compareAndSet':
      return `CAS ${JSON.stringify(command.expected)} ${JSON.stringify(command.value)}`;
    default: return command satisfies never;
  }
}

function replyInWords(reply: unknown): string {
  return reply === undefined ? '?' : JSON.stringify(reply);
}

/** Each key by itself; it does not exist at the start. */
export const stringModel: Model<StringValue, StringCommand, StringReply> = {
  partition: ({ key }: Operation<StringCommand, StringReply>) => key,
  init: () => null,
  step(value, command, reply) {
    if (reply !== undefined && replyTo(value, command) !== reply) return undefined;
    return valueAfter(value, command);
  },
  stateKey: (value) => (value === null ? 'nil' : `"${value}"`),
  inputKey: commandKey,
  isReadOnly: isReadOnlyCommand,
  isOverwrite: isOverwritingCommand,
  describe: (command, reply) => `${commandInWords(command)} -> ${replyInWords(reply)}`,
};

export interface KeyedCommand {
  readonly key: string;
  readonly command: StringCommand;
}

/** What MULTI ... EXEC does at once. A command outside of MULTI is a transaction of one. */
export type Transaction = readonly KeyedCommand[];

/** One reply for each command. An EXEC that WATCH refused had no effect: leave it out. */
export type TransactionReply = readonly StringReply[];

/** Keys that exist, and all of that in one string that no other database gives. */
export interface Database {
  readonly values: ReadonlyMap<string, string>;
  readonly digest: string;
}

const EMPTY_DATABASE: Database = { values: new Map(), digest: digestOf(new Map()) };

/** All keys in one partition, because a transaction ties them together; empty at the start. */
export const transactionModel: Model<Database, Transaction, TransactionReply> = {
  partition: () => 'all keys',
  init: () => EMPTY_DATABASE,
  step(database, transaction, replies) {
    if (replies !== undefined && replies.length !== transaction.length) return undefined;
    const values = new Map(database.values);
    let isChanged = false;
    for (const [at, { key, command }] of transaction.entries()) {
      const value = values.get(key) ?? null;
      if (replies !== undefined && replyTo(value, command) !== replies[at]) return undefined;
      const after = valueAfter(value, command);
      isChanged ||= after !== value;
      if (after === null) values.delete(key);
      else values.set(key, after);
    }
    return isChanged ? { values, digest: digestOf(values) } : database;
  },
  stateKey: ({ digest }) => digest,
  inputKey: (transaction) => JSON.stringify(
    transaction.map(({ key, command }) => [key, commandKey(command)]),
  ),
  isReadOnly: (transaction, replies) => transaction.every(
    ({ command }, at) => isReadOnlyCommand(command, replies?.[at]),
  ),
  // It would have to write all keys that there are.
  isOverwrite: () => false,
  describe(transaction, replies) {
    const commands = transaction.map(({ key, command }) => `${key}: ${commandInWords(command)}`);
    return `MULTI ${commands.join('; ')} -> ${replyInWords(replies)}`;
  },
};

function digestOf(values: ReadonlyMap<string, string>): string {
  return JSON.stringify([...values].sort(([a], [b]) => (a < b ? -1 : 1)));
}
