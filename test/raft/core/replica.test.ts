import { describe, expect, it } from 'vitest';
import type { Message } from '../../../src/raft/core/message.ts';
import type { Letter } from '../../../src/raft/core/outbox.ts';
import { decodeProposal, encodeProposal } from '../../../src/raft/core/proposal.ts';
import { Replica, type ReplicaUpdate } from '../../../src/raft/core/replica.ts';
import type { Random } from '../../../src/lib/random.ts';
import { withSeed } from '../../lib/seeded.ts';
import { sent } from './lone-raft.ts';
import {
  baseOf, bytesOf, configurationOf, ELECTION_TIMEOUT_MS, entryOf, idOf, OPTIONS, recoveredOf,
  textOf,
} from './members.ts';

const EPOCH = 3;

/** A replica whose peers are the test. Its name is `a`. */
class LoneReplica {
  readonly replica: Replica;
  nowMs = 0;

  constructor(voters = 'a,b,c', random = (): number => 0, previousEpoch = EPOCH - 1) {
    const options = { ...OPTIONS, random, id: idOf('a'), epoch: EPOCH, previousEpoch };
    this.replica = new Replica(options, {
      hardState: { term: 0, votedFor: undefined },
      log: recoveredOf(baseOf(configurationOf(voters)), []), applied: 0,
    }, this.now());
  }

  now(): { monotonicMs: number; wallMs: number } {
    return { monotonicMs: this.nowMs, wallMs: this.nowMs };
  }

  take(): ReplicaUpdate {
    return this.replica.take(this.now());
  }

  receive(from: string, term: number, letter: Letter): ReplicaUpdate {
    const message = { ...letter, term, from: idOf(from), to: idOf('a') } as Message;
    this.replica.step({ kind: 'message', message }, this.now());
    return this.take();
  }

  /** A leader is heard. */
  follow(leader: string, term: number): ReplicaUpdate {
    return this.receive(leader, term, { kind: 'heartbeat', commit: 0, round: 1 });
  }

  tick(ms: number): ReplicaUpdate {
    this.nowMs += ms;
    this.replica.step({ kind: 'tick' }, this.now());
    return this.take();
  }

  broadcast(text: string, timeoutMs = 10_000): number {
    return this.replica.broadcast(bytesOf(text), [1, 2], timeoutMs, this.now());
  }

  readIndex(timeoutMs = 10_000): number {
    return this.replica.readIndex(timeoutMs, this.now());
  }

  /** Entry `index` is delivered, with a batch of some member's in it. */
  deliver(index: number, text: string, of: { origin?: string; epoch?: number; number: number }) {
    const { origin = 'a', epoch = EPOCH, number } = of;
    const payload = encodeProposal({
      origin: idOf(origin), epoch, number, seed: [0, 0], body: bytesOf(text),
    });
    return this.replica.deliver({ ...entryOf(index, 1, 'x'), payload }, this.now());
  }
}

/** `to: number body ...` of what is proposed to somebody. */
function proposed(update: ReplicaUpdate): string[] {
  return sent(update, 'propose').map(({ to, payloads }) => {
    const proposals = payloads.map((payload) => decodeProposal(payload)!);
    const batches = proposals.map(({ number, body }) => `${number} ${textOf(body)}`);
    return `${to}: ${batches.join(', ')}`;
  });
}

describe('a batch that is broadcast', () => {
  it('waits for a leader, and is sent then', () => {
    const a = new LoneReplica();
    a.broadcast('x');
    expect(proposed(a.take())).toEqual([]);
    a.broadcast('y');
    expect(proposed(a.follow('b', 1))).toEqual(['b: 1 x, 2 y']);
    expect(proposed(a.take())).toEqual([]);
  });

  it('goes into the own log of a leader', () => {
    const a = new LoneReplica('a');
    a.tick(ELECTION_TIMEOUT_MS);
    a.broadcast('x');
    const [entry] = a.take().entries;
    expect(decodeProposal(entry!.payload)).toMatchObject({ origin: 'a', epoch: EPOCH, number: 1 });
  });

  it('is sent again when another leads, or the same one in a later term', () => {
    const a = new LoneReplica();
    a.broadcast('x');
    a.follow('b', 1);
    expect(proposed(a.follow('c', 2))).toEqual(['c: 1 x']);
    expect(proposed(a.follow('c', 3))).toEqual(['c: 1 x']);
    expect(proposed(a.follow('c', 3))).toEqual([]);
  });

  it('is sent again when nothing comes of it, and no more when it is delivered', () => {
    const a = new LoneReplica();
    a.broadcast('x');
    a.follow('b', 1);
    a.nowMs += ELECTION_TIMEOUT_MS - 1;
    expect(proposed(a.follow('b', 1))).toEqual([]);
    a.nowMs += 1;
    expect(proposed(a.follow('b', 1))).toEqual(['b: 1 x']);
    a.deliver(1, 'x', { number: 1 });
    a.nowMs += 10 * ELECTION_TIMEOUT_MS;
    expect(proposed(a.follow('b', 1))).toEqual([]);
  });
});

