/** The way of requests into the order, and of replies out of it, over the engine in one process. */

import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ORDERED_BATCH_BYTES_MAX, ORDERED_WAITING_BYTES_MAX } from '../../src/cluster/proposals.ts';
import { LEVEL_LOOK_MS, LEVEL_LOOKS_MAX } from '../../src/engine/admit.ts';
import {
  ORDERED_LIMITS, USUAL_LIMITS, orderedBytesMax, readOrderedRequests,
} from '../../src/cluster/proposal-body.ts';
import {
  FEATURE_LEVEL_FIRST, FEATURE_LEVEL_VERSIONS,
} from '../../src/raft/core/feature-level.ts';
import type { LayerClient } from '../engine/engine-layer.ts';
import { ContractPeer } from '../raft/contract/contract-peer.ts';
import { LocalCluster, type LocalOrder } from '../raft/contract/local-order.ts';
import { SimClock } from '../sim/sim-clock.ts';
import { argsOf, ClusterLayer, turns } from './cluster-layer.ts';

const BODY_BYTES_MAX = 4 * 1024 * 1024;
const NO_ARGS = argsOf('GET a');

let clock: SimClock;
let cluster: LocalCluster;
let engine: LocalOrder;
let peer: ClusterLayer;
/** Another engine of the cluster, which the test may take away. */
let other: LocalOrder;
let client: LayerClient;

beforeEach(async () => {
  clock = new SimClock();
  cluster = new LocalCluster(['a', 'b'], clock, BODY_BYTES_MAX);
  engine = cluster.open('a');
  other = cluster.open('b');
  peer = await ClusterLayer.create(engine);
  peer.monotonicMs = () => clock.monotonicMs();
  client = peer.connect();
});

afterEach(async () => {
  await engine.stop();
  await other.stop();
  expect(peer.failures).toEqual([]);
});

/** The other peer takes part: there is a majority. */
async function meet(): Promise<void> {
  const state = new ContractPeer('b', other, { applied: cluster.order.length, batches: [] });
  other.start(state, NOBODY);
  await turns(2);
}

const NOBODY = {
  onExpired: () => {}, onSkipped: () => {}, onReadIndex: () => {}, onReadIndexFailed: () => {},
  onStopped: () => {},
};

/** The session of a test that counts bytes itself. */
function countBytes(of: LayerClient, arrived: number, taken: number): void {
  Object.assign(of, { arrivedBytes: arrived, bytesThrough: () => taken });
}

