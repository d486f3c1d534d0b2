/**
 * One client's socket: bytes in, requests out to the engine, replies back.
 *
 * - Requests run in order. While one waits (for the disk, a pause, the total order) it and those
 *   behind it are kept undecoded, about READ_AHEAD_BYTES_MAX of them; then the socket is not read.
 * - Replies leave at the end of the turn (turn.ts), in one write (output.ts).
 * - A client that does not read its replies is slowed down first (UNSENT_BYTES_PAUSE), and closed
 *   when `client-output-buffer-limit` is passed.
 * - When the log fails, a connection that waits for it is closed (turn.ts).
 *
 * Its life: open; closing (no further request runs, the replies so far go out); finished (our end
 * is sent, nothing goes out any more; what comes in is dropped); closed. A client that ends its
 * side first still has every request answered that it sent before.
 */

import type { Socket } from 'node:net';
import type { ClientFacts } from '../commands/session-port.ts';
import { CLOSE_LINGER_MS } from '../io/limits.ts';
import type { Args } from '../protocol/args.ts';
import { RequestDecoder, SILENT_ERRORS, type Decoded } from '../protocol/request-decoder.ts';
import { ReplyEncoder } from '../protocol/reply-encoder.ts';
import { Session, type SessionLink } from '../session/session.ts';
import type { ConnectionHost } from './connection-host.ts';
import { OutputLimit } from './output-limit.ts';
import { Output, type OutputHost } from './output.ts';
import type { Talker } from './turn.ts';
import { MiB } from '../lib/size-units.ts';

/**
 * While a client has this many reply bytes unsent, its further requests are not read: a client that
 * does not read is slowed down long before client-output-buffer-limit closes it.
 */
export const UNSENT_BYTES_PAUSE = 1 * MiB;

/** While a request waits for the disk, so many bytes of further ones are read ahead, not more. */
export const READ_AHEAD_BYTES_MAX = 1 * MiB;

export class Connection implements SessionLink, Talker, OutputHost {
  readonly id: number;
  readonly session: Session;
  readonly decoder = new RequestDecoder();
  readonly reply: ReplyEncoder;
  readonly isUnixSocket: boolean;
  readonly #socket: Socket;
  readonly #host: ConnectionHost;
  readonly #output: Output;
  readonly #limit = new OutputLimit();
  readonly #connectedAt: number;
  readonly #address: string;
  readonly #localAddress: string;
  /** Something was written that the turn has not ended yet. */
  #isDirty = false;
  /** A request waits; it and the ones behind it stay undecoded, unless it runs in steps. */
  #isBusy = false;
  /** The next request has waited: it is still answered when the connection is to be closed. */
  #hasUntaken = false;
  /** What the requests took on the wire that wait for their replies. */
  #requestBytes = 0;
  /** Too many reply bytes are unsent; requests stay undecoded until the socket drains. */
  #isStalled = false;
  #isPaused = false;
  /** The client ended its side: what it sent before is still answered. */
  #hasEnded = false;
  #isClosing = false;
  #isFinished = false;
  #isClosed = false;
  #finishedAt = 0;
  #lastActiveAt: number;
  /** It took replies since the last sweep, which will note the time. */
  #hasTaken = false;
  #bytesIn = 0;
  #bytesOut = 0;

