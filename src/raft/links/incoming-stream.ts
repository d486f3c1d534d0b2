/**
 * The receiving end of a stream (outgoing-stream.ts): an async iterable of its chunks, once.
 *
 * The chunks that were sent may come cut smaller. When the iteration has ended normally, every byte
 * has arrived, and `answer` tells the sender what became of it. Leaving the loop early gives the
 * stream up. It fails with a LinkError out of the iteration.
 *
 * Backpressure: with LINK_STREAM_AHEAD_BYTES waiting, the socket is not read. The sender is told
 * meanwhile that we are busy and not gone; only a sender that has nothing to wait for is idle.
 */

import { readU48 } from '../../lib/words.ts';
import { LINK_PING_MS, LINK_STREAM_HEADER_BYTES_MAX, LINK_STREAM_IDLE_MS } from '../limits.ts';
import type { Connection, ConnectionUser } from './connection.ts';
import { FRAME, encodeFrame, type Frame } from './frame.ts';
import type { Agreement } from './handshake.ts';
import { LinkError, type LinkErrorCode } from './link-error.ts';
import type { PeerFacts } from './peer-facts.ts';
import { MiB } from '../../lib/size-units.ts';

/** Chunks that wait for a stream's reader; then its socket is not read. */
export const LINK_STREAM_AHEAD_BYTES = 1 * MiB;

export interface IncomingStreamHost {
  onStream(from: PeerFacts, header: Uint8Array, stream: IncomingStream): void;
  onIncomingOver(stream: IncomingStream): void;
}

const ANY_PING = new Uint8Array(6);
const TOTAL_BYTES = 6;

export class IncomingStream implements ConnectionUser, AsyncIterable<Uint8Array> {
  readonly #connection: Connection;
  readonly #from: PeerFacts;
  readonly #host: IncomingStreamHost;
  readonly #chunks: Uint8Array[] = [];
  #waitingBytes = 0;
  #arrivedBytes = 0;
  #state: 'new' | 'open' | 'ended' | 'read' | 'over' = 'new';
  #isIterated = false;
  #isPaused = false;
  #failure: LinkError | undefined;
  #code: LinkErrorCode | undefined;
  #wakeReader: (() => void) | undefined;
  #silentMs = 0;

  constructor(connection: Connection, { facts }: Agreement, host: IncomingStreamHost) {
    this.#connection = connection;
    this.#from = facts;
    this.#host = host;
  }

  async* [Symbol.asyncIterator](): AsyncGenerator<Uint8Array, void> {
    if (this.#isIterated) throw new Error('IncomingStream: it can be read once');
    this.#isIterated = true;
    try {
      for (;;) {
        const chunk = await this.#next();
        if (chunk === undefined) return;
        yield chunk;
      }
    } finally {
      if (this.#state !== 'read') this.abort('the receiver stopped reading');
    }
  }

  /** Tells the sender, after the iteration has ended, and closes. */
  answer(bytes: Uint8Array): void {
    if (this.#state === 'over') return;
    if (this.#state !== 'read') throw new Error('IncomingStream.answer: not everything was read');
    if (bytes.length > LINK_STREAM_HEADER_BYTES_MAX) {
      throw new RangeError(
        `an answer of ${bytes.length} bytes, allowed are ${LINK_STREAM_HEADER_BYTES_MAX}`);
    }
    this.#connection.endWith(encodeFrame(FRAME.streamAnswer, bytes), 'the stream was answered');
  }

  /** Gives up; the sender learns the reason. */
  abort(reason = 'the receiver gave up'): void {
    this.#stop('ABORTED', reason);
  }

  /** The links are being closed. */
  close(): void {
    this.#code ??= 'CLOSED';
    this.#connection.destroy('this node closed its links');
  }

  /** Call it every LINK_PING_MS. */
  tick(): void {
    const isBusy = this.#isPaused || this.#state === 'ended' || this.#state === 'read';
    if (isBusy) this.#connection.write(encodeFrame(FRAME.pong, ANY_PING));
    const isSilent = !isBusy && !this.#connection.takeProgress();
    this.#silentMs = isSilent ? this.#silentMs + LINK_PING_MS : 0;
    if (this.#silentMs <= LINK_STREAM_IDLE_MS) return;
    this.#stop('IDLE', `nothing moved for ${LINK_STREAM_IDLE_MS} ms`);
  }

  // ---- ConnectionUser ---------------------------------------------------------------------------

  onAgreed(): void {
    throw new Error('IncomingStream: agreed before it was made');
  }

  onFrame(frame: Frame): void {
    if (this.#state === 'new' && frame.kind === FRAME.streamOpen) this.#onOpen(frame);
    else if (this.#state === 'open' && frame.kind === FRAME.streamChunk) this.#onChunk(frame.body);
    else if (this.#state === 'open' && frame.kind === FRAME.streamEnd) this.#onEnd(frame.body);
    else this.#stop('LOST', `an unexpected frame of kind ${frame.kind}`);
  }

  onClosed(reason: string, isRefused: boolean): void {
    this.#state = 'over';
    const code = this.#code ?? (isRefused ? 'ABORTED' : 'LOST');
    this.#failure = new LinkError(code, `stream from ${this.#from.name}: ${reason}`);
    this.#chunks.length = 0;
    this.#wake();
    this.#host.onIncomingOver(this);
  }

  // -----------------------------------------------------------------------------------------------

  #onOpen({ body }: Frame): void {
    if (body.length > LINK_STREAM_HEADER_BYTES_MAX) {
      const allowed = `allowed are ${LINK_STREAM_HEADER_BYTES_MAX}`;
      this.#stop('LOST', `a header of ${body.length} bytes, ${allowed}`);
      return;
    }
    this.#state = 'open';
    this.#host.onStream(this.#from, new Uint8Array(body), this);
  }

  #onChunk(chunk: Uint8Array): void {
    this.#chunks.push(chunk);
    this.#arrivedBytes += chunk.length;
    this.#waitingBytes += chunk.length;
    if (this.#waitingBytes >= LINK_STREAM_AHEAD_BYTES && !this.#isPaused) {
      this.#isPaused = true;
      this.#connection.socket.pause();
    }
    this.#wake();
  }

  #onEnd(body: Uint8Array): void {
    const total = body.length === TOTAL_BYTES ? readU48(body, 0) : -1;
    if (total !== this.#arrivedBytes) {
      this.#stop('LOST', `${this.#arrivedBytes} bytes arrived, sent were ${total}`);
      return;
    }
    this.#state = 'ended';
    this.#wake();
  }

  async #next(): Promise<Uint8Array | undefined> {
    while (this.#chunks.length === 0 && this.#state === 'open') {
      await new Promise<void>((resolve) => {
        this.#wakeReader = resolve;
      });
    }
    const chunk = this.#chunks.shift();
    if (chunk === undefined) {
      if (this.#failure !== undefined) throw this.#failure;
      this.#state = 'read';
      return undefined;
    }
    this.#waitingBytes -= chunk.length;
    if (this.#isPaused && this.#waitingBytes < LINK_STREAM_AHEAD_BYTES / 2) this.#resume();
    return chunk;
  }

  #resume(): void {
    this.#isPaused = false;
    this.#connection.socket.resume();
  }

  #wake(): void {
    this.#wakeReader?.();
    this.#wakeReader = undefined;
  }

  #stop(code: LinkErrorCode, reason: string): void {
    this.#code ??= code;
    this.#connection.refuse(reason);
  }
}
