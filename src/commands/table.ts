/**
 * Finds commands by name, straight from the bytes of a request.
 *
 * Names are looked up millions of times a second, so no string is made: a case-folding hash of the
 * bytes chooses a bucket, and the bytes are compared with the name. What the dispatcher asks of
 * every command (is it a write? may it run in MULTI?) is worked out once, here, from its flags.
 */

import type { Args } from '../protocol/args.ts';
import type { Command, Context, Flag, Group } from './command.ts';
import { NEED_VALUE, type Need } from '../keyspace/storage.ts';
import {
  FEATURE_LEVEL_COLLECTIONS, FEATURE_LEVEL_FIRST, FEATURE_LEVEL_VERSIONS,
} from '../raft/core/feature-level.ts';
import type { CommandLookup } from './server-port.ts';

/** Longer than any subcommand: of a longer argument no string is made. */
const SUBCOMMAND_BYTES_MAX = 64;

/** What a command in a burst of others must not do. */
const NOT_BRIEF: readonly Flag[] = ['runs_queued', 'immediate', 'admin', 'blocking', 'pubsub'];

/** A command with its flags unfolded; `id` is its position in `CommandTable.entries`. */
export class TableEntry {
  readonly id: number;
  readonly command: Command;
  readonly arity: number;
  readonly isWrite: boolean;
  /**
   * A write, or one that causes writes or messages (EVAL, PUBLISH): CLIENT PAUSE WRITE stops it.
   */
  readonly mayReplicate: boolean;
  /** With peers it takes place everywhere, in one order. */
  readonly isOrdered: boolean;
  /** What it replies depends on what has been written. */
  readonly readsData: boolean;
  readonly deniedWhenFull: boolean;
  /** A write that only makes room: a full disk neither slows nor refuses it. */
  readonly frees: boolean;
  readonly deniedInMulti: boolean;
  readonly isImmediate: boolean;
  readonly runsQueued: boolean;
  /** With peers it waits until the cluster has this feature level. */
  readonly featureLevel: number;
  readonly isInlineOnly: boolean;
  readonly allowedSubscribed: boolean;
  /** It runs also while the server has no data that it may answer for. */
  readonly allowedLoading: boolean;
  /** SUBSCRIBE and the like: their replies are messages, which CLIENT REPLY OFF lets pass. */
  readonly repliesByPush: boolean;
  readonly allowedWithoutAuth: boolean;
  readonly shownToMonitors: boolean;
  readonly shownInSlowLog: boolean;
  /** It may wait for keys: see WriteContext.waitForKeys. */
  readonly isBlocking: boolean;
  /** It may block its connection: that it took long is no event of LATENCY. */
  readonly waits: boolean;
  readonly #need: Need | ((args: Args) => Need);
  readonly subcommands: ReadonlyMap<string, TableEntry>;
  /**
   * Runs at once and takes about as long as its request and reply are large, so that many in a row
   * can be timed as one.
   */
  readonly isBrief: boolean;
  /** Its one key is the argument behind its name. */
  readonly hasOneKey: boolean;
  /** Works on data alone: it changes nothing that decides whether the next request may run. */
  readonly isPlain: boolean;
  readonly repliesStrings: boolean;
  /** What runs it, if not steps. */
  readonly action: ((ctx: Context) => void) | undefined;

  constructor(id: number, command: Command, subcommands: ReadonlyMap<string, TableEntry>) {
    const has = (flag: Flag): boolean => command.flags.includes(flag);
    this.id = id;
    this.command = command;
    this.arity = command.arity;
    this.isWrite = has('write');
    this.mayReplicate = this.isWrite || has('may_replicate');
    this.isOrdered = this.mayReplicate;
    this.action = command.apply ?? command.execute;
    mustFit(command, this.mayReplicate);
    this.repliesStrings = command.repliesStrings === true;
    this.readsData = has('readonly') || has('runs_queued');
    this.deniedWhenFull = has('denyoom');
    this.frees = has('frees');
    this.deniedInMulti = has('no_multi');
    this.isImmediate = has('immediate');
    this.runsQueued = has('runs_queued');
    this.featureLevel = featureLevelOf(command);
    this.isInlineOnly = has('inline_only');
    this.allowedSubscribed = has('subscribed');
    this.allowedLoading = has('loading');
    this.repliesByPush = this.allowedSubscribed && has('pubsub');
    this.allowedWithoutAuth = has('no_auth');
    this.shownToMonitors = !has('skip_monitor') && !has('admin') && !has('secret');
    this.isBlocking = has('blocking') && command.apply !== undefined;
    this.waits = has('waits');
    this.shownInSlowLog = !has('skip_slowlog') && !has('secret') && !this.waits;
    this.#need = command.need ?? NEED_VALUE;
    this.subcommands = subcommands;
    const isPlain = this.action !== undefined && command.steps === undefined &&
      subcommands.size === 0 && !NOT_BRIEF.some(has);
    this.isPlain = isPlain && (this.isWrite || has('readonly'));
    const { countAt, keys } = command;
    const hasPlainKeys = keys !== undefined && countAt === undefined &&
      command.visitKeys === undefined;
    this.hasOneKey = hasPlainKeys && keys.first === 1 && keys.last === 1;
    this.isBrief = isPlain && hasPlainKeys && (has('fast') || command.brief === true);
  }

