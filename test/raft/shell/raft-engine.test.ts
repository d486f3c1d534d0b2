/** One engine on a simulated disk and clock, without a network: how it begins, fails and ends. */
import { pino } from 'pino';
import { beforeEach, describe, expect, it } from 'vitest';
import type { MemberId, NamedPeer } from '../../../src/raft/core/entry.ts';
import { FEATURE_LEVEL } from '../../../src/raft/core/feature-level.ts';
import type {
  OrderedBatch, OrderedState, OrderOutcome,
} from '../../../src/raft/core/total-order-broadcast.ts';
import type { Links } from '../../../src/raft/links/links.ts';
import type { PeerFacts } from '../../../src/raft/links/peer-facts.ts';
import type { RaftLog } from '../../../src/raft/log/raft-log.ts';
import { readIdentity } from '../../../src/raft/shell/identity.ts';
import { RaftEngine } from '../../../src/raft/shell/raft-engine.ts';
import { turns } from '../../cluster/cluster-layer.ts';
import { SimClock } from '../../sim/sim-clock.ts';
import { SimFiles } from '../../sim/sim-files.ts';
import { DIR, open } from '../log/helpers.ts';

const A = 'a:1' as MemberId;
const peer = (name: string): NamedPeer =>
  ({ name, clientAddress: `${name}:1`, peerAddress: `${name}:2` });
const BODY = new Uint8Array([1, 2, 3]);

class World {
  readonly clock = new SimClock();
  readonly files = new SimFiles();
  readonly calls: string[] = [];
  readonly applied: OrderedBatch[] = [];
  appliedTo = 0;
  raftLog!: RaftLog;
  engine!: RaftEngine;

  async open(names: string): Promise<this> {
    await this.files.mkdir(DIR);
    this.raftLog = await open(this.files, {
      events: {
        onDurable: ({ ticket }: { ticket: number }) => this.engine.onDurable(ticket),
        onFailure: (error: unknown) => this.engine.onLogFailure(error),
      } as never,
    });
    this.engine = new RaftEngine({
      files: this.files, dir: DIR, clock: this.clock, log: pino({ level: 'silent' }),
      random: { seed64: () => [1, 2] }, self: peer('a'), members: names.split(',').map(peer),
      electionTimeoutMs: 300, heartbeatMs: 100, logBytes: () => 0, snapshotRate: () => 1e6,
    }, {
      identity: { id: A, starts: 1, founders: undefined },
      raftLog: this.raftLog, links: this.#links(),
    });
    return this;
  }

  start(): void {
    this.engine.start(this.#state(), this.#outcome());
  }

  async pass(ms: number): Promise<void> {
    for (let i = 0; i < ms / 20; i += 1) {
      await this.clock.advanceGently(20);
      await turns(2);
    }
  }

  #links(): Links {
    return {
      peers: () => [], flush: () => {}, review: () => {}, setPeers: () => {}, refresh: () => {},
      send: () => {}, isBehind: () => false,
      close: async () => void this.calls.push('links closed'),
    } as unknown as Links;
  }

  #state(): OrderedState {
    const state = {
      batchIds: [], isBusy: false, snapshotMeta: undefined,
      apply: (position: number, batch: OrderedBatch | undefined) => {
        this.appliedTo = position;
        if (batch !== undefined) this.applied.push(batch);
      },
    };
    Object.defineProperty(state, 'applied', { get: () => this.appliedTo });
    return state as unknown as OrderedState;
  }

  #outcome(): OrderOutcome {
    const note = (name: string) => (...args: unknown[]): void =>
      void this.calls.push([name, ...args].join(' '));
    return {
      onExpired: note('expired'), onSkipped: note('skipped'), onReadIndex: note('read index'),
      onReadIndexFailed: note('no read index'), onStopped: note('stopped'),
    };
  }
}

let world: World;

