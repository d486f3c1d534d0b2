/**
 * One member of a scenario: a Raft with a disk that completes at once, or when it is told to, and a
 * clock of its own. It keeps the order that Update asks for, as ReplicaDriver does, and shows
 * everything that it is asked to do.
 */

import type { LogBase, LogEntry, MemberId } from '../../../src/raft/core/entry.ts';
import type { Now, RaftEvent, RaftStatus, Update } from '../../../src/raft/core/event.ts';
import type { Message, Snapshot } from '../../../src/raft/core/message.ts';
import { Raft } from '../../../src/raft/core/raft.ts';
import type { RaftOptions } from '../../../src/raft/core/raft-options.ts';
import type { Invariants } from '../sim/invariants.ts';
import type { DiskWrite, ScenarioDisk } from './scenario-disk.ts';
import { showEntries } from './scenario-trace.ts';

export interface MemberWorld {
  readonly invariants: Invariants;
  /** `isTurn`: one of the few lines that are shown of a command that runs quietly. */
  show(line: string, isTurn?: boolean): void;
  send(message: Message): void;
}

export class ScenarioMember {
  readonly id: MemberId;
  readonly disk: ScenarioDisk;
  readonly #world: MemberWorld;
  readonly #options: RaftOptions;
  #raft: Raft | undefined;
  #nowMs = 0;
  isSlow = false;
  #writes: DiskWrite[] = [];
  #held: Message[] = [];
  #shown: RaftStatus | undefined;
  #shownCommit = 0;
  #delivered = 0;

  constructor(disk: ScenarioDisk, options: RaftOptions, world: MemberWorld) {
    this.id = options.id;
    this.disk = disk;
    this.#options = options;
    this.#world = world;
  }

  get raft(): Raft {
    if (this.#raft === undefined) throw new Error(`${this.id} is not running`);
    return this.#raft;
  }

  get isRunning(): boolean {
    return this.#raft !== undefined;
  }

  /** What its state machine holds. */
  get applied(): number {
    return this.#delivered;
  }

  start(): void {
    const { disk } = this;
    this.#delivered = this.#shownCommit = disk.base.index;
    this.#raft = new Raft(this.#options, {
      hardState: disk.hardState, log: disk.recover(), applied: disk.base.index,
    }, this.#now());
    this.#shown = this.#raft.status;
  }

  /** What was not on disk is gone, and so is the state machine behind the log's base. */
  crash(): void {
    this.#raft = undefined;
    this.#writes = [];
    this.#held = [];
  }

  step(event: RaftEvent): void {
    if (this.#raft === undefined) return;
    this.#raft.step(event, this.#now());
    this.#perform(this.#raft);
  }

  /** Time passes; ticks come when they are due. */
  pass(ms: number): void {
    const endMs = this.#nowMs + ms;
    while (this.raft.deadlineMs <= endMs) {
      this.#nowMs = Math.max(this.#nowMs, this.raft.deadlineMs);
      this.step({ kind: 'tick' });
    }
    this.#nowMs = endMs;
  }

  /** Completes writes to disk, the oldest first. */
  persist(count = Infinity): void {
    for (let n = 0; n < count; n++) {
      const write = this.#writes.shift();
      if (write === undefined) return;
      this.disk.write(write);
      if (write.hardState !== undefined && !this.#writes.some((one) => one.hardState)) {
        for (const message of this.#held.splice(0)) this.#send(message);
      }
      const { entries, install } = write;
      const last = entries?.at(-1);
      if (last !== undefined) this.#persisted(last.index, last.term);
      if (install === undefined) continue;
      this.#delivered = install.index;
      this.#persisted(install.index, install.indexTerm);
    }
  }

  trim(base: LogBase): void {
    this.disk.trim(base);
    this.step({ kind: 'trimmed', base });
  }

  #persisted(index: number, term: number): void {
    this.step({ kind: 'persisted', index, term });
  }

  #now(): Now {
    return { monotonicMs: this.#nowMs, wallMs: this.#nowMs };
  }

  #show(line: string, isTurn = false): void {
    this.#world.show(`${this.id} ${line}`, isTurn);
  }

