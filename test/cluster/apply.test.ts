/** Batches on their way through one peer: what runs, where replies go, and waits for the disk. */

import { beforeEach, describe, expect, it } from 'vitest';
import { ORDERED_QUEUE_MAX } from '../../src/cluster/apply.ts';
import {
  ORDERED_EXPIRY, ORDERED_LIMITS, ORDERED_TRANSACTION, ORDERED_WATCHED, encodeWatched,
} from '../../src/cluster/proposal-body.ts';
import type { PendingGroup } from '../../src/cluster/open-batch.ts';
import type { LayerClient } from '../engine/engine-layer.ts';
import type { WatchedKey } from '../../src/session/transaction.ts';
import {
  argsOf, batchOf, bodyOf, ClusterLayer, turns, type BodyRequest, type Line,
} from './cluster-layer.ts';

let peer: ClusterLayer;

beforeEach(async () => {
  peer = await ClusterLayer.create();
});

/** A client's wait for requests; `resolved` counts how often it was over. */
function waitOf(client: LayerClient, ...lines: readonly Line[]) {
  const wait = { resolved: 0 };
  const group: PendingGroup = {
    session: client.session,
    entries: lines.map((line) => peer.server.table.lookup(argsOf(line))!),
    resolve: () => void wait.resolved++,
  };
  return { wait, group };
}

async function get(key: string): Promise<unknown> {
  return await peer.connect().ask(`GET ${key}`);
}

