/**
 * What commands may know and change about the connection that sent them. Implemented by
 * session/session.ts; tests implement a plain one.
 */

export type ReplyMode = 'on' | 'off' | 'skip';

/**
 * One connection's counters and facts, as CLIENT LIST prints them. Times are ms since the epoch.
 */
export interface ClientFacts {
  readonly id: number;
  readonly address: string;
  readonly localAddress: string;
  /** File descriptor where the platform tells it, else -1. */
  readonly fd: number;
  readonly connectedAt: number;
  readonly lastCommandAt: number;
  readonly lastCommand: string;
  readonly libraryName: string;
  readonly libraryVersion: string;
  readonly queryBufferBytes: number;
  /** Room beside those that the connection keeps for what it will read. */
  readonly queryBufferFreeBytes: number;
  /** Requests that wait for something, as they came. */
  readonly requestBytes: number;
  readonly outputBytes: number;
  readonly bytesIn: number;
  readonly bytesOut: number;
}

/**
 * How a wait ended: by itself or because its client ended its side, by CLIENT UNBLOCK with ERROR,
 * or because the server stops.
 */
export type Unblocked = 'timeout' | 'error' | 'closing';

/** The wait of a connection in a command that blocks. */
export interface BlockingPort {
  readonly isBlocked: boolean;
  /** Begins a wait. `resume` is called once; at once where nothing may block any more. */
  begin(resume: (how: Unblocked) => void): void;
  /** Ends the wait; false when there was none. */
  end(how: Unblocked): boolean;
}

export interface SessionPort {
  readonly facts: ClientFacts;
  name: string;
  library: { name: string; version: string };
  /** Selected database. */
  dbIndex: number;
  protocol: 2 | 3;
  authenticated: boolean;
  readonly user: string;
  replyMode: ReplyMode;
  noEvict: boolean;
  noTouch: boolean;
  /** Reads are linearizable, or not; undefined = as the option `consistency` says. */
  wantsLatest: boolean | undefined;
  /** True in MULTI. */
  readonly inTransaction: boolean;
  /** True while EXEC runs the commands of this connection: none of them may block. */
  readonly inExec: boolean;
  readonly blocking: BlockingPort;
  readonly transaction: TransactionPort;
  readonly subscriptions: SubscriptionsPort;
  /** MONITOR: from now on every command of every connection is sent here. */
  startMonitoring(): void;
  /** The connection closes once the replies so far are sent. */
  closeAfterReply(): void;
  /** RESET: back to the state of a new connection. */
  reset(): void;
  /** Letters of CLIENT LIST's flags field, 'N' for none. */
  readonly flagLetters: string;
}

/** MULTI, EXEC, DISCARD, WATCH. The queue holds owned copies. */
export interface TransactionPort {
  begin(): void;
  discard(): void;
  readonly queued: number;
  /** What the queue takes in memory. */
  readonly queuedBytes: number;
  /** A queued command was refused: EXEC will abort. */
  readonly broken: boolean;
  watch(db: number, keys: readonly Buffer[]): void;
  unwatch(): void;
  readonly watching: number;
}

/** Channels, patterns and shard channels of one connection. */
export interface SubscriptionsPort {
  readonly channels: ReadonlySet<string>;
  readonly patterns: ReadonlySet<string>;
  readonly shardChannels: ReadonlySet<string>;
  /** Channels and patterns together: what SUBSCRIBE replies. */
  readonly count: number;
  subscribe(channel: Buffer): void;
  unsubscribe(channel: Buffer): void;
  psubscribe(pattern: Buffer): void;
  punsubscribe(pattern: Buffer): void;
  ssubscribe(channel: Buffer): void;
  sunsubscribe(channel: Buffer): void;
}
