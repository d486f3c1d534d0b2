/**
 * What is above the seam in the contract suite: a state that is the list of batches it was given,
 * and a record of every outcome. It asserts what must hold at each call.
 */

import type { BatchId } from '../../../src/raft/core/proposal.ts';
import type {
  OrderedBatch, OrderedSnapshot, OrderedState, OrderOutcome, TotalOrderBroadcast,
} from '../../../src/raft/core/total-order-broadcast.ts';

/** A batch as it was applied; the body is a copy. */
export interface AppliedBatch {
  readonly position: number;
  readonly timeMs: number;
  readonly seed: readonly [number, number];
  readonly text: string;
  readonly id: BatchId;
}

/** What a state keeps over a restart. */
export interface KeptState {
  readonly applied: number;
  readonly batches: readonly AppliedBatch[];
  /** Of the snapshot that it began as. */
  readonly meta?: Uint8Array;
}

/** So many bytes of a snapshot at a time, all through one buffer. */
const CHUNK_BYTES = 100;
/** To put a snapshot in place takes so long. */
const INSTALL_TURNS = 10;

export const NEW_STATE: KeptState = { applied: 0, batches: [] };

export class ContractPeer implements OrderedState, OrderOutcome {
  readonly name: string;
  readonly engine: TotalOrderBroadcast;
  readonly batches: AppliedBatch[];
  /** By ticket: the position at which the own batch was delivered. */
  readonly delivered = new Map<number, number>();
  readonly expired = new Map<number, boolean>();
  readonly readIndexes = new Map<number, number>();
  readonly failedReadIndexes = new Set<number>();
  readonly skipped: number[] = [];
  stopReason: string | undefined;
  isBusy = false;
  /** Batches that were taken while this said that it is busy. */
  takenWhileBusy = 0;
  /** The bodies are large: only their sizes are kept. */
  keepsText = true;
  snapshotMeta: Uint8Array | undefined;
  /** How often the state of another peer took the place of this one's. */
  installs = 0;
  #staged: KeptState | undefined;
  #isInstalling = false;
  #applied: number;
  #isCalling = false;
  /** What the engine did wrong. */
  readonly faults: string[] = [];

  constructor(name: string, engine: TotalOrderBroadcast, kept: KeptState = NEW_STATE) {
    this.name = name;
    this.engine = engine;
    this.batches = [...kept.batches];
    this.#applied = kept.applied;
    this.snapshotMeta = kept.meta;
  }

  start(): void {
    this.#call(() => this.engine.start(this, this));
  }

  broadcast(text: string, timeoutMs = 10_000): number {
    return this.broadcastBody(Buffer.from(text), timeoutMs);
  }

  broadcastBody(body: Uint8Array, timeoutMs = 10_000): number {
    const seed = [body.length, this.batches.length] as const;
    return this.#call(() => this.engine.broadcast(body, seed, timeoutMs));
  }

  readIndex(timeoutMs = 10_000): number {
    return this.#call(() => this.engine.readIndex(timeoutMs));
  }

  /** The state as it was when `applied` was the last position. */
  keptAt(applied: number): KeptState {
    const batches = this.batches.filter(({ position }) => position <= applied);
    return { applied, batches, ...this.snapshotMeta && { meta: this.snapshotMeta } };
  }

