/** Sets. Their members have no order that a client may rely on. */

import type { Members } from './value.ts';
import { CommandError, type Execution } from './execution.ts';
import { some, type Expectation } from './expectation.ts';
import { read, write, type ModelCommand } from './model-command.ts';
import { mustLong, parseLong, syntaxError } from './parse.ts';
import { array, bulk, bytesOf, describeReply, integer, NIL, textsOf, type Reply } from './reply.ts';

const NO_MEMBERS: Members = new Set();

function membersOf(execution: Execution, key: string): Members {
  return execution.findSet(key) ?? NO_MEMBERS;
}

/** All of these, once each. */
function allOf(execution: Execution, members: Iterable<string>): Expectation {
  const texts = [...members].toSorted();
  const kind = execution.protocol === 3 ? 'set' : 'array';
  return some(() => `in any order ${describeReply(array(texts.map(bulk)))} as ${kind}`, (reply) => {
    const found = reply.kind === kind ? textsOf(reply)?.toSorted() : undefined;
    return found?.length === texts.length && texts.every((text, i) => text === found[i]);
  });
}

// ---- One set ------------------------------------------------------------------------------------

function add(execution: Execution, args: readonly string[]): number {
  const [, key = '', ...members] = args;
  const before = membersOf(execution, key);
  const after = new Set([...before, ...members]);
  if (after.size > before.size) execution.change(key, after);
  return after.size - before.size;
}

function remove(execution: Execution, args: readonly string[]): number {
  const [, key = '', ...members] = args;
  const left = new Set(membersOf(execution, key));
  const removed = members.filter((member) => left.delete(member)).length;
  if (removed > 0) execution.change(key, left);
  return removed;
}

function move(execution: Execution, args: readonly string[]): number {
  const [, from = '', to = '', member = ''] = args;
  const source = execution.findSet(from);
  if (source === undefined) return 0;
  const target = membersOf(execution, to);
  if (!source.has(member)) return 0;
  if (from === to) return 1;
  execution.change(from, new Set([...source].filter((one) => one !== member)));
  if (!target.has(member)) execution.change(to, new Set([...target, member]));
  return 1;
}

/** Only as many as take all: which of some are taken is up to the server. */
function popAll(execution: Execution, args: readonly string[]): Expectation | Reply {
  const [, key = '', text = ''] = args;
  const count = parseLong(text);
  if (args.length > 3) syntaxError();
  if (count === undefined || count < 0n) {
    throw new CommandError('ERR value is out of range, must be positive');
  }
  const members = membersOf(execution, key);
  const taken = count === 0n ? NO_MEMBERS : members;
  if (taken.size > Number(count)) throw new Error('the model only takes all members');
  if (taken.size > 0) execution.change(key, NO_MEMBERS);
  return allOf(execution, taken);
}

function chooseOne(execution: Execution, [, key = '', text]: readonly string[]): Expectation {
  const count = text === undefined ? 1 : Number(mustLong(text));
  const members = membersOf(execution, key);
  const number = members.size === 0 ? 0 : count < 0 ? -count : Math.min(count, members.size);
  return some(() => `${number} of ${members.size} members of ${key}`, (reply) => {
    if (text === undefined) {
      const one = bytesOf(reply);
      return one === undefined ? number === 0 && reply.kind === NIL.kind : members.has(one);
    }
    const found = textsOf(reply);
    if (reply.kind !== 'array' || found?.length !== number) return false;
    if (count > 0 && new Set(found).size !== number) return false;
    return found.every((member) => members.has(member));
  });
}

// ---- Several sets -------------------------------------------------------------------------------

type Combine = (sets: readonly Members[]) => Set<string>;

const intersection: Combine = ([first = NO_MEMBERS, ...others]) =>
  new Set([...first].filter((member) => others.every((set) => set.has(member))));

const difference: Combine = ([first = NO_MEMBERS, ...others]) =>
  new Set([...first].filter((member) => !others.some((set) => set.has(member))));

const union: Combine = (sets) => new Set(sets.flatMap((set) => [...set]));

function combine(how: Combine): (execution: Execution, args: readonly string[]) => Expectation {
  return (execution, [, ...keys]) =>
    allOf(execution, how(keys.map((key) => membersOf(execution, key))));
}

function store(how: Combine): (execution: Execution, args: readonly string[]) => number {
  return (execution, [, target = '', ...keys]) => {
    const result = how(keys.map((key) => membersOf(execution, key)));
    if (execution.find(target) !== undefined) execution.remove(target);
    if (result.size > 0) execution.change(target, result);
    return result.size;
  };
}

function countCommon(execution: Execution, args: readonly string[]): number {
  const count = Number(args[1]);
  const keys = args.slice(2, 2 + count);
  const [option, text = '0'] = args.slice(2 + count);
  if (option !== undefined && option.toUpperCase() !== 'LIMIT') syntaxError();
  const common = intersection(keys.map((key) => membersOf(execution, key))).size;
  const limit = Number(text);
  return limit > 0 ? Math.min(limit, common) : common;
}

const has = (execution: Execution, key: string, member: string): number =>
  (membersOf(execution, key).has(member) ? 1 : 0);

export const setCommands: readonly ModelCommand[] = [
  write('SADD', -3, 'first', add),
  write('SREM', -3, 'first', remove),
  write('SMOVE', 4, 'two', move),
  write('SPOP', 3, 'first', popAll),
  write('SINTERSTORE', -3, 'all', store(intersection)),
  write('SUNIONSTORE', -3, 'all', store(union)),
  write('SDIFFSTORE', -3, 'all', store(difference)),
  read('SINTER', -2, 'all', combine(intersection)),
  read('SUNION', -2, 'all', combine(union)),
  read('SDIFF', -2, 'all', combine(difference)),
  read('SINTERCARD', -3, 'counted', countCommon),
  read('SCARD', 2, 'first', (execution, [, key = '']) => membersOf(execution, key).size),
  read('SMEMBERS', 2, 'first', (execution, [, key = '']) =>
    allOf(execution, membersOf(execution, key))),
  read('SISMEMBER', 3, 'first', (execution, [, key = '', member = '']) =>
    has(execution, key, member)),
  read('SMISMEMBER', -3, 'first', (execution, [, key = '', ...members]) =>
    array(members.map((member) => integer(has(execution, key, member))))),
  read('SRANDMEMBER', -2, 'first', chooseOne),
];