  #perform(raft: Raft): void {
    const update = raft.take();
    this.#showStatus(raft.status);
    this.#write(update);
    this.#showCommit(raft);
    for (const message of update.messages) {
      if (this.#writes.some((one) => one.hardState)) this.#held.push(message);
      else this.#send(message);
    }
    this.#showRest(raft, update);
    if (!this.isSlow) this.persist();
    for (const { to, from, bytesMax } of update.logReads) {
      this.#show(`reads its log from ${from} for ${to}`);
      this.step({ kind: 'logRead', to, entries: this.disk.read(from, bytesMax) });
    }
  }

  #write({ hardState, install, entries }: Update): void {
    if (hardState !== undefined) {
      this.#show(`writes term=${hardState.term} vote=${hardState.votedFor ?? 'none'}`);
      this.#writes.push({ hardState });
    }
    if (install !== undefined) {
      this.#show(`installs ${install.index}@${install.indexTerm}`, true);
      this.#writes.push({ install });
    }
    if (entries.length > 0) {
      this.#show(`writes ${showEntries(entries)}`);
      this.#writes.push({ entries });
    }
  }

  #send(message: Message): void {
    if (message.kind === 'voteResponse' && message.isGranted) {
      this.#world.invariants.onVote(this.id, message.term, message.to);
    }
    this.#world.send(message);
  }

  #showStatus(status: RaftStatus): void {
    const { role, term, leader } = status;
    const old = this.#shown;
    this.#shown = status;
    if (old?.role === role && old.term === term && old.leader === leader) return;
    const of = role === 'follower' ? ` of ${leader ?? 'nobody'}` : '';
    const isTurn = role === 'leader' || old?.role === 'leader';
    this.#show(`is ${role}${of} in term ${term}`, isTurn);
    this.#world.invariants.onTerm(this.id, term);
    if (role === 'leader') this.#world.invariants.onLeader(status, this.raft);
  }

  #showRest(raft: Raft, { snapshots, dropped }: Update): void {
    for (const to of snapshots) this.#show(`has to send its state to ${to}`, true);
    if (dropped > 0) this.#show(`drops ${dropped} proposed`, true);
    for (const { request, index } of raft.takeReads()) {
      this.#show(`may read ${request} at ${index}`, true);
    }
  }

  #showCommit(raft: Raft): void {
    const { deliverable } = raft;
    const { commit } = raft.status;
    const isNews = commit > this.#shownCommit && commit > this.disk.base.index;
    const isDelivering = deliverable > this.#delivered;
    this.#shownCommit = commit;
    if (isNews && deliverable === commit) this.#show(`commits ${commit}`, true);
    else if (isNews) this.#show(`commits ${commit}, delivers ${deliverable}`, true);
    else if (isDelivering) this.#show(`delivers ${deliverable}`, true);
    while (this.#delivered < deliverable) this.#deliver(this.#delivered + 1);
  }

  #deliver(index: number): void {
    const entry: LogEntry | undefined = this.disk.entry(index);
    if (entry === undefined) throw new Error(`${this.id} delivers ${index}, which is not on disk`);
    this.#delivered = index;
    this.#world.invariants.onDelivered(this.raft.status, index, entry.term, entry.payload);
  }

  /** The message that goes with its state. */
  snapshotFor(to: MemberId): Snapshot {
    const base = this.raft.baseAt(this.applied);
    if (base === undefined) throw new Error(`${this.id} does not know its base`);
    const { index, term: indexTerm, timeMs, configuration } = base;
    const { term } = this.raft.status;
    return {
      kind: 'snapshot', from: this.id, to, term, index, indexTerm, timeMs, configuration,
    };
  }
}
