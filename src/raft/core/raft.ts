/**
 * Raft as a step function: an event goes in, and `take` tells what to do about it. No clock, file,
 * socket or chance of its own, so that a simulator can run it through anything (test/raft/sim).
 *
 * Which event is handled where: election.ts, following.ts, leading.ts, proposing.ts, reading.ts,
 * transfer.ts, membership.ts. The rules about terms, which hold for all messages, are here.
 */

import {
  campaign, onElectionTimeout, onPreVote, onPreVoteResponse, onVote, onVoteResponse,
} from './election.ts';
import type { LogBase, LogEntry, MemberId, PlacedConfiguration } from './entry.ts';
import type { MembersTarget, Now, RaftEvent, RaftStatus, ReadReady, Update } from './event.ts';
import { onAppend, onFollowerPersisted, onHeartbeat, onSnapshot } from './following.ts';
import {
  maybeCommit, onAppended, onHeartbeatResponse, onHeartbeatTimeout, onLogRead, onOvertook,
  onRejected, onSnapshotSent, onUnreachable,
} from './leading.ts';
import { changeMembers, membersRefusal } from './membership.ts';
import type { Message } from './message.ts';
import type { Progress } from './progress.ts';
import { propose } from './proposing.ts';
import { isMajority } from './quorum.ts';
import type { RaftOptions, RaftStart } from './raft-options.ts';
import { RaftState } from './raft-state.ts';
import { onRead, onReadIndex, onReadIndexed } from './reading.ts';
import { sendToAll } from './sending.ts';
import { onTransferTimeout, transfer } from './transfer.ts';

export class Raft {
  readonly #state: RaftState;

  constructor(options: RaftOptions, start: RaftStart, now: Now) {
    this.#state = new RaftState(options, start);
    this.#state.now = now;
    this.#state.logClock.restart(this.#state.log.lastTimeMs, now.monotonicMs);
    this.#state.resetElectionTimer();
    // Nobody else can lead, so there is nobody to wait for.
    if (isMajority(this.#state.configuration, (id) => id === this.#state.id)) {
      this.#state.electionDeadlineMs = now.monotonicMs;
    }
  }

  /** Handles one event. What it wants done is added to what `take` gives. */
  step(event: RaftEvent, now: Now): void {
    this.#state.now = now;
    this.#handle(event);
  }

  /** What the steps since the last call want done, see Update. */
  take(): Update {
    return this.#state.outbox.take();
  }

  /** Answers to 'read' since the last call. */
  takeReads(): readonly ReadReady[] {
    return this.#state.outbox.takeReads();
  }

  /** When a tick is due; monotonic milliseconds. */
  get deadlineMs(): number {
    const { electionDeadlineMs, heartbeatDeadlineMs, transferDeadlineMs } = this.#state;
    return Math.min(electionDeadlineMs, heartbeatDeadlineMs, transferDeadlineMs);
  }

  /** See RaftState. */
  get contradictedAt(): number | undefined {
    return this.#state.contradictedAt;
  }

  get status(): RaftStatus {
    const { id, role, term, leader, configuration, log } = this.#state;
    const { lastIndex, commit } = log;
    return { id, role, term, leader, lastIndex, commit, configuration };
  }

  /** By how much the order's time is ahead of this member's clock; not above 0 if it is not. */
  get timeAheadMs(): number {
    const { logClock, now } = this.#state;
    return logClock.at(now.monotonicMs) - now.wallMs;
  }

  /** The highest index that a leader of the latest term has said to be committed. */
  get knownCommit(): number | undefined {
    const { leader, log, statedCommit } = this.#state;
    return leader === undefined ? undefined : Math.max(log.commit, statedCommit);
  }

  /**
   * The first entry of the leader's term: it had all that was committed before when it was elected
   * (leader completeness, section 5.4.3). Undefined while none of its term is here.
   */
  get leaderSince(): number | undefined {
    const { leader, log, term } = this.#state;
    return leader === undefined || log.lastTerm !== term ? undefined : log.lastTermFrom;
  }

  /** What may be handed to the state machine: committed, and durable in this member's own log. */
  get deliverable(): number {
    const { log } = this.#state;
    return Math.min(log.commit, log.durable);
  }

  /** Undefined when it is only on disk, or nowhere. */
  entry(index: number): LogEntry | undefined {
    return this.#state.log.entry(index);
  }

  /** The configuration in force is committed, so no other one can come back. */
  get isConfigurationCommitted(): boolean {
    const { log } = this.#state;
    return log.configurationIndex <= log.commit;
  }

  /** The configuration that is surely in force; a later one may follow it, or never come. */
  get committedConfiguration(): PlacedConfiguration {
    return this.#state.log.committedConfiguration;
  }

  /** From where on the configuration in force is in the log. */
  get configurationIndex(): number {
    return this.#state.log.configurationIndex;
  }

  /** See RaftState. */
  get leaderCommit(): number {
    return this.#state.leaderCommit;
  }

  /** What goes with the state at `index`, for a snapshot or a trim; undefined when unknown here. */
  baseAt(index: number): LogBase | undefined {
    return this.#state.log.baseAt(index);
  }

  /** Undefined when the entry is not in the log. */
  termOf(index: number): number | undefined {
    return this.#state.log.termOf(index);
  }

  /** Leaders: what is known of each other member. */
  get progress(): ReadonlyMap<MemberId, Progress> {
    return this.#state.progress;
  }

  membersRefusal(target: MembersTarget): string | undefined {
    return membersRefusal(this.#state, target);
  }

  #handle(event: RaftEvent): void {
    const raft = this.#state;
    switch (event.kind) {
      case 'tick': return this.#onTick();
      case 'message': return this.#onMessage(event.message);
      case 'propose': return this.#onPropose(event.payloads);
      case 'persisted': return this.#onPersisted(event.index, event.term);
      case 'read': return onRead(raft, event.request);
      case 'logRead': return onLogRead(raft, event.to, event.entries);
      case 'snapshotSent': return onSnapshotSent(raft, event.to, event.index, event.isOk);
      case 'unreachable': return onUnreachable(raft, event.id);
      case 'overtook': return onOvertook(raft, event.to, event.round);
      case 'trimmed': return raft.log.trim(event.base);
      case 'changeMembers': return changeMembers(raft, event.target);
      case 'transfer': return transfer(raft, event.to);
      default: return event satisfies never;
    }
  }

  #onTick(): void {
    const raft = this.#state;
    const { monotonicMs } = raft.now;
    if (monotonicMs >= raft.heartbeatDeadlineMs) onHeartbeatTimeout(raft);
    if (monotonicMs >= raft.electionDeadlineMs) onElectionTimeout(raft);
    if (monotonicMs >= raft.transferDeadlineMs) onTransferTimeout(raft);
  }

