// tidy: table
/**
 * How each command uses its keys, as COMMAND INFO's key specifications and COMMAND GETKEYSANDFLAGS
 * tell it: facts of Redis 7.0, because proxies and access lists decide by them. A command with keys
 * that is not in the table uses them as its flags say (`useByFlags`).
 *
 * RO reads, RW reads and writes, OW overwrites, RM removes. `access` returns data of the value,
 * `insert` adds to it, `update` replaces some of it, `delete` takes from it.
 */

import type { Args } from '../protocol/args.ts';
import type { CommandFacts, KeyPositions } from './command-facts.ts';

export interface KeySpec {
  /** In Redis's order. */
  readonly flags: readonly string[];
  readonly positions: KeyPositions;
  readonly notes?: string;
}

/** A use of keys that are not all that the command has: the first and the last of them. */
type Part = readonly [use: string, first: number, last: number];

const CHANGED = 'RW access update';
const REMOVED = 'RM delete';
const MOVED = 'RW access delete';

const USES: Readonly<Record<string, string | readonly Part[]>> = {
  set: 'RW access update variable_flags', setnx: 'OW insert', setex: 'OW update',
  psetex: 'OW update', getset: CHANGED, getdel: MOVED, getex: CHANGED, strlen: 'RO',
  mset: 'OW update', msetnx: 'OW insert', incr: CHANGED, decr: CHANGED, incrby: CHANGED,
  decrby: CHANGED, incrbyfloat: CHANGED, append: 'RW insert', setbit: CHANGED,
  bitop: [['OW update', 2, 2], ['RO access', 3, -1]],
  bitfield: 'RW access update variable_flags',
  del: REMOVED, unlink: REMOVED, exists: 'RO', touch: 'RO', type: 'RO',
  rename: [[MOVED, 1, 1], ['OW update', 2, 2]],
  renamenx: [[MOVED, 1, 1], ['OW insert', 2, 2]],
  copy: [['RO access', 1, 1], ['OW update', 2, 2]],
  move: CHANGED,
  'object|encoding': 'RO', 'object|freq': 'RO', 'object|idletime': 'RO', 'object|refcount': 'RO',
  'memory|usage': 'RO',
  hsetnx: 'RW insert', hexists: 'RO', hstrlen: 'RO', hlen: 'RO', hdel: 'RW delete',
  hincrby: CHANGED, hincrbyfloat: CHANGED,
  watch: 'RO',
};

const NOTES: Readonly<Record<string, string>> = {
  set: 'RW and ACCESS due to the optional `GET` argument',
  getex: 'RW and UPDATE because it changes the TTL',
  bitfield: 'This command allows both access and modification of the key',
};

/** Of commands whose use depends on the request: what this one does. */
const VARYING: Readonly<Record<string, (args: Args) => string>> = {
  set: (args) => hasWord(args, 3, 'GET') ? CHANGED : 'OW update',
  bitfield: (args) => onlyGets(args) ? 'RO access' : CHANGED,
};

/** The specifications of a command; none for one that has no keys. */
export function keySpecs(command: CommandFacts): readonly KeySpec[] {
  const { keys, name } = command;
  if (keys === undefined) return [];
  const use = USES[name] ?? useByFlags(command);
  if (typeof use !== 'string') {
    return use.map(([words, first, last]) => specOf(words, { first, last, step: 1 }));
  }
  const notes = NOTES[name];
  return [notes === undefined ? specOf(use, keys) : { ...specOf(use, keys), notes }];
}

/** The same for one request: what it does with the keys of each specification. */
export function keySpecsOf(command: CommandFacts, args: Args): readonly KeySpec[] {
  const varying = VARYING[command.name];
  if (varying === undefined || command.keys === undefined) return keySpecs(command);
  return [specOf(varying(args), command.keys)];
}

function specOf(use: string, positions: KeyPositions): KeySpec {
  return { flags: use.split(' '), positions };
}

function useByFlags({ flags }: CommandFacts): string {
  if (flags.includes('pubsub')) return 'not_key';
  return flags.includes('write') ? 'RW update' : 'RO access';
}

function hasWord(args: Args, from: number, word: string): boolean {
  for (let i = from; i < args.count; i++) if (args.is(i, word)) return true;
  return false;
}

/** A request that cannot be read counts as one that changes the key. */
function onlyGets(args: Args): boolean {
  let i = 2;
  while (i < args.count) {
    const more = args.count - 1 - i;
    if (args.is(i, 'GET') && more >= 2) i += 3;
    else if (args.is(i, 'OVERFLOW') && more >= 1) i += 2;
    else return false;
  }
  return true;
}