  get kept(): KeptState {
    return this.keptAt(this.#applied);
  }

  get texts(): string[] {
    return this.batches.map(({ text }) => text);
  }

  // ---- OrderedState -----------------------------------------------------------------------------

  get applied(): number {
    return this.#applied;
  }

  get batchIds(): readonly BatchId[] {
    return [...new Map(this.batches.map(({ id }) => [id.origin, id])).values()];
  }

  apply(position: number, batch: OrderedBatch | undefined): void {
    this.#called('apply');
    if (this.isBusy) this.takenWhileBusy++;
    if (this.#isInstalling) this.faults.push(`position ${position} came during an installation`);
    if (position !== this.#applied + 1) {
      this.faults.push(`position ${position} came behind ${this.#applied}`);
    }
    this.#applied = position;
    if (batch === undefined) return;
    if (batch.position !== position) this.faults.push(`${position} holds ${batch.position}`);
    const { timeMs, seed, id, ticket, body } = batch;
    if (timeMs < (this.batches.at(-1)?.timeMs ?? 0)) this.faults.push(`time went back: ${timeMs}`);
    const text = this.keepsText ? Buffer.from(body).toString() : `${body.length} bytes`;
    const { origin, epoch, number } = id;
    this.batches.push({ position, timeMs, seed: [...seed], text, id: { origin, epoch, number } });
    if (ticket === undefined) return;
    this.#told(ticket);
    this.delivered.set(ticket, position);
  }

  async exportSnapshot(): Promise<OrderedSnapshot> {
    const bytes = Buffer.from(JSON.stringify({ applied: this.#applied, batches: this.batches }));
    const position = this.#applied;
    const chunks = async function* (): AsyncGenerator<Uint8Array> {
      const chunk = new Uint8Array(CHUNK_BYTES);
      for (let at = 0; at < bytes.length; at += CHUNK_BYTES) {
        const count = bytes.copy(chunk, 0, at, at + CHUNK_BYTES);
        yield chunk.subarray(0, count);
        // Whoever has kept it instead of a copy has nothing.
        chunk.fill(0);
      }
    };
    return { position, chunks, release: async () => {} };
  }

  async receiveSnapshot(chunks: AsyncIterable<Uint8Array>): Promise<number> {
    const copies: Buffer[] = [];
    for await (const chunk of chunks) copies.push(Buffer.from(chunk));
    this.#staged = JSON.parse(Buffer.concat(copies).toString()) as KeptState;
    return this.#staged.applied;
  }

  async installSnapshot(meta: Uint8Array): Promise<void> {
    const staged = this.#staged;
    if (staged === undefined) throw new Error('no snapshot is staged');
    if (staged.applied < this.#applied) this.faults.push('a snapshot took the state back');
    this.#isInstalling = true;
    for (let i = 0; i < INSTALL_TURNS; i++) {
      await new Promise<void>((resolve) => void setImmediate(resolve));
    }
    this.batches.splice(0, this.batches.length, ...staged.batches);
    this.#applied = staged.applied;
    this.snapshotMeta = Buffer.from(meta);
    this.#isInstalling = false;
    this.installs++;
  }

  // ---- OrderOutcome -----------------------------------------------------------------------------

  onExpired(ticket: number, mayApply: boolean): void {
    this.#called('onExpired');
    this.#told(ticket);
    this.expired.set(ticket, mayApply);
  }

  onSkipped(tickets: readonly number[]): void {
    this.#called('onSkipped');
    this.skipped.push(...tickets);
  }

  onReadIndex(id: number, position: number): void {
    this.#called('onReadIndex');
    if (this.readIndexes.has(id)) this.faults.push(`readIndex ${id} was answered twice`);
    this.readIndexes.set(id, position);
  }

  onReadIndexFailed(id: number): void {
    this.#called('onReadIndexFailed');
    if (this.readIndexes.has(id)) this.faults.push(`readIndex ${id} failed after its answer`);
    this.failedReadIndexes.add(id);
  }

  onStopped(reason: string): void {
    this.#called('onStopped');
    this.stopReason = reason;
  }

  /** Nothing may be told before the call that caused it has returned. */
  #call<T>(act: () => T): T {
    this.#isCalling = true;
    try {
      return act();
    } finally {
      this.#isCalling = false;
    }
  }

  #called(what: string): void {
    if (this.#isCalling) this.faults.push(`${what} came inside of a call`);
  }

  #told(ticket: number): void {
    if (this.delivered.has(ticket) || this.expired.has(ticket)) {
      this.faults.push(`ticket ${ticket} was told of twice`);
    }
  }
}