describe('an engine of one peer', () => {
  beforeEach(async () => {
    world = await new World().open('a');
    world.start();
    await world.pass(2000);
  });

  it('founds its cluster, leads it, and keeps both', async () => {
    const { engine, files } = world;
    expect(engine.refusal).toBeUndefined();
    expect(engine.status()).toMatchObject({ role: 'leader', leader: 'a' });
    expect(engine.featureLevel).toBe(FEATURE_LEVEL);
    expect(engine.notServing).toBeUndefined();
    const identity = await readIdentity(files, DIR, 'a');
    expect(identity).toMatchObject({ id: A, isCaughtUp: true });
    expect(identity!.founders!.voters).toEqual([A]);
    expect(engine.facts()).toMatchObject({ name: 'a', id: A, founders: identity!.founders });
  });

  it('delivers what is broadcast when its turn is flushed, with its ticket', async () => {
    const { engine } = world;
    const first = engine.broadcast(BODY, [5, 6], 1000);
    const second = engine.broadcast(BODY, [7, 8], 1000);
    expect(engine.waitingBytes).toBeGreaterThan(0);
    engine.flush();
    await world.pass(40);
    expect(world.applied.map(({ ticket, seed, body }) => [ticket, seed, [...body]]))
      .toEqual([[first, [5, 6], [1, 2, 3]], [second, [7, 8], [1, 2, 3]]]);
    expect(engine.waitingBytes).toBe(0);
    expect(engine.knownCommit).toBe(world.appliedTo);
    const id = engine.readIndex(1000);
    engine.flush();
    await world.pass(40);
    expect(world.calls).toEqual([`read index ${id} ${world.appliedTo}`]);
  });

  it('removes from its log what is saved, and nothing more', async () => {
    const { engine, raftLog } = world;
    for (let i = 0; i < 5; i += 1) {
      engine.broadcast(new Uint8Array(200_000), [0, i], 1000);
      engine.flush();
      await world.pass(40);
    }
    const saved = world.appliedTo - 2;
    engine.saved(saved);
    await world.pass(40);
    expect(raftLog.base.index).toBeLessThanOrEqual(saved);
    engine.broadcast(BODY, [9, 9], 1000);
    engine.flush();
    await world.pass(40);
    expect(world.applied).toHaveLength(6);
  });

  it('tells who watches it of each change, and an administrator what it cannot do', async () => {
    let changes = 0;
    world.engine.administration.watch(() => (changes += 1));
    world.engine.flush();
    expect(changes).toBeGreaterThan(0);
    expect(world.engine.administration.transfer('a')).toBe('this peer leads already');
    expect(world.engine.administration.remove('z')).toBe('there is no peer z');
    expect(world.engine.administration.add(peer('b'))).toBeUndefined();
    await world.pass(100);
    expect(world.engine.administration.hasCommitted('b')).toBe(true);
    expect(world.engine.status().peers.map(({ name, role }) => `${name} ${role}`))
      .toEqual(['a leader', 'b invited']);
  });

  it('stops for good when its log fails, says so once, and leaves no timer', async () => {
    const { engine, clock } = world;
    const before = world.appliedTo;
    engine.broadcast(BODY, [1, 1], 1000);
    engine.onLogFailure(new Error('the disk is gone'));
    engine.onLogFailure(new Error('again'));
    engine.flush();
    await world.pass(500);
    expect(world.calls).toEqual(['stopped the disk is gone']);
    expect([engine.refusal, engine.knownCommit, world.appliedTo])
      .toEqual(['the disk is gone', undefined, before]);
    expect(engine.status().role).toBe('stopped');
    expect(engine.administration.add(peer('b'))).toMatch(/^this peer does not take part/);
    expect(clock.nextTimerMs()).toBeNull();
    engine.saved(before);
    engine.resume();
    engine.onMessage({ kind: 'timeoutNow', from: A, to: A, term: 99 } as never);
    await turns(3);
    await engine.stop();
    expect(world.calls).toEqual(['stopped the disk is gone', 'links closed']);
  });

  it('lets go of everything when it is stopped, and says nothing', async () => {
    const stopping = world.engine.stop();
    await world.pass(3000);
    await stopping;
    expect(world.calls).toEqual(['links closed']);
    expect(world.clock.nextTimerMs()).toBeNull();
    expect(world.engine.refusal).toBe('this peer is shutting down');
    expect(() => world.raftLog.append([], { term: 99, votedFor: undefined })).toThrow();
  });
});

it('an engine that cannot found its cluster stops, and says why', async () => {
  world = await new World().open('a');
  world.files.fail({ op: 'create', times: 100, code: 'EIO' });
  world.start();
  await world.pass(500);
  world.files.heal();
  expect(world.calls).toHaveLength(1);
  expect(world.calls[0]).toMatch(/^stopped .*EIO/);
  expect(world.engine.refusal).toContain('EIO');
});

describe('an engine of three peers', () => {
  const factsOf = (name: string): PeerFacts =>
    ({ ...peer(name), id: `${name}:1`, cluster: '', founders: undefined }) as unknown as PeerFacts;

  it('waits until it has met all of them, and then has no leader alone', async () => {
    world = await new World().open('a,b,c');
    const { engine } = world;
    engine.onPeer(factsOf('b'));
    world.start();
    await world.pass(1000);
    expect([engine.refusal, engine.notServing?.code])
      .toEqual(['the peers have not met yet', 'LOADING']);
    expect(() => engine.broadcast(BODY, [1, 1], 1000)).toThrow('the order has not begun');
    engine.onPeer(factsOf('c'));
    await world.pass(1000);
    expect(engine.refusal).toBeUndefined();
    expect(engine.status().role).toBe('candidate');
    expect(engine.facts().founders!.voters).toEqual(['a:1', 'b:1', 'c:1']);
    engine.broadcast(BODY, [1, 1], 500);
    engine.flush();
    await world.pass(700);
    expect(world.calls.filter((call) => call.startsWith('expired'))).toHaveLength(1);
    const stopping = engine.stop();
    await world.pass(100);
    await stopping;
  });
});
