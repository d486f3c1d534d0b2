/** MEMORY: what the server's RAM is used for, and what one key costs. */

import type { Args } from '../../protocol/args.ts';
import type { ReplyWriter } from '../../protocol/reply-encoder.ts';
import { NEED_KEY } from '../../keyspace/storage.ts';
import { defineCommands, type Command, type Context } from '../command.ts';
import { container } from '../containers.ts';
import { NOT_AN_INTEGER, SYNTAX } from '../reply-errors.ts';

/** SAMPLES is taken and not needed: the storage knows what each key costs. */
function usage({ args, db, keyspace, reply }: Context): void {
  const error = checkSamples(args);
  if (error !== undefined) return reply.error(error);
  const key = args.at(2);
  if (db.find(key, NEED_KEY) === undefined) return reply.nil();
  // Its directory knows the blocks.
  if (keyspace.storage.isLarge(db.space, key)) db.find(key);
  const bytes = keyspace.storage.memoryUsage(db.space, key);
  if (bytes === undefined) reply.nil();
  else reply.integer(bytes);
}

function checkSamples(args: Args): string | undefined {
  for (let i = 3; i < args.count; i += 2) {
    if (!args.is(i, 'SAMPLES') || i + 1 >= args.count) return SYNTAX;
    const samples = args.int64(i + 1);
    if (samples === undefined) return NOT_AN_INTEGER;
    if (samples < 0) return SYNTAX;
  }
  return undefined;
}

// ---- STATS --------------------------------------------------------------------------------------

type Figure = readonly [name: string, write: (reply: ReplyWriter) => void];

function stats({ keyspace, reply, server }: Context): void {
  const memory = server.memory();
  const keys = keyspace.databases.reduce((sum, db) => sum + db.count(), 0);
  const figures = figuresOf(memory, keys);
  reply.map(figures.length);
  for (const [name, write] of figures) {
    reply.bulkText(name);
    write(reply);
  }
}

/** Names of Redis where it has one; what only dkvs has begins with `dkvs.`. */
function figuresOf(memory: Readonly<Record<string, number>>, keys: number): readonly Figure[] {
  const { total = 0, peak = 0, startup = 0, resident = 0, budget = 0 } = memory;
  const { overhead = 0, dataset = 0, allocated = 0, active = 0 } = memory;
  const { index = 0, 'hot-tail': tail = 0, 'read-cache': cache = 0 } = memory;
  const live = memory['live-values'] ?? 0;
  return [
    whole('peak.allocated', peak),
    whole('total.allocated', total),
    whole('startup.allocated', startup),
    whole('replication.backlog', 0),
    whole('clients.slaves', 0),
    whole('clients.normal', memory['clients'] ?? 0),
    whole('cluster.links', 0),
    whole('aof.buffer', 0),
    whole('lua.caches', 0),
    whole('functions.caches', 0),
    whole('overhead.total', overhead),
    whole('keys.count', keys),
    whole('keys.bytes-per-key', keys === 0 ? 0 : index / keys),
    whole('dataset.bytes', dataset),
    ratio('dataset.percentage', dataset * 100, total - startup),
    ratio('peak.percentage', total * 100, peak),
    whole('allocator.allocated', allocated),
    whole('allocator.active', active),
    whole('allocator.resident', resident),
    ratio('allocator-fragmentation.ratio', active, allocated),
    whole('allocator-fragmentation.bytes', active - allocated),
    ratio('allocator-rss.ratio', resident, active),
    whole('allocator-rss.bytes', resident - active),
    ratio('rss-overhead.ratio', 1, 1),
    whole('rss-overhead.bytes', 0),
    ratio('fragmentation', resident, total),
    whole('fragmentation.bytes', resident - total),
    whole('dkvs.budget', budget),
    whole('dkvs.index', index),
    whole('dkvs.hot-tail', tail),
    whole('dkvs.read-cache', cache),
    whole('dkvs.live-values', live),
  ];
}

function whole(name: string, value: number): Figure {
  return [name, (reply) => reply.integer(Math.round(value))];
}

function ratio(name: string, part: number, of: number): Figure {
  return [name, (reply) => reply.double(of <= 0 ? 0 : part / of)];
}

// ---- DOCTOR -------------------------------------------------------------------------------------

/** From this share of the budget on, the index leaves too little for the rest. */
const INDEX_SHARE_HIGH = 0.8;

/** From this ratio on, the process holds much more than it uses. */
const RESIDENT_RATIO_HIGH = 2;

/** Clients that hold more than this share of the budget in buffers are worth a word. */
const CLIENT_SHARE_HIGH = 0.25;

function doctor({ reply, server }: Context): void {
  reply.verbatim('txt', `${diagnose(server.memory())}\n`);
}

function diagnose(memory: Readonly<Record<string, number>>): string {
  const { total = 0, resident = 0, budget = 0, index = 0, clients = 0 } = memory;
  const findings: string[] = [];
  if (budget > 0 && index > budget * INDEX_SHARE_HIGH) {
    findings.push('The index of the keys takes nearly all of maxmemory: raise it, or expect ' +
      'every read to go to disk and new keys to be refused.');
  }
  if (budget > 0 && clients > budget * CLIENT_SHARE_HIGH) {
    findings.push('Replies that clients have not read take much RAM: see CLIENT LIST, omem.');
  }
  if (resident > total * RESIDENT_RATIO_HIGH && resident > budget) {
    findings.push('The process holds twice the memory that it uses; it comes back in time.');
  }
  return findings.length === 0 ? 'No problem found.' : findings.join('\n');
}

function mallocStats({ reply, server }: Context): void {
  const lines = Object.entries(server.memory()).map(([name, bytes]) => `${name}: ${bytes}\n`);
  reply.verbatim('txt', lines.join(''));
}

const SUBCOMMANDS: readonly Command[] = [
  {
    name: 'memory|usage', group: 'server', since: '4.0.0', arity: -3, flags: ['readonly'],
    keys: { first: 2, last: 2, step: 1 }, syntax: '<key> [SAMPLES <count>]', complexity: 'O(1)',
    execute: usage,
    summary: 'Replies the bytes that a key and its value take in RAM and in the log.',
  },
  {
    name: 'memory|stats', group: 'server', since: '4.0.0', arity: 2, flags: [],
    complexity: 'O(N) in the number of connections', execute: stats,
    summary: 'Replies what the RAM is used for, in bytes.',
  },
  {
    name: 'memory|doctor', group: 'server', since: '4.0.0', arity: 2, flags: [],
    complexity: 'O(N) in the number of connections', execute: doctor,
    summary: 'Names problems with memory, for people.',
  },
  {
    name: 'memory|malloc-stats', group: 'server', since: '4.0.0', arity: 2, flags: [],
    complexity: 'O(N) in the number of connections', execute: mallocStats,
    summary: 'Replies what the RAM is used for, as text.',
  },
  {
    name: 'memory|purge', group: 'server', since: '4.0.0', arity: 2, flags: [],
    complexity: 'O(1)', execute: ({ reply }) => reply.ok(),
    summary: 'Does nothing: the garbage collector gives memory back by itself.',
  },
];

export const memoryCommands = defineCommands([
  container({
    name: 'memory', group: 'server', since: '4.0.0', arity: -2, flags: [],
    complexity: 'Depends on the subcommand', summary: 'About the memory of the server.',
  }, SUBCOMMANDS),
]);
