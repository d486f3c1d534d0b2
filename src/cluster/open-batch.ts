/** What this peer's clients asked for since the last batch was closed. */

import type { RequestLimits } from '../commands/command.ts';
import type { TableEntry } from '../commands/table.ts';
import type { Args } from '../protocol/args.ts';
import type { Attempt } from '../engine/request-order.ts';
import type { Session } from '../session/session.ts';
import {
  ORDERED_LIMITS, OrderedBody, encodeLimits, type OrderedKind,
} from './proposal-body.ts';

/** Requests of one connection that went into the order together and wait for their replies. */
export interface PendingGroup {
  /** Undefined: the waiter only wants to know when the batch is applied. */
  readonly session: Session | undefined;
  /** Of each request, in order. */
  readonly entries: readonly TableEntry[];
  readonly resolve: () => void;
  /** Of a request that may wait for keys; it is alone in its group. */
  readonly attempt?: Attempt;
}

/** A batch that is closed: its body, and who waits. */
export interface ClosedBatch {
  readonly body: Uint8Array;
  readonly groups: readonly PendingGroup[];
}

export class OpenBatch {
  readonly #body = new OrderedBody();
  /** Of the requests that were added last. */
  #limits: RequestLimits | undefined;
  #groups: PendingGroup[] = [];
  #followers: PendingGroup[] = [];

  get isEmpty(): boolean {
    return this.#body.bytes === 0;
  }

  get bytes(): number {
    return this.#body.bytes;
  }

  /** `limits`: undefined while some peer runs a build that does not know them. */
  add(
    kind: OrderedKind, session: number, db: number, commands: readonly Args[],
    limits: RequestLimits | undefined,
  ): void {
    if (limits !== undefined && !isSame(limits, this.#limits)) {
      this.#body.add(ORDERED_LIMITS, 0, 0, [encodeLimits(limits)]);
      this.#limits = limits;
    }
    this.#body.add(kind, session, db, commands);
  }

  /** Who waits for the requests that were added last. */
  wait(group: PendingGroup): void {
    this.#groups.push(group);
  }

  /** Waits for the batch as a whole; comes behind those who wait for requests in it. */
  follow(resolve: () => void): void {
    this.#followers.push({ session: undefined, entries: [], resolve });
  }

  close(): ClosedBatch {
    const closed = { body: this.#body.take(), groups: [...this.#groups, ...this.#followers] };
    this.#limits = undefined;
    this.#groups = [];
    this.#followers = [];
    return closed;
  }
}

function isSame(one: RequestLimits, other: RequestLimits | undefined): boolean {
  return one.databases === other?.databases && one.stringBytes === other.stringBytes &&
    one.featureLevel === other.featureLevel && one.hllSparseBytes === other.hllSparseBytes;
}
