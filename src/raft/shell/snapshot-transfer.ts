/**
 * Carries whole states between peers: from this one to a member that is too far behind, and from
 * the leader to this one. One arrives at a time; several may leave.
 *
 * A state that has arrived is only staged. Raft decides whether it is wanted, and the driver has it
 * installed, or nothing comes of it.
 */

import type { Logger } from 'pino';
import type { Clock } from '../../io/clock.ts';
import { Pace } from '../../lib/pace.ts';
import type { LogBase, MemberId } from '../core/entry.ts';
import { encodeLogBase, parseLogBase } from '../core/log-base-codec.ts';
import type { Progress } from '../core/progress.ts';
import type { OrderedState } from '../core/total-order-broadcast.ts';
import type { IncomingStream } from '../links/incoming-stream.ts';
import type { Links } from '../links/links.ts';
import type { OutgoingStream } from '../links/outgoing-stream.ts';

/** A member that is silent for so long while it installs a state is not waited for. */
export const RAFT_HELD_SILENT_MS = 60_000;

export interface SnapshotTransferParts {
  readonly links: Links;
  readonly clock: Clock;
  /** How fast a state is sent, so that this peer's clients hardly notice. */
  bytesPerSecond(): number;
  readonly log: Logger;
  state(): OrderedState | undefined;
  /** What goes with the state at a position; undefined when the log does not know any more. */
  baseAt(position: number): LogBase | undefined;
  /** It has ended; `index`: which state it carried, 0 if none. */
  onSent(to: MemberId, index: number, isOk: boolean): void;
  /** A state is staged; `isWanted` tells afterwards whether it is being installed. */
  onReceived(from: MemberId, base: LogBase): { readonly isWanted: boolean };
}

const DONE = new Uint8Array([1]);

export class SnapshotTransfer {
  readonly #parts: SnapshotTransferParts;
  readonly #sending = new Set<MemberId>();
  /** Whom a state was sent that it may still be installing, and of which position. */
  readonly #held = new Map<MemberId, number>();
  /** One is arriving, or is being installed. */
  #isReceiving = false;

  constructor(parts: SnapshotTransferParts) {
    this.#parts = parts;
  }

  send(to: MemberId): void {
    if (this.#sending.has(to)) return;
    this.#sending.add(to);
    this.#send(to).then((index) => {
      this.#sending.delete(to);
      this.#parts.log.info({ to, index }, 'a snapshot was sent');
      this.#parts.onSent(to, index, true);
    }, (error: unknown) => {
      this.#sending.delete(to);
      this.#held.delete(to);
      this.#parts.log.warn({ to, error }, 'a snapshot could not be sent');
      this.#parts.onSent(to, 0, false);
    });
  }

  /**
   * What follows this position is not to be removed from the log: a member that is being sent a
   * state, or installs one, needs it next. Infinity when nobody does.
   */
  heldFrom(progress: ReadonlyMap<MemberId, Progress>, nowMs: number): number {
    for (const to of this.#held.keys()) {
      if (!this.#sending.has(to) && !isInstalling(progress.get(to), nowMs)) this.#held.delete(to);
    }
    return Math.min(...this.#held.values());
  }

  /** A peer begins to send its state. */
  receive(from: MemberId, header: Uint8Array, stream: IncomingStream): void {
    const state = this.#parts.state();
    const base = parseLogBase(header);
    if (state === undefined || base === undefined || this.#isReceiving) {
      stream.abort(base === undefined ? 'the header is unreadable' : 'not ready for a snapshot');
      return;
    }
    this.#isReceiving = true;
    this.#receive(state, from, base, stream).catch((error: unknown) => {
      this.#isReceiving = false;
      this.#parts.log.warn({ from, error }, 'a snapshot could not be received');
      stream.abort(error instanceof Error ? error.message : 'it could not be stored');
    });
  }

  /** The state that was staged is installed. */
  installed(): void {
    this.#isReceiving = false;
  }

  async #send(to: MemberId): Promise<number> {
    const state = this.#parts.state();
    if (state === undefined) throw new Error('there is no state yet');
    const snapshot = await state.exportSnapshot();
    this.#held.set(to, snapshot.position);
    try {
      const base = this.#parts.baseAt(snapshot.position);
      if (base === undefined) throw new Error(`the log does not know ${snapshot.position}`);
      const stream = await this.#parts.links.openStream(to, encodeLogBase(base));
      try {
        await this.#sendChunks(snapshot.chunks(), stream);
        await stream.end();
      } catch (error) {
        stream.abort('the sender has failed');
        throw error;
      }
      return base.index;
    } finally {
      await snapshot.release();
    }
  }

  async #sendChunks(chunks: AsyncIterable<Uint8Array>, stream: OutgoingStream): Promise<void> {
    const { clock, bytesPerSecond } = this.#parts;
    const pace = new Pace(clock.monotonicMs());
    for await (const chunk of chunks) {
      await stream.write(chunk);
      const waitMs = pace.sent(chunk.length, bytesPerSecond(), clock.monotonicMs());
      if (waitMs >= 1) await new Promise<void>((resolve) => void clock.setTimer(waitMs, resolve));
    }
  }

  async #receive(
    state: OrderedState, from: MemberId, base: LogBase, stream: IncomingStream,
  ): Promise<void> {
    this.#parts.log.info({ from, index: base.index }, 'a snapshot arrives');
    const position = await state.receiveSnapshot(stream);
    if (position !== base.index) {
      throw new Error(`a snapshot of position ${position} came as one of ${base.index}`);
    }
    stream.answer(DONE);
    const { isWanted } = this.#parts.onReceived(from, base);
    if (!isWanted) this.#isReceiving = false;
  }
}

/** A member that has got a state and does not follow the log yet. */
function isInstalling(progress: Progress | undefined, nowMs: number): boolean {
  if (progress === undefined || progress.state === 'stream') return false;
  return nowMs - progress.lastHeardMs < RAFT_HELD_SILENT_MS;
}
