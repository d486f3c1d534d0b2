/** Batches on their way through one peer: what runs, where replies go, and waits for the disk. */

import { beforeEach, describe, expect, it } from 'vitest';
import { ORDERED_QUEUE_MAX } from '../../../src/limits.ts';
import {
  ORDERED_EXPIRY, ORDERED_TRANSACTION,
} from '../../../src/session/order/ordered-request.ts';
import type { PendingGroup } from '../../../src/session/order/pending-group.ts';
import type { WholeClient } from '../../commands/whole-server.ts';
import { argsOf, batchOf, bodyOf, OrderPeer, turns, type Line } from './order-peer.ts';

let peer: OrderPeer;

beforeEach(async () => {
  peer = await OrderPeer.create();
});

/** A client's wait for requests; `resolved` counts how often it was over. */
function waitOf(client: WholeClient, ...lines: readonly Line[]) {
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
    expect(peer.commits).toEqual([[1, false]]);
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

  it('begins each request anew for the storage, those in a row too', () => {
    const { storage } = peer.server;
    const begin = storage.begin.bind(storage);
    let begun = 0;
    storage.begin = () => {
      begun++;
      begin();
    };
    const lines = ['SET a 1', 'SET b 2', 'INCR a', 'SET c 3', { db: 1, commands: ['SET d 4'] }];
    peer.give(bodyOf(...lines));
    // The first is looked at before the batch begins, and its mark at the end.
    expect(begun).toBe(lines.length + 2);
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

  it('runs the transaction of an own client in its session, which ends the MULTI', async () => {
    const client = peer.connect();
    await client.run('MULTI');
    for (const line of ['SELECT 3', 'SET a 1', 'CLIENT SETNAME me', 'GET a']) await client.run(line);
    const { wait, group } = waitOf(client, 'EXEC');
    peer.groups.set(1, [group]);
    const commands = ['SELECT 3', 'SET a 1', 'CLIENT SETNAME me', 'GET a'];
    const body = bodyOf({ kind: ORDERED_TRANSACTION, commands });
    peer.apply.apply(1, batchOf(1, body, { ticket: 1 }));
    expect(client.heard()).toBe('*4\r\n+OK\r\n+OK\r\n+OK\r\n$1\r\n1\r\n');
    expect(wait.resolved).toBe(1);
    expect([client.session.dbIndex, client.session.name]).toEqual([3, 'me']);
    expect(client.session.transaction.isOpen).toBe(false);
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
    expect(peer.commits.map(([position]) => position)).toEqual([1, 2]);
  });
});

describe('a batch that needs the disk', () => {
  beforeEach(() => {
    peer.give(bodyOf('SET cold1 1', 'SET cold2 2', 'SET warm 3'));
    peer.commits.length = 0;
    peer.holdLoads();
  });

  it('stops before the request, holds the commit, and goes on where it stopped', async () => {
    const client = peer.connect();
    const { wait, group } = waitOf(client, 'INCR warm', 'INCR cold1', 'INCR cold2');
    peer.groups.set(1, [group]);
    for (const key of ['cold1', 'cold2']) peer.server.storage.coldKeys.add(key);
    peer.apply.apply(2, batchOf(2, bodyOf('INCR warm', 'INCR cold1', 'INCR cold2'), { ticket: 1 }));
    expect(peer.loading).toBe(1);
    expect(peer.server.executor.holdsBatch).toBe(true);
    expect(peer.server.plumbing.keyspace.isReadOnly).toBe(true);
    expect(client.heard()).toBe(':4\r\n');
    expect([peer.apply.applied, peer.commits, wait.resolved]).toEqual([1, [], 0]);
    // Others read meanwhile, and take another database and time with them.
    const other = peer.connect();
    await other.run('SELECT 5');
    expect(await other.ask('GET warm')).toBeNull();
    await peer.arrive();
    expect(client.heard()).toBe(':2\r\n:3\r\n');
    expect(peer.loading).toBe(0);
    expect([peer.apply.applied, peer.commits, wait.resolved]).toEqual([2, [[2, true]], 1]);
    expect(peer.server.executor.holdsBatch).toBe(false);
  });

  it('holds nothing while its first request waits', async () => {
    peer.server.storage.coldKeys.add('cold1');
    peer.give(bodyOf('INCR cold1'));
    expect(peer.loading).toBe(1);
    expect(peer.server.executor.holdsBatch).toBe(false);
    await peer.arrive();
    expect(peer.commits).toEqual([[2, false]]);
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

  it('brings in the mark that it has to write, and keys in the database of a SELECT', async () => {
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

  it('is finished by a stop, so that no half of it stays, and none follows', async () => {
    peer.server.storage.coldKeys.add('cold1');
    peer.give(bodyOf('INCR warm', 'INCR cold1'));
    peer.apply.apply(3, batchOf(3, bodyOf('INCR warm')));
    let isStopped = false;
    const stopping = peer.apply.stop().then(() => (isStopped = true));
    await turns(3);
    expect([isStopped, peer.commits]).toEqual([false, []]);
    await peer.arrive();
    await stopping;
    expect(peer.commits).toEqual([[2, true]]);
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

  it('fails when that cannot be read, once, and the peer applies nothing more', async () => {
    peer.server.storage.coldKeys.add('cold1');
    peer.give(bodyOf('INCR cold1'));
    await peer.arrive(new Error('damaged'));
    expect(peer.failures.map(String)).toEqual(['Error: damaged']);
    peer.apply.apply(3, batchOf(3, bodyOf('SET a 1')));
    expect(peer.apply.applied).toBe(1);
    await peer.apply.stop();
  });
});

describe('a transaction with commands in steps', () => {
  /** A scan ends when the test says so. */
  function holdScans(): () => Promise<void> {
    const { storage } = peer.server;
    const scan = storage.scan.bind(storage);
    const waits: (() => void)[] = [];
    storage.scan = async (...args) => {
      await new Promise<void>((resolve) => void waits.push(resolve));
      return scan(...args);
    };
    return async () => {
      for (const resolve of waits.splice(0)) resolve();
      await turns(3);
    };
  }

  async function multi(client: WholeClient, ...lines: readonly string[]): Promise<void> {
    for (const line of ['MULTI', ...lines]) await client.run(line);
    client.heard();
  }

  it('is one: nobody sees half of it, and it is committed with its batch', async () => {
    const finishScan = holdScans();
    const [client, reader] = [peer.connect(), peer.connect()];
    const commands = ['SET a 1', 'KEYS *', 'INCR a'];
    await multi(client, ...commands);
    const { wait, group } = waitOf(client, 'EXEC');
    peer.groups.set(1, [group]);
    const body = bodyOf({ kind: ORDERED_TRANSACTION, commands }, 'INCR a');
    peer.apply.apply(1, batchOf(1, body, { ticket: 1 }));
    peer.apply.apply(2, batchOf(2, bodyOf('INCR a')));
    const read = reader.run('GET a');
    await turns(3);
    expect([peer.applied, peer.commits, wait.resolved]).toEqual([[], [], 0]);
    expect(peer.server.executor.holdsBatch).toBe(true);
    expect(reader.heard()).toBe('');
    await finishScan();
    expect(client.heard()).toBe('*3\r\n+OK\r\n*1\r\n$1\r\na\r\n:2\r\n');
    expect(await read).toMatch(/^\$1\r\n[234]\r\n$/);
    expect([peer.applied, peer.commits, wait.resolved]).toEqual([[1, 2], [[1, true], [2, false]], 1]);
    expect(peer.server.executor.holdsBatch).toBe(false);
    expect(peer.server.plumbing.keyspace.isReadOnly).toBe(true);
  });

  it('has the same effect where nobody waits for it', async () => {
    const other = await OrderPeer.create();
    const commands = ['SET a 1', 'RANDOMKEY', 'SELECT 2', 'SCAN 0', 'SET b 2', 'WAIT 1 0'];
    const client = peer.connect();
    await multi(client, ...commands);
    peer.groups.set(1, [waitOf(client, 'EXEC').group]);
    const body = bodyOf({ kind: ORDERED_TRANSACTION, commands });
    peer.apply.apply(1, batchOf(1, body, { ticket: 1 }));
    other.apply.apply(1, batchOf(1, body));
    expect(other.applied).toEqual([1]);
    await turns(5);
    expect(peer.applied).toEqual([1]);
    expect(peer.digest()).toBe(other.digest());
    expect(client.session.dbIndex).toBe(2);
  });

  it('that only reads sees nothing of batches that come meanwhile', async () => {
    peer.give(bodyOf('SET a 1'));
    const finishScan = holdScans();
    const client = peer.connect();
    await multi(client, 'GET a', 'KEYS *', 'GET a');
    const replies = client.run('EXEC');
    for (const position of [2, 3]) {
      peer.apply.apply(position, batchOf(position, bodyOf(`SET a ${position}`)));
    }
    await turns(3);
    expect(peer.applied).toEqual([1]);
    await finishScan();
    expect(await replies).toBe('*3\r\n$1\r\n1\r\n*1\r\n$1\r\na\r\n$1\r\n1\r\n');
    expect(peer.applied).toEqual([1, 2, 3]);
    expect(await get('a')).toBe('3');
  });

  it('of a watched key that was touched does nothing', async () => {
    const client = peer.connect();
    peer.give(bodyOf('SET a 1'));
    client.session.transaction.watch(0, [Buffer.from('a')]);
    peer.give(bodyOf('SET a 2'));
    await multi(client, 'SET a 3', 'KEYS *');
    peer.groups.set(1, [waitOf(client, 'EXEC').group]);
    const body = bodyOf({ kind: ORDERED_TRANSACTION, commands: ['SET a 3', 'KEYS *'] });
    peer.apply.apply(3, batchOf(3, body, { ticket: 1 }));
    await turns(2);
    expect(client.heard()).toBe('*-1\r\n');
    expect(await get('a')).toBe('2');
  });

  it('fails on this peer, for good, when the disk cannot be read in its middle', async () => {
    const client = peer.connect();
    peer.server.storage.scan = async () => {
      throw new Error('damaged');
    };
    await multi(client, 'SET a 1', 'KEYS *', 'SET a 2');
    peer.groups.set(1, [waitOf(client, 'EXEC').group]);
    const commands = ['SET a 1', 'KEYS *', 'SET a 2'];
    peer.apply.apply(1, batchOf(1, bodyOf({ kind: ORDERED_TRANSACTION, commands }), { ticket: 1 }));
    await turns(3);
    expect(peer.failures.map(String)).toEqual(['Error: damaged']);
    expect(peer.commits).toEqual([]);
  });
});

describe('a log that fails', () => {
  it('lets the clients have their replies, which the end of the turn makes errors of', () => {
    const client = peer.connect();
    const { wait, group } = waitOf(client, 'SET a 1');
    peer.groups.set(1, [group]);
    peer.commitError = new Error('no space');
    peer.apply.apply(1, batchOf(1, bodyOf('SET a 1'), { ticket: 1 }));
    expect(peer.failures.map(String)).toEqual(['Error: no space']);
    expect(wait.resolved).toBe(1);
    expect(peer.server.executor.holdsBatch).toBe(false);
    expect(peer.apply.applied).toBe(0);
  });
});
