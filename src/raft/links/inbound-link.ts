/**
 * A link that a peer dialled: it carries what the peer sends, and our answers to its pings.
 *
 * A large message on a slow line delays the ping behind it; so while bytes arrive and no ping does,
 * a pong of number 0 says that we are there. What this build takes it announces by a pong too.
 */

import type { Clock } from '../../io/clock.ts';
import { writeU48 } from '../../lib/words.ts';
import { LINK_PING_MS, LINK_TIMEOUT_MS } from '../limits.ts';
import type { Message } from '../core/message.ts';
import { OWN_LEVEL, numberOfLevel } from './capabilities.ts';
import type { Connection, ConnectionUser } from './connection.ts';
import { FRAME, encodeFrame, type Frame } from './frame.ts';
import type { Agreement } from './handshake.ts';
import { decodeMessage } from './message-codec.ts';
import { answerClock } from './peer-clock.ts';
import { PieceJoiner } from './piece.ts';
import type { TroubleLog } from './trouble-log.ts';

export interface InboundHost {
  readonly clock: Clock;
  readonly troubles: TroubleLog;
  onMessage(message: Message): void;
  onInboundDown(link: InboundLink): void;
}

const ANY_PING = new Uint8Array(6);

export class InboundLink implements ConnectionUser {
  readonly #connection: Connection;
  readonly #agreement: Agreement;
  readonly #host: InboundHost;
  readonly #pieces = new PieceJoiner();
  #silentMs = 0;
  #hasAnswered = false;
  #isStopped = false;
  #lastError: string | undefined;

  constructor(connection: Connection, agreement: Agreement, host: InboundHost) {
    this.#connection = connection;
    this.#agreement = agreement;
    this.#host = host;
  }

  get agreement(): Agreement {
    return this.#agreement;
  }

  get lastError(): string | undefined {
    return this.#lastError;
  }

  /** Tells the other side what it may send. Call it once, when the connection is this link's. */
  announce(): void {
    const number = new Uint8Array(ANY_PING.length);
    writeU48(number, 0, numberOfLevel(OWN_LEVEL));
    this.#connection.write(encodeFrame(FRAME.pong, number));
  }

  stop(reason: string): void {
    this.#isStopped = true;
    this.#connection.destroy(reason);
  }

  /** Call it every LINK_PING_MS. */
  tick(): void {
    const hasProgress = this.#connection.takeProgress();
    this.#silentMs = hasProgress ? 0 : this.#silentMs + LINK_PING_MS;
    if (hasProgress && !this.#hasAnswered) this.#answer(ANY_PING);
    this.#hasAnswered = false;
    if (this.#silentMs <= LINK_TIMEOUT_MS) return;
    this.#connection.destroy(`nothing heard for ${LINK_TIMEOUT_MS} ms`);
  }

  onAgreed(): void {
    throw new Error('InboundLink: agreed before it was made');
  }

  onFrame(frame: Frame): void {
    if (frame.kind === FRAME.ping && frame.body.length === ANY_PING.length) {
      this.#answer(frame.body);
      return;
    }
    if (frame.kind === FRAME.piece) return this.#onPiece(frame);
    if (frame.kind === FRAME.askClock && frame.body.length === ANY_PING.length) {
      return this.#connection.write(answerClock(frame.body, this.#host.clock));
    }
    this.#onMessage(frame);
  }

  #onPiece(piece: Frame): void {
    this.#connection.write(encodeFrame(FRAME.pieceTaken));
    const frame = this.#pieces.add(piece);
    if (frame === 'malformed') this.#connection.refuse('a malformed piece of a message');
    else if (frame !== undefined) this.#onMessage(frame);
  }

  #onMessage(frame: Frame): void {
    const { facts, self } = this.#agreement;
    const message = decodeMessage(frame, facts.id, self.id);
    if (message !== undefined) this.#host.onMessage(message);
    else this.#connection.refuse(`a malformed message of kind ${frame.kind}`);
  }

  onClosed(reason: string): void {
    this.#lastError = reason;
    if (!this.#isStopped) this.#host.troubles.report(this.#agreement.facts.name, reason);
    this.#host.onInboundDown(this);
  }

  #answer(ping: Uint8Array): void {
    this.#hasAnswered = true;
    this.#connection.write(encodeFrame(FRAME.pong, ping));
  }
}
