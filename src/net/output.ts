/**
 * The replies of one connection on their way out. Each byte is in one of three places, in order:
 *
 *   in flight   the socket has it: one write at a time
 *   sealed      it waits for its ticket (turn.ts), or for the write before it
 *   open        the encoder: what is being written, and what came since the last seal
 *
 * While the socket or the log is behind, replies gather in the open piece instead of in many small
 * buffers, so a client that does not read costs what its replies weigh, not a buffer for each.
 *
 * Memory: each buffer goes back to the pool exactly once: one in flight when the socket is done
 * with it (a destroyed socket says so too), the others when they are dropped.
 */

import type { Socket } from 'node:net';
import { NO_MEMORY } from '../protocol/output-pool.ts';
import type { ReplyEncoder } from '../protocol/reply-encoder.ts';
import { MiB } from '../lib/size-units.ts';

/**
 * A large reply goes to the socket in slices of this size, so that a slow reader's progress shows.
 */
const SOCKET_WRITE_BYTES_MAX = 1 * MiB;

export interface OutputHost {
  /** False while the open piece is not to be touched: a reply or a commit is under way. */
  readonly isOpenWhole: boolean;
  /** The socket took so many bytes. */
  onWritten(bytes: number): void;
}

export class Output {
  readonly #socket: Socket;
  readonly #reply: ReplyEncoder;
  readonly #host: OutputHost;
  #inFlight = NO_MEMORY;
  /** Bytes of it that the socket took, and those that it is taking. */
  #written = 0;
  #writing = 0;
  #sealed = NO_MEMORY;
  #sealedTicket = 0;
  #openTicket = 0;
  #acknowledged = 0;
  readonly #onWritten = (error?: Error | null): void => this.#wrote(error);

  constructor(
    socket: Socket, reply: ReplyEncoder, host: OutputHost,
  ) {
    this.#socket = socket;
    this.#reply = reply;
    this.#host = host;
  }

  /** Bytes that the socket has not taken. */
  get unsentBytes(): number {
    return this.#reply.length + this.#sealed.length + this.#inFlight.length - this.#written;
  }

  get isWriting(): boolean {
    return this.#inFlight.length > 0;
  }

  /** Everything was handed to the socket, whether or not it has sent it. */
  get isEmpty(): boolean {
    const leftInFlight = this.#inFlight.length - this.#written;
    const isOpenEmpty = this.#reply.length === 0 && this.#sealed.length === 0;
    return isOpenEmpty && leftInFlight <= this.#writing;
  }

  get waitsForTicket(): boolean {
    return this.waitsBeyond(this.#acknowledged);
  }

  waitsBeyond(ticket: number): boolean {
    if (this.#sealed.length > 0 && this.#sealedTicket > ticket) return true;
    return this.#reply.length > 0 && this.#openTicket > ticket;
  }

  /** What is in the open piece now may go out once `ticket` is acknowledged. */
  endTurn(ticket: number, acknowledged: number): void {
    this.#openTicket = ticket;
    // Dropped replies (CLIENT REPLY OFF) leave an empty buffer behind.
    if (this.#reply.length === 0) this.#reply.release();
    this.acknowledge(acknowledged);
  }

  acknowledge(acknowledged: number): void {
    this.#acknowledged = acknowledged;
    this.#flush();
  }

  /** Forgets what the socket does not have. */
  drop(): void {
    this.#reply.release();
    if (this.#sealed.length > 0) this.#reply.recycle(this.#sealed);
    this.#sealed = NO_MEMORY;
  }

  #flush(): void {
    for (;;) {
      if (this.#sealed.length === 0 && !this.#seal()) return;
      if (this.#sealedTicket > this.#acknowledged || this.#inFlight.length > 0) return;
      this.#inFlight = this.#sealed;
      this.#sealed = NO_MEMORY;
      this.#write();
    }
  }

  /** False when there is nothing to seal, or when it had better grow on. */
  #seal(): boolean {
    if (this.#reply.length === 0 || !this.#host.isOpenWhole) return false;
    if (this.#inFlight.length > 0 && this.#openTicket <= this.#acknowledged) return false;
    this.#sealed = this.#reply.take();
    this.#sealedTicket = this.#openTicket;
    return true;
  }

  /** Large pieces go in slices, so that a slow client's progress is seen. */
  #write(): void {
    const { buf, length } = this.#inFlight;
    const from = this.#written;
    const end = Math.min(length, from + SOCKET_WRITE_BYTES_MAX);
    this.#writing = end - from;
    this.#socket.write(buf.subarray(from, end), this.#onWritten);
  }

  #wrote(error: Error | null | undefined): void {
    const hasFailed = error !== undefined && error !== null;
    const bytes = this.#writing;
    this.#written += bytes;
    this.#writing = 0;
    if (!hasFailed && this.#written < this.#inFlight.length) {
      this.#write();
    } else {
      this.#reply.recycle(this.#inFlight);
      this.#inFlight = NO_MEMORY;
      this.#written = 0;
      if (!hasFailed) this.#flush();
    }
    if (!hasFailed) this.#host.onWritten(bytes);
  }
}