describe('a batch whose time is up', () => {
  it('was certainly not made if it was never sent', () => {
    const a = new LoneReplica();
    const ticket = a.broadcast('x', 50);
    expect(a.tick(49).expired).toEqual([]);
    expect(a.tick(1).expired).toEqual([{ ticket, mayApply: false }]);
    expect(a.replica.outgoingBytes).toBe(0);
    expect(proposed(a.follow('b', 1))).toEqual([]);
  });

  it('may have been made if it was sent, and its number goes on without a body', () => {
    const a = new LoneReplica();
    const ticket = a.broadcast('x', 50);
    a.follow('b', 1);
    expect(a.tick(50).expired).toEqual([{ ticket, mayApply: true }]);
    a.broadcast('y');
    expect(proposed(a.follow('c', 2))).toEqual(['c: 1 , 2 y']);
  });

  it('is told once, whether or not it is delivered after that', () => {
    const a = new LoneReplica();
    a.broadcast('x', 50);
    a.follow('b', 1);
    a.tick(50);
    expect(a.deliver(1, 'x', { number: 1 })).toMatchObject({ ticket: undefined, position: 1 });
    expect(a.tick(1).expired).toEqual([]);
  });
});

describe('an entry that is delivered', () => {
  it('brings its batch, and the ticket to who waits for it', () => {
    const a = new LoneReplica();
    const ticket = a.broadcast('x');
    a.follow('b', 1);
    const delivery = a.deliver(7, 'x', { number: 1 });
    expect(delivery).toMatchObject({ position: 7, ticket });
    expect(textOf(delivery!.proposal.body)).toBe('x');
  });

  it('of another member, or of an earlier start of this one, has no ticket here', () => {
    const a = new LoneReplica();
    a.broadcast('x');
    a.follow('b', 1);
    expect(a.deliver(1, 'o', { origin: 'b', number: 1 })?.ticket).toBeUndefined();
    expect(a.deliver(2, 'o', { epoch: EPOCH - 1, number: 1 })?.ticket).toBeUndefined();
    expect(a.replica.outgoingBytes).toBe(1);
  });

  it('is applied once, however often its batch got into the log', () => {
    const a = new LoneReplica();
    expect(a.deliver(1, 'x', { origin: 'b', number: 1 })).toBeDefined();
    expect(a.deliver(2, 'x', { origin: 'b', number: 1 })).toBeUndefined();
    expect(a.deliver(3, 'z', { origin: 'b', number: 3 })).toBeUndefined();
    expect(a.deliver(4, 'y', { origin: 'b', number: 2 })).toBeDefined();
  });

  it('that this member proposed in a start it knows nothing of comes from an older copy', () => {
    const known = new LoneReplica();
    expect(known.deliver(1, 'x', { epoch: EPOCH - 1, number: 1 })).toBeDefined();
    known.broadcast('y');
    known.follow('b', 1);
    expect(known.deliver(2, 'y', { number: 1 })).toBeDefined();
    expect(known.replica.forgottenEpoch).toBeUndefined();
    expect(known.deliver(3, 'z', { number: 2 })).toBeUndefined();
    expect(known.replica.forgottenEpoch).toBe(EPOCH);

    const later = new LoneReplica();
    expect(later.deliver(1, 'x', { epoch: EPOCH + 1, number: 1 })).toBeUndefined();
    expect(later.replica.forgottenEpoch).toBe(EPOCH + 1);

    const between = new LoneReplica('a,b,c', () => 0, EPOCH - 2);
    expect(between.deliver(1, 'x', { epoch: EPOCH - 1, number: 1 })).toBeUndefined();
    expect(between.replica.forgottenEpoch).toBe(EPOCH - 1);

    const within = new LoneReplica();
    within.replica.origins.restore([[idOf('a'), { epoch: EPOCH + 1, number: 2 }]]);
    expect(within.replica.skipDelivered(within.now())).toEqual([]);
    expect(within.replica.forgottenEpoch).toBe(EPOCH + 1);
  });

  it('without a batch brings none, and bytes that are none are a bug', () => {
    const a = new LoneReplica();
    expect(a.replica.deliver(entryOf(1, 1), a.now())).toBeUndefined();
    expect(() => a.replica.deliver(entryOf(2, 1, 'x'), a.now())).toThrow('assertion failed');
  });

  it('may come within a state: then its ticket is known, and its result is not', () => {
    const a = new LoneReplica();
    const tickets = [a.broadcast('x'), a.broadcast('y'), a.broadcast('z')];
    a.follow('b', 1);
    a.replica.origins.restore([[idOf('a'), { epoch: EPOCH, number: 2 }]]);
    expect(a.replica.skipDelivered(a.now())).toEqual(tickets.slice(0, 2));
    expect(a.replica.outgoingBytes).toBe(1);
  });
});

