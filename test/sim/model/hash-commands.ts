/** Hashes. Their fields have no order that a client may rely on. */

import type { Field, Hash } from './value.ts';
import { CommandError, type Execution } from './execution.ts';
import { anyOrder, exactly, some, type Expectation } from './expectation.ts';
import { read, write, type ModelCommand } from './model-command.ts';
import { addLongs, LONG_MAX, mustLong, parseLong, syntaxError, wrongArity } from './parse.ts';
import { array, bulk, bytesOf, itemsOf, NIL, type Reply } from './reply.ts';

const NO_FIELDS: Hash = new Map();

function fieldsOf(execution: Execution, key: string): Hash {
  return execution.findHash(key) ?? NO_FIELDS;
}

function bulkOrNil(field: Field | undefined): Reply {
  return field === undefined ? NIL : bulk(field.text);
}

function set(execution: Execution, args: readonly string[]): number {
  if (args.length % 2 === 1) throw new CommandError(wrongArity('hset'));
  const key = args[1] ?? '';
  const fields = execution.hashToChange(key, args.filter((_, i) => i > 1 && i % 2 === 0));
  const before = fields.size;
  for (let i = 2; i < args.length; i += 2) fields.set(args[i]!, { text: args[i + 1]! });
  execution.change(key, fields);
  return fields.size - before;
}

function setIfAbsent(execution: Execution, args: readonly string[]): number {
  const [, key = '', field = '', value = ''] = args;
  const fields = execution.hashToChange(key, [field]);
  if (fields.has(field)) return 0;
  execution.change(key, fields.set(field, { text: value }));
  return 1;
}

function remove(execution: Execution, args: readonly string[]): number {
  const [, key = '', ...names] = args;
  const fields = execution.hashToChange(key, names);
  const removed = names.filter((name) => fields.delete(name)).length;
  if (removed > 0) execution.change(key, fields);
  return removed;
}

function increment(execution: Execution, args: readonly string[]): bigint {
  const [, key = '', field = '', text = ''] = args;
  const by = mustLong(text);
  const fields = execution.hashToChange(key, [field]);
  const value = parseLong(fields.get(field)?.text ?? '0');
  if (value === undefined) throw new CommandError('ERR hash value is not an integer');
  const sum = addLongs(value, by);
  execution.change(key, fields.set(field, { ...fields.get(field), text: `${sum}` }));
  return sum;
}

function getMany(execution: Execution, [, key = '', ...names]: readonly string[]): Reply {
  const fields = fieldsOf(execution, key);
  return array(names.map((name) => bulkOrNil(fields.get(name))));
}

/** Field, value, field, …: as pairs, in any order. */
function fitsPairs(fields: Hash, items: readonly Reply[]): boolean {
  if (items.length !== 2 * fields.size) return false;
  const seen = new Set<string>();
  for (let i = 0; i < items.length; i += 2) {
    const field = bytesOf(items[i]);
    if (field === undefined || seen.has(field)) return false;
    seen.add(field);
    const value = fields.get(field)?.text;
    if (value === undefined || value !== bytesOf(items[i + 1])) return false;
  }
  return true;
}

function getAll(execution: Execution, [, key = '']: readonly string[]): Expectation {
  const fields = fieldsOf(execution, key);
  const kind = execution.protocol === 3 ? 'map' : 'array';
  return some(() => `the fields ${describeFields(fields)} as ${kind}`, (reply) =>
    reply.kind === kind && fitsPairs(fields, itemsOf(reply) ?? []));
}

const SHOWN_FIELDS_MAX = 6;

function describeFields(fields: Hash): string {
  const shown = [...fields].slice(0, SHOWN_FIELDS_MAX).map(([field, { text }]) =>
    JSON.stringify(`${field}=${text.slice(0, 20)}`));
  return `${shown.join(' ')}${fields.size > shown.length ? ' …' : ''} (${fields.size})`;
}

