/**
 * Requests that wait for keys, with peers: attempts are ordered, queues are each peer's own, and
 * what comes in between (a timeout, a client that goes, a majority that is lost) takes nothing.
 */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { readOrderedRequests } from '../../src/cluster/proposal-body.ts';
import { byteQueueCommands } from '../engine/byte-queues.ts';
import type { LayerClient } from '../engine/engine-layer.ts';
import { LocalCluster, type LocalOrder } from '../raft/contract/local-order.ts';
import { SimClock } from '../sim/sim-clock.ts';
import { ClusterLayer, turns } from './cluster-layer.ts';

let clock: SimClock;
let cluster: LocalCluster;
let orders: LocalOrder[];
let peers: ClusterLayer[];

beforeEach(async () => {
  clock = new SimClock();
  cluster = new LocalCluster(['a', 'b'], clock);
  orders = ['a', 'b'].map((name) => cluster.open(name));
  peers = [];
  for (const order of orders) {
    const peer = await ClusterLayer.create(order, byteQueueCommands);
    peer.monotonicMs = () => clock.monotonicMs();
    peers.push(peer);
  }
  await settle();
});

afterEach(async () => {
  await settle();
  for (const order of orders) await order.stop();
  await turns(3);
  expect(peers.map(({ failures }) => failures)).toEqual([[], []]);
  expect(peers[0]!.digest()).toBe(peers[1]!.digest());
});

/** Ends turns until nothing is on its way. */
async function settle(): Promise<void> {
  for (let i = 0; i < 10; i += 1) {
    for (const peer of peers) peer.order!.flush();
    await turns(2);
  }
}

class Consumer {
  readonly client: LayerClient;
  received = '';

  constructor(peer: number) {
    this.client = peers[peer]!.connect();
  }

  /** Sends it; the turn does not end. */
  send(line: string): this {
    void this.client.run(line).then((reply) => (this.received += reply));
    return this;
  }

  take(): string {
    const { received } = this;
    this.received = '';
    return received.replaceAll(/\$\d+\r\n|\r\n/g, '');
  }
}

async function waiting(...wanted: readonly (readonly [number, string])[]): Promise<Consumer[]> {
  const made: Consumer[] = [];
  for (const [peer, line] of wanted) {
    made.push(new Consumer(peer).send(line));
    await settle();
  }
  expect(made.map(({ client }) => client.session.flagLetters)).toEqual(made.map(() => 'b'));
  return made;
}

async function produce(peer: number, line: string): Promise<void> {
  void peers[peer]!.connect().run(line);
  await settle();
}

const received = (some: readonly Consumer[]): string[] => some.map((one) => one.take());

/** Requests of clients in the batches of the order from `from` on: their first words. */
function ordered(from: number): string[] {
  return cluster.order.slice(from).flatMap(({ body }) => readOrderedRequests(body)
    .filter(({ session }) => session > 0).map(({ commands }) => commands[0]!.text(0)));
}

describe('a queue of each peer', () => {
  it('is served in its order, and each element goes to one client', async () => {
    const four = await waiting([0, 'BTAKE k 0'], [1, 'BTAKE k 0'], [0, 'BTAKE k 0'],
      [1, 'BTAKE k 0']);
    await produce(0, 'APPEND k a');
    const first = received(four);
    expect(first.filter((one) => one === 'k=a')).toHaveLength(1);
    expect(first.slice(2)).toEqual(['', '']);
    await produce(1, 'APPEND k bcd');
    expect([...received(four), ...first].filter((one) => one !== '').toSorted())
      .toEqual(['k=a', 'k=b', 'k=c', 'k=d']);
  });

  it('has as many attempt at once as there are elements, and no others', async () => {
    const some = await waiting(...Array.from({ length: 5 }, () => [0, 'BTAKE k 0'] as const));
    const before = cluster.order.length;
    await produce(1, 'APPEND k abc');
    expect(received(some)).toEqual(['k=a', 'k=b', 'k=c', '', '']);
    expect(ordered(before)).toEqual(['APPEND', 'BTAKE', 'BTAKE', 'BTAKE']);
    // All in the batch behind the one that changed the key.
    expect(cluster.order.length).toBe(before + 2);
  });

  it('attempts once on each peer for each change, and the loser keeps its place', async () => {
    const some = await waiting([0, 'BTAKE k 0'], [1, 'BTAKE k 0'], [0, 'BTAKE k 0'],
      [1, 'BTAKE k 0']);
    const before = cluster.order.length;
    await produce(0, 'APPEND k a');
    expect(ordered(before)).toEqual(['APPEND', 'BTAKE', 'BTAKE']);
    const winner = received(some).indexOf('k=a');
    const loser = 1 - winner;
    await produce(0, 'APPEND k bc');
    // The loser and the one behind the winner.
    expect(received(some)[loser]).toMatch(/^k=[bc]$/);
  });

  it('is not asked while nothing is pushed, or another type comes', async () => {
    const some = await waiting([0, 'BTAKE k 0'], [1, 'BTAKE k 0']);
    const before = cluster.order.length;
    await produce(0, 'HSET k f 1');
    await produce(1, 'SET other a');
    expect(ordered(before)).toEqual(['HSET', 'SET']);
    await produce(0, 'DEL k');
    await produce(0, 'SET k a');
    expect(received(some).join('')).toBe('k=a');
  });

  it('misses nothing that comes in the batch of its first attempt', async () => {
    const one = new Consumer(0).send('BTAKE k 0');
    await turns(1);
    void peers[0]!.connect().run('SET k a');
    peers[0]!.order!.flush();
    await settle();
    expect(cluster.order.length).toBe(2);
    expect(one.take()).toBe('k=a');
  });

  it('passes on what the first did not need, because another key served it', async () => {
    const [first, second] = await waiting([0, 'BTAKE k l 0'], [0, 'BTAKE l 0']);
    void peers[1]!.connect().run('SET l b');
    void peers[1]!.connect().run('SET k a');
    await settle();
    expect(received([first!, second!])).toEqual(['k=a', 'l=b']);
  });

  it('holds what its client asks for behind it', async () => {
    const [one] = await waiting([0, 'BTAKE k 0']);
    expect(one!.client.session.progress).toMatchObject({ due: 1, holdsBack: true });
    await produce(0, 'SET k a');
    expect(one!.client.session.progress).toMatchObject({ due: 0, holdsBack: false });
  });
});

