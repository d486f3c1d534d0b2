/**
 * The link that this node dials: it carries what we send to one peer, and our pings.
 *
 * Its life: dialling (connect and handshake), up, waiting to dial again. It never gives up before
 * `stop`. Messages while it is not up, or beyond LINK_QUEUE_BYTES_MAX, are dropped and counted.
 *
 * Large messages go in pieces (body-lane.ts), and small ones that must keep their place behind them
 * too; all others overtake them. A peer of a build that knows no pieces gets everything in order.
 *
 * Silence is counted in ticks of LINK_PING_MS, not by the clock: when this process itself stood
 * still, all that is late is one tick, and no healthy peer is dropped for it.
 */

import type { Clock, Timer } from '../../io/clock.ts';
import type { Random } from '../../lib/random.ts';
import { readU48, writeU48 } from '../../lib/words.ts';
import { LINK_FRAME_BYTES_MAX, LINK_PING_MS, LINK_TIMEOUT_MS } from '../limits.ts';
import type { MemberId } from '../core/entry.ts';
import type { Message } from '../core/message.ts';
import { BodyLane } from './body-lane.ts';
import { levelOfNumber } from './capabilities.ts';
import type { Connection, ConnectionUser, Traffic } from './connection.ts';
import { FRAME, encodeFrame, type Frame } from './frame.ts';
import type { Agreement, Purpose } from './handshake.ts';
import {
  bodyParts, encodeMessage, kindNumber, messageBytes,
} from './message-codec.ts';
import { PEER_CLOCK_BYTES, PeerClock } from './peer-clock.ts';
import type { PeerFacts } from './peer-facts.ts';
import type { PeerAddress } from './sockets.ts';
import type { TroubleLog } from './trouble-log.ts';
import { KiB, MiB } from '../../lib/size-units.ts';

/**
 * Bytes for one peer that its socket has not taken; what is sent beyond them is dropped. It spans
 * the pauses of a healthy peer, and holds what may be under way to it: appends of 8 MiB and a
 * largest one, or proposals of 32 MiB. One message is always taken, however large.
 */
export const LINK_QUEUE_BYTES_MAX = 40 * MiB;

/** A larger message with a body goes in pieces, between which urgent messages may go. */
export const LANE_WHOLE_BYTES_MAX = 64 * KiB;

/** Waits between dials: they double, and each is shortened at random by up to a half. */
export const LINK_BACKOFF_MS_MIN = 20;
export const LINK_BACKOFF_MS_MAX = 1000;

export interface DialHost {
  readonly clock: Clock;
  /** For the jitter of waits. */
  readonly random: Random;
  readonly troubles: TroubleLog;
  /** Begins a connection; its user hears of everything that comes of it. */
  dial(target: DialTarget, purpose: Purpose, user: ConnectionUser, traffic: Traffic): Connection;
  onDialledUp(link: DialledLink, facts: PeerFacts): void;
  onDialledDown(link: DialledLink): void;
  /** Call `flush` of this link when the tick ends. */
  flushLater(link: DialledLink): void;
}

export interface DialTarget {
  /** Only a peer of this name will do. */
  readonly name: string;
  readonly address: PeerAddress;
}

const PING_BYTES = 6;

export class DialledLink implements ConnectionUser {
  readonly target: DialTarget;
  readonly #host: DialHost;
  readonly #traffic: Traffic;
  #connection: Connection | undefined;
  #agreement: Agreement | undefined;
  /** Undefined while the other side has not said that it takes pieces. */
  #lane: BodyLane | undefined;
  readonly #clock: PeerClock;
  #redialTimer: Timer | undefined;
  #isStopped = false;
  /** The connection is being closed on purpose. */
  #isExpected = false;
  /** Dials since the other side last answered a ping. */
  #attempts = 0;
  #silentMs = 0;
  #pings = 0;
  #pingedMs = 0;
  #isCorked = false;
  /** By the wall clock. */
  #since = 0;
  #roundTripMs: number | undefined;
  #dropped = 0;
  #lastError: string | undefined;

  constructor(target: DialTarget, host: DialHost, traffic: Traffic) {
    this.target = target;
    this.#host = host;
    this.#traffic = traffic;
    this.#clock = new PeerClock(host.clock);
  }

  get memberId(): MemberId | undefined {
    return this.#agreement?.facts.id;
  }

  get isUp(): boolean {
    return this.#agreement !== undefined;
  }

  /** When it came up, by the wall clock; undefined while it is down. */
  get since(): number | undefined {
    return this.isUp ? this.#since : undefined;
  }

  get roundTripMs(): number | undefined {
    return this.isUp ? this.#roundTripMs : undefined;
  }

  /** Its wall clock as seen from the own monotonic clock; undefined while it is not known. */
  get clockBaseMs(): number | undefined {
    return this.isUp ? this.#clock.baseMs : undefined;
  }

  /** An urgent message overtakes bodies that were sent before it. */
  get isBehind(): boolean {
    return this.#lane?.isBusy === true;
  }

  get dropped(): number {
    return this.#dropped;
  }

  get lastError(): string | undefined {
    return this.#lastError;
  }

  /** What we said of ourselves; undefined while nothing was said. */
  get stated(): PeerFacts | undefined {
    return this.#connection?.stated;
  }