describe('requests on their way into the order', () => {
  it('of one turn share a batch, whoever asked; the next turn has its own', async () => {
    await meet();
    const second = peer.connect();
    const replies = [client.run('SET a 1'), second.run('INCR a')];
    await turns(3);
    expect(cluster.order.length).toBe(0);
    peer.order!.flush();
    const later = peer.run(peer.connect(), 'INCR b');
    expect(await Promise.all(replies)).toEqual(['+OK\r\n', ':2\r\n']);
    expect(await later).toBe(':1\r\n');
    const bodies = cluster.order.map(({ body }) => requestsIn(body));
    expect(bodies).toEqual([2, 1]);
  });

  it('carry the seed of their batch, another each time', async () => {
    await meet();
    for (let i = 0; i < 4; i++) await peer.run(client, 'INCR a');
    expect(new Set(cluster.order.map(({ seed }) => seed.join())).size).toBe(4);
  });

  it('close the batch when it is large enough for one', async () => {
    await meet();
    const value = 'x'.repeat(ORDERED_BATCH_BYTES_MAX / 2);
    const clients = Array.from({ length: 5 }, () => peer.connect());
    const replies = clients.map((one, i) => one.run(['SET', `k${i}`, value]));
    peer.order!.flush();
    expect(await Promise.all(replies)).toEqual(clients.map(() => '+OK\r\n'));
    expect(cluster.order.map(({ body }) => requestsIn(body))).toEqual([2, 2, 1]);
  });

  it('never make a batch that is larger than the engine takes, not even of one burst', async () => {
    await meet();
    const value = 'x'.repeat(BODY_BYTES_MAX / 2);
    const requests = [1, 2, 3].map((i) => argsOf(['SET', `k${i}`, value]));
    const small = client.run('SET before 1');
    const row = peer.connect();
    const entries = requests.map((args) => peer.server.table.lookup(args)!);
    const submitted = peer.order!.propose(row.session, { entries, args: requests }, 0, 3);
    peer.order!.flush();
    await Promise.all([small, submitted]);
    expect(row.heard()).toBe('+OK\r\n+OK\r\n+OK\r\n');
    expect(cluster.order.map(({ body }) => requestsIn(body))).toEqual([2, 1, 1]);
    for (const { body } of cluster.order) expect(body.length).toBeLessThanOrEqual(BODY_BYTES_MAX);
  });

  it('go into a batch of their own when they do not fit behind what is there', async () => {
    await meet();
    const replies = ['x'.repeat(2000), 'y'.repeat(BODY_BYTES_MAX - 100)].map((value) => {
      return peer.connect().run(['SET', 'k', value]);
    });
    peer.order!.flush();
    expect(await Promise.all(replies)).toEqual(['+OK\r\n', '+OK\r\n']);
    expect(cluster.order.map(({ body }) => requestsIn(body))).toEqual([1, 1]);
    for (const { body } of cluster.order) expect(body.length).toBeLessThanOrEqual(BODY_BYTES_MAX);
  });

  it('wait here while much is under way, and go when some of it is applied', async () => {
    await meet();
    const value = 'x'.repeat(ORDERED_BATCH_BYTES_MAX);
    const clients = Array.from({ length: 40 }, () => peer.connect());
    const replies = clients.map((one, i) => one.run(['SET', `k${i}`, value]));
    peer.order!.flush();
    expect(engine.waitingBytes).toBeGreaterThanOrEqual(ORDERED_WAITING_BYTES_MAX);
    expect(engine.waitingBytes).toBeLessThan(ORDERED_WAITING_BYTES_MAX + 2 * value.length);
    expect(await Promise.all(replies)).toEqual(clients.map(() => '+OK\r\n'));
    expect(cluster.order.length).toBe(40);
  });

  it('that are too large for any batch are refused, alone or in a transaction', async () => {
    await meet();
    const value = 'x'.repeat(BODY_BYTES_MAX - 20);
    const text = /^-ERR a write of \d+ bytes; with peers at most 4194304 are allowed\r\n$/;
    expect(await peer.run(client, ['SET', 'k', value])).toMatch(text);
    await client.run('MULTI');
    await client.run(['SET', 'k', value]);
    expect(await peer.run(client, 'EXEC')).toMatch(/^-EXECABORT .*a write of \d+ bytes/);
    expect(await peer.run(client, 'SET k 1')).toBe('+OK\r\n');
    expect(cluster.order.length).toBe(1);
  });

  it('are as large as one batch may be, to the byte, alone or with others', async () => {
    await meet();
    const fits = BODY_BYTES_MAX - orderedBytesMax([argsOf(['SET', 'k', ''])]);
    expect(await peer.run(client, ['SET', 'k', 'x'.repeat(fits)])).toBe('+OK\r\n');
    expect(await peer.run(client, ['SET', 'k', 'x'.repeat(fits + 1)])).toMatch(/^-ERR a write of/);
    expect(cluster.order.length).toBe(1);
  });

  it('say what limits them again when any of the limits has changed within their turn', async () => {
    await meet();
    const small = { ...USUAL_LIMITS, stringBytes: 100 };
    const replies: Promise<string>[] = [];
    for (const [key, limits] of [['a', small], ['b', { ...small, stringBytes: 3 }],
      ['c', { ...small, stringBytes: 3, databases: 3 }], ['d', small],
      ['e', { ...small, hllSparseBytes: 7 }]] as const) {
      peer.limits = limits;
      replies.push(peer.connect().run(`SETRANGE ${key} 4 x`));
    }
    peer.order!.flush();
    const told = await Promise.all(replies);
    expect(told.map((reply) => reply.slice(0, 4))).toEqual([
      ':5\r\n', '-ERR', '-ERR', ':5\r\n', ':5\r\n',
    ]);
    const { body } = cluster.order[0]!;
    const limits = readOrderedRequests(body).filter(({ kind }) => kind === ORDERED_LIMITS);
    expect(limits.map(({ commands: [args] }) => [0, 1, 3].map((i) => args!.text(i)))).toEqual([
      ['16', '100', '3000'], ['16', '3', '3000'], ['3', '3', '3000'], ['16', '100', '3000'],
      ['16', '100', '7'],
    ]);
  });

  it('may be a transaction that has administration at once', async () => {
    await meet();
    for (const line of ['MULTI', 'SET a 1', 'CONFIG GET port', 'CONFIG RESETSTAT']) {
      await client.run(line);
    }
    expect(await peer.run(client, 'EXEC')).toMatch(/^\*3\r\n\+OK\r\n/);
  });

  it('are refused while the peer does not answer for its data, as reads are', async () => {
    await meet();
    Object.assign(engine, { notServing: { code: 'LOADING', text: 'LOADING not yet' } });
    for (const line of ['SET a 1', 'GET a']) {
      expect(await peer.run(client, line)).toBe('-LOADING not yet\r\n');
    }
    Object.assign(engine, { notServing: undefined });
    expect(await client.run('GET a')).toBe('$-1\r\n');
  });

  it('may be a transaction that writes and has commands in steps, which is one all the same', async () => {
    await meet();
    for (const line of ['MULTI', 'SET a 1', 'RANDOMKEY', 'SET b 2', 'KEYS *', 'WAIT 9 0']) {
      await client.run(line);
    }
    expect(await peer.run(client, 'EXEC'))
      .toBe('*5\r\n+OK\r\n$1\r\na\r\n+OK\r\n*2\r\n$1\r\na\r\n$1\r\nb\r\n:0\r\n');
    expect(cluster.order.length).toBe(1);
  });

  it('cannot hold, in a transaction that writes, administration in steps', async () => {
    await meet();
    for (const line of ['MULTI', 'SET a 1', 'BGSAVE']) await client.run(line);
    expect(await peer.run(client, 'EXEC')).toBe('-EXECABORT Transaction discarded because of: ' +
      "with peers, a transaction that writes cannot hold 'bgsave'\r\n");
    for (const line of ['MULTI', 'RANDOMKEY']) await client.run(line);
    expect(await peer.run(client, 'EXEC')).toBe('*1\r\n$-1\r\n');
    expect(cluster.order.length).toBe(0);
  });
});

