/**
 * Which subscribers hear what a batch of the total order publishes: those whose subscription was
 * there before this peer knew the batch to be committed.
 *
 * A subscription begins behind the highest position that this peer has heard to be committed when
 * the subscription is made, applied here or not. So an old log that is applied after a start, or
 * when a peer catches up, is silent for those who came later. While the peer hears no leader it
 * cannot know that position: then the subscription begins when it hears one. A new leader does not
 * know at once what others had committed: all of that is at or below the position at which it began
 * to lead, so no subscription begins before that (`leaderSince`).
 *
 * A subscription that has begun hears everything behind its beginning, also after the peer was cut
 * off. When a snapshot takes the place of batches, what they published is lost here, and the
 * connections of those who should have heard it are closed (`hasGap`).
 */

export interface Subscription {
  /** It hears what is published behind this position; undefined while that is not known. */
  since: number | undefined;
  /** What was known to be committed when it was made, or when a leader was heard after that. */
  heard: number | undefined;
}

/** See TotalOrderBroadcast. */
export interface CommitKnowledge {
  readonly knownCommit: number | undefined;
  readonly leaderSince: number | undefined;
}

export class DeliveryGate {
  readonly #order: CommitKnowledge;
  readonly #pending = new Set<Subscription>();
  /** Of the batch that runs right now. */
  #position: number | undefined;

  constructor(order: CommitKnowledge) {
    this.#order = order;
  }

  begin(): Subscription {
    const subscription = { since: undefined, heard: undefined };
    if (!this.#hasBegun(subscription)) this.#pending.add(subscription);
    return subscription;
  }

  end(subscription: Subscription): void {
    this.#pending.delete(subscription);
  }

  /** Call it whenever more may be known. */
  settle(): void {
    if (this.#order.knownCommit === undefined) return;
    for (const subscription of this.#pending) {
      if (this.#hasBegun(subscription)) this.#pending.delete(subscription);
    }
  }

  /** What is published from now to `leave` comes from the batch at this position. */
  enter(position: number): void {
    this.settle();
    this.#position = position;
  }

  leave(): void {
    this.#position = undefined;
  }

  /** What is published by no batch, such as a keymiss event of a read, goes to everyone. */
  admits({ since }: Subscription): boolean {
    if (this.#position === undefined) return true;
    return since !== undefined && since < this.#position;
  }

  /** A snapshot of this position is here: did it bring what the subscription should have heard? */
  hasGap({ since, heard }: Subscription, position: number): boolean {
    const from = since ?? heard;
    return from !== undefined && from < position;
  }

  #hasBegun(subscription: Subscription): boolean {
    const { knownCommit, leaderSince } = this.#order;
    subscription.heard ??= knownCommit;
    const { heard } = subscription;
    if (heard === undefined || leaderSince === undefined) return false;
    subscription.since = Math.max(heard, leaderSince);
    return true;
  }
}
