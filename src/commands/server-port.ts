/**
 * What commands may know and change about the server as a whole. Implemented by the shell
 * (src/server.ts and src/observe); tests implement a plain one. Facts come as data: a command never
 * reaches for a socket, a file or a clock.
 */

import type { Histogram } from '../lib/histogram.ts';
import type { CommandFacts } from './command-facts.ts';
import type { PeersPort } from './peers-port.ts';
import type { SessionPort } from './session-port.ts';

/** Options as CONFIG sees them. Implemented by config/config.ts. */
export interface ConfigPort {
  /** Name and value of each option that a glob pattern (any case) matches, in order of name. */
  match(pattern: Buffer): readonly (readonly [string, string])[];
  /** All or nothing; undefined when done, else the text of the error without 'ERR '. */
  set(pairs: readonly (readonly [string, string])[]): string | undefined;
  /** Rewrites the config file; undefined when done, else the text of the error. */
  rewrite(): string | undefined;
  /** Value of one option as text; undefined when there is none. */
  get(name: string): string | undefined;
}

export interface SlowEntry {
  readonly id: number;
  /** Seconds since the epoch. */
  readonly at: number;
  readonly microseconds: number;
  /** Shortened as Redis shortens them: at most 32 arguments of at most 128 bytes. */
  readonly args: readonly Buffer[];
  readonly client: string;
  readonly clientName: string;
}

export interface SlowLogPort {
  readonly length: number;
  /** Newest first; -1 = all. */
  get(count: number): readonly SlowEntry[];
  reset(): void;
}

export interface LatencyEvent {
  readonly event: string;
  /** Newest last. */
  readonly samples: readonly { readonly at: number; readonly ms: number }[];
  readonly maxMs: number;
}

export interface LatencyPort {
  latest(): readonly LatencyEvent[];
  history(event: string): LatencyEvent | undefined;
  /** All when no name is given; returns how many were there. */
  reset(events: readonly string[]): number;
}

export interface CommandStat {
  readonly name: string;
  readonly calls: number;
  readonly microseconds: number;
  /** Refused before they ran. */
  readonly rejected: number;
  /** Ran and replied an error. */
  readonly failed: number;
  readonly latency: Histogram;
}

/** Sends messages to the subscribers of this server; each call returns how many there are. */
export interface MessagePort {
  publish(channel: Buffer, message: Buffer): number;
  /** To a shard channel; they share no name with the others. */
  spublish(channel: Buffer, message: Buffer): number;
}

export interface PubSubPort extends MessagePort {
  /** Channels with subscribers that match a glob pattern; undefined = all. */
  channels(pattern: Buffer | undefined): readonly Buffer[];
  subscribers(channel: Buffer): number;
  readonly patterns: number;
  /** The same for shard channels. */
  shardChannels(pattern: Buffer | undefined): readonly Buffer[];
  shardSubscribers(channel: Buffer): number;
}

export interface ClientsPort {
  /** All connections, oldest first. */
  all(): readonly ClientPort[];
  pause(untilMs: number, writesOnly: boolean): void;
  unpause(): void;
}

export interface ClientPort {
  readonly session: SessionPort;
  readonly kind: 'normal' | 'pubsub' | 'master' | 'replica';
  /** Closes the connection; its own after the reply. */
  kill(): void;
}

export interface ServerPort {
  readonly table: CommandLookup;
  readonly config: ConfigPort;
  readonly slowLog: SlowLogPort;
  readonly latency: LatencyPort;
  readonly pubsub: PubSubPort;
  readonly clients: ClientsPort;
  /** Undefined for a server that stands alone. */
  readonly peers: PeersPort | undefined;
  commandStats(): readonly CommandStat[];
  /** INFO: sections in order, each a title and its fields; what is asked for is the caller's. */
  info(): readonly InfoSection[];
  resetStats(): void;
  /** Seconds since the epoch of the last save, or of the start. */
  readonly lastSave: number;
  /** A save is under way. */
  readonly saving: boolean;
  readonly compacting: boolean;
  /** Begins a clean stop. */
  shutdown(): void;
  checkPassword(user: string, password: Buffer): boolean;
  /** Bytes that nobody can foresee. */
  secret(bytes: number): Buffer;
  /** False only when no password is set. */
  readonly needsPassword: boolean;
  /** DEBUG SET-ACTIVE-EXPIRE. */
  setActiveExpire(on: boolean): void;
  /** DEBUG and MODULE are behind options: may this connection use it? */
  mayDebug(session: SessionPort): boolean;
  /** RAM in use by part, in bytes; 'total' included. */
  memory(): Readonly<Record<string, number>>;
  readonly version: string;
  readonly redisVersion: string;
  readonly startedAt: number;
}

export interface InfoSection {
  /** As INFO's header prints it: 'Server', 'Clients', ... */
  readonly title: string;
  /** In INFO without arguments, or only in `all`/`everything` or by name. */
  readonly byDefault: boolean;
  fields(): readonly (readonly [string, string | number])[];
}

export interface CommandLookup {
  /** Any case; 'client|id' for subcommands. */
  find(name: string): CommandFacts | undefined;
  readonly all: readonly CommandFacts[];
}