  dial(): void {
    if (this.#isStopped || this.#connection !== undefined) return;
    this.#clearTimer();
    this.#attempts += 1;
    this.#connection = this.#host.dial(this.target, 'link', this, this.#traffic);
  }

  /**
   * The peer is there, as member `id`. Waiting would waste time, and so would the answer to our SYN
   * of before; a link to another member of its name leads to one that is gone.
   */
  onPeerSeen(id: MemberId): void {
    if (!this.isUp) this.#attempts = 0;
    if (this.#connection?.socket.connecting === true) this.restart('dialled anew');
    else if (this.isUp && this.memberId !== id) this.restart('the peer is another member now');
    else this.dial();
  }

  /** Closes the connection and dials at once. */
  restart(reason: string): void {
    this.#isExpected = true;
    this.#connection?.destroy(reason);
    this.#isExpected = false;
    this.dial();
  }

  stop(): void {
    this.#isStopped = true;
    this.#clearTimer();
    this.#connection?.destroy('this node ended the link');
  }

  /** False when the message was dropped. */
  send(message: Message): boolean {
    const connection = this.#connection;
    if (this.#agreement === undefined || connection === undefined) return this.#drop();
    const bytes = messageBytes(message);
    if (bytes > LINK_FRAME_BYTES_MAX) return this.#dropLarge(message, bytes);
    const isBody = message.kind === 'append' || message.kind === 'propose';
    const lane = isBody && (bytes > LANE_WHOLE_BYTES_MAX || this.isBehind)
      ? this.#lane : undefined;
    const queuedBytes = connection.queuedBytes + (lane?.queuedBytes ?? 0);
    if (queuedBytes > 0 && queuedBytes + bytes > LINK_QUEUE_BYTES_MAX) return this.#drop();
    if (isBody && lane !== undefined) {
      lane.add(kindNumber(message), bodyParts(message));
      return true;
    }
    this.#cork(connection);
    connection.write(encodeMessage(message));
    return true;
  }

  /** Hands everything since the last flush to the socket, in one write. */
  flush(): void {
    if (!this.#isCorked) return;
    this.#isCorked = false;
    this.#connection?.socket.uncork();
  }

  /** Call it every LINK_PING_MS. */
  tick(): void {
    const connection = this.#connection;
    if (connection === undefined || !this.isUp) return;
    this.#silentMs = connection.takeProgress() ? 0 : this.#silentMs + LINK_PING_MS;
    if (this.#silentMs > LINK_TIMEOUT_MS) connection.destroy(`no answer for ${LINK_TIMEOUT_MS} ms`);
    else this.#ping(connection);
    if (this.#lane !== undefined) connection.write(this.#clock.ask());
  }

  // ---- ConnectionUser ---------------------------------------------------------------------------

  onAgreed(agreement: Agreement): void {
    this.#agreement = agreement;
    this.#since = this.#host.clock.nowMs();
    this.#silentMs = 0;
    this.#roundTripMs = undefined;
    this.#ping(this.#connection!);
    this.#host.onDialledUp(this, agreement.facts);
  }

  onFrame(frame: Frame): void {
    if (frame.kind === FRAME.pong && frame.body.length === PING_BYTES) this.#onPong(frame.body);
    else if (frame.kind === FRAME.pieceTaken) this.#lane?.confirmed();
    else if (frame.kind === FRAME.clock && frame.body.length === PEER_CLOCK_BYTES) {
      this.#clock.onAnswer(frame.body);
    }
    else this.#connection?.refuse(`an unexpected frame of kind ${frame.kind}`);
  }

  onClosed(reason: string): void {
    const wasUp = this.isUp;
    this.#connection = undefined;
    this.#agreement = undefined;
    this.#lane = undefined;
    this.#clock.forget();
    this.#isCorked = false;
    this.#lastError = reason;
    if (!this.#isStopped) {
      if (!this.#isExpected) this.#host.troubles.report(this.target.name, reason);
      this.#redialLater();
    }
    if (wasUp) this.#host.onDialledDown(this);
  }

  // -----------------------------------------------------------------------------------------------

  #ping(connection: Connection): void {
    const body = new Uint8Array(PING_BYTES);
    this.#pings += 1;
    this.#pingedMs = this.#host.clock.monotonicMs();
    writeU48(body, 0, this.#pings);
    connection.write(encodeFrame(FRAME.ping, body));
  }

  /** The number of an older ping, or 0, only shows that the other side is there. */
  #onPong(body: Uint8Array): void {
    this.#attempts = 0;
    const number = readU48(body, 0);
    if ((levelOfNumber(number) ?? 0) >= 1) this.#onTakesPieces();
    if (number !== this.#pings) return;
    this.#roundTripMs = this.#host.clock.monotonicMs() - this.#pingedMs;
  }

  #onTakesPieces(): void {
    const connection = this.#connection;
    if (connection === undefined) return;
    this.#lane ??= new BodyLane({
      monotonicMs: () => this.#host.clock.monotonicMs(),
      write: (frame) => {
        this.#cork(connection);
        connection.write(frame);
      },
    });
    connection.write(this.#clock.ask());
  }

  #cork(connection: Connection): void {
    if (this.#isCorked) return;
    this.#isCorked = true;
    connection.socket.cork();
    this.#host.flushLater(this);
  }

  #drop(): false {
    this.#dropped += 1;
    return false;
  }

  #dropLarge(message: Message, bytes: number): false {
    this.#lastError = `a message of ${bytes} bytes, allowed are ${LINK_FRAME_BYTES_MAX}`;
    this.#host.troubles.report(this.target.name, `${message.kind}: ${this.#lastError}`);
    return this.#drop();
  }

  #redialLater(): void {
    const doublings = Math.min(16, Math.max(0, this.#attempts - 1));
    const longestMs = Math.min(LINK_BACKOFF_MS_MAX, LINK_BACKOFF_MS_MIN * 2 ** doublings);
    const waitMs = longestMs * (1 - this.#host.random.float() / 2);
    this.#redialTimer = this.#host.clock.setTimer(waitMs, () => this.dial());
  }

  #clearTimer(): void {
    if (this.#redialTimer !== undefined) this.#host.clock.clearTimer(this.#redialTimer);
    this.#redialTimer = undefined;
  }
}