describe('a batch', () => {
  it('of another peer runs in full and says nothing to anybody', async () => {
    const client = peer.connect();
    peer.give(bodyOf('SET a 1', 'INCR a', { db: 2, commands: ['SET b x'] }, 'INCR b',
      'APPEND a 0'));
    expect(peer.applied).toEqual([1]);
    expect(peer.commits).toEqual([1]);
    expect(await get('a')).toBe('20');
    expect(await get('b')).toBe('1');
    expect(client.heard()).toBe('');
    await client.run('SELECT 2');
    expect(await client.ask('GET b')).toBe('x');
    expect(peer.marks.batchIds).toEqual([{ origin: 'other:1', epoch: 1, number: 1 }]);
  });

  it('replies to own clients, each request to whoever waits for it', async () => {
    const [one, two] = [peer.connect(), peer.connect()];
    const first = waitOf(one, 'SET a 1', 'INCR a', 'HSET a f v');
    const second = waitOf(two, 'INCR a');
    const third = waitOf(one, 'GETDEL a');
    peer.groups.set(5, [first.group, second.group, third.group]);
    const body = bodyOf('SET a 1', 'INCR a', 'HSET a f v', 'INCR a',
      { kind: ORDERED_EXPIRY, commands: ['nothing'] }, 'GETDEL a');
    peer.apply.apply(1, batchOf(1, body, { ticket: 5 }));
    expect(one.heard()).toBe('+OK\r\n:2\r\n-WRONGTYPE Operation against a key holding the wrong ' +
      'kind of value\r\n$1\r\n3\r\n');
    expect(two.heard()).toBe(':3\r\n');
    expect([first, second, third].map(({ wait }) => wait.resolved)).toEqual([1, 1, 1]);
  });

  it('begins each request anew for the storage, those of a burst too', () => {
    const { storage } = peer.server;
    const begin = storage.begin.bind(storage);
    let begun = 0;
    storage.begin = () => {
      begun++;
      begin();
    };
    const lines = ['SET a 1', 'SET b 2', 'INCR a', 'SET c 3', { db: 1, commands: ['SET d 4'] }];
    peer.give(bodyOf(...lines));
    // Each is looked at before the batch runs, too; and so are the limits that it begins with.
    expect(begun).toBe(2 * lines.length + 1);
  });

  it('makes what a client asked for that has gone, and goes on with those behind it', async () => {
    const [gone, there] = [peer.connect(), peer.connect()];
    const lost = waitOf(gone, 'INCR n', 'INCR n');
    const kept = waitOf(there, 'INCR n');
    peer.groups.set(1, [lost.group, kept.group]);
    gone.session.end();
    peer.apply.apply(1, batchOf(1, bodyOf('INCR n', 'INCR n', 'INCR n'), { ticket: 1 }));
    expect(gone.heard()).toBe('');
    expect(there.heard()).toBe(':3\r\n');
    expect(lost.wait.resolved).toBe(1);
  });

  it('runs a transaction of another peer as one, without what concerns only its client', async () => {
    const queue = ['SET a 1', 'SELECT 1', 'SET b 2', 'CLIENT SETNAME x', 'SUBSCRIBE c', 'PING'];
    peer.give(bodyOf({ kind: ORDERED_TRANSACTION, db: 0, commands: queue }, 'SET c 3'));
    expect(await get('a')).toBe('1');
    expect(await get('c')).toBe('3');
    const client = peer.connect();
    await client.run('SELECT 1');
    expect(await client.ask('GET b')).toBe('2');
    expect(peer.server.plumbing.hub.channelCount).toBe(0);
  });

  it('runs the transaction of an own client that waits in its session', () => {
    const client = peer.connect();
    const { wait, group } = waitOf(client, 'EXEC');
    peer.groups.set(1, [group]);
    const commands = ['SELECT 3', 'SET a 1', 'CLIENT SETNAME me', 'GET a'];
    const body = bodyOf({ kind: ORDERED_TRANSACTION, commands });
    peer.apply.apply(1, batchOf(1, body, { ticket: 1 }));
    expect(client.heard()).toBe('*4\r\n+OK\r\n+OK\r\n+OK\r\n$1\r\n1\r\n');
    expect(wait.resolved).toBe(1);
    expect([client.session.dbIndex, client.session.name]).toEqual([3, 'me']);
  });

  it('sees only its own time, and removes what that says has expired', async () => {
    const at = 1_800_000_000_000;
    peer.apply.apply(1, batchOf(1, bodyOf('SET k v PX 100'), { timeMs: at }));
    peer.apply.apply(2, batchOf(2, bodyOf('SETNX k other'), { timeMs: at + 99 }));
    expect(await get('k')).toBe('v');
    const expiry = bodyOf({ kind: ORDERED_EXPIRY, commands: ['k'] });
    peer.apply.apply(3, batchOf(3, expiry, { timeMs: at + 99 }));
    expect(peer.server.storage.count(1)).toBe(1);
    peer.apply.apply(4, batchOf(4, expiry, { timeMs: at + 100 }));
    expect(peer.server.storage.count(1)).toBe(0);
    peer.apply.apply(5, batchOf(5, bodyOf('SETNX k other'), { timeMs: at + 100 }));
    expect(await get('k')).toBe('other');
  });

  it('is the only way to a change: reads in between remove nothing that has expired', async () => {
    const at = peer.server.clock.nowMs();
    peer.apply.apply(1, batchOf(1, bodyOf('SET k v PX 100'), { timeMs: at }));
    peer.server.clock.advance(1000);
    expect(await get('k')).toBeNull();
    expect(peer.server.storage.count(1)).toBe(1);
    expect(peer.server.plumbing.keyspace.isReadOnly).toBe(true);
  });

  it('that was given up, or a position without one, moves the position on', () => {
    peer.give(bodyOf('SET a 1'));
    peer.apply.apply(2, batchOf(2, new Uint8Array(0)));
    peer.apply.apply(3, undefined);
    expect(peer.apply.applied).toBe(3);
    expect(peer.apply.batchIds.map(({ number }) => number)).toEqual([2]);
    expect(peer.commits).toEqual([1, 2]);
  });
});

