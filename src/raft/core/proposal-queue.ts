/**
 * A member's own batches, from the moment they are broadcast until they are delivered here.
 *
 * They are sent to the leader in the order of their numbers without waiting for each other, and
 * sent again, all of them, when the leader changes or nothing was delivered for a while:
 * DuplicateDetection sees to it that each counts once. A batch whose time is up is told so. If it
 * was never sent it is dropped. Else it is unknown whether another member has it in its log: its
 * number is sent on without its body, so that either the batch itself or nothing will be applied,
 * soon, and never twice.
 */

import type { MemberId } from './entry.ts';
import { encodeProposal } from './proposal.ts';

const NOTHING = new Uint8Array(0);

interface Batch {
  /** 0 while it was never sent. */
  number: number;
  body: Uint8Array;
  /** As it was sent, the body in it; undefined while it was never sent as it is now. */
  payload: Uint8Array | undefined;
  readonly ticket: number;
  readonly seed: readonly [number, number];
  readonly deadlineMs: number;
  isExpired: boolean;
}

/** A batch whose time was up before it was delivered. */
export interface Expired {
  readonly ticket: number;
  /** It may have been, or still be, applied; if not, it certainly was not made. */
  readonly mayApply: boolean;
}

export interface ProposalQueueOptions {
  readonly origin: MemberId;
  readonly epoch: number;
  /** Without a delivery for so long, everything is sent again; doubles each time. */
  readonly resendMs: number;
  readonly resendMsMax: number;
}

export class ProposalQueue {
  readonly #options: ProposalQueueOptions;
  #batches: Batch[] = [];
  #tickets = 0;
  #lastNumber = 0;
  /** How many of the batches were sent to the present leader. */
  #sent = 0;
  #resendMs: number;
  #resendAtMs = Infinity;
  bytes = 0;

  constructor(options: ProposalQueueOptions) {
    this.#options = options;
    this.#resendMs = options.resendMs;
  }

  get count(): number {
    return this.#batches.length;
  }

  /** Of the batches that got a number; 0 = none. */
  get lastNumber(): number {
    return this.#lastNumber;
  }

  /** When `expire` has something to do. */
  get expiryMs(): number {
    return this.#batches.find(({ isExpired }) => !isExpired)?.deadlineMs ?? Infinity;
  }

  /** When everything is to be sent again, if there is a leader to send it to. */
  get resendAtMs(): number {
    return this.#resendAtMs;
  }

  /** Takes a batch; returns its ticket. `body` is owned from now on. Deadlines must not go back. */
  add(body: Uint8Array, seed: readonly [number, number], deadlineMs: number): number {
    const ticket = ++this.#tickets;
    this.#batches.push({
      number: 0, body, payload: undefined, ticket, seed, deadlineMs, isExpired: false,
    });
    this.bytes += body.length;
    return ticket;
  }

  /** The payloads that the leader has not been sent yet. */
  unsent(nowMs: number): Uint8Array[] {
    const payloads: Uint8Array[] = [];
    for (; this.#sent < this.#batches.length; this.#sent++) {
      payloads.push(this.#encode(this.#batches[this.#sent]!));
    }
    if (payloads.length > 0 && this.#resendAtMs === Infinity) {
      this.#resendAtMs = nowMs + this.#resendMs;
    }
    return payloads;
  }

  /** What was sent may be lost: there is another leader, or the present one dropped it. */
  forgetSent(): void {
    this.#sent = 0;
    this.#resendAtMs = Infinity;
  }

  /** Nothing came of it for long: true when everything shall be sent again. */
  maybeResend(nowMs: number): boolean {
    if (nowMs < this.#resendAtMs) return false;
    this.#resendMs = Math.min(this.#resendMs * 2, this.#options.resendMsMax);
    this.forgetSent();
    return true;
  }

  /** What was sent last is still on its way: nothing is sent again before that has left. */
  postponeResend(nowMs: number): void {
    if (this.#resendAtMs === Infinity) return;
    this.#resendAtMs = Math.max(this.#resendAtMs, nowMs + this.#resendMs);
  }

  /**
   * Batches up to this number have been applied; returns the tickets of those that still waited, in
   * order.
   */
  delivered(number: number, nowMs: number): number[] {
    const tickets: number[] = [];
    let gone = 0;
    for (const batch of this.#batches) {
      if (batch.number === 0 || batch.number > number) break;
      if (!batch.isExpired) tickets.push(batch.ticket);
      this.bytes -= batch.body.length;
      gone++;
    }
    if (gone === 0) return tickets;
    this.#batches.splice(0, gone);
    this.#sent = Math.max(0, this.#sent - gone);
    this.#resendMs = this.#options.resendMs;
    this.#resendAtMs = this.#sent > 0 ? nowMs + this.#resendMs : Infinity;
    return tickets;
  }

  /** Gives up batches whose time is up. */
  expire(nowMs: number): Expired[] {
    const expired: Expired[] = [];
    for (const batch of this.#batches) {
      if (batch.isExpired) continue;
      if (batch.deadlineMs > nowMs) break;
      batch.isExpired = true;
      expired.push({ ticket: batch.ticket, mayApply: batch.number > 0 });
      this.bytes -= batch.body.length;
      batch.body = NOTHING;
      batch.payload = undefined;
    }
    const kept = this.#batches.filter(({ isExpired, number }) => !isExpired || number > 0);
    this.#batches = kept;
    return expired;
  }

  #encode(batch: Batch): Uint8Array {
    const { origin, epoch } = this.#options;
    if (batch.number === 0) batch.number = ++this.#lastNumber;
    if (batch.payload === undefined) {
      const { number, seed, body } = batch;
      batch.payload = encodeProposal({ origin, epoch, number, seed, body });
      // Large ones are in RAM once only.
      batch.body = batch.payload.subarray(batch.payload.length - body.length);
    }
    return batch.payload;
  }
}
