/**
 * One socket between peers: the handshake first, then frames for its user.
 *
 * Its life: handshake; open; over (its user was told, and hears nothing more). A connection that
 * ends with a last word lingers until the other side has read it, or CLOSE_LINGER_MS.
 *
 * It fails as a whole: a damaged frame, a broken socket or a handshake that takes too long end it,
 * and `onClosed` says why, once. Only a side that has proved itself is told the reason of a fault.
 */

import type { Socket } from 'node:net';
import type { Clock, Timer } from '../../io/clock.ts';
import { CLOSE_LINGER_MS } from '../../io/limits.ts';
import { LINK_FRAME_BYTES_MAX, LINK_HANDSHAKE_MS_MAX } from '../limits.ts';
import { FRAME, FrameDecoder, type Frame } from './frame.ts';
import {
  decodeRefusal, encodeRefusal, type Agreement, type Handshake,
} from './handshake.ts';
import type { PeerFacts } from './peer-facts.ts';
import { explainError } from './sockets.ts';
import { KiB } from '../../lib/size-units.ts';

/**
 * Largest frame before the other side has proved itself: a configuration and five facts, with room
 * to spare.
 */
export const LINK_HANDSHAKE_BYTES_MAX = 32 * KiB;

export interface ConnectionUser {
  onAgreed(agreement: Agreement): void;
  /** The frame's body may be a view that lasts as long as it is referred to. */
  onFrame(frame: Frame): void;
  /** Once. `isRefused`: the reason is what the other side gave. */
  onClosed(reason: string, isRefused: boolean): void;
}

/** Counted over all connections of one peer. */
export interface Traffic {
  bytesIn: number;
  bytesOut: number;
  /** By the wall clock; 0 is never. */
  lastContactAt: number;
}

export function noTraffic(): Traffic {
  return { bytesIn: 0, bytesOut: 0, lastContactAt: 0 };
}

/** The reason when nothing was wrong on this side. */
export const CLOSED_BY_OTHER = 'the other side closed the connection';

export class Connection {
  readonly socket: Socket;
  #user: ConnectionUser;
  #traffic: Traffic;
  readonly #clock: Clock;
  readonly #handshake: Handshake;
  readonly #decoder = new FrameDecoder(LINK_HANDSHAKE_BYTES_MAX);
  #state: 'handshake' | 'open' | 'over' = 'handshake';
  #timer: Timer;
  #error = CLOSED_BY_OTHER;
  #hasProgress = false;

  constructor(
    socket: Socket, handshake: Handshake, clock: Clock, user: ConnectionUser, traffic: Traffic,
  ) {
    this.socket = socket;
    this.#handshake = handshake;
    this.#clock = clock;
    this.#user = user;
    this.#traffic = traffic;
    const tooLong = `no agreement within ${LINK_HANDSHAKE_MS_MAX} ms`;
    this.#timer = clock.setTimer(LINK_HANDSHAKE_MS_MAX, () => this.destroy(tooLong));
    socket.on('data', (chunk: Buffer) => this.#onData(chunk));
    socket.on('end', () => this.destroy(this.#error));
    socket.on('error', (error) => {
      this.#error = explainError(error);
    });
    socket.on('close', () => this.#onSocketClosed());
  }

  get isOpen(): boolean {
    return this.#state === 'open';
  }

  /** What we said of ourselves in the handshake so far. */
  get stated(): PeerFacts | undefined {
    return this.#handshake.stated;
  }

  /** Bytes that the socket has not taken. */
  get queuedBytes(): number {
    return this.socket.writableLength;
  }

  /** Did anything arrive since this was last asked? */
  takeProgress(): boolean {
    const had = this.#hasProgress;
    this.#hasProgress = false;
    return had;
  }

  /** Another user for what follows; what was counted so far is added to its peer's. */
  handOver(user: ConnectionUser, traffic: Traffic): void {
    traffic.bytesIn += this.#traffic.bytesIn;
    traffic.bytesOut += this.#traffic.bytesOut;
    traffic.lastContactAt = Math.max(traffic.lastContactAt, this.#traffic.lastContactAt);
    this.#user = user;
    this.#traffic = traffic;
  }

  /** The socket is connected: says the first word, if it is ours. */
  begin(): void {
    const first = this.#handshake.start();
    if (first !== undefined) this.write(first);
  }

  write(bytes: Uint8Array, onTaken?: (error?: Error | null) => void): void {
    this.#traffic.bytesOut += bytes.length;
    this.socket.write(bytes, onTaken);
  }

  /** Closes at once; what is queued is lost. */
  destroy(reason: string): void {
    this.socket.destroy();
    this.#end(reason);
  }

  /** Closes and tells the other side why. */
  refuse(reason: string): void {
    this.endWith(encodeRefusal(reason), reason);
  }

  /** Closes after a last frame. */
  endWith(frame: Uint8Array, reason: string): void {
    if (this.#state === 'over') return;
    this.#traffic.bytesOut += frame.length;
    this.socket.end(frame);
    // Unread bytes would make the system reset the connection, and the last word would be lost.
    this.socket.resume();
    this.#end(reason);
    this.#timer = this.#clock.setTimer(CLOSE_LINGER_MS, () => this.socket.destroy());
  }

  #onRefused(reason: string): void {
    this.socket.destroy();
    this.#end(`refused: ${reason}`, true);
  }

  #end(reason: string, isRefused = false): void {
    this.#clock.clearTimer(this.#timer);
    if (this.#state === 'over') return;
    this.#state = 'over';
    this.#user.onClosed(reason, isRefused);
  }

  #onSocketClosed(): void {
    this.#end(this.#error);
  }

  #onData(chunk: Buffer): void {
    if (this.#state === 'over') return;
    this.#traffic.bytesIn += chunk.length;
    this.#traffic.lastContactAt = this.#clock.nowMs();
    this.#hasProgress = true;
    this.#decoder.feed(chunk);
    let frame = this.#decoder.next();
    while (frame !== undefined) {
      this.#onFrame(frame);
      if (this.#isOver()) return;
      frame = this.#decoder.next();
    }
    if (this.#decoder.fault !== undefined) this.#onFault(this.#decoder.fault);
  }

  #onFrame(frame: Frame): void {
    if (this.#state === 'handshake') this.#onHandshakeFrame(frame);
    else if (frame.kind !== FRAME.refused) this.#user.onFrame(frame);
    else this.#onRefused(decodeRefusal(frame));
  }

  #onHandshakeFrame(frame: Frame): void {
    const step = this.#handshake.onFrame(frame);
    if (step.kind === 'refused') {
      if (step.send === undefined) this.#onRefused(step.reason);
      else this.endWith(step.send, step.reason);
      return;
    }
    if (step.send !== undefined) this.write(step.send);
    if (step.kind === 'goOn') return;
    this.#clock.clearTimer(this.#timer);
    this.#state = 'open';
    this.#decoder.frameBytesMax = LINK_FRAME_BYTES_MAX;
    this.#user.onAgreed(step.agreement);
  }

  #onFault(fault: string): void {
    if (this.isOpen) this.refuse(fault);
    else this.destroy(fault);
  }

  /** A call, because what `onFrame` did to the state is invisible to the type checker. */
  #isOver(): boolean {
    return this.#state === 'over';
  }
}