describe('a batch that needs the disk', () => {
  beforeEach(() => {
    peer.give(bodyOf('SET cold1 1', 'SET cold2 2', 'SET warm 3'));
    peer.commits.length = 0;
    peer.holdLoads();
  });

  it('waits before its first request, and then runs as one', async () => {
    const client = peer.connect();
    const { wait, group } = waitOf(client, 'INCR warm', 'INCR cold1', 'INCR cold2');
    peer.groups.set(1, [group]);
    for (const key of ['cold1', 'cold2']) peer.server.storage.coldKeys.add(key);
    peer.apply.apply(2, batchOf(2, bodyOf('INCR warm', 'INCR cold1', 'INCR cold2'), { ticket: 1 }));
    expect(peer.loading).toBe(1);
    expect(client.heard()).toBe('');
    expect([peer.apply.applied, peer.commits, wait.resolved]).toEqual([1, [], 0]);
    const other = peer.connect();
    await other.run('SELECT 5');
    expect(await other.ask('GET warm')).toBeNull();
    expect(await get('warm')).toBe('3');
    await peer.arrive();
    expect(client.heard()).toBe(':4\r\n:2\r\n:3\r\n');
    expect([peer.apply.applied, peer.commits, wait.resolved]).toEqual([2, [2], 1]);
    expect(peer.server.plumbing.keyspace.isReadOnly).toBe(true);
  });

  it('keeps those behind it waiting, in order, and says that it is busy', async () => {
    peer.server.storage.coldKeys.add('cold1');
    peer.give(bodyOf('APPEND cold1 x'));
    for (let position = 3; position <= 1 + ORDERED_QUEUE_MAX; position++) {
      expect(peer.apply.isBusy).toBe(false);
      peer.apply.apply(position, batchOf(position, bodyOf(`APPEND cold1 ${position},`)));
    }
    expect(peer.apply.isBusy).toBe(true);
    expect([peer.apply.applied, peer.resumed]).toEqual([1, 0]);
    await peer.arrive();
    const tail = Array.from({ length: ORDERED_QUEUE_MAX - 1 }, (_, i) => `${i + 3},`).join('');
    expect(await get('cold1')).toBe(`1x${tail}`);
    expect([peer.apply.isBusy, peer.resumed]).toEqual([false, 1]);
  });

  it('prefetches keys in the database of a SELECT', async () => {
    peer.give(bodyOf({ db: 4, commands: ['SET far 1'] }));
    for (const key of ['order:other:1', 'far']) peer.server.storage.coldKeys.add(key);
    const commands = ['SELECT 4', 'INCR far'];
    peer.give(bodyOf({ kind: ORDERED_TRANSACTION, commands }));
    await peer.arrive();
    if (peer.loading > 0) await peer.arrive();
    expect(peer.failures).toEqual([]);
    expect(peer.apply.applied).toBe(3);
    const client = peer.connect();
    await client.run('SELECT 4');
    expect(await client.ask('GET far')).toBe('2');
  });

  it('is finished by a stop, and none follows', async () => {
    peer.server.storage.coldKeys.add('cold1');
    peer.give(bodyOf('INCR warm', 'INCR cold1'));
    peer.apply.apply(3, batchOf(3, bodyOf('INCR warm')));
    let isStopped = false;
    const stopping = peer.apply.stop().then(() => (isStopped = true));
    await turns(3);
    expect([isStopped, peer.commits]).toEqual([false, []]);
    await peer.arrive();
    await stopping;
    expect(peer.commits).toEqual([2]);
    peer.apply.apply(4, batchOf(4, bodyOf('INCR warm')));
    expect(peer.apply.applied).toBe(2);
  });

  it('is finished by a pause, and the next ones wait for its end', async () => {
    peer.server.storage.coldKeys.add('cold1');
    peer.give(bodyOf('INCR warm', 'INCR cold1'));
    peer.apply.apply(3, batchOf(3, bodyOf('INCR warm')));
    const pausing = peer.apply.pause();
    expect(peer.apply.isBusy).toBe(true);
    await peer.arrive();
    await pausing;
    peer.apply.apply(4, batchOf(4, bodyOf('INCR warm')));
    expect(peer.apply.applied).toBe(2);
    peer.apply.unpause();
    expect([peer.apply.applied, peer.apply.isBusy, peer.resumed]).toEqual([4, false, 1]);
  });

  it('is run all the same when that cannot be read ahead, and fails if it cannot then', async () => {
    peer.server.storage.coldKeys.add('cold1');
    peer.give(bodyOf('INCR cold1'));
    await peer.arrive(new Error('damaged'));
    expect(peer.apply.applied).toBe(2);
    peer.server.storage.findNow = () => {
      throw new Error('damaged');
    };
    peer.server.storage.coldKeys.add('cold1');
    const client = peer.connect();
    const { wait, group } = waitOf(client, 'INCR warm', 'INCR cold1');
    peer.groups.set(1, [group]);
    peer.apply.apply(3, batchOf(3, bodyOf('INCR warm', 'INCR cold1'), { ticket: 1 }));
    await peer.arrive();
    expect(peer.failures.map(String)).toEqual(['Error: damaged']);
    // On other peers it was made: the client must not read what it was told here.
    expect([client.isLost, wait.resolved]).toEqual([true, 1]);
    peer.apply.apply(4, batchOf(4, bodyOf('SET a 1')));
    expect(peer.apply.applied).toBe(2);
    await peer.apply.stop();
  });
});

