/**
 * The sending end of a stream of bulk data: a connection of its own, so that a snapshot never
 * delays a heartbeat.
 *
 *   sender                        receiver
 *   streamOpen   header
 *   streamChunk  bytes ...        pong ...   while it is busy with what it has
 *   streamEnd    u48 all bytes
 *                                 streamAnswer  bytes
 *
 * Either side may say `refused` with a reason. Every frame has a checksum (frame.ts). One that is
 * damaged ends the stream.
 *
 * It fails with a LinkError, in whatever call waits and in every later one.
 */

import { writeU48 } from '../../lib/words.ts';
import { LINK_PING_MS, LINK_STREAM_HEADER_BYTES_MAX, LINK_STREAM_IDLE_MS } from '../limits.ts';
import type { MemberId } from '../core/entry.ts';
import type { Connection, ConnectionUser } from './connection.ts';
import { FRAME, encodeFrame, encodeFrameHead, type Frame } from './frame.ts';
import type { Agreement } from './handshake.ts';
import { LinkError, type LinkErrorCode } from './link-error.ts';
import { KiB } from '../../lib/size-units.ts';

/** Larger chunks are sent in pieces of this size, so that progress shows. */
const LINK_STREAM_CHUNK_BYTES = 256 * KiB;

export interface OutgoingStreamParts {
  readonly to: MemberId;
  readonly header: Uint8Array;
  readonly connect: (user: ConnectionUser) => Connection;
  /** It is over, well or not. */
  readonly onOver: (stream: OutgoingStream) => void;
}

export class OutgoingStream implements ConnectionUser {
  readonly #parts: OutgoingStreamParts;
  readonly #connection: Connection;
  /** Calls that wait, to be told if the stream fails. */
  readonly #waiting = new Set<(error: LinkError) => void>();
  #failure: LinkError | undefined;
  /** Why it is being closed, if by us. */
  #code: LinkErrorCode | undefined;
  #onOpen: (() => void) | undefined;
  #isOpen = false;
  #onAnswer: ((answer: Uint8Array) => void) | undefined;
  #isEnding = false;
  #sentBytes = 0;
  #silentMs = 0;

  /** Links makes them; `opened` settles when the other side may be sent to. */
  constructor(parts: OutgoingStreamParts) {
    this.#parts = parts;
    this.#connection = parts.connect(this);
  }

  /** Call it once, at once. */
  opened(): Promise<this> {
    return this.#wait<this>((resolve) => {
      this.#onOpen = () => resolve(this);
    });
  }

  /**
   * Settles when the system has taken the bytes, which is when they may be changed. Awaiting it
   * before the next one is the backpressure.
   */
  async write(chunk: Uint8Array): Promise<void> {
    if (this.#isEnding) throw new Error('OutgoingStream.write: the end was sent');
    for (let at = 0; at < chunk.length; at += LINK_STREAM_CHUNK_BYTES) {
      await this.#writePiece(chunk.subarray(at, at + LINK_STREAM_CHUNK_BYTES));
    }
  }

  /** Settles with the receiver's answer, once it has read everything. */
  end(): Promise<Uint8Array> {
    if (this.#isEnding) throw new Error('OutgoingStream.end: the end was sent');
    return this.#wait<Uint8Array>((resolve) => {
      this.#isEnding = true;
      this.#onAnswer = resolve;
      const total = new Uint8Array(6);
      writeU48(total, 0, this.#sentBytes);
      this.#connection.write(encodeFrame(FRAME.streamEnd, total));
    });
  }

  /** Gives up; the receiver learns the reason, unless the line is too full. */
  abort(reason = 'the sender gave up'): void {
    this.#stop('ABORTED', reason);
  }

  /** The links are being closed. */
  close(): void {
    this.#code = 'CLOSED';
    this.#connection.destroy('this node closed its links');
  }

  /** Call it every LINK_PING_MS. */
  tick(): void {
    const isWaiting = this.#waiting.size > 0;
    const isSilent = isWaiting && !this.#connection.takeProgress();
    this.#silentMs = isSilent ? this.#silentMs + LINK_PING_MS : 0;
    if (this.#silentMs <= LINK_STREAM_IDLE_MS) return;
    this.#stop('IDLE', `nothing moved for ${LINK_STREAM_IDLE_MS} ms`);
  }

  // ---- ConnectionUser ---------------------------------------------------------------------------

  onAgreed({ facts }: Agreement): void {
    if (facts.id !== this.#parts.to) {
      this.#connection.refuse(`this stream is for ${this.#parts.to}, not for ${facts.id}`);
      return;
    }
    this.#connection.write(encodeFrame(FRAME.streamOpen, this.#parts.header));
    this.#isOpen = true;
    this.#onOpen?.();
  }

  onFrame(frame: Frame): void {
    if (frame.kind === FRAME.pong) return;
    const isAnswer = frame.kind === FRAME.streamAnswer && this.#onAnswer !== undefined;
    if (!isAnswer || frame.body.length > LINK_STREAM_HEADER_BYTES_MAX) {
      this.#connection.refuse(`an unexpected frame of kind ${frame.kind}`);
      return;
    }
    this.#onAnswer?.(new Uint8Array(frame.body));
    this.#connection.destroy('the stream was answered');
  }

  onClosed(reason: string, isRefused: boolean): void {
    const lost = isRefused ? 'ABORTED' : 'LOST';
    const code = this.#code ?? (this.#isOpen ? lost : 'UNREACHABLE');
    this.#failure = new LinkError(code, `stream to ${this.#parts.to}: ${reason}`);
    for (const reject of this.#waiting) reject(this.#failure);
    this.#waiting.clear();
    this.#parts.onOver(this);
  }

  // -----------------------------------------------------------------------------------------------

  #stop(code: LinkErrorCode, reason: string): void {
    this.#code ??= code;
    this.#connection.refuse(reason);
  }

  #writePiece(piece: Uint8Array): Promise<void> {
    return this.#wait<void>((resolve) => {
      const { socket } = this.#connection;
      socket.cork();
      this.#connection.write(encodeFrameHead(FRAME.streamChunk, piece));
      this.#connection.write(piece, (error) => {
        this.#silentMs = 0;
        // A failed write is followed by onClosed, which knows why.
        if (error === undefined || error === null) resolve();
      });
      socket.uncork();
      this.#sentBytes += piece.length;
    });
  }

  /** A promise that the failure of the stream rejects. */
  #wait<T>(start: (resolve: (value: T) => void) => void): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      if (this.#failure !== undefined) {
        reject(this.#failure);
        return;
      }
      this.#waiting.add(reject);
      start((value) => {
        this.#waiting.delete(reject);
        resolve(value);
      });
    });
  }
}
