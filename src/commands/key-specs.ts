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
import { visitKeys } from './visit-keys.ts';

export interface KeySpec {
  /** In Redis's order. */
  readonly flags: readonly string[];
  readonly positions: KeyPositions;
  readonly notes?: string;
  /** The number of keys is the argument before the first of them. */
  readonly isCounted?: true;
  /** No positions tell where they are: those here are empty. */
  readonly isUnknown?: true;
  /** The key is behind this word, which is looked for from `positions.first` on. */
  readonly keyword?: string;
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
  pfadd: 'RW insert', pfcount: 'RW access', pfdebug: 'RW access',
  pfmerge: [['RW access insert', 1, 1], ['RO access', 2, -1]],
  hsetnx: 'RW insert', hexists: 'RO', hstrlen: 'RO', hlen: 'RO', hdel: 'RW delete',
  hincrby: CHANGED, hincrbyfloat: CHANGED,
  sadd: 'RW insert', srem: 'RW delete', sismember: 'RO', scard: 'RO',
  smove: [[MOVED, 1, 1], ['RW insert', 2, 2]], spop: MOVED,
  sinterstore: [['RW update', 1, 1], ['RO access', 2, -1]],
  sdiffstore: [['OW update', 1, 1], ['RO access', 2, -1]],
  sunionstore: [['OW update', 1, 1], ['RO access', 2, -1]],
  lpush: 'RW insert', rpush: 'RW insert', lpushx: 'RW insert', rpushx: 'RW insert', lpop: MOVED,
  rpop: MOVED, llen: 'RO', linsert: 'RW insert', ltrim: 'RW delete', lrem: 'RW delete',
  rpoplpush: [[MOVED, 1, 1], ['RW insert', 2, 2]],
  lmove: [[MOVED, 1, 1], ['RW insert', 2, 2]], lmpop: MOVED,
  blpop: MOVED, brpop: MOVED, blmpop: MOVED,
  brpoplpush: [[MOVED, 1, 1], ['RW insert', 2, 2]],
  blmove: [[MOVED, 1, 1], ['RW insert', 2, 2]],
  zcard: 'RO', zincrby: CHANGED, zrem: 'RW delete', zremrangebyrank: 'RW delete',
  zremrangebyscore: 'RW delete', zremrangebylex: 'RW delete', zpopmin: MOVED, zpopmax: MOVED,
  zmpop: MOVED, bzpopmin: MOVED, bzpopmax: MOVED, bzmpop: MOVED,
  zrangestore: [['OW update', 1, 1], ['RO access', 2, 2]],
  zunionstore: [['OW update', 1, 1], ['RO access', 2, -1]],
  zinterstore: [['OW update', 1, 1], ['RO access', 2, -1]],
  zdiffstore: [['OW update', 1, 1], ['RO access', 2, -1]],
  geoadd: 'RW update', geosearchstore: [['OW update', 1, 1], ['RO access', 2, 2]],
  georadius: 'RO access', georadiusbymember: 'RO access',
  watch: 'RO', sort: 'RO access',
};

const OF_BY_AND_GET = 'For the optional BY/GET keyword. It is marked \'unknown\' because the ' +
  'key names derive from the content of the key we sort';
const OF_STORE = 'For the optional STORE keyword. It is marked \'unknown\' because the keyword ' +
  'can appear anywhere in the argument array';

/** Of commands that use keys beside those at positions: the use of each kind, and its notes. */
const UNKNOWN: Readonly<Record<string, readonly (readonly [use: string, notes: string])[]>> = {
  sort: [['RO access', OF_BY_AND_GET], ['OW update', OF_STORE]],
  'sort_ro': [['RO access', OF_BY_AND_GET]],
};

const NO_POSITIONS: KeyPositions = Object.freeze({ first: 1, last: 0, step: 1 });

const NOTES: Readonly<Record<string, string>> = {
  set: 'RW and ACCESS due to the optional `GET` argument',
  getex: 'RW and UPDATE because it changes the TTL',
  bitfield: 'This command allows both access and modification of the key',
  pfcount: 'RW because it may change the internal representation of the key, ' +
    'and propagate to replicas',
};

/** Of commands with keys behind words: where options begin. */
const KEYS_BEHIND: Readonly<Record<string, readonly [from: number, ...words: string[]]>> = {
  georadius: [6, 'STORE', 'STOREDIST'], georadiusbymember: [5, 'STORE', 'STOREDIST'],
};

/** Of commands whose use depends on the request: what this one does. */
const VARYING: Readonly<Record<string, (args: Args) => string>> = {
  set: (args) => hasWord(args, 3, 'GET') ? CHANGED : 'OW update',
  bitfield: (args) => onlyGets(args) ? 'RO access' : CHANGED,
};

/** The specifications of a command; none for one that has no keys. */
export function keySpecs(command: CommandFacts): readonly KeySpec[] {
  const { countAt, keys, name } = command;
  const use = USES[name] ?? useByFlags(command);
  if (countAt !== undefined) return countedSpecs(command, countAt, use);
  if (keys === undefined) return [];
  if (typeof use !== 'string') {
    return use.map(([words, first, last]) => specOf(words, { first, last, step: 1 }));
  }
  const behind = KEYS_BEHIND[name];
  if (behind !== undefined) return [specOf(use, keys), ...specsBehind(...behind)];
  const notes = NOTES[name];
  const spec = notes === undefined ? specOf(use, keys) : { ...specOf(use, keys), notes };
  return [spec, ...unknownSpecs(command)];
}

function unknownSpecs({ name }: CommandFacts): readonly KeySpec[] {
  return (UNKNOWN[name] ?? []).map(([use, text]) =>
    ({ ...specOf(use, NO_POSITIONS), notes: text, isUnknown: true }));
}

/** A fixed key, if there is one in front of the number, and those behind it. */
function countedSpecs(
  { keys }: CommandFacts, countAt: number, use: string | readonly Part[],
): readonly KeySpec[] {
  const [fixed, counted] = typeof use === 'string' ? [use, use] : [use[0]![0], use[1]![0]];
  const first = countAt + 1;
  const behind: KeySpec = { ...specOf(counted, { first, last: -1, step: 1 }), isCounted: true };
  return keys === undefined ? [behind] : [specOf(fixed, keys), behind];
}

function specsBehind(first: number, ...words: readonly string[]): readonly KeySpec[] {
  return words.map((keyword) =>
    ({ ...specOf('OW update', { first, last: first, step: 1 }), keyword }));
}

/** The same for one request: what it does with the keys of each specification. */
export function keySpecsOf(command: CommandFacts, args: Args): readonly KeySpec[] {
  if (UNKNOWN[command.name] !== undefined) return foundSpecsOf(command, args);
  const varying = VARYING[command.name];
  if (varying === undefined || command.keys === undefined) return keySpecs(command);
  return [specOf(varying(args), command.keys)];
}

/** Keys at no position are found by reading the request: they are of the last specification. */
function foundSpecsOf(command: CommandFacts, args: Args): readonly KeySpec[] {
  const [fixed, ...unknown] = keySpecs(command);
  const found: KeySpec[] = [];
  visitKeys(command, args, (at) => {
    const { flags } = at === fixed!.positions.first ? fixed! : unknown.at(-1)!;
    found.push({ flags, positions: { first: at, last: at, step: 1 } });
  });
  return found;
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
