/**
 * The facts of a command: what COMMAND, GETKEYS, ACL and the documentation tell of it. Data only;
 * what it does is in command.ts.
 */

import type { Args } from '../protocol/args.ts';
import type { Need } from '../keyspace/storage.ts';

/** As COMMAND replies them; the meaning is Redis's. */
export type Flag =
  | 'write' | 'readonly' | 'denyoom' | 'admin' | 'pubsub' | 'noscript' | 'blocking' | 'loading'
  | 'stale' | 'skip_monitor' | 'skip_slowlog' | 'fast' | 'no_auth' | 'may_replicate'
  | 'sentinel' | 'only_sentinel' | 'no_mandatory_keys' | 'protected' | 'no_async_loading'
  | 'no_multi' | 'movablekeys' | 'allow_busy'
  /** A write that makes room, now or when its time comes: a full disk does not refuse it. */
  | 'frees'
  /** Runs while the connection is subscribed in RESP2. */
  | 'subscribed'
  /** Runs at once inside MULTI instead of being queued. */
  | 'immediate'
  /** Notes the versions of keys: with peers it waits until all of them know versions. */
  | 'watches'
  /**
   * Of a group that older builds know, while they do not know it: it came with collections of all
   * types, and with peers it waits until all of them have those.
   */
  | 'collections'
  /** Runs what MULTI queued, so the keys of that must be in RAM too. */
  | 'runs_queued'
  /**
   * Exists only as a line typed inline, without arguments: for a person at a terminal. COMMAND does
   * not list it, and no client library can send it.
   */
  | 'inline_only'
  /** Blocks its connection: how long it takes says nothing about the server. */
  | 'waits'
  /** Its arguments may hold a password: MONITOR and SLOWLOG leave it out. */
  | 'secret';

export type Group =
  | 'string' | 'bitmap' | 'generic' | 'hash' | 'list' | 'set' | 'sorted-set' | 'stream' | 'pubsub'
  | 'transactions' | 'connection' | 'server' | 'scripting' | 'hyperloglog' | 'geo' | 'cluster';

/** In the order in which COMMAND and ACL CAT list them. */
export const ACL_CATEGORIES = [
  'keyspace', 'read', 'write', 'set', 'sortedset', 'list', 'hash', 'string', 'bitmap',
  'hyperloglog', 'geo', 'stream', 'pubsub', 'admin', 'fast', 'slow', 'blocking', 'dangerous',
  'connection', 'transaction', 'scripting',
] as const;

export type AclCategory = (typeof ACL_CATEGORIES)[number];

/**
 * Positions of keys among the arguments; 0 is the command's name. `last` < 0 counts from the end.
 */
export interface KeyPositions {
  readonly first: number;
  readonly last: number;
  readonly step: number;
}

/**
 * Told of each key that a command will touch: its argument, and its database if not the selected.
 */
export type VisitKey = (arg: number, db?: number) => void;

export interface CommandFacts {
  /** Lower case; a subcommand is 'client|id'. */
  readonly name: string;
  readonly group: Group;
  readonly summary: string;
  readonly since: string;
  readonly complexity?: string;
  /** Its arguments as a person would write them, for HELP. */
  readonly syntax?: string;
  /** ACL categories instead of the one of its group; those that flags tell are added to them. */
  readonly categories?: readonly AclCategory[];
  /** Number of arguments with the name; negative: at least. */
  readonly arity: number;
  readonly flags: readonly Flag[];
  readonly keys?: KeyPositions;
  /**
   * The argument that says how many keys come behind it; they are keys beside those at `keys`.
   * `visitKeys` is not needed then.
   */
  readonly countAt?: number;
  /** Where positions do not tell: visits every key (COMMAND GETKEYS and prefetching read this). */
  readonly visitKeys?: (args: Args, visit: VisitKey) => void;
  /** Elements that it looks for in the collection at its key: told to the storage ahead. */
  readonly fields?: KeyPositions;
  /** Databases that keys of later commands may be in because of this one: SELECT, SWAPDB. */
  readonly selects?: (args: Args) => readonly (number | undefined)[];
  /** What has to be in RAM before execute, where a request decides it: by default NEED_VALUE. */
  readonly need?: Need | ((args: Args) => Need);
  /**
   * Takes about as long as its request and reply are large. Implied by 'fast'; Redis does not call
   * a SET that, because freeing the value it replaces may take it long.
   */
  readonly brief?: boolean;
  /**
   * It replies the strings at its keys: if they are surely more than a reply may hold, it is
   * refused before they are read. Not for a command that may write: what peers know of sizes may
   * differ.
   */
  readonly repliesStrings?: boolean;
  readonly subcommands?: readonly CommandFacts[];
}
