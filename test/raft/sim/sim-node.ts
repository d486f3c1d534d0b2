/**
 * One simulated server: a replica with its log and state on a disk that survives it, clocks of its
 * own, and the waiting clients. It may be crashed, started again, paused and wiped.
 */

import type { Configuration, LogEntry, MemberId } from '../../../src/raft/core/entry.ts';
import type { RaftEvent } from '../../../src/raft/core/event.ts';
import type { Message, Snapshot } from '../../../src/raft/core/message.ts';
import { Replica } from '../../../src/raft/core/replica.ts';
import { ReplicaDriver, type StatePort } from '../../../src/raft/core/replica-driver.ts';
import { DriftingClock } from './drifting-clock.ts';
import { InvariantError } from './invariants.ts';
import type { SimCluster } from './sim-cluster.ts';
import { imageHolds, recoverRaftLog, SimLog, type LogImage } from './sim-log.ts';
import type { StringReply } from '../../checker/models.ts';
import { SimState, type StateImage } from './sim-state.ts';

/** What a client is told of its request. */
export type Outcome =
  | { readonly kind: 'done'; readonly position: number; readonly result: StringReply }
  /** Certainly not made. */
  | { readonly kind: 'refused' }
  | { readonly kind: 'unknown' };

export type Reply = (outcome: Outcome) => void;

/** The same of a whole batch. */
type BatchOutcome =
  | {
    readonly kind: 'applied'; readonly position: number; readonly results: readonly StringReply[];
  }
  | { readonly kind: 'refused' }
  | { readonly kind: 'unknown' };

interface WaitingRead {
  readonly index: number;
  readonly run: () => void;
}

export interface NodeDisk {
  log: LogImage;
  state: StateImage;
  epoch: number;
}

/** How long a request may wait for a majority. */
export const REQUEST_TIMEOUT_MS = 2000;

const ELECTION_TIMEOUT_MS = 600;
const HEARTBEAT_MS = 100;

export class SimNode {
  readonly name: string;
  id: MemberId;
  disk: NodeDisk;
  readonly clock: DriftingClock;
  readonly #cluster: SimCluster;
  #log: SimLog | undefined;
  #state: SimState | undefined;
  #driver: ReplicaDriver | undefined;
  /** Counts starts: what was set going in an earlier life does nothing. */
  #life = 0;
  #tickAtMs = Infinity;
  #pausedUntilMs = 0;
  #peersLagMs = 0;
  readonly #writes = new Map<number, (outcome: BatchOutcome) => void>();
  readonly #readIndexRequests = new Map<number, (index: number | undefined) => void>();
  #reads: WaitingRead[] = [];
  #batch: { op: number; reply: Reply }[] = [];
  #lastLeaderTerm = 0;
  #lastCommit = 0;
  #lastStamp: { index: number; timeMs: number; monotonicMs: number } | undefined;
  readonly #arrived = new Map<number, StateImage>();

  constructor(cluster: SimCluster, name: string, id: MemberId, disk: NodeDisk) {
    this.#cluster = cluster;
    this.name = name;
    this.id = id;
    this.disk = disk;
    this.clock = new DriftingClock(cluster.world);
  }

  get isUp(): boolean {
    return this.#driver !== undefined;
  }

  get driver(): ReplicaDriver | undefined {
    return this.#driver;
  }

  get replica(): Replica | undefined {
    return this.#driver?.replica;
  }

  get applied(): number {
    return this.#state?.applied ?? 0;
  }

  get log(): SimLog | undefined {
    return this.#log;
  }

  // ---- Life -------------------------------------------------------------------------------------

  start(): void {
    const { world, disks } = this.#cluster;
    this.#life++;
    this.disk.epoch++;
    this.#lastStamp = undefined;
    this.#mendLog();
    const { log, state } = this.disk;
    this.#log = new SimLog(world, log, disks);
    this.#state = this.#makeState(state);
    const { hardState } = log;
    const options = {
      id: this.id, epoch: this.disk.epoch, electionTimeoutMs: ELECTION_TIMEOUT_MS,
      // One by one: two leaders of one term, which a mistake may bring about, must show.
      termStepMax: 1,
      heartbeatMs: HEARTBEAT_MS, random: () => world.random.float(), ...this.#cluster.bounds,
    };
    const start = { hardState, log: recoverRaftLog(log), applied: state.applied };
    const replica = new Replica(options, start, this.clock.now());
    replica.origins.restore(state.marks);
    this.#driver = new ReplicaDriver(replica, this.#makePorts(), hardState);
    this.#lastLeaderTerm = 0;
    this.#after();
    this.#saveLater();
  }