  constructor(socket: Socket, id: number, host: ConnectionHost, unixPath: string | undefined) {
    this.id = id;
    this.#socket = socket;
    this.#host = host;
    this.isUnixSocket = unixPath !== undefined;
    this.#address = unixPath !== undefined ? `${unixPath}:0` : remoteOf(socket);
    this.#localAddress = unixPath !== undefined ? `${unixPath}:0` : localOf(socket);
    this.#connectedAt = host.clock.nowMs();
    this.#lastActiveAt = this.#connectedAt;
    this.reply = new ReplyEncoder(host.pool);
    this.#output = new Output(socket, this.reply, this);
    this.session = new Session(this, host.realm);
    socket.on('data', (chunk: Buffer, bytes?: number) => this.#onData(chunk, bytes));
    socket.on('end', () => this.#onEnd());
    socket.on('error', (error) => host.log.debug({ client: this.#address, error }, 'client lost'));
    socket.on('close', () => this.#onClose());
  }

  get facts(): ClientFacts {
    const { library } = this.session;
    return {
      id: this.id,
      address: this.#address,
      localAddress: this.#localAddress,
      fd: -1,
      connectedAt: this.#connectedAt,
      lastCommandAt: this.#lastActiveAt,
      lastCommand: this.session.lastCommand,
      libraryName: library.name,
      libraryVersion: library.version,
      queryBufferBytes: this.decoder.unread,
      queryBufferFreeBytes: Math.max(0, this.decoder.ownedBytes - this.decoder.unread),
      requestBytes: this.#isBusy ? this.#requestBytes : 0,
      outputBytes: this.#output.unsentBytes,
      bytesIn: this.#bytesIn,
      bytesOut: this.#bytesOut,
    };
  }

  /** Milliseconds since the client last sent or took something; 0 while it is waiting for us. */
  idleMs(nowMs: number): number {
    return this.#isBusy || this.#hasTaken ? 0 : nowMs - this.#lastActiveAt;
  }

  get arrivedBytes(): number {
    return this.#bytesIn;
  }

  bytesThrough(args: Args): number {
    return this.#bytesIn - this.decoder.unreadBehind(args);
  }

  get mayTakeMore(): boolean {
    const mayServe = !this.#isClosing || this.#hasUntaken;
    return mayServe && this.#output.unsentBytes <= UNSENT_BYTES_PAUSE;
  }

  wake(): void {
    if (this.#isFinished) return;
    this.#isDirty = true;
    this.#host.turn.add(this);
    // Messages to a client that reads none must not pile up until the turn ends.
    if (this.reply.length > UNSENT_BYTES_PAUSE && !this.session.isReplying) this.#checkLimit();
  }

  /** Runs no further request; closes when the replies so far are sent. */
  closeAfterReply(): void {
    // A request that ends its own connection is the last, also when that was to be closed already.
    if (this.session.isReplying) this.#hasUntaken = false;
    if (this.#isClosing) return;
    this.#isClosing = true;
    this.wake();
  }

  /** CLIENT KILL: at once, but a client that kills itself is told so first. */
  kill(): void {
    if (this.session.isReplying) this.closeAfterReply();
    else this.destroy();
  }

  /** Closes at once; unsent replies are lost. */
  destroy(): void {
    this.#isClosing = true;
    this.#isFinished = true;
    this.#socket.destroy();
    this.#letGo();
  }

  /**
   * Call it about once a second: closes the client if it has not taken its replies for too long.
   */
  sweep(nowMs: number): void {
    if (this.#isClosed) return;
    if (this.#hasTaken) this.#lastActiveAt = nowMs;
    this.#hasTaken = false;
    this.#checkLimit();
    if (!this.#isFinished || this.#output.isWriting) return;
    if (nowMs - this.#finishedAt >= CLOSE_LINGER_MS) this.destroy();
  }

  // ---- Talker and OutputHost --------------------------------------------------------------------

  endTurn(ticket: number, acknowledged: number): boolean {
    this.#isDirty = false;
    this.session.turnReplies.clear();
    if (this.#isFinished) return false;
    this.#output.endTurn(ticket, acknowledged);
    this.#afterFlush();
    return this.#output.waitsForTicket;
  }

  acknowledge(acknowledged: number): boolean {
    if (this.#isFinished) return false;
    this.#output.acknowledge(acknowledged);
    this.#afterFlush();
    return this.#output.waitsForTicket;
  }

  waitsBeyond(ticket: number): boolean {
    return this.#output.waitsBeyond(ticket);
  }

  lose(text?: string): void {
    const { reply, session } = this;
    if (text !== undefined && !session.isReplying && session.turnReplies.replace(reply, text)) {
      return;
    }
    this.#host.log.info({ client: this.#address }, 'closing a client: the log lost its writes');
    this.destroy();
  }

  get isOpenWhole(): boolean {
    return !this.#isDirty && !this.session.isReplying;
  }

  onWritten(bytes: number): void {
    this.#bytesOut += bytes;
    this.#host.counters.bytesOut += bytes;
    this.#hasTaken = true;
    if (this.#isFinished) this.#finishedAt = this.#host.clock.nowMs();
    else this.#afterFlush();
  }

  #afterFlush(): void {
    this.#checkLimit();
    if (this.#isClosing) this.#maybeFinish();
    else if (this.#isStalled) this.#maybeUnstall();
  }

  #checkLimit(): void {
    const bytes = this.#output.unsentBytes;
    const kind = this.session.isSubscriber ? 'pubsub' : 'normal';
    const limits = this.#host.outputLimits(kind);
    if (!this.#limit.isPassed(bytes, limits, this.#host.clock) || this.#socket.destroyed) return;
    this.#host.limitedLog.warn(
      { client: this.#address, kind, bytes, limits },
      'closing a client that does not read its replies: client-output-buffer-limit',
    );
    this.#host.counters.outputLimitCloses++;
    this.destroy();
  }

  // ---- Requests ---------------------------------------------------------------------------------

  /** The chunk may be the shared buffer of all clients: nothing of it is kept (shared-reads.ts). */
  #onData(chunk: Buffer, bytes = chunk.length): void {
    this.#bytesIn += bytes;
    this.#host.counters.bytesIn += bytes;
    this.#lastActiveAt = this.#host.clock.nowMs();
    if (this.#isClosing) return;
    this.decoder.bulkBytesMax = this.#host.bulkBytesMax;
    this.decoder.queryBytesMax = this.#host.queryBytesMax;
    this.decoder.feed(chunk, bytes);
    if (this.#isBusy || this.#isStalled) this.#hold();
    else this.#pump(this.#lastActiveAt);
  }

  /** Serves requests until one has to wait, none is left, or the client falls behind. */
  #pump(nowMs: number): void {
    const wait = this.#serve(nowMs);
    if (wait !== undefined) this.#waitFor(wait);
    else this.wake();
  }

  /** What the next request, or the last one, has to wait for. */
  #serve(nowMs: number): Promise<void> | undefined {
    const { batch, engine } = this.#host;
    const { decoder, session } = this;
    while (this.mayTakeMore) {
      const count = decoder.nextBatch(batch);
      if (count === 0) break;
      const taken = engine.serve(session, batch, this.#isClosing ? 1 : count, nowMs);
      if (session.progress.due > 0 || engine.wait !== undefined) {
        this.#requestBytes += bytesOf(batch, 0, taken);
      }
      if (taken < count) decoder.unreadFrom(batch[taken] as Args);
      this.#hasUntaken = engine.wait !== undefined && taken < count;
      if (engine.wait !== undefined) return engine.wait;
    }
    // What comes next is only said behind the replies that are due.
    if (session.progress.due > 0) return session.progress.replied;
    if (this.#isClosing) return undefined;
    if (this.mayTakeMore) this.#onNoRequest(decoder.verdict);
    else this.#stall();
    return undefined;
  }

  /** Nothing more is taken until the client has read its replies. */
  #stall(): void {
    this.#isStalled = true;
    this.#hold();
  }

  #onNoRequest(verdict: Decoded): void {
    if (verdict === 'error') this.#refuseInput();
    else if (this.#hasEnded) this.#isClosing = true;
  }

  #waitFor(wait: Promise<void>): void {
    this.#isBusy = true;
    this.#hold();
    // What was replied so far does not wait for this request.
    this.wake();
    wait.then(this.#goOn, (error: unknown) => {
      this.#host.onBug(error);
      this.#goOn();
    });
  }

  /** The request that waited has its reply. */
  readonly #goOn = (): void => {
    this.#isBusy = false;
    this.#requestBytes = 0;
    if (this.#isFinished) {
      this.#letGo();
      // It may have changed something, and others may wait for the batch that it held.
      this.#host.turn.schedule();
      return;
    }
    this.#resume();
  };

  /** Goes on with requests, unless one waits or the client is behind. */
  readonly #resume = (): void => {
    if (this.#isBusy || this.#isStalled || this.#isFinished) return;
    if (this.#isPaused) this.#socket.resume();
    this.#isPaused = false;
    this.#pump(this.#host.clock.nowMs());
  };

  /** Keeps what was not decoded, and stops reading when that is enough. */
  #hold(): void {
    const { decoder } = this;
    decoder.suspend();
    const enough = Math.min(READ_AHEAD_BYTES_MAX, decoder.queryBytesMax / 2);
    if (this.#isPaused || (!this.#isStalled && decoder.unread <= enough)) return;
    this.#isPaused = true;
    this.#socket.pause();
  }

  #maybeUnstall(): void {
    if (this.#output.unsentBytes > UNSENT_BYTES_PAUSE / 2) return;
    this.#isStalled = false;
    // Not from inside the end of a turn: others have theirs first.
    this.#host.clock.soon(this.#resume);
  }

  #refuseInput(): void {
    this.#host.counters.protocolErrors++;
    const { error } = this.decoder;
    this.#host.limitedLog.info({ client: this.#address, error }, 'closing a client: bad input');
    if (!SILENT_ERRORS.has(error) && this.session.replyMode === 'on') {
      this.reply.error(`ERR ${error}`);
    }
    this.#isClosing = true;
  }

  // ---- The end ----------------------------------------------------------------------------------

  #onEnd(): void {
    this.#hasEnded = true;
    if (!this.#isBusy && !this.#isStalled) this.closeAfterReply();
  }

  #maybeFinish(): void {
    if (this.#isBusy || this.#isDirty || this.#isFinished || !this.#output.isEmpty) return;
    this.#isFinished = true;
    this.#finishedAt = this.#host.clock.nowMs();
    this.#socket.end();
    // Else the client's own end would never be seen.
    if (this.#isPaused) this.#socket.resume();
    this.#letGo();
  }

  #onClose(): void {
    this.#isClosing = true;
    this.#isFinished = true;
    this.#isClosed = true;
    this.#host.turn.remove(this);
    this.#letGo();
    this.#host.onClosed(this.id);
  }

  /** Nothing goes out any more: leaves what sessions share, unless a request still uses it. */
  #letGo(): void {
    if (this.session.isReplying) return;
    this.session.end();
    if (!this.#isBusy) this.#output.drop();
  }
}

/** On the wire, of the requests from `from` to before `to`, which lie one behind the other. */
function bytesOf(batch: readonly Args[], from: number, to: number): number {
  return from === to ? 0 : (batch[to - 1] as Args).wireEnd - (batch[from] as Args).wireStart;
}

function remoteOf(socket: Socket): string {
  return `${bracket(socket.remoteAddress)}:${socket.remotePort ?? 0}`;
}

function localOf(socket: Socket): string {
  return `${bracket(socket.localAddress)}:${socket.localPort ?? 0}`;
}

function bracket(address: string | undefined): string {
  if (address === undefined) return '?';
  return address.includes(':') ? `[${address}]` : address;
}
