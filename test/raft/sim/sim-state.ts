/**
 * A state machine that takes its time, and whose disk lags behind: it is saved now and then, and a
 * restart finds the last save, with the position up to which it had applied.
 */

import type { LogBase, MemberId } from '../../../src/raft/core/entry.ts';
import type { Snapshot } from '../../../src/raft/core/message.ts';
import type { OriginMark } from '../../../src/raft/core/duplicate-detection.ts';
import type { Delivery } from '../../../src/raft/core/replica.ts';
import type { StatePort } from '../../../src/raft/core/replica-driver.ts';
import type { StringReply } from '../../checker/models.ts';
import { applyOperation, decodeOperations, type SimOperation } from './sim-operation.ts';
import type { SimWorld } from './sim-world.ts';

/** A whole state at one position; nothing changes it. */
export interface StateImage {
  readonly applied: number;
  readonly data: ReadonlyMap<string, string>;
  readonly marks: ReadonlyMap<MemberId, OriginMark>;
  /** A hash over everything that was applied so far, in order. */
  readonly digest: number;
  /** Of the snapshot that it was made from, if any. */
  readonly base: LogBase | undefined;
}

export const EMPTY_STATE: StateImage = {
  applied: 0, data: new Map(), marks: new Map(), digest: 0, base: undefined,
};

export interface StateHost {
  readonly operations: readonly SimOperation[];
  /** A batch is applied; `ticket` if it is this start's own. */
  onApplied(ticket: number | undefined, position: number, results: readonly StringReply[]): void;
  /** Everything up to `position` is applied, with this digest of all results. */
  onPosition(position: number, digest: number): void;
  resume(): void;
  /** The snapshot's state, which arrived with it. */
  arrived(snapshot: Snapshot): StateImage;
  /** A save up to this position is durable. */
  onSaved(position: number): void;
}

interface Queued {
  readonly position: number;
  readonly delivery: Delivery | undefined;
}

const QUEUE_MAX = 8;

export class SimState implements StatePort {
  readonly #world: SimWorld;
  readonly #host: StateHost;
  data: Map<string, string>;
  applied: number;
  #digest: number;
  #marks: Map<MemberId, OriginMark>;
  #base: LogBase | undefined;
  /** What a restart finds. */
  durable: StateImage;
  #queue: Queued[] = [];
  #isApplying = false;
  #isDead = false;

  constructor(world: SimWorld, image: StateImage, host: StateHost) {
    this.#world = world;
    this.#host = host;
    this.durable = image;
    this.data = new Map(image.data);
    this.#marks = new Map(image.marks);
    this.applied = image.applied;
    this.#digest = image.digest;
    this.#base = image.base;
  }

  get isBusy(): boolean {
    return this.#queue.length >= QUEUE_MAX;
  }

  get marks(): ReadonlyMap<MemberId, OriginMark> {
    return this.#marks;
  }

  /** The present state, for a snapshot. */
  image(): StateImage {
    const { applied, data } = this;
    const marks = new Map(this.#marks);
    return { applied, data: new Map(data), marks, digest: this.#digest, base: this.#base };
  }

  apply(position: number, delivery: Delivery | undefined): void {
    this.#queue.push({ position, delivery });
    if (this.#isApplying) return;
    // Cold values make some batches wait.
    if (this.#world.chance(0.05)) this.#applyLater();
    else this.#applyQueue();
  }

  install(
    snapshot: Snapshot, done: (marks: Iterable<readonly [MemberId, OriginMark]>) => void,
  ): void {
    this.#queue = [];
    this.#world.after(this.#world.between(1, 200), () => {
      if (this.#isDead) return;
      const image = this.#host.arrived(snapshot);
      this.data = new Map(image.data);
      this.#marks = new Map(image.marks);
      this.applied = image.applied;
      this.#digest = image.digest;
      const { index, indexTerm: term, timeMs, configuration } = snapshot;
      this.#base = { index, term, timeMs, configuration };
      this.durable = this.image();
      this.#host.onPosition(this.applied, this.#digest);
      done(this.#marks);
    });
  }

  /** Writes the state down; it is durable a while later. */
  save(): void {
    if (this.durable.applied === this.applied) return;
    const image = this.image();
    this.#world.after(this.#world.between(1, 50), () => {
      if (this.#isDead || this.durable.applied > image.applied) return;
      this.durable = image;
      this.#host.onSaved(image.applied);
    });
  }

  /** What a restart finds. A process that is killed loses nothing that it had written. */
  crash(isPowerLoss: boolean): StateImage {
    const found = isPowerLoss || this.#world.chance(0.5) ? this.durable : this.image();
    this.#isDead = true;
    return found;
  }

  #applyLater(): void {
    this.#isApplying = true;
    this.#world.after(this.#world.around(5), () => {
      if (this.#isDead) return;
      this.#isApplying = false;
      this.#applyQueue();
      this.#host.resume();
    });
  }

  #applyQueue(): void {
    for (const { position, delivery } of this.#queue.splice(0)) this.#applyOne(position, delivery);
  }

  #applyOne(position: number, delivery: Delivery | undefined): void {
    if (position !== this.applied + 1) {
      throw new Error(`entry ${position} is applied behind ${this.applied}`);
    }
    this.applied = position;
    if (delivery !== undefined) this.#applyBatch(position, delivery);
    this.#host.onPosition(position, this.#digest);
  }

  #applyBatch(position: number, { proposal, ticket }: Delivery): void {
    const { origin, epoch, number, body } = proposal;
    this.#marks.set(origin, { epoch, number });
    const results: StringReply[] = [];
    for (const id of decodeOperations(body)) {
      const op = this.#host.operations[id]!;
      const result = applyOperation(this.data, op);
      this.#digest = mix(mix(this.#digest, id), hashOf(result));
      results.push(result);
    }
    this.#host.onApplied(ticket, position, results);
  }
}

function mix(hash: number, value: number): number {
  const mixed = Math.imul(hash ^ value, 0x9e3779b1);
  return (mixed ^ (mixed >>> 15)) + 1 | 0;
}

function hashOf(reply: StringReply): number {
  const text = String(reply);
  let hash = 7;
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash, 31) + text.charCodeAt(i) | 0;
  return hash;
}
