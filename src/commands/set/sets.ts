/** Sets by member: adding, removing, asking and moving. */

import type { HashView } from '../../keyspace/collection/hash/hash-view.ts';
import type { Args } from '../../protocol/args.ts';
import { defineCommands, type Context, type Flag, type WriteContext } from '../command.ts';
import {
  ONE_KEY, addMember, applyAddition, applyRemoval, beginAddition, beginRemoval, findSet,
  positionsOf, readSet, removeMember,
} from './set-access.ts';

const READING: readonly Flag[] = Object.freeze(['readonly', 'fast']);
const ONE_MEMBER = Object.freeze({ first: 2, last: 2, step: 1 });
const ALL_MEMBERS = Object.freeze({ first: 2, last: -1, step: 1 });

/** With more members of one request, those that came before are looked up in a table. */
const COMPARED_MAX = 8;

// ---- Adding -------------------------------------------------------------------------------------

function sadd(ctx: WriteContext): void {
  const { args, db, reply } = ctx;
  const set = findSet(ctx);
  if (set === undefined) return;
  const added = writeNewMembers(ctx, set);
  reply.integer(added);
  if (added === 0) return;
  const key = args.at(1);
  applyAddition(ctx, key, set === null);
  db.notify('s', 'sadd', key);
}

/** Begins a delta that adds the members from argument 2 on that are new, each once; how many. */
function writeNewMembers({ args }: WriteContext, set: HashView | null): number {
  beginAddition();
  const seen = args.count - 2 > COMPARED_MAX ? new Set<string>() : undefined;
  let added = 0;
  for (let i = 2; i < args.count; i++) {
    const member = args.at(i);
    if (set !== null && set.has(member)) continue;
    if (seen === undefined) {
      if (hasBefore(args, i)) continue;
    } else if (seen.size === seen.add(member.latin1()).size) continue;
    addMember(member);
    added++;
  }
  return added;
}

/** Whether argument `i` came before, from argument 2 on. */
function hasBefore(args: Args, i: number): boolean {
  const { buf, start, end } = args.at(i);
  for (let j = 2; j < i; j++) if (args.at(j).equals(buf, start, end)) return true;
  return false;
}

// ---- Asking -------------------------------------------------------------------------------------

function sismember(ctx: Context): void {
  const set = readSet(ctx);
  if (set !== undefined) ctx.reply.integer(set?.has(ctx.args.at(2)) === true ? 1 : 0);
}

function smismember(ctx: Context): void {
  const { args, reply } = ctx;
  const set = readSet(ctx);
  if (set === undefined) return;
  reply.array(args.count - 2);
  for (let i = 2; i < args.count; i++) reply.integer(set?.has(args.at(i)) === true ? 1 : 0);
}

function scard(ctx: Context): void {
  const set = readSet(ctx);
  if (set !== undefined) ctx.reply.integer(set?.size ?? 0);
}

function smembers(ctx: Context): void {
  const { reply, server } = ctx;
  const set = readSet(ctx);
  if (set === undefined) return;
  reply.set(set?.size ?? 0);
  if (set === null) return;
  for (const at of positionsOf(set, server.config)) reply.bulkRange(set.fieldAt(at));
}

// ---- Removing -----------------------------------------------------------------------------------

function srem(ctx: WriteContext): void {
  const { args, reply } = ctx;
  const set = findSet(ctx);
  if (set === undefined) return;
  const removed = set === null ? 0 : writeMembersPresent(ctx, set);
  reply.integer(removed);
  if (set !== null && removed > 0) applyRemoval(ctx, args.at(1), 'srem', removed === set.size);
}

/** Begins a delta that removes the members from argument 2 on that are there; how many. */
function writeMembersPresent({ args }: WriteContext, set: HashView): number {
  beginRemoval();
  const present = new Set<number>();
  for (let i = 2; i < args.count; i++) {
    const member = args.at(i);
    const at = set.find(member);
    if (at < 0 || present.has(at)) continue;
    present.add(at);
    removeMember(member);
  }
  return present.size;
}

function smove(ctx: WriteContext): void {
  const { args, db, reply } = ctx;
  const from = findSet(ctx, 1);
  if (from === undefined) return;
  if (from === null) return reply.integer(0);
  const to = findSet(ctx, 2);
  if (to === undefined) return;
  const member = args.at(3);
  if (!from.has(member)) return reply.integer(0);
  reply.integer(1);
  const source = args.at(1);
  const target = args.at(2);
  if (source.equals(target.buf, target.start, target.end)) return;
  const isThere = to !== null && to.has(member);
  beginRemoval();
  removeMember(member);
  applyRemoval(ctx, source, 'srem', from.size === 1);
  if (isThere) return;
  beginAddition();
  addMember(member);
  applyAddition(ctx, target, to === null);
  db.notify('s', 'sadd', target);
}

export const setCommands = defineCommands([
  {
    name: 'sadd', group: 'set', since: '1.0.0', arity: -3, flags: ['write', 'denyoom', 'fast'],
    keys: ONE_KEY, fields: ALL_MEMBERS, complexity: 'O(N) in the number of members', apply: sadd,
    summary: 'Adds members to a set; replies how many of them are new.',
  },
  {
    name: 'srem', group: 'set', since: '1.0.0', arity: -3, flags: ['write', 'fast'],
    keys: ONE_KEY, fields: ALL_MEMBERS, complexity: 'O(N) in the number of members', apply: srem,
    summary: 'Removes members of a set; the key goes with its last member.',
  },
  {
    name: 'sismember', group: 'set', since: '1.0.0', arity: 3, flags: READING, keys: ONE_KEY,
    fields: ONE_MEMBER, complexity: 'O(1)', execute: sismember,
    summary: 'Replies whether a set has a member.',
  },
  {
    name: 'smismember', group: 'set', since: '6.2.0', arity: -3, flags: READING, keys: ONE_KEY,
    fields: ALL_MEMBERS, complexity: 'O(N) in the number of members', execute: smismember,
    summary: 'Replies for each of several members whether a set has it.',
  },
  {
    name: 'scard', group: 'set', since: '1.0.0', arity: 2, flags: READING, keys: ONE_KEY,
    complexity: 'O(1)', execute: scard,
    summary: 'Replies the number of members of a set.',
  },
  {
    name: 'smembers', group: 'set', since: '1.0.0', arity: 2, flags: ['readonly'], keys: ONE_KEY,
    complexity: 'O(N) in the size of the set', execute: smembers,
    summary: 'Replies all members of a set.',
  },
  {
    name: 'smove', group: 'set', since: '1.0.0', arity: 4, flags: ['write', 'fast'],
    keys: { first: 1, last: 2, step: 1 }, complexity: 'O(1)', apply: smove,
    summary: 'Moves a member from one set to another.',
  },
]);