  #onPersisted(index: number, term: number): void {
    const raft = this.#state;
    if (!raft.log.durableTo(index, term)) return;
    if (raft.role === 'leader') {
      maybeCommit(raft);
      if (raft.role === 'leader') sendToAll(raft);
    } else onFollowerPersisted(raft);
  }

  #onPropose(payloads: readonly Uint8Array[]): void {
    const raft = this.#state;
    if (raft.role === 'leader') propose(raft, payloads);
    else if (raft.leader === undefined) raft.outbox.dropped += payloads.length;
    else raft.send(raft.leader, { kind: 'propose', payloads });
  }

  /** Raft, figure 2, rules for all servers: a higher term ends the present one, a lower is past. */
  #onMessage(message: Message): void {
    const raft = this.#state;
    if (message.term > raft.term) {
      if (message.kind === 'vote' && !message.isTransfer && raft.hearsLeader) return;
      if (beginsTerm(message)) raft.becomeFollower(message.term, undefined);
    } else if (message.term < raft.term) return this.#onStale(message);
    this.#dispatch(message);
  }

  /** Of a term that is past: who leads or campaigns in it must learn so. */
  #onStale({ kind, from }: Message): void {
    const raft = this.#state;
    if (kind === 'append' || kind === 'heartbeat' || kind === 'snapshot') {
      raft.send(from, { kind: 'heartbeatResponse', round: 0, receivedIndex: 0, matchIndex: 0 });
    } else if (kind === 'preVote') raft.send(from, { kind: 'preVoteResponse', isGranted: false });
    else if (kind === 'vote') raft.send(from, { kind: 'voteResponse', isGranted: false });
  }

  #dispatch(message: Message): void {
    const raft = this.#state;
    switch (message.kind) {
      case 'preVote': return onPreVote(raft, message);
      case 'preVoteResponse': return onPreVoteResponse(raft, message);
      case 'vote': return onVote(raft, message);
      case 'voteResponse': return onVoteResponse(raft, message);
      case 'append': return onAppend(raft, message);
      case 'appended': return onAppended(raft, message);
      case 'rejected': return onRejected(raft, message);
      case 'heartbeat': return onHeartbeat(raft, message);
      case 'heartbeatResponse': return onHeartbeatResponse(raft, message);
      case 'propose': return raft.role === 'leader' ? this.#onPropose(message.payloads) : undefined;
      case 'readIndex': return onReadIndex(raft, message);
      case 'readIndexed': return onReadIndexed(raft, message);
      case 'timeoutNow': return raft.mayCampaign ? campaign(raft, true) : undefined;
      case 'snapshot': return onSnapshot(raft, message);
      default: return message satisfies never;
    }
  }
}

/** Questions about a future term, and their answers, begin none. */
function beginsTerm(message: Message): boolean {
  if (message.kind === 'preVote') return false;
  return message.kind !== 'preVoteResponse' || !message.isGranted;
}
