/** What this peer's clients asked for since the last batch was broadcast. */

import type { Args } from '../../protocol/args.ts';
import { OrderedBody, type OrderedKind } from './ordered-request.ts';
import type { PendingGroup } from './pending-group.ts';

/** A batch that is closed: its body, and who waits. */
export interface ClosedBatch {
  readonly body: Uint8Array;
  readonly groups: readonly PendingGroup[];
}

export class OpenBatch {
  readonly #body = new OrderedBody();
  #groups: PendingGroup[] = [];
  #followers: PendingGroup[] = [];

  get isEmpty(): boolean {
    return this.#body.bytes === 0;
  }

  get bytes(): number {
    return this.#body.bytes;
  }

  add(kind: OrderedKind, session: number, db: number, commands: readonly Args[]): void {
    this.#body.add(kind, session, db, commands);
  }

  /** Whoever waits for the requests that were added last. */
  wait(group: PendingGroup): void {
    this.#groups.push(group);
  }

  /** Whoever waits for the batch as a whole; comes behind those who wait for requests in it. */
  follow(resolve: () => void): void {
    this.#followers.push({ session: undefined, entries: [], resolve });
  }

  close(): ClosedBatch {
    const closed = { body: this.#body.take(), groups: [...this.#groups, ...this.#followers] };
    this.#groups = [];
    this.#followers = [];
    return closed;
  }
}
