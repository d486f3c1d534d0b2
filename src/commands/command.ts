/**
 * What a command is: a frozen value in a table.
 *
 * Dispatch, COMMAND, COMMAND DOCS, the tests and the README read the same table; the general path
 * never names a command. `execute` and `apply` are synchronous: they read the keyspace, write one
 * reply and make changes through the Database, all in one go, and so are atomic. A command that may
 * write has `apply`, which gets a context without configuration, clock and client.
 *
 * A command that must wait for something other than its keys' records (a scan, a flush to disk, a
 * pause) gives `steps` instead: a generator that yields what it wants as data and is resumed with
 * what the shell provides. It still does no I/O itself, and writes its reply after its last yield,
 * because messages to the same connection may come in between.
 */

import type { Args } from '../protocol/args.ts';
import type { ReplyWriter } from '../protocol/reply-encoder.ts';
import type { Database } from '../keyspace/database.ts';
import type { ByteRange } from '../lib/byte-range.ts';
import type { IndexReport } from '../keyspace/index-report.ts';
import type { Keyspace } from '../keyspace/keyspace.ts';
import type { ScanPage, ScannedKey } from '../keyspace/storage.ts';
import type { Random } from '../lib/random.ts';
import type { CommandFacts } from './command-facts.ts';
import type { MessagePort, ServerPort } from './server-port.ts';
import type { SessionPort, Unblocked } from './session-port.ts';

export type { Flag, Group, KeyPositions, VisitKey } from './command-facts.ts';

export interface Command extends CommandFacts {
  /** Of a command that changes nothing that others see. */
  readonly execute?: (ctx: Context) => void;
  /** Of a command that may write or publish: with peers it runs on all of them. */
  readonly apply?: (ctx: WriteContext) => void;
  readonly steps?: (ctx: Context) => Steps;
  readonly subcommands?: readonly Command[];
}

/**
 * What the configuration of the server that took a request limits. It travels with the request, so
 * that every peer decides alike.
 */
export interface RequestLimits {
  /** `databases`: their numbers are below. */
  readonly databases: number;
  /** `proto-max-bulk-len`: bytes that a string may grow to. */
  readonly stringBytes: number;
  /** What all peers know: see raft/core/feature-level.ts. Alone: what this build knows. */
  readonly featureLevel: number;
  /** `hll-sparse-max-bytes`: bytes up to which a HyperLogLog may be sparse. */
  readonly hllSparseBytes: number;
}

/**
 * What a command that may write works with: nothing that differs between peers. No configuration,
 * no clock but the request's own time, no client. Borrowed until it returns.
 */
export interface WriteContext {
  /** The request; args.at(0) is the name. Borrowed. */
  readonly args: Args;
  readonly reply: ReplyWriter;
  /** The selected database. */
  readonly db: Database;
  readonly keyspace: Keyspace;
  /** The request's time, ms since the epoch. The only clock a command may use. */
  readonly now: number;
  /** Seeded with the request. The only randomness a command may use. */
  readonly random: Random;
  readonly limits: RequestLimits;
  readonly messages: MessagePort;
  /**
   * Of a command that blocks: it has found nothing, and has replied what it replies where nothing
   * may wait, as in EXEC. Where it may, that reply is dropped, and the request runs again when one
   * of the keys may have something.
   */
  waitForKeys(wait: KeyWait): void;
}

/** What a command that blocks waits for. */
export interface KeyWait {
  /** Its keys are the arguments from `first` up to, not including, `end`. */
  readonly first: number;
  readonly end: number;
  /** 0 = for ever. When it is over the reply is a null array. */
  readonly timeoutMs: number;
  /**
   * How many requests what is at the key now could serve, at most; 0 where there is nothing, or
   * another type. Changes nothing. The same function for all commands that wait for the same.
   */
  readonly countReady: (db: Database, key: ByteRange) => number;
}

/** What a command that changes nothing may use beside that. */
export interface Context extends WriteContext {
  readonly session: SessionPort;
  readonly server: ServerPort;
}

/** What a command in steps may want. */
export type Want =
  | {
    readonly kind: 'scan'; readonly db: Database; readonly cursor: number; readonly count: number;
  }
  | { readonly kind: 'randomKey'; readonly db: Database }
  /** Let other work go on, then resume: for long loops. */
  | { readonly kind: 'yield' }
  /** Holds the whole server, as DEBUG SLEEP does. */
  | { readonly kind: 'stall'; readonly ms: number }
  /**
   * Waits until the time is over (0 = for ever), another connection ends it (see BlockingPort), or
   * `isOver`: that is asked whenever peers have made progress, so it has to be quick.
   */
  | {
    readonly kind: 'block'; readonly session: SessionPort; readonly ms: number;
    readonly isOver?: () => boolean;
  }
  /** Everything acknowledged so far is on disk (fdatasync). */
  | { readonly kind: 'sync' }
  /** The same, noted as a save; in the background it resumes at once. */
  | { readonly kind: 'save'; readonly inBackground: boolean }
  /** Starts the compactor; resumes at once. */
  | { readonly kind: 'compact' }
  /** Writes everything out and recovers it from disk. */
  | { readonly kind: 'reload' }
  /** Checks the storage's index against the log. */
  | { readonly kind: 'checkIndex' };

/**
 * What the shell resumes with: for 'scan' a ScanPage, for 'randomKey' a key, for 'block' how it
 * ended, for 'checkIndex' its report, else undefined.
 */
export type Provided = ScanPage | ScannedKey | Unblocked | IndexReport | undefined;

export type Steps = Generator<Want, void, Provided>;

/** Freezes a table of commands. */
export function defineCommands(commands: readonly Command[]): readonly Command[] {
  return Object.freeze(commands.map((command) => Object.freeze(command)));
}
