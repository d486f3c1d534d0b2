/**
 * Runs a replica against a log, links and a state machine, which are ports: files and sockets in
 * production (raft/shell), simulated ones in the simulator. What must happen in which order
 * is decided here, once, for both:
 *
 * - Nothing is said in a term, and no vote is given, before that is durable: messages wait for the
 *   hard state that they rest on, and later ones behind them. An entry is acknowledged when it is
 *   durable (Raft does that itself, by `persisted`).
 * - Entries are delivered in order, once, when they are committed and durable here.
 * - A snapshot replaces state and log together; deliveries stop meanwhile.
 */

import type { HardState, LogBase, LogEntry, MemberId } from './entry.ts';
import type { Now, RaftEvent } from './event.ts';
import type { Message, Snapshot } from './message.ts';
import type { OriginMark } from './duplicate-detection.ts';
import type { Delivery, Replica, ReplicaUpdate } from './replica.ts';

/** The log on disk. Callbacks never run before the call has returned. */
export interface LogPort {
  /**
   * Writes; an entry whose index is taken replaces the log from there on. `durable` is called when
   * this and everything before it is on disk.
   */
  append(
    hardState: HardState | undefined, entries: readonly LogEntry[], durable: () => void,
  ): void;
  /** Entries from `from` on; none when they are gone. */
  read(from: number, bytesMax: number, done: (entries: readonly LogEntry[]) => void): void;
  /** The log begins anew behind `base`, in one step that survives a crash. */
  reset(base: LogBase, hardState: HardState, durable: () => void): void;
}

export interface StatePort {
  /** Applies a batch, or only notes the position when there is none to apply. In order. */
  apply(position: number, delivery: Delivery | undefined): void;
  /** How much is applied; what was given to `apply` counts once it is. */
  readonly applied: number;
  /** True while no more deliveries are wanted; `resume` when that ends. */
  readonly isBusy: boolean;
  /**
   * Replaces the state by the snapshot that has arrived. `done` gives what the state says of
   * origins.
   */
  install(
    snapshot: Snapshot, done: (marks: Iterable<readonly [MemberId, OriginMark]>) => void,
  ): void;
}

export interface OutcomePort {
  /** Own batches that a snapshot brought: they were applied, with what result is not known. */
  onSkipped(tickets: readonly number[]): void;
  /** A batch's time was up. */
  onExpired(ticket: number, mayApply: boolean): void;
  /** A read may run once `index` is applied. */
  onReadIndex(id: number, index: number): void;
  onReadIndexFailed(id: number): void;
}

export interface DriverPorts {
  readonly log: LogPort;
  readonly state: StatePort;
  readonly outcome: OutcomePort;
  send(message: Message): void;
  /** Whether a heartbeat that is sent now overtakes bodies that were sent before. */
  isBehind?(to: MemberId): boolean;
  /** Streams the present state to a member; say 'snapshotSent' when that has ended. */
  sendSnapshot(to: MemberId): void;
  now(): Now;
}

/** Entries on their way to the disk. */
interface EntryWrite {
  /** The last of them that no later write replaces. */
  lastIndex: number;
}

/** Payload bytes that are read from disk at once to be delivered. */
const DELIVERY_READ_BYTES = 1 << 20;

export class ReplicaDriver {
  readonly replica: Replica;
  readonly #ports: DriverPorts;
  #hardState: HardState;
  /** Hard states that are not durable yet; messages wait for all of them. */
  #hardStatesUnderWay = 0;
  #held: Message[] = [];
  readonly #writes = new Set<EntryWrite>();
  /** Last entry given to the state machine. */
  #delivered: number;
  #isReading = false;
  #isInstalling = false;
  readonly #behindInstall: (() => void)[] = [];
  #isStopped = false;

  /** `hardState`: as recovered. */
  constructor(replica: Replica, ports: DriverPorts, hardState: HardState) {
    this.replica = replica;
    this.#ports = ports;
    this.#hardState = hardState;
    this.#delivered = ports.state.applied;
  }

  get deadlineMs(): number {
    return this.replica.deadlineMs;
  }

  /** A snapshot is about to replace the state. */
  get isInstalling(): boolean {
    return this.#isInstalling;
  }