  /** How much of its keys' records this request needs in RAM. */
  needOf(args: Args): Need {
    return typeof this.#need === 'number' ? this.#need : this.#need(args);
  }

  /** Whether a request with so many arguments (the name included) is well-formed. */
  takes(count: number): boolean {
    return this.arity >= 0 ? count === this.arity : count >= -this.arity;
  }
}

export class CommandTable implements CommandLookup {
  /** All that COMMAND lists. */
  readonly all: readonly Command[];
  /** Commands and subcommands, by id. */
  readonly entries: readonly TableEntry[];
  readonly #byName = new Map<string, TableEntry>();
  readonly #byHash = new Map<number, TableEntry[]>();
  /** Found last: the next request is often for the same command. */
  #last: TableEntry | undefined;

  constructor(families: readonly (readonly Command[])[]) {
    const commands = families.flat();
    this.all = commands.filter(({ flags }) => !flags.includes('inline_only'));
    const entries: TableEntry[] = [];
    for (const command of commands) this.#add(command, entries);
    this.entries = entries;
  }

  find(name: string): Command | undefined {
    return this.#byName.get(name.toLowerCase())?.command;
  }

  /** The entry for a request's first argument; of a subcommand, where there is one of that name. */
  lookup(args: Args): TableEntry | undefined {
    const entry = this.#lookupName(args);
    if (entry === undefined || entry.subcommands.size === 0 || args.count < 2) return entry;
    if (args.length(1) > SUBCOMMAND_BYTES_MAX) return entry;
    return entry.subcommands.get(args.latin1(1).toLowerCase()) ?? entry;
  }

  #lookupName(args: Args): TableEntry | undefined {
    const { buf } = args;
    const start = args.start(0);
    const end = args.end(0);
    const last = this.#last;
    if (last !== undefined && isName(last.command.name, buf, start, end)) return last;
    const bucket = this.#byHash.get(foldedHash(buf, start, end));
    if (bucket === undefined) return undefined;
    const found = bucket.find((entry) => isName(entry.command.name, buf, start, end));
    if (found?.isInlineOnly === true) return args.isInline && args.count === 1 ? found : undefined;
    this.#last = found;
    return found;
  }

  #add(command: Command, entries: TableEntry[]): void {
    if (this.#byName.has(command.name)) {
      throw new Error(`assertion failed: two commands are called ${command.name}`);
    }
    const subcommands = new Map<string, TableEntry>();
    for (const sub of command.subcommands ?? []) {
      const entry = new TableEntry(entries.length, sub, new Map());
      entries.push(entry);
      subcommands.set(sub.name.slice(command.name.length + 1), entry);
      this.#byName.set(sub.name, entry);
    }
    const entry = new TableEntry(entries.length, command, subcommands);
    entries.push(entry);
    if (!entry.isInlineOnly) this.#byName.set(command.name, entry);
    const name = Buffer.from(command.name);
    const hash = foldedHash(name, 0, name.length);
    this.#byHash.set(hash, [...(this.#byHash.get(hash) ?? []), entry]);
  }
}

/** Groups of commands that only builds of FEATURE_LEVEL_COLLECTIONS know. */
const NEW_GROUPS: ReadonlySet<Group> = new Set<Group>([
  'list', 'set', 'sorted-set', 'geo', 'hyperloglog',
]);

/** What a build of a lower level would not know when it is to apply it. */
function featureLevelOf({ flags, group }: Command): number {
  if (flags.includes('watches')) return FEATURE_LEVEL_VERSIONS;
  const isNew = flags.includes('collections') ||
    (flags.includes('write') && NEW_GROUPS.has(group));
  return isNew ? FEATURE_LEVEL_COLLECTIONS : FEATURE_LEVEL_FIRST;
}

/** A command that may write must not get what differs between peers. */
function mustFit({ name, execute, apply, repliesStrings }: Command, mayWrite: boolean): void {
  if (mayWrite && repliesStrings === true) throw new Error(`assertion failed: ${name} may write`);
  if (mayWrite ? execute === undefined : apply === undefined) return;
  throw new Error(`assertion failed: ${name} has ${mayWrite ? 'execute' : 'apply'}`);
}

/** Bit 5 makes ASCII letters lower case; what it does to other bytes only spreads them. */
function foldedHash(buf: Buffer, start: number, end: number): number {
  let hash = end - start;
  const stop = Math.min(end, start + 32);
  for (let i = start; i < stop; i++) hash = (Math.imul(hash, 31) + ((buf[i] as number) | 32)) | 0;
  return hash;
}

function isName(name: string, buf: Buffer, start: number, end: number): boolean {
  if (name.length !== end - start) return false;
  for (let i = 0; i < name.length; i++) {
    const byte = buf[start + i] as number;
    const lower = byte >= 0x41 && byte <= 0x5a ? byte + 0x20 : byte;
    if (lower !== name.charCodeAt(i)) return false;
  }
  return true;
}
