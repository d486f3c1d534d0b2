import { describe, expect, it } from 'vitest';
import type { HardState, LogBase, LogEntry } from '../../../src/raft/core/entry.ts';
import type { Message, Snapshot } from '../../../src/raft/core/message.ts';
import type { OriginMark } from '../../../src/raft/core/duplicate-detection.ts';
import type { Letter } from '../../../src/raft/core/outbox.ts';
import { encodeProposal } from '../../../src/raft/core/proposal.ts';
import { Replica, type Delivery } from '../../../src/raft/core/replica.ts';
import {
  ReplicaDriver, type DriverPorts,
} from '../../../src/raft/core/replica-driver.ts';
import {
  baseOf, bytesOf, configurationOf, ELECTION_TIMEOUT_MS, entryOf, idOf, OPTIONS, recoveredOf,
} from './members.ts';

type Marks = Iterable<readonly [ReturnType<typeof idOf>, OriginMark]>;

/** A driver whose log, state and peers are the test; everything is done when the test says so. */
class Bench {
  readonly driver: ReplicaDriver;
  nowMs = 0;
  readonly sent: Message[] = [];
  readonly applied: number[] = [];
  readonly deliveries: (Delivery | undefined)[] = [];
  readonly told: string[] = [];
  readonly snapshotsFor: string[] = [];
  isBusy = false;
  /** What the log was asked to do, and what to call when it is done. */
  readonly writes: { readonly what: string; readonly durable: () => void }[] = [];
  readonly reads: {
    readonly from: number; readonly done: (entries: readonly LogEntry[]) => void;
  }[] = [];
  readonly installs: { readonly index: number; readonly done: (marks: Marks) => void }[] = [];

  constructor(voters = 'a,b,c', windowBytesMax = OPTIONS.windowBytesMax) {
    const hardState = { term: 0, votedFor: undefined };
    const log = recoveredOf(baseOf(configurationOf(voters)), []);
    const replica = new Replica(
      { ...OPTIONS, windowBytesMax, id: idOf('a'), epoch: 1 },
      { hardState, log, applied: 0 }, { monotonicMs: 0, wallMs: 0 },
    );
    this.driver = new ReplicaDriver(replica, this.#ports(), hardState);
  }

  receive(from: string, term: number, ...letters: Letter[]): void {
    this.driver.receive(letters.map((letter) => {
      return { ...letter, term, from: idOf(from), to: idOf('a') } as Message;
    }));
  }

  /** Entries of a leader, which has committed up to `commit`. */
  append(from: string, term: number, prev: readonly [number, number], entries: LogEntry[],
    commit = 0): void {
    const [prevIndex, prevTerm] = prev;
    this.receive(from, term, { kind: 'append', prevIndex, prevTerm, entries, commit });
  }

  snapshot(from: string, term: number, index: number, indexTerm = term): void {
    const configuration = configurationOf('a,b,c');
    this.receive(from, term, { kind: 'snapshot', index, indexTerm, timeMs: 0, configuration });
  }

  /** The log has done the oldest writes. */
  complete(count = Infinity): void {
    for (let n = 0; n < count && this.writes.length > 0; n++) this.writes.shift()!.durable();
  }

  get waiting(): string[] {
    return this.writes.map(({ what }) => what);
  }

  /** What was sent since the last call: `kind` and what is acknowledged. */
  takeSent(): string[] {
    return this.sent.splice(0).map((message) => {
      return message.kind === 'appended' ? `appended ${message.matchIndex}` : message.kind;
    });
  }

  #ports(): DriverPorts {
    return {
      log: {
        append: (hardState, entries, durable) => {
          this.writes.push({ what: showWrite(hardState, entries), durable });
        },
        reset: ({ index }: LogBase, { term }, durable) => {
          this.writes.push({ what: `reset ${index} in term ${term}`, durable });
        },
        read: (from, _, done) => void this.reads.push({ from, done }),
      },
      state: this.#state(),
      outcome: {
        onSkipped: (tickets) => void this.told.push(...tickets.map((one) => `skipped ${one}`)),
        onExpired: (ticket, mayApply) => void this.told.push(`expired ${ticket} ${mayApply}`),
        onReadIndex: (id, index) => void this.told.push(`readIndex ${id} at ${index}`),
        onReadIndexFailed: (id) => void this.told.push(`readIndex ${id} failed`),
      },
      send: (message) => void this.sent.push(message),
      sendSnapshot: (to) => void this.snapshotsFor.push(to),
      now: () => ({ monotonicMs: this.nowMs, wallMs: this.nowMs }),
    };
  }