describe('without a majority', () => {
  it('requests are refused at once while the peers have not met', async () => {
    const text = '-NOQUORUM no majority of peers: the peers have not met yet\r\n';
    expect(await client.run('SET a 1')).toBe(text);
    expect(await client.run('GET a')).toBe('$-1\r\n');
  });

  it('they expire with the right words, and a MULTI with them', async () => {
    await meet();
    await other.stop();
    const plain = peer.run(client, 'SET a 1');
    const queued = peer.connect();
    for (const line of ['MULTI', 'SET b 1']) await queued.run(line);
    const exec = peer.run(queued, 'EXEC');
    await turns(3);
    await clock.advanceGently(peer.timeoutMs + 1);
    const text = '-NOQUORUM no majority of peers within 1000 ms: this was not made\r\n';
    expect(await plain).toBe(text);
    expect(await exec).toBe(text);
    expect(queued.session.transaction.isOpen).toBe(false);
    expect(await queued.run('EXEC')).toBe('-ERR EXEC without MULTI\r\n');
    await restartOther();
    expect(await peer.run(client, 'SETNX a 2')).toBe(':1\r\n');
  });

  it('those that were sent may be made all the same, and are told so', async () => {
    await meet();
    const reply = client.run('SET a 1');
    const broadcast = engine.broadcast.bind(engine);
    const tickets: number[] = [];
    engine.broadcast = (...args) => {
      const ticket = broadcast(...args);
      tickets.push(ticket);
      return ticket;
    };
    peer.order!.flush();
    peer.order!.onExpired(tickets[0]!, true);
    expect(await reply).toMatch(/^-UNKNOWN no majority of peers confirmed this within 1000 ms: /);
    await turns(3);
    expect(await client.run('GET a')).toBe('$1\r\n1\r\n');
    expect(client.heard()).toBe('');
  });

  it('those behind them that had no room yet end with them, without another turn', async () => {
    await meet();
    await other.stop();
    const value = 'x'.repeat(ORDERED_BATCH_BYTES_MAX);
    const clients = Array.from({ length: 20 }, () => peer.connect());
    const replies = clients.map((one, i) => one.run(['SET', `k${i}`, value]));
    peer.order!.flush();
    expect(engine.waitingBytes).toBeLessThan(20 * value.length);
    let told = 0;
    for (const reply of replies) void reply.then(() => told++);
    await clock.advanceGently(peer.timeoutMs + 1);
    await turns(5);
    expect(told).toBe(20);
    for (const reply of await Promise.all(replies)) expect(reply).toMatch(/^-NOQUORUM/);
  });
});