describe('the keys of a batch', () => {
  let asked: string[][];
  let held: number;
  beforeEach(() => {
    asked = [];
    held = 0;
    const { storage } = peer.server;
    for (const key of ['a', 'b', 'c']) peer.server.storage.coldKeys.add(key);
    const load = storage.load.bind(storage);
    storage.load = async (keys) => {
      asked.push(keys.map(({ key }) => key.toString()));
      const release = await load(keys);
      held += 1;
      return () => {
        held -= 1;
        release();
      };
    };
  });

  it.each([
    ['commands', bodyOf('SET a 1', 'SET b 1')],
    ['a transaction', bodyOf({ kind: ORDERED_TRANSACTION, commands: ['SET a 1', 'INCR b'] })],
    ['a transaction that watched keys', bodyOf({
      kind: ORDERED_WATCHED, commands: [wordsOfWatched([]), 'SET a 1', 'INCR b'],
    })],
  ])('of %s are loaded together, and let go when it has run', async (_what, body) => {
    peer.give(body);
    expect([asked, peer.apply.applied]).toEqual([[['a', 'b']], 0]);
    await turns(3);
    expect([peer.apply.applied, held, peer.failures]).toEqual([1, 0, []]);
  });

  it('are let go when it cannot be applied', async () => {
    peer.commitError = new Error('no space');
    peer.give(bodyOf('SET a 1'));
    await turns(3);
    expect([peer.failures.length, held]).toEqual([1, 0]);
  });
});

describe('a pause', () => {
  it('that ends while a batch waits for the disk changes nothing for it', async () => {
    peer.holdLoads();
    peer.server.storage.coldKeys.add('a');
    peer.give(bodyOf('SET a 1'));
    peer.apply.apply(2, batchOf(2, bodyOf('SET b 1')));
    void peer.apply.pause();
    peer.apply.unpause();
    expect([peer.apply.applied, peer.loading]).toEqual([0, 1]);
    await peer.arrive();
    expect(peer.apply.applied).toBe(2);
  });

  it('in which the peer is stopped leaves nothing to apply', async () => {
    await peer.apply.pause();
    for (const position of [1, 2]) peer.apply.apply(position, batchOf(position, bodyOf('SET a 1')));
    await peer.apply.stop();
    peer.apply.unpause();
    expect([peer.apply.applied, peer.commits]).toEqual([0, []]);
  });

  it('keeps what comes in it, of which no more is wanted than fits', async () => {
    await peer.apply.pause();
    peer.give(bodyOf('SET a 1'));
    expect([peer.apply.isBusy, peer.resumed, peer.apply.applied]).toEqual([true, 0, 0]);
    peer.apply.unpause();
    expect([peer.apply.isBusy, peer.resumed, peer.apply.applied]).toEqual([false, 1, 1]);
    peer.give(bodyOf('SET a 2'));
    expect(peer.resumed).toBe(1);
  });
});

describe('a snapshot', () => {
  it('is installed behind the batch that waits for the disk, and lets readers go on', async () => {
    const events: string[] = [];
    peer.snapshots.install = async () => {
      events.push(`install at ${peer.apply.applied}`);
      peer.marks.position = 70;
    };
    peer.holdLoads();
    peer.server.storage.coldKeys.add('a');
    peer.give(bodyOf('SET a 1'));
    const installed = peer.apply.installSnapshot(new Uint8Array([1]));
    await turns(3);
    expect(events).toEqual([]);
    await peer.arrive();
    await installed;
    expect(events).toEqual(['install at 1']);
    expect(peer.applied).toEqual([1, 70]);
    peer.apply.apply(71, batchOf(71, bodyOf('SET b 1')));
    expect(peer.apply.applied).toBe(71);
  });

  it('comes from what keeps snapshots, and goes there', async () => {
    const meta = new Uint8Array([7]);
    const received: unknown[] = [];
    peer.snapshots.meta = meta;
    peer.snapshots.export = async () => 'exported' as never;
    peer.snapshots.receive = async (chunks) => {
      received.push(chunks);
      return 9;
    };
    expect(peer.apply.snapshotMeta).toBe(meta);
    expect(await peer.apply.exportSnapshot()).toBe('exported');
    const chunks = (async function* () {})();
    expect(await peer.apply.receiveSnapshot(chunks)).toBe(9);
    expect(received).toEqual([chunks]);
  });
});

describe('clients of one batch', () => {
  it('have their own replies, however long their bursts are', () => {
    const clients = [peer.connect(), peer.connect(), peer.connect()];
    const bursts = [600, 1, 300].map((count, i) =>
      Array.from({ length: count }, (_, n) => `APPEND k${i} ${n % 10}`));
    peer.groups.set(1, clients.map((client, i) => waitOf(client, ...bursts[i]!).group));
    peer.apply.apply(1, batchOf(1, bodyOf(...bursts.flat()), { ticket: 1 }));
    for (const [i, client] of clients.entries()) {
      const expected = bursts[i]!.map((_, n) => `:${n + 1}\r\n`).join('');
      expect(client.heard()).toBe(expected);
    }
  });

  it('of other peers leave no reply behind', () => {
    peer.give(bodyOf('SET a 1', 'GET a'), bodyOf({
      kind: ORDERED_TRANSACTION, commands: ['SET a 1', 'SET b 2'],
    }));
    expect(peer.applySession.reply.length).toBe(0);
  });
});