  #state(): DriverPorts['state'] {
    const { applied } = this;
    const isBusy = (): boolean => this.isBusy;
    return {
      get applied() { return applied.at(-1) ?? 0; },
      get isBusy() { return isBusy(); },
      apply: (position, delivery) => {
        this.applied.push(position);
        this.deliveries.push(delivery);
      },
      install: ({ index }: Snapshot, done) => void this.installs.push({ index, done }),
    };
  }
}

function showWrite(hardState: HardState | undefined, entries: readonly LogEntry[]): string {
  const [first, last] = [entries[0], entries.at(-1)];
  if (hardState !== undefined) return `term ${hardState.term}`;
  return first === last ? `${first!.index}@${first!.term}` : `${first!.index}-${last!.index}`;
}

/** A batch of member `b`. */
function batchOf(index: number, term: number, number = index): LogEntry {
  const payload = encodeProposal({
    origin: idOf('b'), epoch: 1, number, seed: [0, 0], body: bytesOf(`${index}@${term}`),
  });
  return { ...entryOf(index, term, 'x'), payload };
}

const vote = (index = 0): Letter => {
  return { kind: 'vote', lastIndex: index, lastTerm: 0, isTransfer: false };
};

const heartbeat = (round: number, commit = 0): Letter => ({ kind: 'heartbeat', commit, round });

describe('what is said', () => {
  it('waits for the term and the vote that it rests on to be durable', () => {
    const bench = new Bench();
    bench.receive('b', 1, vote());
    expect([bench.waiting, bench.takeSent()]).toEqual([['term 1'], []]);
    bench.receive('b', 1, heartbeat(1));
    expect(bench.takeSent()).toEqual([]);
    bench.complete();
    expect(bench.takeSent()).toEqual(['voteResponse', 'heartbeatResponse']);
    bench.receive('b', 1, heartbeat(2));
    expect(bench.takeSent()).toEqual(['heartbeatResponse']);
  });

  it('waits for the last of several', () => {
    const bench = new Bench();
    bench.receive('b', 1, vote());
    bench.receive('c', 2, vote());
    bench.complete(1);
    expect([bench.waiting, bench.takeSent()]).toEqual([['term 2'], []]);
    bench.complete(1);
    expect(bench.takeSent()).toEqual(['voteResponse', 'voteResponse']);
  });

  it('acknowledges an entry when it is durable', () => {
    const bench = new Bench();
    bench.append('b', 1, [0, 0], [batchOf(1, 1), batchOf(2, 1)]);
    expect(bench.waiting).toEqual(['term 1', '1-2']);
    bench.complete(1);
    expect(bench.takeSent()).toEqual([]);
    bench.complete(1);
    expect(bench.takeSent()).toEqual(['appended 2']);
  });

  it('does not call durable what a later write replaces, though it comes back after that', () => {
    const bench = new Bench();
    bench.append('b', 1, [0, 0], [batchOf(1, 1)]);
    bench.complete();
    bench.append('b', 1, [1, 1], [batchOf(2, 1)]);
    bench.append('c', 2, [1, 1], [batchOf(2, 2)]);
    bench.append('b', 3, [1, 1], [batchOf(2, 1), batchOf(3, 3)]);
    expect(bench.waiting).toEqual(['2@1', 'term 2', '2@2', 'term 3', '2-3']);
    bench.takeSent();
    bench.complete(4);
    expect(bench.takeSent()).toEqual([]);
    expect(bench.driver.replica.raft.status.lastIndex).toBe(3);
    bench.complete();
    expect(bench.takeSent()).toEqual(['appended 3']);
  });
});