// ---- HRANDFIELD ---------------------------------------------------------------------------------

function randomField(execution: Execution, args: readonly string[]): Expectation {
  const [, key = '', countText, option] = args;
  if (countText === undefined) return oneField(fieldsOf(execution, key));
  const count = mustLong(countText);
  if (count < -LONG_MAX) throw new CommandError('ERR value is not an integer or out of range');
  if (args.length > 4 || (option !== undefined && option.toUpperCase() !== 'WITHVALUES')) {
    syntaxError();
  }
  const fields = fieldsOf(execution, key);
  return someFields(fields, Number(count), option !== undefined, execution.protocol);
}

function oneField(fields: Hash): Expectation {
  if (fields.size === 0) return exactly(NIL);
  return some(() => `one of the fields ${describeFields(fields)}`, (reply) => {
    const field = bytesOf(reply);
    return field !== undefined && fields.has(field);
  });
}

function someFields(
  fields: Hash, count: number, hasValues: boolean, protocol: 2 | 3,
): Expectation {
  const number = fields.size === 0 ? 0 : count < 0 ? -count : Math.min(count, fields.size);
  return some(() => `${number} of the fields ${describeFields(fields)}`, (reply) => {
    const pairs = hasValues ? pairsIn(reply, protocol) : namesIn(reply);
    if (pairs?.length !== number) return false;
    if (count > 0 && new Set(pairs.map(([field]) => field)).size !== number) return false;
    return pairs.every(([field = '', value]) =>
      fields.has(field) && (!hasValues || fields.get(field)?.text === value));
  });
}

type Pair = readonly [string | undefined, string | undefined];

function namesIn(reply: Reply): Pair[] | undefined {
  return reply.kind === 'array' ? reply.items.map((item) => [bytesOf(item), undefined]) : undefined;
}

/** RESP3 has a list for each pair, RESP2 one flat list. */
function pairsIn(reply: Reply, protocol: 2 | 3): Pair[] | undefined {
  if (reply.kind !== 'array') return undefined;
  if (protocol === 3) {
    return reply.items.map((item) => {
      const pair = itemsOf(item);
      return pair?.length === 2 ? [bytesOf(pair[0]), bytesOf(pair[1])] : [undefined, undefined];
    });
  }
  if (reply.items.length % 2 !== 0) return undefined;
  const pairs: Pair[] = [];
  for (let i = 0; i < reply.items.length; i += 2) {
    pairs.push([bytesOf(reply.items[i]), bytesOf(reply.items[i + 1])]);
  }
  return pairs;
}

export const hashCommands: readonly ModelCommand[] = [
  write('HSET', -4, 'first', set),
  write('HSETNX', 4, 'first', setIfAbsent),
  write('HDEL', -3, 'first', remove),
  write('HINCRBY', 4, 'first', increment),
  read('HGET', 3, 'first', (execution, [, key = '', field = '']) =>
    bulkOrNil(fieldsOf(execution, key).get(field))),
  read('HMGET', -3, 'first', getMany),
  read('HEXISTS', 3, 'first', (execution, [, key = '', field = '']) =>
    (fieldsOf(execution, key).has(field) ? 1 : 0)),
  read('HLEN', 2, 'first', (execution, [, key = '']) => fieldsOf(execution, key).size),
  read('HSTRLEN', 3, 'first', (execution, [, key = '', field = '']) =>
    fieldsOf(execution, key).get(field)?.text.length ?? 0),
  read('HKEYS', 2, 'first', (execution, [, key = '']) =>
    anyOrder([...fieldsOf(execution, key).keys()])),
  read('HVALS', 2, 'first', (execution, [, key = '']) =>
    anyOrder([...fieldsOf(execution, key).values()].map(({ text }) => text))),
  read('HGETALL', 2, 'first', getAll),
  read('HRANDFIELD', -2, 'first', randomField),
];