describe('a transaction', () => {
  it('with commands in steps is one, and has the same effect where nobody waits for it', async () => {
    const other = await ClusterLayer.create();
    const commands = ['SET a 1', 'KEYS *', 'SELECT 2', 'SCAN 0', 'SET b 2', 'WAIT 1 0'];
    const client = peer.connect();
    peer.groups.set(1, [waitOf(client, 'EXEC').group]);
    const body = bodyOf({ kind: ORDERED_TRANSACTION, commands });
    peer.apply.apply(1, batchOf(1, body, { ticket: 1 }));
    other.apply.apply(1, batchOf(1, body));
    expect([peer.applied, other.applied]).toEqual([[1], [1]]);
    expect(client.heard()).toMatch(/^\*6\r\n\+OK\r\n\*1\r\n\$1\r\na\r\n\+OK\r\n/);
    expect(peer.digest()).toBe(other.digest());
    expect(client.session.dbIndex).toBe(2);
  });

  it('of a watched key that was touched does nothing, on any peer', async () => {
    const other = await ClusterLayer.create();
    const both = [peer, other];
    for (const each of both) each.give(bodyOf('SET a 1', 'SET b 1'));
    const client = peer.connect();
    await client.run('WATCH a b gone');
    const { watched } = client.session.transaction.take();
    const exec = (...queue: readonly string[]): BodyRequest => ({
      kind: ORDERED_WATCHED, commands: [wordsOfWatched(watched), ...queue],
    });
    for (const each of both) each.give(bodyOf(exec('SET a 2')), bodyOf(exec('SET a 3')));
    for (const each of both) expect(await each.connect().ask('GET a')).toBe('2');
    expect(peer.digest()).toBe(other.digest());
  });

  it('goes by the limits that its origin had', () => {
    const limited = (stringBytes: number): BodyRequest => ({
      kind: ORDERED_LIMITS, commands: [['16', `${stringBytes}`]],
    });
    peer.give(bodyOf(limited(3), 'APPEND a 12', 'APPEND a 34', limited(100), 'APPEND b 1234',
      limited(3), 'SETRANGE b 9 x'));
    expect(peer.failures).toEqual([]);
    return Promise.all([get('a'), get('b')]).then((values) => {
      expect(values).toEqual(['12', '1234']);
    });
  });

  it('makes HyperLogLogs dense where its origin would; by default if that does not say so', async () => {
    const limited = (...limits: string[]): BodyRequest => ({
      kind: ORDERED_LIMITS, commands: [['16', '100000', ...limits.length > 0 ? ['3', ...limits] : []]],
    });
    peer.give(bodyOf(limited('21'), 'PFADD a 1 2 3', limited('3000'), 'PFADD b 1 2 3',
      limited(), 'PFADD c 1 2 3'));
    const lengths = await Promise.all(['a', 'b', 'c'].map((key) =>
      peer.connect().ask(`STRLEN ${key}`)));
    expect(lengths.map(String)).toEqual(['12304', '27', '27']);
  });
});

describe('a log that fails', () => {
  it('closes the clients that wait for the batch, and the peer applies nothing more', () => {
    const client = peer.connect();
    const { wait, group } = waitOf(client, 'SET a 1');
    peer.groups.set(1, [group]);
    peer.commitError = new Error('no space');
    peer.apply.apply(1, batchOf(1, bodyOf('SET a 1'), { ticket: 1 }));
    expect(peer.failures.map(String)).toEqual(['Error: no space']);
    expect([client.isLost, wait.resolved]).toEqual([true, 1]);
    expect(peer.apply.applied).toBe(0);
    peer.commitError = undefined;
    peer.apply.apply(2, batchOf(2, bodyOf('SET b 1')));
    expect([peer.apply.applied, peer.failures.length]).toEqual([0, 1]);
  });
});

/** The words of the command that holds what is watched. */
function wordsOfWatched(watched: readonly WatchedKey[]): string[] {
  const args = encodeWatched(watched);
  return Array.from({ length: args.count }, (_, i) => args.latin1(i));
}
