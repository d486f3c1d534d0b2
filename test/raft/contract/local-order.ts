/**
 * The smallest engine behind TotalOrderBroadcast: peers in one process share an array. Nothing is
 * durable but the array itself, which lives as long as the cluster; delivery takes one turn of the
 * event loop. What all that are there have saved is cut off: whoever lacks it is given the state of
 * another. For tests of what is above the seam, and to show that the contract asks for no more than
 * it says.
 */

import type { Clock, Timer } from '../../../src/io/clock.ts';
import type { MemberId } from '../../../src/raft/core/entry.ts';
import { FEATURE_LEVEL } from '../../../src/raft/core/feature-level.ts';
import type {
  OrderedBatch, OrderedState, OrderOutcome, OrderStatus, TotalOrderBroadcast,
} from '../../../src/raft/core/total-order-broadcast.ts';

type Shared = Omit<OrderedBatch, 'ticket'>;

/** Something of one engine that waits for a majority. */
interface Waiting {
  readonly deadlineMs: number;
  /** A majority is there. */
  readonly go: () => void;
  /** Time is up. */
  readonly expire: () => void;
  readonly bytes: number;
}

export class LocalCluster {
  readonly clock: Clock;
  readonly names: readonly string[];
  readonly bodyBytesMax: number;
  /** The batch of position n is at n - 1. */
  readonly order: Shared[] = [];
  /** Positions up to this one are given to nobody any more. */
  cutAt = 0;
  readonly #started = new Set<string>();
  readonly #online = new Map<string, LocalOrder>();
  readonly #epochs = new Map<string, number>();

  constructor(names: readonly string[], clock: Clock, bodyBytesMax = 1 << 20) {
    this.names = names;
    this.clock = clock;
    this.bodyBytesMax = bodyBytesMax;
  }

