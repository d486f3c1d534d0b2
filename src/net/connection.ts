/**
 * One client's socket: bytes in, requests out to the executor, replies back.
 *
 * - Requests run in order. While one waits (for the disk, a pause, a step) the following ones are kept
 *   undecoded, at most READ_AHEAD_BYTES_MAX of them; then the socket is not read.
 * - Replies gather in one buffer and leave at the end of the turn (turn.ts), in one write.
 * - A client that does not read its replies is slowed down first (UNSENT_BYTES_PAUSE), and closed
 *   when `client-output-buffer-limit` is passed.
 * - When the log fails, replies to writes that it did not take become errors (unacknowledged.ts).
 */

import type { Socket } from 'node:net';
import type { ClientFacts } from '../commands/session-port.ts';
import { READ_AHEAD_BYTES_MAX, UNSENT_BYTES_PAUSE } from '../limits.ts';
import { QUERY_BUFFER_LIMIT_ERROR, RequestDecoder } from '../protocol/request-decoder.ts';
import { ReplyEncoder } from '../protocol/reply-encoder.ts';
import { Session, type SessionLink } from '../session/session.ts';
import type { ConnectionHost } from './connection-host.ts';
import { OutputLimit } from './output-limit.ts';
import type { Talker } from './turn.ts';
import { Unacknowledged } from './unacknowledged.ts';

/** Replies that go out together once a ticket is acknowledged. */
interface Piece {
  readonly bytes: Buffer;
  readonly ticket: number;
}

export class Connection implements SessionLink, Talker {
  readonly id: number;
  readonly session: Session;
  readonly decoder = new RequestDecoder();
  readonly reply: ReplyEncoder;
  readonly isUnixSocket: boolean;
  readonly #socket: Socket;
  readonly #host: ConnectionHost;
  readonly #limit = new OutputLimit();
  readonly #unacknowledged = new Unacknowledged();
  readonly #connectedAt: number;
  readonly #address: string;
  readonly #localAddress: string;
  #pieces: Piece[] = [];
  #pieceBytes = 0;
  /** A request waits; the ones behind it stay undecoded. */
  #isBusy = false;
  /** Too many reply bytes are unsent; requests stay undecoded until the socket drains. */
  #isStalled = false;
  #isClosing = false;
  #isClosed = false;
  #lastActiveAt: number;
  #bytesIn = 0;
  #bytesOut = 0;

