/**
 * The total-order broadcast among the configured peers: Raft with its log on disk and its links.
 *
 * Its turn: messages that arrived together are handled together at the end of the event loop's turn
 * (`#turn`), and so is what the server broadcast in it (`flush`): one append and one sync of the
 * log, one socket write for each peer.
 *
 * When the log fails it stops for good: this peer takes no part any more, and says so.
 */

import type { Timer } from '../../io/clock.ts';
import { Random } from '../../lib/random.ts';
import {
  RAFT_APPEND_BYTES_MAX, RAFT_BODY_BYTES_MAX, RAFT_FLIGHTS_MAX, RAFT_FLIGHT_BYTES_MAX,
  RAFT_HELD_LOG_BYTES_MAX, RAFT_MEMBERS_EARLY_MS, RAFT_MEMBERS_MS,
  RAFT_SEND_FIRST_BYTES_MAX, RAFT_TERM_STEP_MAX, RAFT_UNCOMMITTED_BYTES_MAX, RAFT_WINDOW_BYTES_MAX,
} from '../limits.ts';
import type { ClusterAdministration } from '../core/cluster-administration.ts';
import {
  EMPTY_BASE, type Configuration, type LogBase, type MemberId,
} from '../core/entry.ts';
import type { Now } from '../core/event.ts';
import { FEATURE_LEVEL, FEATURE_LEVEL_FIRST, levelOf } from '../core/feature-level.ts';
import type { Message } from '../core/message.ts';
import { Replica } from '../core/replica.ts';
import { ReplicaDriver } from '../core/replica-driver.ts';
import type {
  Capabilities, NotServing, OrderedState, OrderOutcome, OrderStatus, TotalOrderBroadcast,
} from '../core/total-order-broadcast.ts';
import type { IncomingStream } from '../links/incoming-stream.ts';
import type { Links } from '../links/links.ts';
import type { PeerFacts, Verdict } from '../links/peer-facts.ts';
import type { RaftLog } from '../log/raft-log.ts';
import { driverPorts, marksOf } from './driver-ports.ts';
import { decideFounding } from './founding.ts';
import { installedBase } from './held-state.ts';
import { saveIdentity, type Identity } from './identity.ts';
import { LogAdapter, recoveredFrom } from './log-adapter.ts';
import { MemberManager } from './member-manager.ts';
import { MembersClock } from './members-clock.ts';
import { PeerStanding } from './peer-standing.ts';
import { PeerWatch } from './peer-watch.ts';
import type { RaftEngineOptions, RaftEngineParts } from './raft-engine-options.ts';
import { RoleLog } from './role-log.ts';
import { SnapshotTransfer } from './snapshot-transfer.ts';
import { clockBases, statusOf } from './status.ts';
import { chooseSuccessor, mostAdvancedVoter, waitForSuccessor } from './successor.ts';
import { TimeLog } from './time-log.ts';