  /** The process ends. `isPowerLoss`: so does what was not synced. */
  crash(isPowerLoss: boolean): void {
    if (this.#driver === undefined) return;
    this.#driver.stop();
    this.#life++;
    this.disk.log = this.#log!.crash(isPowerLoss);
    this.disk.state = this.#state!.crash(isPowerLoss);
    this.#driver = undefined;
    this.#tickAtMs = Infinity;
    this.#pausedUntilMs = 0;
    const lost = [...this.#writes.values(), ...this.#batch.map(({ reply }) => reply as never)];
    this.#writes.clear();
    this.#readIndexRequests.clear();
    this.#batch = [];
    this.#reads = [];
    this.#arrived.clear();
    for (const reply of lost) reply({ kind: 'unknown' });
    this.#cluster.onCrash(this);
  }

  /** Afterwards it may read its clients' sockets before those of peers, or the other way round. */
  pause(ms: number): void {
    const { world } = this.#cluster;
    this.#pausedUntilMs = world.nowMs + ms;
    this.#peersLagMs = world.chance(0.5) ? world.between(0, 20) : 0;
  }

  /** From now on its clocks run at this rate. */
  drift(rate: number): void {
    this.#cluster.trace?.(() => `${this.id} has clocks at the rate ${rate}`);
    this.clock.rate = rate;
    this.#after();
  }

  // ---- What comes in ----------------------------------------------------------------------------

  receive(message: Message): void {
    this.#awake(() => this.#driver?.receive([message]), this.#peersLagMs);
  }

  /** A snapshot has arrived with its state. */
  receiveSnapshot(message: Snapshot, image: StateImage): void {
    this.#awake(() => {
      this.#arrived.set(message.index, image);
      this.#driver?.receive([message]);
    });
  }

  step(event: RaftEvent): void {
    this.#awake(() => this.#driver?.step(event));
  }