describe('while an attempt is on its way', () => {
  /** The key has been set, and the attempt is proposed but not applied. */
  async function attempting(): Promise<Consumer> {
    const [one] = await waiting([0, 'BTAKE k 0']);
    void peers[0]!.connect().run('SET k a');
    peers[0]!.order!.flush();
    await turns(3);
    expect(one!.received).toBe('');
    return one!;
  }

  it('its client that goes takes one thing with it, which is counted', async () => {
    const one = await attempting();
    one.client.kill();
    await settle();
    expect(one.received).toBe('');
    expect(peers.map(({ server }) => server.engine.blocked.undelivered)).toEqual([1, 0]);
    const [next] = await waiting([1, 'BTAKE k 0']);
    await produce(1, 'SET k b');
    expect(next!.take()).toBe('k=b');
  });

  it('CLIENT UNBLOCK ends the wait with what it took', async () => {
    const one = await attempting();
    expect(one.client.session.blocking.end('error')).toBe(true);
    await settle();
    expect(one.take()).toBe('k=a');
    expect(one.client.session.flagLetters).toBe('N');
  });

  it('CLIENT UNBLOCK ends it with an error if it took nothing', async () => {
    const [one] = await waiting([0, 'BTAKE k 0']);
    void peers[1]!.connect().run('SET k a');
    void peers[1]!.connect().run('DEL l');
    peers[1]!.order!.flush();
    await turns(3);
    // Ahead of the attempt of the other peer.
    void peers[1]!.connect().run('DEL k');
    peers[1]!.order!.flush();
    await turns(3);
    one!.client.session.blocking.end('error');
    await settle();
    expect(one!.take()).toBe('-UNBLOCKED client unblocked via CLIENT UNBLOCK');
    expect(one!.client.session.flagLetters).toBe('N');
  });

  it('an end of its time waits for it', async () => {
    const [one] = await waiting([0, 'BTAKE k 0.1']);
    void peers[0]!.connect().run('SET k a');
    peers[0]!.order!.flush();
    await turns(3);
    peers[0]!.server.clock.advance(200);
    await turns(2);
    expect(one!.received).toBe('');
    await settle();
    expect(one!.take()).toBe('k=a');
  });

  it('counts nothing that found nothing, or failed, or was the client of another peer', async () => {
    const [one, two] = await waiting([0, 'BTAKE k 0'], [1, 'BTAKE k 0']);
    void peers[0]!.connect().run('MULTI');
    await produce(0, 'SET k a');
    expect(received([one!, two!]).join('')).toBe('k=a');
    expect(peers.map(({ server }) => server.engine.blocked.undelivered)).toEqual([0, 0]);
  });
});

describe('without a majority', () => {
  it('waits on, and attempts when there is one again', async () => {
    const [one] = await waiting([0, 'BTAKE k 0']);
    void peers[0]!.connect().run('SET k a');
    peers[0]!.order!.flush();
    await turns(3);
    cluster.leave(orders[1]!);
    // The attempt is proposed and given up.
    peers[0]!.order!.flush();
    clock.advance(1500);
    await turns(3);
    expect(one!.received).toBe('');
    expect(one!.client.session.flagLetters).toBe('b');
    cluster.join(orders[1]!);
    peers[0]!.server.engine.onProgress();
    await settle();
    expect(one!.take()).toBe('k=a');
  });

  it('refuses a first attempt, as any write', async () => {
    cluster.leave(orders[1]!);
    const one = new Consumer(0).send('BTAKE k 0');
    await turns(2);
    peers[0]!.order!.flush();
    clock.advance(1500);
    await turns(3);
    expect(one.take()).toMatch(/^-NOQUORUM /);
    cluster.join(orders[1]!);
  });

  it('ends when its peer takes no part any more', async () => {
    const [one] = await waiting([0, 'BTAKE k 0']);
    peers[0]!.order!.onStopped('for a test');
    await turns(2);
    expect(one!.take()).toBe('-NOQUORUM this peer stopped taking part: for a test');
  });
});
