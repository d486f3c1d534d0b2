/**
 * What one member knows, and its changes of role. The handlers of messages and events beside this
 * file read and change it; nothing else does.
 *
 * Names are those of the Raft paper (Ongaro and Ousterhout, 2014) and of Ongaro's thesis where they
 * have one.
 */

import type { Configuration, HardState, LogEntry, MemberId } from './entry.ts';
import type { Now, Role } from './event.ts';
import { LogClock } from './log-clock.ts';
import { LogView } from './log-view.ts';
import type { LoggedTail } from './logged-tail.ts';
import type { Message } from './message.ts';
import { Outbox, type Letter } from './outbox.ts';
import { Progress } from './progress.ts';
import { everyMember, isVoter } from './quorum.ts';
import type { RaftOptions, RaftStart } from './raft-options.ts';
import { PendingReads } from './pending-reads.ts';
import { TakenBatches } from './taken-batches.ts';

export class RaftState {
  readonly options: RaftOptions;
  readonly id: MemberId;
  readonly log: LogView;
  readonly outbox = new Outbox();
  /** Where the order's time has come to; goes by the log's last entry. */
  readonly logClock = new LogClock();
  /** Set before each step. */
  now: Now = { monotonicMs: 0, wallMs: 0 };

  /** The latest term seen; never goes down, and durable before anything is said in it. */
  term: number;
  /** Who got this member's vote in `term`; at most one does. */
  votedFor: MemberId | undefined;
  role: Role = 'follower';
  /** The leader of `term`, once known; at most one exists. */
  leader: MemberId | undefined;
  /** Followers: the highest index that a leader has said to be committed, here already or not. */
  statedCommit = 0;
  /** When a leader of the latest term was last heard. */
  heardLeaderAtMs = -Infinity;
  electionDeadlineMs = Infinity;
  /** What a leader of the latest term said last that is committed; -1 before one said anything. */
  leaderCommit = -1;

  /**
   * Followers: everything up to here is known to be as the log of this term's leader, which only
   * grows; so it is forgotten with the term.
   */
  matched = 0;
  /** Followers: what was acknowledged to that leader. */
  acknowledged = 0;
  /**
   * A committed entry of which a leader has another. Raft excludes that; disks that were put back
   * to older copies do not. From then on this member takes nothing from a leader.
   */
  contradictedAt: number | undefined;

  /** Candidates: who answered, and how. */
  votes = new Map<MemberId, boolean>();

  /** Leaders: all other members, those on their way out included. */
  readonly progress = new Map<MemberId, Progress>();
  heartbeatDeadlineMs = Infinity;
  /** Number of the last round of heartbeats. */
  round = 0;
  readonly reads = new PendingReads();
  readonly taken = new TakenBatches();
  /** Leaders: see proposing.ts. */
  tail: LoggedTail | undefined;
  /** Leaders: who shall take over, until when. */
  transferTo: MemberId | undefined;
  transferDeadlineMs = Infinity;

  constructor(options: RaftOptions, { hardState, log, applied }: RaftStart) {
    this.options = options;
    this.id = options.id;
    this.log = new LogView(log, applied, options.windowBytesMax);
    this.term = Math.max(hardState.term, log.base.term);
    this.votedFor = hardState.votedFor;
  }

  get configuration(): Configuration {
    return this.log.configuration;
  }

  /**
   * A voter, or one that may still be one: the member with the newest log must campaign even if
   * that log says that it is leaving, because until this is committed others may need its vote and
   * would not get it (thesis, section 4.2.2).
   */
  get mayCampaign(): boolean {
    return this.log.possibleConfigurations.some((one) => isVoter(one, this.id));
  }

  /** A leader was heard so lately that nobody needs another one (thesis, section 4.2.3). */
  get hearsLeader(): boolean {
    if (this.role === 'leader') return true;
    return this.now.monotonicMs - this.heardLeaderAtMs < this.options.electionTimeoutMs;
  }

  send(to: MemberId, letter: Letter): void {
    this.outbox.messages.push({ term: this.term, ...letter, from: this.id, to } as Message);
  }

  /** Puts an entry behind the last one and has it written. */
  append(entry: LogEntry, configuration: Configuration | undefined): void {
    this.log.append(entry, configuration);
    this.logClock.note(entry.timeMs, this.now.monotonicMs);
    this.outbox.entries.push(entry);
  }

  // ---- Roles ------------------------------------------------------------------------------------

  /** Follows `leader`, or nobody yet, in a term that is not below the present one. */
  becomeFollower(term: number, leader: MemberId | undefined): void {
    const wasLeader = this.role === 'leader';
    if (term > this.term) this.#begin(term, undefined);
    this.role = 'follower';
    this.leader = leader;
    if (wasLeader) this.#leaveOffice();
    this.resetElectionTimer();
  }

  becomePreCandidate(): void {
    this.role = 'preCandidate';
    this.leader = undefined;
    this.votes = new Map([[this.id, true]]);
    this.resetElectionTimer();
  }

  becomeCandidate(): void {
    this.#begin(this.term + this.#termStep(), this.id);
    this.role = 'candidate';
    this.leader = undefined;
    this.votes = new Map([[this.id, true]]);
    this.resetElectionTimer();
  }

  /** Takes office; see leading.ts for its first acts. */
  becomeLeader(): void {
    this.role = 'leader';
    this.leader = this.id;
    this.electionDeadlineMs = Infinity;
    this.progress.clear();
    this.addProgress();
  }

  /** A vote for another candidate in the present term. */
  voteFor(candidate: MemberId): void {
    this.votedFor = candidate;
    this.#noteHardState();
    this.resetElectionTimer();
  }

  resetElectionTimer(): void {
    const { electionTimeoutMs, random } = this.options;
    this.electionDeadlineMs = this.now.monotonicMs + electionTimeoutMs * (1 + random());
  }

  /** Keeps track of everyone in the configuration. */
  addProgress(): void {
    for (const id of everyMember(this.configuration)) {
      if (id === this.id || this.progress.has(id)) continue;
      this.progress.set(id, new Progress(id, this.log.lastIndex + 1, this.now.monotonicMs));
    }
  }

  /** Forgets those who have left. */
  dropProgress(): void {
    const members = everyMember(this.configuration);
    for (const id of this.progress.keys()) if (!members.includes(id)) this.progress.delete(id);
  }

  #termStep(): number {
    const { random, termStepMax } = this.options;
    return termStepMax === 1 ? 1 : 1 + Math.floor(random() * termStepMax);
  }

  #leaveOffice(): void {
    this.heartbeatDeadlineMs = Infinity;
    this.transferDeadlineMs = Infinity;
    this.transferTo = undefined;
    this.progress.clear();
    this.reads.clear();
    this.taken.clear();
    this.tail = undefined;
  }

  #begin(term: number, votedFor: MemberId | undefined): void {
    this.term = term;
    this.votedFor = votedFor;
    this.matched = this.acknowledged = 0;
    this.#noteHardState();
  }

  #noteHardState(): void {
    const hardState: HardState = { term: this.term, votedFor: this.votedFor };
    this.outbox.hardState = hardState;
  }
}