  open(name: string): LocalOrder {
    const epoch = (this.#epochs.get(name) ?? 0) + 1;
    this.#epochs.set(name, epoch);
    return new LocalOrder(this, name, epoch);
  }

  join(engine: LocalOrder): void {
    this.#online.set(engine.name, engine);
    this.#started.add(engine.name);
    this.wakeAll();
  }

  leave(engine: LocalOrder): void {
    if (this.#online.get(engine.name) === engine) this.#online.delete(engine.name);
  }

  get hasMet(): boolean {
    return this.#started.size === this.names.length;
  }

  get hasMajority(): boolean {
    return this.hasMet && this.#online.size > this.names.length / 2;
  }

  /** The first of those that are there. */
  get leader(): string {
    return this.hasMajority ? this.names.find((name) => this.#online.has(name)) ?? '' : '';
  }

  cut(): void {
    const saved = [...this.#online.values()].map((engine) => engine.savedAt);
    this.cutAt = Math.max(this.cutAt, Math.min(...saved));
  }

  /** Of another peer, as far as this one lacks. */
  stateFor(name: string): OrderedState | undefined {
    const others = [...this.#online.values()].filter((engine) => engine.name !== name);
    return others.map(({ state }) => state).find((state) => (state?.applied ?? 0) >= this.cutAt);
  }

  isOnline(name: string): boolean {
    return this.#online.has(name);
  }

  append(batch: Omit<Shared, 'position' | 'timeMs'>): void {
    const timeMs = Math.max(this.clock.nowMs(), this.order.at(-1)?.timeMs ?? 0);
    this.order.push({ ...batch, position: this.order.length + 1, timeMs });
    this.wakeAll();
  }

  wakeAll(): void {
    for (const engine of this.#online.values()) engine.wake();
  }
}

export class LocalOrder implements TotalOrderBroadcast {
  readonly name: string;
  readonly capabilities: TotalOrderBroadcast['capabilities'];
  readonly #cluster: LocalCluster;
  readonly #epoch: number;
  #state: OrderedState | undefined;
  #outcome: OrderOutcome | undefined;
  #delivered = 0;
  #tickets = 0;
  #readIndexRequests = 0;
  #number = 0;
  /** Tickets of own batches, in the order of their numbers. */
  readonly #own: { readonly number: number; readonly ticket: number; readonly bytes: number }[] = [];
  #unflushed: Waiting[] = [];
  #waiting: Waiting[] = [];
  #isWoken = false;
  #timer: Timer | undefined;
  #isStopped = false;
  #isInstalling = false;
  readonly clockErrorMs = 0;
  featureLevel = FEATURE_LEVEL;
  waitingBytes = 0;
  savedAt = 0;

  constructor(cluster: LocalCluster, name: string, epoch: number) {
    this.#cluster = cluster;
    this.name = name;
    this.#epoch = epoch;
    this.capabilities = { durability: 'none', bodyBytesMax: cluster.bodyBytesMax };
  }

  get refusal(): string | undefined {
    if (this.#isStopped) return 'this peer is shutting down';
    return this.#cluster.hasMet ? undefined : 'the peers have not met yet';
  }

  get knownCommit(): number | undefined {
    return this.#cluster.hasMet ? this.#cluster.order.length : undefined;
  }

  get leaderSince(): number | undefined {
    return this.#cluster.hasMet ? 0 : undefined;
  }

  get state(): OrderedState | undefined {
    return this.#state;
  }

  start(state: OrderedState, outcome: OrderOutcome): void {
    this.#state = state;
    this.#outcome = outcome;
    this.#delivered = state.applied;
    this.#cluster.join(this);
  }

  broadcast(body: Uint8Array, seed: readonly [number, number], timeoutMs: number): number {
    const ticket = ++this.#tickets;
    const bytes = body.length;
    this.waitingBytes += bytes;
    this.#unflushed.push({
      bytes,
      deadlineMs: this.#cluster.clock.monotonicMs() + timeoutMs,
      go: () => {
        const number = ++this.#number;
        this.#own.push({ number, ticket, bytes });
        const id = { origin: this.name as MemberId, epoch: this.#epoch, number };
        this.#cluster.append({ id, seed, body });
      },
      expire: () => {
        this.waitingBytes -= bytes;
        this.#outcome!.onExpired(ticket, false);
      },
    });
    return ticket;
  }

  readIndex(timeoutMs: number): number {
    const id = ++this.#readIndexRequests;
    this.#unflushed.push({
      bytes: 0,
      deadlineMs: this.#cluster.clock.monotonicMs() + timeoutMs,
      go: () => this.#outcome!.onReadIndex(id, this.#cluster.order.length),
      expire: () => this.#outcome!.onReadIndexFailed(id),
    });
    return id;
  }

  flush(): void {
    this.#waiting.push(...this.#unflushed.splice(0));
    this.wake();
  }

  resume(): void {
    this.wake();
  }

  saved(position: number): void {
    this.savedAt = position;
    this.#cluster.cut();
  }

  status(): OrderStatus {
    const { leader, names, order } = this.#cluster;
    return {
      engine: 'local',
      role: this.#isStopped ? 'stopped' : leader === this.name ? 'leader' : 'follower',
      term: 1, leader, lastPosition: order.length, committed: order.length,
      peers: names.map((name) => ({
        name, id: name, clientAddress: '', peerAddress: '',
        role: name === leader ? 'leader' : 'follower',
        isSelf: name === this.name, isConnected: this.#cluster.isOnline(name),
        position: -1, lag: -1, lastContactMs: -1, roundTripMs: -1,
      })),
    };
  }

  async stop(): Promise<void> {
    this.#isStopped = true;
    if (this.#timer !== undefined) this.#cluster.clock.clearTimer(this.#timer);
    this.#cluster.leave(this);
  }

  /** Goes on in the next turn of the event loop. */
  wake(): void {
    if (this.#isWoken || this.#isStopped) return;
    this.#isWoken = true;
    setImmediate(() => {
      this.#isWoken = false;
      if (this.#isStopped || this.#state === undefined) return;
      this.#settle();
      this.#deliver(this.#state);
    });
  }

  #settle(): void {
    const nowMs = this.#cluster.clock.monotonicMs();
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const each of waiting) {
      if (this.#cluster.hasMajority) each.go();
      else if (each.deadlineMs <= nowMs) each.expire();
      else this.#waiting.push(each);
    }
    const firstMs = Math.min(...this.#waiting.map(({ deadlineMs }) => deadlineMs));
    if (this.#timer !== undefined) this.#cluster.clock.clearTimer(this.#timer);
    this.#timer = undefined;
    if (firstMs === Infinity) return;
    this.#timer = this.#cluster.clock.setTimer(firstMs - nowMs, () => this.wake());
  }

  #deliver(state: OrderedState): void {
    const { order, cutAt } = this.#cluster;
    if (this.#isInstalling) return;
    if (this.#delivered < cutAt) return void this.#bringUp(state);
    while (this.#delivered < order.length && !state.isBusy && !this.#isStopped) {
      const batch = order[this.#delivered++]!;
      const own = this.#isOwn(batch) ? this.#own.shift() : undefined;
      if (own !== undefined) this.waitingBytes -= own.bytes;
      state.apply(batch.position, { ...batch, ticket: own?.ticket });
    }
  }

  async #bringUp(state: OrderedState): Promise<void> {
    const other = this.#cluster.stateFor(this.name);
    if (other === undefined) return;
    this.#isInstalling = true;
    const snapshot = await other.exportSnapshot();
    const position = await state.receiveSnapshot(snapshot.chunks());
    await snapshot.release();
    if (this.#isStopped) return;
    await state.installSnapshot(Buffer.from(`${position}`));
    this.#skip(position);
    this.#isInstalling = false;
    this.wake();
  }

  /** Own batches up to `position` are in the state that has come. */
  #skip(position: number): void {
    const gone = this.#cluster.order.slice(this.#delivered, position).filter((batch) => {
      return batch.id.origin === this.name && batch.id.epoch === this.#epoch;
    });
    const own = this.#own.splice(0, gone.length);
    for (const { bytes } of own) this.waitingBytes -= bytes;
    this.#delivered = position;
    if (own.length > 0) this.#outcome!.onSkipped(own.map(({ ticket }) => ticket));
  }

  #isOwn({ id }: Shared): boolean {
    return id.origin === this.name && id.epoch === this.#epoch && this.#own[0]?.number === id.number;
  }
}
