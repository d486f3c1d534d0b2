/**
 * One Raft whose peers are the test: it is told what they say and asked what it answers. Its disk
 * is done when the test says so.
 */

import type { LogEntry, MemberId } from '../../../src/raft/core/entry.ts';
import type { RaftEvent, ReadReady, Update } from '../../../src/raft/core/event.ts';
import type { Message } from '../../../src/raft/core/message.ts';
import type { Letter } from '../../../src/raft/core/outbox.ts';
import { Raft } from '../../../src/raft/core/raft.ts';
import type { RaftOptions } from '../../../src/raft/core/raft-options.ts';
import {
  baseOf, bytesOf, configurationOf, ELECTION_TIMEOUT_MS, entriesOf, idOf, OPTIONS, recoveredOf,
} from './members.ts';

export interface LoneGiven {
  readonly voters?: string;
  readonly learners?: string;
  readonly outgoing?: string;
  readonly term?: number;
  readonly votedFor?: string;
  /** Terms of its entries. */
  readonly log?: readonly number[];
  readonly options?: Partial<RaftOptions>;
}

export type KindOf<K extends Message['kind']> = Extract<Message, { kind: K }>;

/** Its name is `a`. */
export class LoneRaft {
  readonly raft: Raft;
  nowMs = 0;
  /** By how much its wall clock is ahead of `nowMs`. */
  wallAheadMs = 0;
  /** What it was asked to write and has not been told is durable. */
  #unwritten: LogEntry[] = [];

  constructor(given: LoneGiven = {}) {
    const { voters = 'a,b,c', learners, outgoing, log = [], options } = given;
    const { term = log.at(-1) ?? 0, votedFor } = given;
    const base = baseOf(configurationOf(voters, learners, outgoing));
    this.raft = new Raft({ ...OPTIONS, ...options, id: idOf('a') }, {
      hardState: { term, votedFor: votedFor === undefined ? undefined : idOf(votedFor) },
      log: recoveredOf(base, entriesOf(log)), applied: 0,
    }, this.now());
  }

  get role(): string {
    return this.raft.status.role;
  }

  get term(): number {
    return this.raft.status.term;
  }

  get commit(): number {
    return this.raft.status.commit;
  }

  get terms(): (number | undefined)[] {
    const { lastIndex } = this.raft.status;
    return Array.from({ length: lastIndex }, (_, i) => this.raft.termOf(i + 1));
  }

  now(): { monotonicMs: number; wallMs: number } {
    return { monotonicMs: this.nowMs, wallMs: this.nowMs + this.wallAheadMs };
  }

  step(event: RaftEvent): Update {
    this.raft.step(event, this.now());
    const update = this.raft.take();
    this.#unwritten.push(...update.entries);
    return update;
  }

  /** In the present term, unless the letter says another. */
  receive(from: string, letter: Letter): Update {
    const message = { term: this.term, ...letter, from: idOf(from), to: idOf('a') } as Message;
    return this.step({ kind: 'message', message });
  }

  tick(ms: number): Update {
    this.nowMs += ms;
    return this.step({ kind: 'tick' });
  }

  propose(...texts: string[]): Update {
    return this.step({ kind: 'propose', payloads: texts.map(bytesOf) });
  }

  /** Its disk has written everything, or everything up to an index. */
  persist(upTo = Infinity): Update {
    const written = this.#unwritten.filter(({ index }) => index <= upTo).at(-1);
    if (written === undefined) throw new Error('nothing is being written');
    this.#unwritten = this.#unwritten.filter(({ index }) => index > written.index);
    return this.step({ kind: 'persisted', index: written.index, term: written.term });
  }

  reads(): readonly ReadReady[] {
    return this.raft.takeReads();
  }

  /** Its timer runs out and the others want it. Its first entry is not on its disk yet. */
  campaign(supporters = 'b'): Update {
    this.tick(ELECTION_TIMEOUT_MS);
    for (const from of supporters.split(',')) {
      if (this.role !== 'preCandidate') break;
      this.receive(from, { kind: 'preVoteResponse', isGranted: true, term: this.term + 1 });
    }
    let update = this.raft.take();
    for (const from of supporters.split(',')) {
      update = this.receive(from, { kind: 'voteResponse', isGranted: true });
      if (this.role === 'leader') break;
    }
    return update;
  }

  /** It leads, and the entry with which it began is committed. */
  lead(supporters = 'b'): this {
    this.campaign(supporters);
    this.persist();
    for (const from of supporters.split(',')) this.answer(from);
    return this;
  }

  /** A follower has everything, or everything up to an index, on its disk. */
  answer(from: string, matchIndex = this.raft.status.lastIndex): Update {
    return this.receive(from, { kind: 'appended', matchIndex });
  }

  /** A follower has heard the last heartbeat. */
  hear(from: string, round: number, receivedIndex = this.raft.status.lastIndex): Update {
    return this.receive(from, { kind: 'heartbeatResponse', round, receivedIndex, matchIndex: 0 });
  }
}

/** The messages of one kind. */
export function sent<K extends Message['kind']>(
  { messages }: Pick<Update, 'messages'>, kind: K, to?: string,
): KindOf<K>[] {
  return messages.filter((message): message is KindOf<K> => {
    return message.kind === kind && (to === undefined || message.to === to);
  });
}

/** To whom messages of this kind went. */
export function receivers(update: Pick<Update, 'messages'>, kind: Message['kind']): MemberId[] {
  return sent(update, kind).map(({ to }) => to);
}