  /** One event, and all that follows from it. */
  step(event: RaftEvent): void {
    if (this.#isStopped) return;
    this.replica.step(event, this.#ports.now());
    this.perform();
  }

  /** Several messages that came together: answered together. */
  receive(messages: readonly Message[]): void {
    if (this.#isStopped) return;
    const now = this.#ports.now();
    for (const message of messages) this.replica.step({ kind: 'message', message }, now);
    this.perform();
  }

  /** Returns the ticket. Nothing happens before `perform`, so that the caller can note it. */
  broadcast(body: Uint8Array, seed: readonly [number, number], timeoutMs: number): number {
    return this.replica.broadcast(body, seed, timeoutMs, this.#ports.now());
  }

  /** Returns the id. As above. */
  readIndex(timeoutMs: number): number {
    return this.replica.readIndex(timeoutMs, this.#ports.now());
  }

  /** The state machine wants deliveries again. */
  resume(): void {
    if (!this.#isStopped) this.#deliver();
  }

  /** Nothing happens any more. */
  stop(): void {
    this.#isStopped = true;
  }

  /** Does what the replica wants done. */
  perform(): void {
    if (this.#isStopped) return;
    const now = this.#ports.now();
    const { leader } = this.replica.status;
    if (leader !== undefined && this.#isBehind(leader)) this.replica.postponeResend(now);
    const update = this.replica.take(now);
    const { hardState, install, entries } = update;
    if (hardState !== undefined) this.#writeHardState(hardState);
    if (install !== undefined) this.#inOrder(() => this.#install(install));
    if (entries.length > 0) this.#inOrder(() => this.#write(entries));
    this.#send(update.messages);
    for (const { to, from, bytesMax } of update.logReads) this.#readFor(to, from, bytesMax);
    for (const to of update.snapshots) this.#ports.sendSnapshot(to);
    this.#tell(update);
    this.#deliver();
  }

  #writeHardState(hardState: HardState): void {
    this.#hardState = hardState;
    this.#hardStatesUnderWay++;
    this.#ports.log.append(hardState, [], () => this.#hardStateDurable());
  }

  #write(entries: readonly LogEntry[]): void {
    this.#replaceFrom(entries[0]!.index);
    const write: EntryWrite = { lastIndex: entries.at(-1)!.index };
    this.#writes.add(write);
    this.#ports.log.append(undefined, entries, () => this.#written(write));
  }

  #written(write: EntryWrite): void {
    this.#writes.delete(write);
    const term = this.replica.raft.termOf(write.lastIndex);
    if (term !== undefined) this.#persisted(write.lastIndex, term);
  }

  /**
   * What earlier writes bring from here on is replaced in its turn. An entry may come back by a
   * later write, of the same index and term, and is durable with that one only.
   */
  #replaceFrom(index: number): void {
    for (const write of this.#writes) write.lastIndex = Math.min(write.lastIndex, index - 1);
  }

  /** Entries that follow a snapshot are written when it is installed. */
  #inOrder(write: () => void): void {
    if (this.#isInstalling) this.#behindInstall.push(write);
    else write();
  }

  #install(snapshot: Snapshot): void {
    const { index, indexTerm, timeMs, configuration } = snapshot;
    this.#isInstalling = true;
    this.#replaceFrom(1);
    this.#ports.state.install(snapshot, (marks) => {
      if (this.#isStopped) return;
      this.replica.origins.restore(marks);
      const base = { index, term: indexTerm, timeMs, configuration };
      this.#ports.log.reset(base, this.#hardState, () => this.#installed(index, indexTerm));
    });
  }

  #installed(index: number, term: number): void {
    if (this.#isStopped) return;
    this.#isInstalling = false;
    this.#delivered = index;
    const skipped = this.replica.skipDelivered(this.#ports.now());
    if (this.replica.forgottenEpoch !== undefined) return this.stop();
    this.#ports.outcome.onSkipped(skipped);
    for (const write of this.#behindInstall.splice(0)) this.#inOrder(write);
    this.#persisted(index, term);
  }

  #persisted(index: number, term: number): void {
    this.step({ kind: 'persisted', index, term });
  }

  #hardStateDurable(): void {
    this.#hardStatesUnderWay--;
    if (this.#hardStatesUnderWay > 0 || this.#isStopped) return;
    for (const message of this.#held.splice(0)) this.#sendOne(message);
  }

  #send(messages: readonly Message[]): void {
    if (this.#hardStatesUnderWay > 0) this.#held.push(...messages);
    else for (const message of messages) this.#sendOne(message);
  }

  #isBehind(to: MemberId): boolean {
    return this.#ports.isBehind?.(to) === true;
  }

  #sendOne(message: Message): void {
    const { kind, to } = message;
    if (kind === 'heartbeat' && message.round > 0 && this.#isBehind(to)) {
      this.replica.step({ kind: 'overtook', to, round: message.round }, this.#ports.now());
    }
    this.#ports.send(message);
  }

  #readFor(to: MemberId, from: number, bytesMax: number): void {
    this.#ports.log.read(from, bytesMax, (entries) => this.step({ kind: 'logRead', to, entries }));
  }

  #tell({ expired, readIndexesReady, readIndexesFailed }: ReplicaUpdate): void {
    const { outcome } = this.#ports;
    for (const { ticket, mayApply } of expired) outcome.onExpired(ticket, mayApply);
    for (const { id, index } of readIndexesReady) outcome.onReadIndex(id, index);
    for (const id of readIndexesFailed) outcome.onReadIndexFailed(id);
  }

  /** Hands committed entries to the state machine, as many as it takes. */
  #deliver(): void {
    const { state } = this.#ports;
    while (!this.#isReading && !this.#isInstalling && !state.isBusy && !this.#isStopped) {
      const index = this.#delivered + 1;
      if (index > this.replica.deliverable) return;
      const entry = this.replica.raft.entry(index);
      if (entry === undefined) return this.#readForDelivery(index);
      this.#deliverOne(entry);
    }
  }

  /** Since it was read another may have taken its place, and that one be committed. */
  #isDeliverable({ index, term }: LogEntry): boolean {
    const { deliverable, raft } = this.replica;
    return index <= deliverable && raft.termOf(index) === term;
  }

  #deliverOne(entry: LogEntry): void {
    this.#delivered = entry.index;
    const delivery = this.replica.deliver(entry, this.#ports.now());
    if (this.replica.forgottenEpoch !== undefined) return this.stop();
    this.#ports.state.apply(entry.index, delivery);
  }

  #readForDelivery(from: number): void {
    this.#isReading = true;
    this.#ports.log.read(from, DELIVERY_READ_BYTES, (entries) => {
      this.#isReading = false;
      if (this.#isStopped || this.#isInstalling) return;
      for (const entry of entries) {
        const isNext = entry.index === this.#delivered + 1;
        if (isNext && this.#isDeliverable(entry)) this.#deliverOne(entry);
      }
      this.#deliver();
    });
  }
}