async function restartOther(): Promise<void> {
  other = cluster.open('b');
  await meet();
}

describe('a linearizable read', () => {
  beforeEach(async () => {
    await meet();
    peer.isLinearizable = true;
  });

  it('waits for a read index, which it shares with those of its turn', async () => {
    let readIndexes = 0;
    const { readIndex } = engine;
    engine.readIndex = (timeoutMs) => {
      readIndexes++;
      return readIndex.call(engine, timeoutMs);
    };
    const clients = Array.from({ length: 10 }, () => peer.connect());
    for (const one of clients) countBytes(one, 10, 10);
    const replies = clients.map((one) => one.run('GET a'));
    expect(clients.map((one) => one.heard()).join('')).toBe('');
    peer.order!.flush();
    expect(await Promise.all(replies)).toEqual(clients.map(() => '$-1\r\n'));
    expect(readIndexes).toBe(1);
    peer.order!.flush();
    expect(readIndexes).toBe(1);
  });

  it('lets those behind it that had arrived when it asked read with it, and no later ones', () => {
    const entry = peer.server.table.lookup(argsOf('GET a'))!;
    const { order, server } = peer;
    countBytes(client, 100, 40);
    expect(order!.mayRead(client.session, entry, NO_ARGS)).toBe(false);
    void order!.waitToRead(client.session);
    // It arrives after the read, which asked for what it may read at 100.
    countBytes(client, 150, 40);
    order!.flush();
    order!.onReadIndex(1, 0);
    const mayReadAt = (taken: number): boolean => {
      countBytes(client, 150, taken);
      return order!.mayRead(client.session, entry, NO_ARGS);
    };
    expect([40, 70, 100, 101, 150].map(mayReadAt)).toEqual([true, true, true, false, false]);
    expect(order!.mayRead(server.connect().session, entry, NO_ARGS)).toBe(false);
  });

  it('waits until the read index’s position is applied, and its kin with it', async () => {
    countBytes(client, 10, 10);
    const read = client.run('GET a');
    let isRead = false;
    void read.then(() => (isRead = true));
    const asked = engine.readIndex.bind(engine);
    engine.readIndex = (timeoutMs) => asked(timeoutMs);
    peer.order!.flush();
    peer.order!.onReadIndex(1, 2);
    await turns(5);
    expect(isRead).toBe(false);
    for (const value of [1, 2]) {
      expect(await peer.run(peer.connect(), `SET a ${value}`)).toBe('+OK\r\n');
      await turns(1);
      expect(isRead).toBe(value === 2);
    }
    expect(await read).toBe('$1\r\n2\r\n');
  });

  it('goes on when a state is installed that has come as far, and no sooner', async () => {
    const [near, far] = [peer.connect(), peer.connect()];
    const reads = [near, far].map((one) => {
      countBytes(one, 10, 10);
      const read = one.run('GET a');
      peer.order!.flush();
      return read;
    });
    peer.order!.onReadIndex(1, 60);
    peer.order!.onReadIndex(2, 61);
    peer.snapshots.install = async () => {
      peer.marks.position = 60;
    };
    let told = 0;
    for (const read of reads) void read.then(() => (told += 1));
    await turns(3);
    expect(told).toBe(0);
    await peer.apply.installSnapshot(new Uint8Array());
    await turns(3);
    expect([told, await reads[0]]).toEqual([1, '$-1\r\n']);
    peer.order!.onStopped('the end of the test');
    expect(await reads[1]).toMatch(/^-NOQUORUM/);
  });

  it('fails in time without a majority, and the connection goes on', async () => {
    await other.stop();
    countBytes(client, 10, 10);
    const read = peer.run(client, 'GET a');
    await turns(3);
    await clock.advanceGently(peer.timeoutMs + 1);
    expect(await read).toBe('-NOQUORUM no majority of peers answered within 1000 ms: a ' +
      'linearizable read needs one\r\n');
    peer.isLinearizable = false;
    expect(await client.run('GET a')).toBe('$-1\r\n');
  });

  it('is not asked for by what reads no data, or by a connection that wants none', async () => {
    countBytes(client, 10, 10);
    expect(await client.run('PING')).toBe('+PONG\r\n');
    client.session.wantsLatest = false;
    expect(await client.run('GET a')).toBe('$-1\r\n');
  });
});