  /** A write of a client: joins the open batch. */
  write(op: number, reply: Reply): void {
    if (this.#driver === undefined) return reply({ kind: 'unknown' });
    this.#batch.push({ op, reply });
    if (this.#batch.length > 1) return;
    this.#cluster.world.after(this.#cluster.world.between(0, 2), this.#alive(() => {
      this.#awake(() => this.#closeBatch());
    }));
  }

  /** Runs `read` when everything is applied that was acknowledged anywhere before now. */
  readLinearizable(read: () => StringReply, reply: Reply): void {
    this.#awake(() => {
      const id = this.#driver!.readIndex(REQUEST_TIMEOUT_MS);
      this.#readIndexRequests.set(id, (index) => {
        if (index === undefined) return reply({ kind: 'refused' });
        this.#whenApplied(index, () => this.#answerRead(read, reply));
      });
      this.#driver!.perform();
    });
  }

  /** Runs `read` when `position` is applied here. */
  readSequential(position: number, read: () => StringReply, reply: Reply): void {
    this.#awake(() => this.#whenApplied(position, () => this.#answerRead(read, reply)));
  }

  /** The configuration in force is the newest in the log, and no other (section 6). */
  checkConfiguration(): void {
    const { configuration } = this.replica!.status;
    const expected = this.#log!.configuration;
    if (this.#driver!.isInstalling || isSameConfiguration(configuration, expected)) return;
    throw new InvariantError(
      `${this.id} goes by ${JSON.stringify(configuration.voters)}, and its log says ` +
        JSON.stringify(expected.voters),
    );
  }

  get(key: string): StringReply {
    return this.#state?.data.get(key) ?? null;
  }

  // ---- Inside -----------------------------------------------------------------------------------

  /** Nothing runs in a paused process; it comes to it afterwards, so much later. */
  #awake(run: () => void, lagMs = 0): void {
    const { world } = this.#cluster;
    if (world.nowMs < this.#pausedUntilMs) {
      const delayMs = this.#pausedUntilMs - world.nowMs + lagMs;
      world.after(delayMs, this.#alive(() => this.#awake(run)));
      return;
    }
    run();
    this.#after();
  }

  #alive(run: () => void): () => void {
    const life = this.#life;
    return () => {
      if (life === this.#life && this.#driver !== undefined) run();
    };
  }

  #answerRead(read: () => StringReply, reply: Reply): void {
    reply({ kind: 'done', position: this.applied, result: read() });
  }

  #closeBatch(): void {
    const batch = this.#batch.splice(0);
    if (batch.length === 0 || this.#driver === undefined) return;
    const ops = batch.map(({ op }) => op);
    const replies = batch.map(({ reply }) => reply);
    const { random } = this.#cluster.world;
    const ticket = this.#driver.broadcast(
      this.#cluster.encode(ops), [random.next(), random.next()], REQUEST_TIMEOUT_MS,
    );
    this.#writes.set(ticket, (outcome) => {
      replies.forEach((reply, i) => reply(ofOne(outcome, i)));
    });
    this.#driver.perform();
  }

  #makePorts(): ConstructorParameters<typeof ReplicaDriver>[1] {
    const alive = (run: () => void): (() => void) => this.#alive(() => this.#awake(run));
    const log = this.#log!;
    return {
      log: {
        append: (hardState, entries, durable) => {
          this.#noteTimes(entries);
          log.append(hardState, entries, alive(durable));
        },
        reset: (base, hardState, durable) => {
          const { index, term } = base;
          this.#cluster.invariants.onReset(this.id, index, term, log.termOf(index));
          log.reset(base, hardState, alive(durable));
        },
        read: (from, bytesMax, done) => {
          log.read(from, bytesMax, (entries) => alive(() => done(entries))());
        },
      },
      state: this.#watchedState(),
      outcome: {
        onSkipped: (tickets) => tickets.forEach((ticket) => this.#end(ticket, 'unknown')),
        onExpired: (ticket, mayApply) => this.#end(ticket, mayApply ? 'unknown' : 'refused'),
        onReadIndex: (id, index) => this.#endReadIndex(id, index),
        onReadIndexFailed: (id) => this.#endReadIndex(id, undefined),
      },
      send: (message) => this.#cluster.send(this, message),
      sendSnapshot: (to) => this.#sendSnapshot(to),
      now: () => this.clock.now(),
    };
  }

  /** What it stamps itself is compared with the entry before, and what has elapsed since. */
  #noteTimes(entries: readonly LogEntry[]): void {
    const { status } = this.replica!;
    const { monotonicMs } = this.clock.now();
    for (const { index, term, timeMs } of entries) {
      const isOwn = status.role === 'leader' && term === status.term;
      const before = this.#lastStamp;
      if (isOwn && before?.index === index - 1) {
        const elapsedMs = monotonicMs - before.monotonicMs;
        this.#cluster.invariants.onStamp(this.id, index, timeMs - before.timeMs, elapsedMs);
      }
      this.#lastStamp = { index, timeMs, monotonicMs };
    }
  }

  /** The state, with every delivery compared with those of others. */
  #watchedState(): StatePort {
    const state = this.#state!;
    return {
      get applied() {
        return state.applied;
      },
      get isBusy() {
        return state.isBusy;
      },
      apply: (index, delivery) => {
        const { raft, status } = this.replica!;
        const term = raft.termOf(index) ?? 0;
        const { proposal, timeMs } = delivery ?? {};
        this.#cluster.invariants.onDelivered(status, index, term, proposal?.body, timeMs);
        state.apply(index, delivery);
      },
      install: (snapshot, done) => state.install(snapshot, done),
    };
  }

  #makeState(image: StateImage): SimState {
    const { world, invariants, operations } = this.#cluster;
    return new SimState(world, image, {
      operations,
      onApplied: (ticket, position, results) => this.#onApplied(ticket, position, results),
      onPosition: (position, digest) => {
        invariants.onPosition(this.id, position, digest);
        this.#runReads();
      },
      resume: this.#alive(() => this.#awake(() => this.#driver?.resume())),
      arrived: ({ index }) => this.#arrived.get(index)!,
      onSaved: this.#alive(() => this.#trim()) as (position: number) => void,
    });
  }

  #onApplied(
    ticket: number | undefined, position: number, results: readonly StringReply[],
  ): void {
    if (ticket === undefined) return;
    const reply = this.#writes.get(ticket);
    this.#writes.delete(ticket);
    reply?.({ kind: 'applied', position, results });
  }

  #end(ticket: number, kind: 'unknown' | 'refused'): void {
    const reply = this.#writes.get(ticket);
    this.#writes.delete(ticket);
    reply?.({ kind });
  }

  #endReadIndex(id: number, index: number | undefined): void {
    const done = this.#readIndexRequests.get(id);
    this.#readIndexRequests.delete(id);
    done?.(index);
  }

  #whenApplied(index: number, run: () => void): void {
    if (this.applied >= index) run();
    else this.#reads.push({ index, run });
  }

  #runReads(): void {
    if (this.#reads.length === 0) return;
    const ready = this.#reads.filter(({ index }) => index <= this.applied);
    if (ready.length === 0) return;
    this.#reads = this.#reads.filter(({ index }) => index > this.applied);
    for (const { run } of ready) run();
  }

  #sendSnapshot(to: MemberId): void {
    const image = this.#state!.image();
    const { replica } = this.#driver!;
    const base = replica.raft.baseAt(image.applied);
    const { world } = this.#cluster;
    const done = (isOk: boolean): void => {
      this.step({ kind: 'snapshotSent', to, index: image.applied, isOk });
    };
    if (base === undefined) throw new Error('simulator: applied what the log does not know');
    const { term } = replica.status;
    const { index, term: indexTerm, timeMs, configuration } = base;
    const message: Snapshot = {
      kind: 'snapshot', from: this.id, to, term, index, indexTerm, timeMs, configuration,
    };
    world.after(world.between(5, 500), this.#alive(() => {
      const isOk = this.#cluster.carrySnapshot(this, message, image);
      world.after(world.between(0, 5), this.#alive(() => done(isOk)));
    }));
  }

  #saveLater(): void {
    const { world } = this.#cluster;
    world.after(world.around(this.#cluster.saveMs), this.#alive(() => {
      this.#state!.save();
      this.#saveLater();
    }));
  }

  /** Whether its disk has the entry of this term there, whether it is up or not. */
  holds(index: number, term: number): boolean {
    return this.#log?.holds(index, term) ?? imageHolds(this.disk.log, index, term);
  }

  /** Entries that the saved state holds may go, but for some that slow members may still need. */
  #trim(): void {
    const position = this.#state!.durable.applied - this.#cluster.slack;
    const base = this.replica!.raft.baseAt(position);
    if (base === undefined || position <= 0) return;
    this.#log!.trim(base);
    this.step({ kind: 'trimmed', base });
  }

  /** A crash between the two halves of installing a snapshot left a log of before. */
  #mendLog(): void {
    const { log, state } = this.disk;
    const { base } = state;
    if (base === undefined) return;
    const recovered = recoverRaftLog(log);
    const last = recovered.lastIndex;
    const knows = base.index <= log.base.index ||
      (base.index <= last && log.entries[base.index - log.base.index - 1]?.term === base.term);
    if (!knows) this.disk.log = { base, hardState: log.hardState, entries: [] };
  }

  /** After anything happened: watches, and sets the next tick. */
  #after(): void {
    const driver = this.#driver;
    if (driver === undefined) return;
    const { world, invariants } = this.#cluster;
    const { raft, status } = driver.replica;
    if (status.role === 'leader' && status.term !== this.#lastLeaderTerm) {
      this.#lastLeaderTerm = status.term;
      this.#lastCommit = status.commit;
      invariants.onLeader(status, raft);
      this.#cluster.onLeader(this, status.term);
    }
    if (status.role === 'leader' && status.commit > this.#lastCommit) {
      this.#cluster.onLeaderCommit(status, raft.termOf(status.commit));
    }
    this.#lastCommit = status.commit;
    const dueMs = this.clock.ringsAtMs(driver.deadlineMs);
    if (dueMs >= this.#tickAtMs || dueMs === Infinity) return;
    this.#tickAtMs = dueMs;
    world.after(dueMs - world.nowMs, this.#alive(() => this.#tick(dueMs)));
  }

  #tick(dueMs: number): void {
    if (dueMs !== this.#tickAtMs) return;
    this.#tickAtMs = Infinity;
    this.#awake(() => {
      const driver = this.#driver!;
      if (this.clock.now().monotonicMs >= driver.deadlineMs) driver.step({ kind: 'tick' });
    });
  }
}

function ofOne(outcome: BatchOutcome, i: number): Outcome {
  if (outcome.kind !== 'applied') return outcome;
  const { position, results } = outcome;
  return { kind: 'done', position, result: results[i] ?? null };
}

function isSameConfiguration(one: Configuration, other: Configuration): boolean {
  return one.voters.join() === other.voters.join() &&
    one.outgoing.join() === other.outgoing.join() &&
    one.learners.join() === other.learners.join();
}