  constructor(socket: Socket, id: number, host: ConnectionHost, unixPath: string | undefined) {
    this.id = id;
    this.#socket = socket;
    this.#host = host;
    this.isUnixSocket = unixPath !== undefined;
    this.#address = unixPath !== undefined ? `${unixPath}:0` : remoteOf(socket);
    this.#localAddress = unixPath !== undefined ? `${unixPath}:0` : localOf(socket);
    this.#connectedAt = host.nowMs();
    this.#lastActiveAt = this.#connectedAt;
    this.reply = new ReplyEncoder(host.pool);
    this.decoder.bulkBytesMax = host.bulkBytesMax;
    this.decoder.queryBytesMax = host.queryBytesMax;
    this.session = new Session(this, host.realm);
    socket.on('data', (chunk: Buffer) => this.#onData(chunk));
    socket.on('drain', () => this.#onDrain());
    socket.on('end', () => this.closeAfterReply());
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
      outputBytes: this.#unsentBytes(),
      bytesIn: this.#bytesIn,
      bytesOut: this.#bytesOut,
    };
  }

  /** Milliseconds since the client last sent something; 0 while it is waiting for us. */
  idleMs(nowMs: number): number {
    return this.#isBusy ? 0 : nowMs - this.#lastActiveAt;
  }

  wrote(mark: number): void {
    this.#unacknowledged.wrote(mark);
  }

  wake(): void {
    if (!this.#isClosed) this.#host.turn.add(this);
  }

  /** Stops reading; closes when the replies so far are sent. */
  closeAfterReply(): void {
    if (this.#isClosing) return;
    this.#isClosing = true;
    this.wake();
  }

  /** Closes at once; unsent replies are lost. */
  destroy(): void {
    this.#socket.destroy();
  }

  // ---- Talker ------------------------------------------------------------------------------------

  seal(ticket: number): void {
    if (this.reply.length === 0) return;
    const bytes = this.reply.take();
    this.#pieces.push({ bytes, ticket });
    this.#pieceBytes += bytes.length;
    this.#unacknowledged.seal(bytes.length);
  }

  send(acknowledged: number): boolean {
    let sent = 0;
    for (const { bytes, ticket } of this.#pieces) {
      if (ticket > acknowledged) break;
      sent++;
      this.#write(bytes);
    }
    if (sent > 0) this.#pieces = sent === this.#pieces.length ? [] : this.#pieces.slice(sent);
    this.#unacknowledged.sent(sent);
    this.#checkLimit();
    if (this.#isClosing && !this.#isBusy && this.#pieces.length === 0) this.#socket.end();
    else if (this.#isStalled) this.#maybeUnstall();
    return this.#pieces.length > 0;
  }

  fail(text: string): void {
    const unsent = [...this.#pieces.map(({ bytes }) => bytes), this.reply.take()];
    this.#pieces = [];
    this.#pieceBytes = 0;
    const honest = this.#unacknowledged.rewrite(unsent, text);
    for (const bytes of unsent) this.reply.recycle(bytes);
    if (honest.length === 0) return;
    this.#pieces.push({ bytes: honest, ticket: 0 });
    this.#pieceBytes = honest.length;
    this.wake();
  }

  /** Closes the client if too much is unsent for too long; called each second and at each send. */
  #checkLimit(): void {
    const bytes = this.#unsentBytes();
    const kind = this.session.isSubscriber ? 'pubsub' : 'normal';
    const limits = this.#host.outputLimits(kind);
    if (this.#isClosed || !this.#limit.isPassed(bytes, limits, this.#host.nowMs())) return;
    this.#host.log.warn(
      { client: this.#address, kind, bytes, limits },
      'closing a client that does not read its replies: client-output-buffer-limit',
    );
    this.#host.counters.outputLimitCloses++;
    this.destroy();
  }

  sweep(): void {
    this.#checkLimit();
  }

  #write(bytes: Buffer): void {
    this.#pieceBytes -= bytes.length;
    this.#bytesOut += bytes.length;
    this.#host.counters.bytesOut += bytes.length;
    this.#socket.write(bytes, () => this.reply.recycle(bytes));
  }

  #unsentBytes(): number {
    return this.reply.length + this.#pieceBytes + this.#socket.writableLength;
  }

  // ---- Requests ----------------------------------------------------------------------------------

  #onData(chunk: Buffer): void {
    this.#bytesIn += chunk.length;
    this.#host.counters.bytesIn += chunk.length;
    this.#lastActiveAt = this.#host.nowMs();
    if (this.#isClosing) return;
    this.decoder.feed(chunk);
    if (this.#isBusy || this.#isStalled) this.#hold();
    else this.#pump();
  }

  /** Runs requests until one has to wait, none is left, or the client falls behind. */
  #pump(): void {
    const { executor } = this.#host;
    while (!this.#isClosing) {
      const verdict = this.decoder.next();
      if (verdict === 'more') break;
      if (verdict === 'error') {
        this.#refuseInput();
        break;
      }
      const wait = executor.run(this.session, this.decoder.args);
      this.#unacknowledged.replied();
      if (wait !== undefined) return this.#waitFor(wait);
      if (this.#isFarBehind()) {
        this.#isStalled = true;
        this.#hold();
        break;
      }
    }
    this.#host.turn.add(this);
  }

  #waitFor(wait: Promise<void>): void {
    this.#isBusy = true;
    this.#hold();
    // What was replied so far does not wait for this request.
    this.#host.turn.add(this);
    wait.then(() => this.#goOn(), (error: unknown) => this.#host.onBug(error));
  }

  #goOn(): void {
    this.#isBusy = false;
    if (this.#isClosed) return;
    this.#socket.resume();
    this.#pump();
  }

  /** Keeps what was not decoded, and stops reading when that is enough. */
  #hold(): void {
    this.decoder.suspend();
    if (this.#isStalled || this.decoder.unread > READ_AHEAD_BYTES_MAX) this.#socket.pause();
  }

  #isFarBehind(): boolean {
    return this.reply.length > UNSENT_BYTES_PAUSE || this.#unsentBytes() > UNSENT_BYTES_PAUSE;
  }

  #onDrain(): void {
    if (this.#isStalled) this.#maybeUnstall();
  }

  #maybeUnstall(): void {
    if (this.#isClosed || this.#unsentBytes() > UNSENT_BYTES_PAUSE / 2) return;
    this.#isStalled = false;
    if (this.#isBusy) return;
    setImmediate(() => this.#goOn());
  }

  #refuseInput(): void {
    this.#host.counters.protocolErrors++;
    const { error } = this.decoder;
    this.#host.log.info({ client: this.#address, error }, 'closing a client: bad input');
    if (error !== QUERY_BUFFER_LIMIT_ERROR) this.reply.error(`ERR ${error}`);
    this.closeAfterReply();
  }

  #onClose(): void {
    this.#isClosed = true;
    this.#isClosing = true;
    this.session.end();
    this.#host.turn.remove(this);
    this.reply.release();
    for (const { bytes } of this.#pieces) this.reply.recycle(bytes);
    this.#pieces = [];
    this.#host.onClosed(this.id);
  }
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