describe('a peer that stops', () => {
  it('tells everybody: who waits, who is in the open batch, and all readers', async () => {
    await meet();
    peer.isLinearizable = true;
    const [sent, open, asking, gathering, behind] = Array.from({ length: 5 }, () => {
      const one = peer.connect();
      countBytes(one, 10, 10);
      return one;
    }) as [LayerClient, LayerClient, LayerClient, LayerClient, LayerClient];
    const replies = [behind.run('GET a')];
    peer.order!.flush();
    peer.order!.onReadIndex(1, 99);
    replies.push(sent.run('SET a 1'), asking.run('GET a'));
    peer.order!.flush();
    replies.push(open.run('SET b 1'), gathering.run('GET a'));
    peer.order!.onStopped('the disk is gone');
    const [whoIsBehind, whoWasSent, whoAsks, whoIsInOpen, whoGathers] = await Promise.all(replies);
    for (const reader of [whoIsBehind, whoAsks, whoGathers]) {
      expect(reader).toBe('-NOQUORUM this peer stopped taking part: the disk is gone\r\n');
    }
    for (const writer of [whoWasSent, whoIsInOpen]) {
      expect(writer).toMatch(/^-UNKNOWN this peer stopped taking part \(the disk is gone\)/);
    }
    expect(await client.run('SET c 1')).toBe('-NOQUORUM no majority of peers: the disk is gone\r\n');
    peer.order!.flush();
    // What was asked for before may still be answered.
    peer.order!.onReadIndex(2, 0);
    peer.order!.onReadIndexFailed(2);
    peer.order!.onExpired(1, true);
    peer.order!.onApplied(99);
    expect([behind, sent, open].map((one) => one.heard())).toEqual(['', '', '']);
  });

  it('tells whose writes came with a state from another peer that their replies are lost', async () => {
    await meet();
    const reply = client.run('SET a 1');
    peer.order!.flush();
    peer.order!.onSkipped([1]);
    expect(await reply).toMatch(/^-UNKNOWN this was made, but its reply is lost/);
  });
});

describe('keys whose time is over', () => {
  it('are removed through the order, by the leader and nobody else', async () => {
    expect(await peer.order!.expire(0, [Buffer.from('a')])).toBe(false);
    await meet();
    await peer.run(client, 'SET a 1 PX 5');
    await peer.run(client, 'SET b 1');
    clock.advance(10);
    const keys = ['a', 'b', 'c'].map((key) => Buffer.from(key));
    expect(await peer.order!.expire(0, keys)).toBe(true);
    expect(peer.server.storage.count(1)).toBe(1);
    expect(await client.run('GET b')).toBe('$1\r\n1\r\n');
    const follower = await ClusterLayer.create(other);
    expect(await follower.order!.expire(0, [Buffer.from('a')])).toBe(false);
  });

  describe('by the clock of this peer, and not yet by the order', () => {
    beforeEach(async () => {
      await meet();
      const ownAhead = peer.server.clock.nowMs() - clock.nowMs();
      if (ownAhead < 0) peer.server.clock.advance(-ownAhead);
      await peer.run(client, 'SET a 1 PX 100');
      await peer.run(client, 'SET b 2');
      peer.server.clock.advance(150);
      cluster.order.length = 2;
    });

    it('are gone for reads, which ask the order for nothing', async () => {
      expect(await client.run('GET a')).toBe('$-1\r\n');
      expect(await peer.connect().run('EXISTS a b')).toBe(':1\r\n');
      peer.order!.flush();
      expect(cluster.order.length).toBe(2);
      expect(peer.server.storage.count(1)).toBe(2);
    });

    it('are there for writes, which go by the time of the order', async () => {
      expect(await peer.run(client, 'SETNX a 3')).toBe(':0\r\n');
      clock.advance(150);
      expect(await peer.run(client, 'SETNX a 3')).toBe(':1\r\n');
    });
  });
});