describe('a read index', () => {
  it('waits for a leader, asks it, and gives what it says', () => {
    const a = new LoneReplica();
    const id = a.readIndex();
    expect(sent(a.take(), 'readIndex')).toEqual([]);
    const [question] = sent(a.follow('b', 1), 'readIndex', 'b');
    const { request } = question!;
    const update = a.receive('b', 1, { kind: 'readIndexed', request, index: 9 });
    expect(update.readIndexesReady).toEqual([{ id, index: 9 }]);
    expect(a.take().readIndexesReady).toEqual([]);
  });

  it('is asked for again when no answer comes', () => {
    const a = new LoneReplica();
    const id = a.readIndex();
    const [first] = sent(a.follow('b', 1), 'readIndex');
    expect(sent(a.tick(ELECTION_TIMEOUT_MS / 2 - 1), 'readIndex')).toEqual([]);
    const [again] = sent(a.tick(1), 'readIndex', 'b');
    const answer = (request: number): ReplicaUpdate =>
      a.receive('b', 1, { kind: 'readIndexed', request, index: 9 });
    expect(answer(first!.request).readIndexesReady).toEqual([]);
    expect(answer(again!.request).readIndexesReady).toEqual([{ id, index: 9 }]);
  });

  it('is asked for again at once when another leads', () => {
    const a = new LoneReplica();
    a.readIndex();
    a.follow('b', 1);
    expect(sent(a.follow('c', 2), 'readIndex', 'c')).toHaveLength(1);
  });

  it('fails when its time is up, with a leader and without one', () => {
    for (const prepare of [(a: LoneReplica) => a.follow('b', 1), () => undefined]) {
      const a = new LoneReplica();
      prepare(a);
      const id = a.readIndex(50);
      expect([a.take().readIndexesFailed, a.tick(49).readIndexesFailed]).toEqual([[], []]);
      expect(a.tick(1).readIndexesFailed).toEqual([id]);
      expect(a.tick(1).readIndexesFailed).toEqual([]);
    }
  });

  it('of a leader without others is ready at once, and so is one that follows', () => {
    const a = new LoneReplica('a');
    const { entries } = a.tick(ELECTION_TIMEOUT_MS);
    a.replica.step({ kind: 'persisted', index: entries[0]!.index, term: 1 }, a.now());
    const ids = [a.readIndex(), a.readIndex()];
    expect(a.take().readIndexesReady).toEqual(ids.map((id) => ({ id, index: 1 })));
    const next = a.readIndex();
    expect(a.take().readIndexesReady).toEqual([{ id: next, index: 1 }]);
  });
});

describe('the deadline', () => {
  it('is that of the first thing to do', () => {
    const a = new LoneReplica();
    expect(a.replica.deadlineMs).toBe(ELECTION_TIMEOUT_MS);
    a.readIndex(250);
    expect(a.replica.deadlineMs).toBe(250);
    a.broadcast('x', 200);
    expect(a.replica.deadlineMs).toBe(200);
    a.follow('b', 1);
    expect(a.replica.deadlineMs).toBe(ELECTION_TIMEOUT_MS / 2);
  });

  it('is past no longer once what it was for is done, whatever happens', () => {
    withSeed((random) => {
      for (let run = 0; run < 40; run++) {
        const a = new LoneReplica('a,b,c', () => random.below(100) / 100);
        for (let n = 0; n < 60; n++) {
          happen(a, random);
          const { deadlineMs } = a.replica;
          expect(deadlineMs).toBeGreaterThan(a.nowMs);
          if (random.below(3) > 0) a.tick(deadlineMs - a.nowMs);
          expect(a.replica.deadlineMs).toBeGreaterThan(a.nowMs);
        }
      }
    });
  });

  /** Something of what may happen to a member, and its update is taken. */
  function happen(a: LoneReplica, random: Random): void {
    const { term } = a.replica.status;
    const from = ['b', 'c'][random.below(2)]!;
    const later = random.below(4) === 0 ? 1 : 0;
    switch (random.below(8)) {
      case 0: a.broadcast('x', 400); break;
      case 1: a.readIndex(400); break;
      case 2: {
        if (a.replica.status.leader === undefined || later > 0) a.follow(from, term + 1);
        break;
      }
      case 3: a.receive(from, term + 1, { kind: 'preVoteResponse', isGranted: true }); break;
      case 4: a.receive(from, term, { kind: 'voteResponse', isGranted: true }); break;
      case 5: a.receive(from, term, { kind: 'readIndexed', request: random.below(9), index: 1 });
        break;
      case 6: a.replica.step({ kind: 'transfer', to: idOf(from) }, a.now()); break;
      default: a.nowMs += random.below(50);
    }
    a.tick(0);
  }
});