export class RaftEngine implements TotalOrderBroadcast {
  readonly capabilities: Capabilities = {
    durability: 'power', bodyBytesMax: RAFT_BODY_BYTES_MAX,
  };
  readonly administration: ClusterAdministration = {
    add: (peer) => this.#members.add(peer),
    remove: (name) => this.#members.remove(name),
    hasCommitted: (name, place) => this.#members.hasCommitted(name, place),
    transfer: (name) => this.#handOverTo(name),
    watch: (onChange) => void (this.#onChange = onChange),
  };
  readonly #options: RaftEngineOptions;
  readonly #raftLog: RaftLog;
  readonly #logPort: LogAdapter;
  readonly #links: Links;
  readonly #roleLog: RoleLog;
  readonly #peerWatch: PeerWatch;
  readonly #timeLog: TimeLog;
  readonly #membersClock: MembersClock;
  #onChange: () => void = () => {};
  readonly #standing: PeerStanding;
  /** Ends when the identity is written that was changed last. */
  #saved: Promise<void> = Promise.resolve();
  /** What the others said of themselves last, by name. */
  readonly #seen = new Map<string, PeerFacts>();
  #driver: ReplicaDriver | undefined;
  #state: OrderedState | undefined;
  #outcome: OrderOutcome | undefined;
  #inbox: Message[] = [];
  #isTurnDue = false;
  #timer: Timer | undefined;
  #timerAtMs = Infinity;
  #membersTimer: Timer | undefined;
  #isFounding = false;
  readonly #members: MemberManager;
  readonly #transfer: SnapshotTransfer;
  #isPumping = false;
  #stopReason: string | undefined;

  constructor(options: RaftEngineOptions, parts: RaftEngineParts) {
    this.#options = options;
    this.#raftLog = parts.raftLog;
    this.#links = parts.links;
    this.#logPort = new LogAdapter(
      parts.raftLog, (error) => this.#fail(error), (act) => this.#pump(act),
    );
    this.#roleLog = new RoleLog(options.log, parts.identity.id);
    this.#standing = this.#makeStanding(parts);
    this.#members = new MemberManager({
      links: parts.links,
      self: options.self,
      featureLevel: options.featureLevel ?? FEATURE_LEVEL,
      configured: options.members,
      warn: (text) => options.log.warn(text),
      seen: this.#seen,
      replica: () => (this.#stopReason === undefined ? this.#driver?.replica : undefined),
      change: (target) => this.#pump(() => this.#driver?.step({ kind: 'changeMembers', target })),
    });
    this.#transfer = new SnapshotTransfer({
      links: parts.links,
      clock: options.clock,
      bytesPerSecond: options.snapshotRate,
      log: options.log,
      state: () => (this.#driver === undefined ? undefined : this.#state),
      baseAt: (position) => this.#driver?.replica.raft.baseAt(position),
      onSent: (to, index, isOk) => {
        this.#pump(() => this.#driver?.step({ kind: 'snapshotSent', to, index, isOk }));
      },
      onReceived: (from, base) => this.#onSnapshot(from, base),
    });
    this.#peerWatch = new PeerWatch(options.log);
    this.#timeLog = new TimeLog(options.log);
    this.#membersClock = new MembersClock({
      log: options.log,
      bases: () => clockBases(this.#links.peers(), this.#driver),
      voters: () => this.#driver?.replica.status.configuration.voters.length ?? 1,
    });
  }

  // ---- TotalOrderBroadcast ----------------------------------------------------------------------

  start(state: OrderedState, outcome: OrderOutcome): void {
    this.#state = state;
    this.#outcome = outcome;
    if (this.#standing.identity.founders === undefined) return this.#maybeFound();
    this.#mendLog(state).then(() => this.#begin()).catch((error: unknown) => this.#fail(error));
  }

  get waitingBytes(): number {
    return this.#driver?.replica.outgoingBytes ?? 0;
  }

  get clockErrorMs(): number {
    const { clock } = this.#options;
    return this.#membersClock.errorMs(clock.nowMs(), clock.monotonicMs());
  }

  get knownCommit(): number | undefined {
    return this.#stopReason === undefined ? this.#driver?.replica.raft.knownCommit : undefined;
  }

  get leaderSince(): number | undefined {
    return this.#stopReason === undefined ? this.#driver?.replica.raft.leaderSince : undefined;
  }

  broadcast(body: Uint8Array, seed: readonly [number, number], timeoutMs: number): number {
    return this.#mustRun().broadcast(body, seed, timeoutMs);
  }

  readIndex(timeoutMs: number): number {
    return this.#mustRun().readIndex(timeoutMs);
  }

  flush(): void {
    this.#pump(() => this.#driver?.perform());
  }

  resume(): void {
    this.#pump(() => this.#driver?.resume());
  }

  saved(position: number): void {
    const driver = this.#driver;
    if (driver === undefined || this.#stopReason !== undefined) return;
    const log = this.#raftLog;
    const before = log.base.index;
    const held = this.#transfer.heldFrom(driver.replica.raft.progress, this.#now().monotonicMs);
    const mayHold = log.bytes < RAFT_HELD_LOG_BYTES_MAX;
    log.trim(mayHold ? Math.min(position, held) : position, this.#options.logBytes());
    const { base } = log;
    if (base.index > before) this.#pump(() => driver.step({ kind: 'trimmed', base }));
    log.mark();
  }

  status(): OrderStatus {
    return statusOf({
      self: this.#options.self, driver: this.#driver, links: this.#links.peers(),
      members: this.#options.members, isStopped: this.#stopReason !== undefined,
      nowMs: this.#options.clock.nowMs(), clockErrorMs: this.clockErrorMs,
      removedBy: this.#standing.removedBy,
    });
  }

  get notServing(): NotServing | undefined {
    return this.#standing.notServing;
  }

  get featureLevel(): number {
    const raft = this.#driver?.replica.raft;
    return raft === undefined ? FEATURE_LEVEL_FIRST
      : levelOf(raft.committedConfiguration.configuration);
  }

  /** Why it cannot be used, or undefined. */
  get refusal(): string | undefined {
    if (this.#stopReason !== undefined) return this.#stopReason;
    return this.#driver === undefined ? 'the peers have not met yet' : undefined;
  }

  async stop(): Promise<void> {
    await this.#handOver();
    this.#halt('this peer is shutting down');
    await this.#links.close();
    await this.#raftLog.close();
    await this.#saved;
  }

  // ---- What links and log tell ------------------------------------------------------------------

  onMessage(message: Message): void {
    this.#inbox.push(message);
    if (this.#isTurnDue) return;
    this.#isTurnDue = true;
    this.#options.clock.soon(() => this.#turn());
  }

  onPeer(facts: PeerFacts): void {
    this.#seen.set(facts.name, facts);
    this.#standing.meet(facts);
    // A member of a cluster without a driver mends its log: it must not be begun anew meanwhile.
    const isNew = this.#standing.identity.founders === undefined;
    if (isNew && this.#state !== undefined) this.#maybeFound();
    this.#members.noteCallers();
  }

  onLost(name: string): void {
    const id = this.#seen.get(name)?.id;
    const driver = this.#driver;
    if (id !== undefined) this.#pump(() => driver?.step({ kind: 'unreachable', id }));
  }

  /** What this peer says of itself. */
  facts(): PeerFacts {
    const { name, clientAddress, peerAddress } = this.#options.self;
    const { standing, cluster, identity: { id, founders } } = this.#standing;
    return { name, id, clientAddress, peerAddress, cluster, founders, standing };
  }

  /** A reason not to talk to a peer. */
  judge(facts: PeerFacts): string | undefined {
    return this.#standing.judge(facts);
  }

  /** Why a peer has no place in the cluster; see PeerStanding. */
  verdictOn(facts: PeerFacts, isFirstWord: boolean): Verdict | undefined {
    return this.#standing.verdictOn(facts, isFirstWord);
  }

  onVerdict(from: PeerFacts, verdict: Verdict): void {
    this.#standing.onVerdict(from, verdict);
  }

  onStream(from: PeerFacts, header: Uint8Array, stream: IncomingStream): void {
    this.#transfer.receive(from.id, header, stream);
  }

  onDurable(ticket: number): void {
    this.#pump(() => this.#logPort.onDurable(ticket));
  }

  onLogFailure(error: unknown): void {
    this.#fail(error);
  }

  // ---- Turns ------------------------------------------------------------------------------------

  #turn(): void {
    this.#isTurnDue = false;
    const messages = this.#inbox;
    this.#inbox = [];
    this.#pump(() => this.#driver?.receive(messages));
  }

  /** Does something with the driver, and then all that follows from it, once. */
  #pump(act: () => void): void {
    if (this.#stopReason !== undefined) return;
    if (this.#isPumping) return act();
    this.#isPumping = true;
    try {
      act();
      // What is said so far does not rest on what is about to be written: both go on together.
      // With much at once there is always something else to do, and fewer turns are better.
      if (this.#raftLog.pendingBytes < RAFT_SEND_FIRST_BYTES_MAX) this.#links.flush();
      while (this.#logPort.isDirty && this.#stopReason === undefined) {
        this.#logPort.isDirty = false;
        this.#raftLog.flush();
      }
      this.#links.flush();
    } catch (error) {
      this.#fail(error);
    } finally {
      this.#isPumping = false;
    }
    this.#after();
  }

  #after(): void {
    const driver = this.#driver;
    if (driver === undefined || this.#stopReason !== undefined) return;
    const { status } = driver.replica;
    this.#roleLog.note(status);
    this.#timeLog.note(status.role, driver.replica.raft.timeAheadMs);
    this.#members.note(status.configuration);
    this.#standing.note(driver.replica);
    const { clock } = this.#options;
    this.#peerWatch.maybeLook(clock.monotonicMs(), () => this.status());
    this.#onChange();
    const dueMs = driver.deadlineMs;
    if (dueMs >= this.#timerAtMs) return;
    if (this.#timer !== undefined) clock.clearTimer(this.#timer);
    this.#timerAtMs = dueMs;
    this.#timer = clock.setTimer(dueMs - clock.monotonicMs(), () => this.#tick());
  }

  #tick(): void {
    this.#timer = undefined;
    this.#timerAtMs = Infinity;
    const driver = this.#driver;
    // A late event loop has messages that arrived before: they are heard first.
    this.#options.clock.soon(() => {
      if (driver === undefined || this.#stopReason !== undefined) return;
      if (this.#now().monotonicMs < driver.deadlineMs) return this.#after();
      this.#pump(() => driver.step({ kind: 'tick' }));
    });
  }

  #now(): Now {
    const { clock } = this.#options;
    const [wallMs, monotonicMs] = [clock.nowMs(), clock.monotonicMs()];
    return { monotonicMs, wallMs: wallMs - this.#membersClock.errorMs(wallMs, monotonicMs) };
  }

  // ---- Beginning and end ------------------------------------------------------------------------

  #maybeFound(): void {
    if (this.#isFounding || this.#stopReason !== undefined) return;
    const names = this.#options.members.map(({ name }) => name);
    const decision = decideFounding(this.facts(), names, this.#seen);
    if (decision.kind === 'wait') {
      this.#roleLog.noteMissing(decision.missing);
      return;
    }
    this.#isFounding = true;
    this.#found(decision.founders).catch((error: unknown) => this.#fail(error));
  }

  async #found(founders: Configuration): Promise<void> {
    const { log } = this.#options;
    const isFounder = founders.voters.includes(this.#standing.identity.id);
    const base: LogBase = isFounder ? { ...EMPTY_BASE, configuration: founders } : EMPTY_BASE;
    // In this order: a name of a cluster without a log means that the log was lost.
    await this.#raftLog.reset(base, { term: 0, votedFor: undefined });
    this.#save(this.#standing.found(founders));
    await this.#saved;
    const names = founders.members.map(({ name }) => name).join(', ');
    if (isFounder) log.info(`this peer founds a cluster with ${names}`);
    else log.warn(`this peer is new to the cluster of ${names} and waits to be let in`);
    this.#begin();
    this.#links.refresh();
  }

  #makeStanding({ identity, raftLog }: RaftEngineParts): PeerStanding {
    const { log } = this.#options;
    return new PeerStanding({
      identity, raftLog,
      replica: () => this.#driver?.replica,
      applied: () => this.#state?.applied ?? 0,
      startsOf: (id) => {
        const seen = [...this.#seen.values()].find((facts) => facts.id === id);
        const batch = this.#state?.batchIds.find(({ origin }) => origin === id);
        return Math.max(seen?.standing?.starts ?? 0, batch?.epoch ?? 0);
      },
      monotonicMs: () => this.#options.clock.monotonicMs(),
      save: (changed) => this.#save(changed),
      onGivenUp: (reason) => this.#fail(new Error(reason)),
      log: (text) => log.warn(text),
    });
  }

  #save(identity: Identity): void {
    const { files, dir } = this.#options;
    this.#saved = this.#saved.then(() => saveIdentity(files, dir, identity))
      .catch((error: unknown) => this.#fail(error));
  }

  #begin(): void {
    const { electionTimeoutMs, heartbeatMs, random } = this.#options;
    const { id, starts: epoch, previousStarts } = this.#standing.identity;
    const state = this.#state!;
    const chance = new Random(...random.seed64());
    const options = {
      id, epoch, previousEpoch: previousStarts, electionTimeoutMs, heartbeatMs,
      random: () => chance.float(),
      termStepMax: RAFT_TERM_STEP_MAX,
      appendBytesMax: RAFT_APPEND_BYTES_MAX,
      flightsMax: RAFT_FLIGHTS_MAX,
      flightBytesMax: RAFT_FLIGHT_BYTES_MAX,
      windowBytesMax: RAFT_WINDOW_BYTES_MAX,
      uncommittedBytesMax: RAFT_UNCOMMITTED_BYTES_MAX,
    };
    const { hardState } = this.#raftLog;
    const log = recoveredFrom(this.#raftLog);
    if (state.applied < log.base.index || state.applied > log.lastIndex) {
      return this.#fail(new Error(
        `the store has applied position ${state.applied}, and the replicated log has ` +
          `${log.base.index} to ${log.lastIndex}: they do not belong together`,
      ));
    }
    const replica = new Replica(options, { hardState, log, applied: state.applied }, this.#now());
    replica.origins.restore(marksOf(state));
    this.#driver = new ReplicaDriver(replica, driverPorts({
      log: this.#logPort, state, outcome: this.#outcome!, links: this.#links,
      logger: this.#options.log,
      sendSnapshot: (to) => this.#transfer.send(to),
      onInstalled: () => this.#transfer.installed(),
      onFailure: (error) => this.#fail(error),
      now: () => this.#now(),
    }), hardState);
    this.flush();
    // Those that were met before this peer knew how far its own log is agreed upon.
    for (const facts of this.#seen.values()) this.#standing.meet(facts);
    this.#startMembersTimer();
  }

  #startMembersTimer(): void {
    const isEarly = this.featureLevel < (this.#options.featureLevel ?? FEATURE_LEVEL);
    const waitMs = isEarly ? RAFT_MEMBERS_EARLY_MS : RAFT_MEMBERS_MS;
    this.#membersTimer = this.#options.clock.setTimer(waitMs, () => {
      this.#members.manage();
      if (this.#stopReason === undefined) this.#startMembersTimer();
    });
  }

  /** Tells Raft of a staged snapshot; Raft decides. */
  #onSnapshot(from: MemberId, base: LogBase): { readonly isWanted: boolean } {
    const driver = this.#driver;
    if (driver === undefined) return { isWanted: false };
    const { index, term: indexTerm, timeMs, configuration } = base;
    const { id: to, term } = driver.replica.status;
    const message: Message = {
      kind: 'snapshot', from, to, term, index, indexTerm, timeMs, configuration,
    };
    this.#pump(() => driver.receive([message]));
    return { isWanted: driver.isInstalling };
  }

  /** The log belongs to the state: else it is of before a snapshot whose installing was cut off. */
  async #mendLog(state: OrderedState): Promise<void> {
    const base = installedBase(this.#raftLog, state.snapshotMeta);
    if (base !== undefined) await this.#raftLog.reset(base, this.#raftLog.hardState);
  }

  #mustRun(): ReplicaDriver {
    if (this.#driver === undefined) throw new Error('assertion failed: the order has not begun');
    return this.#driver;
  }

  #handOverTo(name: string): string | undefined {
    const choice = chooseSuccessor(this.status(), name);
    if (!choice.ok) return choice.reason;
    this.#pump(() => this.#driver?.step({ kind: 'transfer', to: choice.id }));
    return undefined;
  }

  /** A leader asks the most advanced voter to take over, and waits a little for that. */
  async #handOver(): Promise<void> {
    const driver = this.#driver;
    if (driver === undefined || this.#stopReason !== undefined) return;
    const to = mostAdvancedVoter(driver.replica);
    if (to === undefined) return;
    this.#pump(() => driver.step({ kind: 'transfer', to }));
    await waitForSuccessor(driver.replica, this.#options.clock);
  }

  #fail(error: unknown): void {
    if (this.#stopReason !== undefined) return;
    const text = error instanceof Error ? error.message : String(error);
    this.#options.log.error({ error }, `this peer stops taking part: ${text}`);
    this.#halt(text);
    this.#outcome?.onStopped(text);
  }

  #halt(reason: string): void {
    this.#stopReason = reason;
    this.#driver?.stop();
    for (const timer of [this.#timer, this.#membersTimer]) {
      if (timer !== undefined) this.#options.clock.clearTimer(timer);
    }
  }
}