describe('entries are delivered', () => {
  it('in order, once, when they are committed and durable', () => {
    const bench = new Bench();
    bench.append('b', 1, [0, 0], [batchOf(1, 1), batchOf(2, 1)], 2);
    expect(bench.applied).toEqual([]);
    bench.complete();
    expect(bench.applied).toEqual([1, 2]);
    bench.append('b', 1, [2, 1], [batchOf(3, 1)], 2);
    bench.complete();
    expect(bench.applied).toEqual([1, 2]);
    bench.receive('b', 1, heartbeat(1, 3));
    expect(bench.applied).toEqual([1, 2, 3]);
  });

  it('not while the state is busy, and go on when it says so', () => {
    const bench = new Bench();
    bench.isBusy = true;
    bench.append('b', 1, [0, 0], [batchOf(1, 1), batchOf(2, 1)], 2);
    bench.complete();
    expect(bench.applied).toEqual([]);
    bench.isBusy = false;
    bench.driver.resume();
    expect(bench.applied).toEqual([1, 2]);
    bench.driver.resume();
    expect(bench.applied).toEqual([1, 2]);
  });

  it('without a batch if theirs was applied before', () => {
    const bench = new Bench();
    bench.append('b', 1, [0, 0], [batchOf(1, 1, 1), batchOf(2, 1, 1), entryOf(3, 1)], 3);
    bench.complete();
    expect(bench.deliveries.map((one) => one?.position)).toEqual([1, undefined, undefined]);
  });

  it('from disk when they are not in RAM any more, as far as they may be by then', () => {
    const bench = new Bench('a,b,c', 0);
    bench.isBusy = true;
    const entries = [batchOf(1, 1), batchOf(2, 1), batchOf(3, 1)];
    bench.append('b', 1, [0, 0], entries, 2);
    bench.complete();
    bench.isBusy = false;
    bench.driver.resume();
    expect([bench.reads.length, bench.reads[0]?.from]).toEqual([1, 1]);
    bench.reads[0]!.done(entries);
    expect([bench.applied, bench.reads.length]).toEqual([[1, 2], 1]);
  });

  it('and are not those that were read before others took their places', () => {
    const bench = new Bench('a,b,c', 0);
    bench.isBusy = true;
    const old = [batchOf(1, 1), batchOf(2, 1)];
    bench.append('b', 1, [0, 0], old, 1);
    bench.complete();
    bench.isBusy = false;
    bench.driver.resume();
    bench.append('c', 2, [1, 1], [batchOf(2, 2)], 2);
    bench.complete();
    expect(bench.reads).toHaveLength(1);
    bench.reads[0]!.done(old);
    bench.reads[1]?.done([batchOf(2, 2)]);
    const bodies = bench.deliveries.map((one) => Buffer.from(one!.proposal.body).toString());
    expect(bodies).toEqual(['1@1', '2@2']);
  });
});

describe('a state that has arrived', () => {
  it('is installed first, then the log begins anew, and both are acknowledged together', () => {
    const bench = new Bench();
    bench.snapshot('b', 2, 9);
    bench.complete();
    expect([bench.installs[0]?.index, bench.waiting, bench.takeSent()]).toEqual([9, [], []]);
    bench.installs[0]!.done([]);
    expect([bench.waiting, bench.takeSent()]).toEqual([['reset 9 in term 2'], []]);
    bench.complete();
    expect(bench.takeSent()).toEqual(['appended 9']);
  });

  it('makes entries behind it wait, which are written and delivered after it', () => {
    const bench = new Bench();
    bench.snapshot('b', 2, 9);
    bench.append('b', 2, [9, 2], [batchOf(10, 2, 1)], 10);
    bench.complete();
    bench.installs[0]!.done([]);
    expect(bench.waiting).toEqual(['reset 9 in term 2']);
    bench.complete(1);
    expect(bench.waiting).toEqual(['10@2']);
    expect(bench.applied).toEqual([]);
    bench.complete();
    expect(bench.applied).toEqual([10]);
  });

  it('comes into a log with the latest term, and votes are given meanwhile', () => {
    const bench = new Bench();
    bench.snapshot('b', 2, 9);
    bench.complete();
    bench.nowMs += ELECTION_TIMEOUT_MS;
    bench.receive('c', 3, { kind: 'vote', lastIndex: 9, lastTerm: 2, isTransfer: false });
    bench.complete();
    expect(bench.takeSent()).toEqual(['voteResponse']);
    bench.installs[0]!.done([]);
    expect(bench.waiting).toEqual(['reset 9 in term 3']);
  });

  it('waits for the one before it', () => {
    const bench = new Bench();
    bench.snapshot('b', 2, 9);
    bench.snapshot('b', 2, 20);
    bench.append('b', 2, [20, 2], [batchOf(21, 2, 1)]);
    bench.complete();
    expect(bench.installs).toHaveLength(1);
    bench.installs[0]!.done([]);
    bench.complete();
    expect([bench.installs[1]?.index, bench.waiting]).toEqual([20, []]);
    bench.installs[1]!.done([]);
    bench.complete(1);
    expect(bench.waiting).toEqual(['21@2']);
    bench.takeSent();
    bench.complete();
    expect(bench.takeSent()).toEqual(['appended 21']);
  });

  it('stops deliveries, and what was written before it is not called durable', () => {
    const bench = new Bench();
    bench.append('b', 1, [0, 0], [batchOf(1, 1), batchOf(2, 1)]);
    bench.snapshot('c', 2, 9);
    bench.complete();
    bench.receive('c', 2, heartbeat(1, 9));
    expect([bench.applied, bench.takeSent()]).toEqual([[], ['heartbeatResponse']]);
  });

  it('nor when it comes back behind it', () => {
    const bench = new Bench();
    bench.append('b', 1, [0, 0], [batchOf(1, 1), batchOf(2, 1)]);
    bench.append('c', 2, [0, 0], [batchOf(1, 2)]);
    bench.snapshot('b', 3, 1, 1);
    bench.append('b', 3, [1, 1], [batchOf(2, 1)]);
    bench.complete();
    expect([bench.waiting, bench.takeSent()]).toEqual([[], []]);
    bench.installs[0]!.done([]);
    bench.complete(1);
    expect(bench.takeSent()).toEqual(['appended 1']);
    bench.complete();
    expect(bench.takeSent()).toEqual(['appended 2']);
  });

  it('brings what is known of origins, and own batches that are in it', () => {
    const bench = new Bench();
    const ticket = bench.driver.broadcast(bytesOf('x'), [0, 0], 10_000);
    bench.receive('b', 1, heartbeat(1));
    bench.snapshot('b', 1, 9);
    bench.complete();
    bench.installs[0]!.done([[idOf('a'), { epoch: 1, number: 1 }]]);
    bench.complete();
    expect(bench.told).toEqual([`skipped ${ticket}`]);
  });
});