describe('WATCH with peers', () => {
  beforeEach(meet);

  it('takes no round, and its EXEC one', async () => {
    await peer.run(client, 'SET a 1');
    expect(await client.run('WATCH a b')).toBe('+OK\r\n');
    for (const line of ['MULTI', 'INCR a']) await client.run(line);
    expect(await peer.run(client, 'EXEC')).toBe('*1\r\n:2\r\n');
    expect(cluster.order.length).toBe(2);
    expect(peer.server.plumbing.watched.count).toBe(0);
  });

  it('keeps EXEC from running after a change that another client was told of', async () => {
    await client.run('WATCH a');
    expect(await peer.run(peer.connect(), 'SET a 1')).toBe('+OK\r\n');
    for (const line of ['MULTI', 'SET b 1']) await client.run(line);
    expect(await peer.run(client, 'EXEC')).toBe('*-1\r\n');
    expect(await client.run('GET b')).toBe('$-1\r\n');
  });

  it('keeps EXEC from running after a snapshot that brought another value, or the key', async () => {
    const { plumbing, storage } = peer.server;
    await peer.run(client, 'SET a 1');
    const second = peer.connect();
    const third = peer.connect();
    for (const [one, key] of [[client, 'a'], [second, 'b'], [third, 'c']] as const) {
      await one.run(`WATCH ${key}`);
      for (const line of ['MULTI', `SET made-${key} 1`]) await one.run(line);
    }
    peer.snapshots.install = async () => {
      storage.logIndex = 50;
      for (const key of ['a', 'b']) {
        const { space } = plumbing.keyspace.db(0);
        storage.put(space, argsOf(key).at(0), argsOf('new').at(0), 0, false);
      }
    };
    await peer.apply.installSnapshot(new Uint8Array());
    const replies = [client, second, third].map((one) => peer.run(one, 'EXEC'));
    expect(await Promise.all(replies)).toEqual(['*-1\r\n', '*-1\r\n', '*1\r\n+OK\r\n']);
    expect(await client.run('EXISTS made-a made-b made-c')).toBe(':1\r\n');
  });

  it('waits until all peers know versions', async () => {
    engine.featureLevel = FEATURE_LEVEL_FIRST;
    const reply = client.run('WATCH a');
    await turns(2);
    engine.featureLevel = FEATURE_LEVEL_VERSIONS;
    expect(client.heard()).toBe('');
    peer.server.clock.advance(LEVEL_LOOK_MS);
    expect(await reply).toBe('+OK\r\n');
  });

  it('is refused when one of them stays with an older build, each time after the same wait', async () => {
    engine.featureLevel = FEATURE_LEVEL_FIRST;
    peer.server.peers = { featureLevel: FEATURE_LEVEL_FIRST };
    for (let i = 0; i < 2; i++) {
      const reply = client.run('WATCH a');
      for (let look = 0; look < LEVEL_LOOKS_MAX; look++) {
        await turns(1);
        expect(client.heard()).toBe('');
        peer.server.clock.advance(LEVEL_LOOK_MS);
      }
      expect(await reply).toMatch(/^-ERR WATCH needs every peer/);
    }
  });

  it('has an EXEC of reads compare here', async () => {
    await peer.run(client, 'SET a 1');
    await client.run('WATCH a');
    for (const line of ['MULTI', 'GET a']) await client.run(line);
    expect(await client.run('EXEC')).toBe('*1\r\n$1\r\n1\r\n');
    await client.run('WATCH a');
    await peer.run(peer.connect(), 'SET a 2');
    for (const line of ['MULTI', 'GET a']) await client.run(line);
    expect(await client.run('EXEC')).toBe('*-1\r\n');
  });

  it('is over with an EXEC whose reply was given up, which is whole all the same', async () => {
    await client.run('WATCH a');
    for (const line of ['MULTI', 'SET a 1', 'SELECT 3', 'SET a 2']) await client.run(line);
    const reply = client.run('EXEC');
    peer.order!.flush();
    peer.order!.onExpired(1, true);
    expect(await reply).toMatch(/^-UNKNOWN/);
    expect(client.session.transaction.isOpen).toBe(false);
    await turns(3);
    expect([client.heard(), client.session.dbIndex]).toEqual(['', 0]);
    expect(await client.run('GET a')).toBe('$1\r\n1\r\n');
    await client.run('SELECT 3');
    expect(await client.run('GET a')).toBe('$1\r\n2\r\n');
  });
});

/** Requests of clients in a batch. */
function requestsIn(body: Uint8Array): number {
  return readOrderedRequests(body).filter(({ kind }) => kind !== ORDERED_LIMITS).length;
}
