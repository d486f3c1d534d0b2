/**
 * One direction of a simulated TCP connection: what was sent arrives whole and in order, after a
 * while, in pieces of any size, or never.
 *
 *   send -> queue (in the network) -> arrived (at the receiver's kernel) -> taken by its socket
 *
 * TCP hides loss, duplication and reordering: what is left of them is that bytes come late. While
 * the path is cut, what was sent waits and is sent again when it is whole.
 */

import type { Chance } from './chance.ts';
import type { Planned, Scheduler } from './scheduler.ts';

/** What one direction between two machines is like at present. */
export interface Path {
  isCut: boolean;
  /** Of a packet, without what the bytes take. */
  latencyMs: number;
  jitterMs: number;
  bytesPerMs: number;
  /** One in this many packets is lost and sent again; 0 is never. */
  lossOneIn: number;
}

export type Segment =
  | { readonly kind: 'data'; readonly bytes: Buffer }
  | { readonly kind: 'end' }
  | { readonly kind: 'reset' };

export interface PipeEnd {
  /** A machine that is off hears nothing; the sender tries again. */
  readonly canHear: boolean;
  onSegment(segment: Segment): void;
}

const RETRANSMIT_MS = 200;
/** While the receiver is off or the path cut, the sender tries again this often. */
const RETRY_MS = 1000;
/** Then the sender's kernel gives up: Linux does after about 15 minutes. */
const GIVE_UP_MS = 900_000;
/** Bytes that may be sent and not taken before the sender's socket has to wait. */
export const WINDOW_BYTES = 128 * 1024;
const SPLIT_ONE_IN = 12;
const READ_BYTES_MAX = 64 * 1024;

interface Flying {
  segment: Segment;
  dueMs: number;
}

export class SimPipe {
  readonly #scheduler: Scheduler;
  readonly #chance: Chance;
  readonly #path: Path;
  readonly #to: PipeEnd;
  readonly #onGivenUp: () => void;
  #queue: Flying[] = [];
  #lastDueMs = 0;
  #stuckSinceMs = -1;
  #planned: Planned | undefined;
  /** Sent, and not taken by the receiving socket. */
  bytes = 0;
  /** Called once when there is room in the window. */
  onRoom: (() => void) | undefined;

  constructor(
    scheduler: Scheduler, chance: Chance, path: Path, to: PipeEnd, onGivenUp: () => void,
  ) {
    this.#scheduler = scheduler;
    this.#chance = chance;
    this.#path = path;
    this.#to = to;
    this.#onGivenUp = onGivenUp;
  }

  send(segment: Segment): void {
    const { latencyMs, jitterMs, bytesPerMs, lossOneIn } = this.#path;
    const size = segment.kind === 'data' ? segment.bytes.length : 0;
    let delayMs = latencyMs + this.#chance.wait(jitterMs) + size / bytesPerMs;
    if (lossOneIn > 0 && this.#chance.oneIn(lossOneIn)) delayMs += RETRANSMIT_MS;
    const dueMs = Math.max(this.#lastDueMs, this.#scheduler.nowMs + delayMs);
    this.#lastDueMs = dueMs;
    this.bytes += size;
    this.#queue.push({ segment, dueMs });
    this.#plan();
  }

  /** The receiving socket has taken so many bytes. */
  take(bytes: number): void {
    this.bytes -= bytes;
    if (this.bytes >= WINDOW_BYTES || this.onRoom === undefined) return;
    const { onRoom } = this;
    this.onRoom = undefined;
    onRoom();
  }

  /** Nothing arrives any more. */
  drop(): void {
    if (this.#planned !== undefined) this.#scheduler.cancel(this.#planned);
    this.#planned = undefined;
    this.#queue = [];
  }

  #plan(): void {
    const [first] = this.#queue;
    if (this.#planned !== undefined || first === undefined) return;
    this.#planned = this.#scheduler.at(first.dueMs, () => this.#arrive());
  }

  #arrive(): void {
    this.#planned = undefined;
    const { nowMs } = this.#scheduler;
    if (this.#path.isCut || !this.#to.canHear) return this.#retry(nowMs);
    this.#stuckSinceMs = -1;
    const segment = this.#next(nowMs);
    this.#plan();
    this.#to.onSegment(segment);
  }

  #retry(nowMs: number): void {
    if (this.#stuckSinceMs < 0) this.#stuckSinceMs = nowMs;
    if (nowMs - this.#stuckSinceMs > GIVE_UP_MS) {
      this.drop();
      return this.#onGivenUp();
    }
    const againMs = nowMs + this.#chance.between(RETRY_MS / 2, RETRY_MS);
    this.#planned = this.#scheduler.at(againMs, () => this.#arrive());
  }

  /** What arrives now: a part of the first piece, or several pieces as one. */
  #next(nowMs: number): Segment {
    const first = this.#queue.shift()!;
    const { segment } = first;
    if (segment.kind !== 'data') return segment;
    if (segment.bytes.length > 1 && this.#chance.oneIn(SPLIT_ONE_IN)) {
      const at = 1 + this.#chance.below(segment.bytes.length - 1);
      const rest = { kind: 'data', bytes: segment.bytes.subarray(at) } as const;
      this.#queue.unshift({ segment: rest, dueMs: nowMs + this.#chance.between(0, 1) });
      return { kind: 'data', bytes: segment.bytes.subarray(0, at) };
    }
    return this.#merged(segment.bytes, nowMs);
  }

  #merged(bytes: Buffer, nowMs: number): Segment {
    const pieces = [bytes];
    let total = bytes.length;
    for (;;) {
      const [next] = this.#queue;
      if (next === undefined || next.dueMs > nowMs || next.segment.kind !== 'data') break;
      total += next.segment.bytes.length;
      if (total > READ_BYTES_MAX) break;
      pieces.push(next.segment.bytes);
      this.#queue.shift();
    }
    return { kind: 'data', bytes: pieces.length === 1 ? bytes : Buffer.concat(pieces) };
  }
}