describe('a driver', () => {
  it('tells what became of batches and readIndexes', () => {
    const bench = new Bench();
    const ticket = bench.driver.broadcast(bytesOf('x'), [0, 0], 50);
    const readIndexes = [bench.driver.readIndex(50), bench.driver.readIndex(500)];
    bench.nowMs += 50;
    bench.driver.step({ kind: 'tick' });
    expect(bench.told.splice(0))
      .toEqual([`expired ${ticket} false`, `readIndex ${readIndexes[0]} failed`]);
    bench.receive('b', 1, heartbeat(1));
    bench.complete();
    const question = bench.sent.find((message) => message.kind === 'readIndex');
    bench.receive('b', 1, { kind: 'readIndexed', request: question!.request, index: 4 });
    expect(bench.told).toEqual([`readIndex ${readIndexes[1]} at 4`]);
  });

  it('reads for members that lag behind, and has the state sent to those too far behind', () => {
    const bench = lead(new Bench('a,b,c', 0));
    bench.driver.broadcast(bytesOf('x'), [0, 0], 500);
    bench.driver.perform();
    bench.complete();
    bench.takeSent();
    bench.receive('c', 1, { kind: 'heartbeatResponse', round: 1, receivedIndex: 0, matchIndex: 0 });
    expect(bench.reads.map(({ from }) => from)).toEqual([1]);
    bench.reads[0]!.done([entryOf(1, 1)]);
    expect(bench.takeSent()).toEqual(['append']);
    const base = bench.driver.replica.raft.baseAt(1)!;
    bench.driver.step({ kind: 'trimmed', base });
    bench.receive('c', 1, { kind: 'heartbeatResponse', round: 2, receivedIndex: 0, matchIndex: 0 });
    expect(bench.snapshotsFor).toEqual(['c']);
  });

  it('does nothing after it was stopped, whatever was under way', () => {
    const bench = new Bench();
    bench.append('b', 1, [0, 0], [batchOf(1, 1)], 1);
    bench.snapshot('b', 1, 9);
    bench.driver.broadcast(bytesOf('x'), [0, 0], 50);
    bench.driver.stop();
    bench.complete();
    bench.installs[0]?.done([]);
    bench.receive('b', 1, heartbeat(1));
    bench.nowMs += 10_000;
    bench.driver.step({ kind: 'tick' });
    bench.driver.perform();
    bench.driver.resume();
    expect([bench.sent, bench.applied, bench.told, bench.waiting]).toEqual([[], [], [], []]);
  });

  it('delivers nothing that was being read when it was stopped', () => {
    const bench = new Bench('a,b,c', 0);
    bench.isBusy = true;
    bench.append('b', 1, [0, 0], [batchOf(1, 1)], 1);
    bench.complete();
    bench.isBusy = false;
    bench.driver.resume();
    bench.driver.stop();
    bench.reads[0]!.done([batchOf(1, 1)]);
    expect(bench.applied).toEqual([]);
  });

  function lead(bench: Bench): Bench {
    bench.nowMs += ELECTION_TIMEOUT_MS;
    bench.driver.step({ kind: 'tick' });
    bench.receive('b', 1, { kind: 'preVoteResponse', isGranted: true });
    bench.complete();
    bench.receive('b', 1, { kind: 'voteResponse', isGranted: true });
    bench.receive('b', 1, { kind: 'appended', matchIndex: 1 });
    bench.complete();
    bench.takeSent();
    return bench;
  }
});
