/**
 * The members of a scenario and what is on its way between them, in the order in which it was sent.
 * Whatever a script expects, the invariants of Raft are checked as it runs.
 */

import { NO_MEMBERS } from '../../../src/raft/core/entry.ts';
import type { Configuration, MemberId } from '../../../src/raft/core/entry.ts';
import type { Message, Snapshot } from '../../../src/raft/core/message.ts';
import type { RaftOptions } from '../../../src/raft/core/raft-options.ts';
import { Invariants } from '../sim/invariants.ts';
import { baseOf, entriesOf, OPTIONS } from './members.ts';
import { ScenarioDisk } from './scenario-disk.ts';
import { ScenarioMember, type MemberWorld } from './scenario-member.ts';
import { showMessage } from './scenario-trace.ts';

/** A script that does not come to rest is wrong. */
const MESSAGES_MAX = 2000;

export interface Given {
  readonly term?: number;
  readonly votedFor?: MemberId | undefined;
  /** Terms of the entries that are in its log. */
  readonly log?: readonly number[];
}

export class ScenarioCluster implements MemberWorld {
  readonly invariants = new Invariants();
  readonly members = new Map<string, ScenarioMember>();
  options: Omit<RaftOptions, 'id'> = OPTIONS;
  configuration: Configuration = NO_MEMBERS;
  #queue: Message[] = [];
  readonly #cuts = new Set<string>();
  readonly #snapshots = new Map<string, Snapshot>();
  #lines: string[] = [];
  #indent = '';
  #silent: string | undefined;
  isQuiet = false;

  /** What was shown since the last call. */
  takeLines(): string[] {
    const lines = this.#lines;
    this.#lines = [];
    return lines;
  }

  show(line: string, isTurn = false): void {
    if (!this.isQuiet) this.#lines.push(this.#indent + line);
    else if (isTurn) this.#lines.push(line);
  }

  member(name: string): ScenarioMember {
    const member = this.members.get(name);
    if (member === undefined) throw new Error(`no member ${name}`);
    return member;
  }

  /** A member with a log of its own, in the configuration of the first members. */
  add(id: MemberId, { term = 0, votedFor, log = [] }: Given, configuration: Configuration): void {
    const disk = new ScenarioDisk(baseOf(configuration), { term, votedFor }, entriesOf(log));
    const member = new ScenarioMember(disk, { ...this.options, id }, this);
    this.members.set(id, member);
    member.start();
  }

  // ---- Messages ---------------------------------------------------------------------------------

  send(message: Message): void {
    if (message.from === this.#silent) return;
    const isLost = this.#isCut(message);
    this.show(`${showMessage(message)}${isLost ? ' (lost)' : ''}`);
    if (!isLost) this.#queue.push(message);
  }

  /** Hands over what is on its way on the links of `pattern`: `a->b`, `*->b`, `a->*`. */
  deliver(pattern: string, count = Infinity): void {
    const chosen = this.#queue.filter((message) => isOn(message, pattern)).slice(0, count);
    for (const message of chosen) this.#hand(message);
  }

  /** Hands over everything, and what follows from it, until nothing is on its way. */
  deliverAll(): void {
    for (let n = 0; this.#queue.length > 0; n++) {
      if (n === MESSAGES_MAX) throw new Error(`not at rest after ${n} messages`);
      this.#hand(this.#queue[0]!);
    }
  }

  drop(pattern: string, count = Infinity): void {
    const chosen = this.#queue.filter((message) => isOn(message, pattern)).slice(0, count);
    for (const message of chosen) this.#lose(message);
  }

  /** Nothing gets from one to the other any more, and what was on its way is lost. */
  cut(one: string, other: string): void {
    this.#cuts.add(`${one}->${other}`).add(`${other}->${one}`);
    for (const message of this.#queue.filter((each) => this.#isCut(each))) this.#lose(message);
  }

  heal(one: string, other: string): void {
    this.#cuts.delete(`${one}->${other}`);
    this.#cuts.delete(`${other}->${one}`);
  }

  /** Nobody hears what this member says meanwhile. */
  silently(name: string, run: () => void): void {
    this.#silent = name;
    run();
    this.#silent = undefined;
  }

  /** The state of one member sets out to another, as it was asked for. */
  sendSnapshot(from: ScenarioMember, to: MemberId): void {
    const snapshot = from.snapshotFor(to);
    this.#snapshots.set(`${from.id}->${to}`, snapshot);
    this.send(snapshot);
    from.step({ kind: 'snapshotSent', to, index: snapshot.index, isOk: true });
  }

  /** The last snapshot of this link comes once more. */
  repeatSnapshot(link: string): void {
    const snapshot = this.#snapshots.get(link);
    if (snapshot === undefined) throw new Error(`no snapshot was sent on ${link}`);
    this.send(snapshot);
  }

  #isCut({ from, to }: Message): boolean {
    return this.#cuts.has(`${from}->${to}`);
  }

  #hand(message: Message): void {
    this.#queue.splice(this.#queue.indexOf(message), 1);
    const { from, to, kind } = message;
    const member = this.members.get(to);
    const isThere = member?.isRunning === true;
    this.show(`${from}->${to} ${kind}${isThere ? ':' : ' finds nobody'}`);
    this.#indent = '  ';
    if (isThere) member.step({ kind: 'message', message });
    this.#indent = '';
  }

  #lose(message: Message): void {
    this.#queue.splice(this.#queue.indexOf(message), 1);
    this.show(`${showMessage(message)} is lost`);
  }
}

function isOn({ from, to }: Message, pattern: string): boolean {
  const [one, other] = pattern.split('->');
  return (one === '*' || one === from) && (other === '*' || other === to);
}
