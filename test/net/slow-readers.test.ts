import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { READ_AHEAD_BYTES_MAX, UNSENT_BYTES_PAUSE } from '../../src/net/connection.ts';
import { NetLayer, turns, until, type NetClient } from './net-layer.ts';

const MiB = 2 ** 20;
/** Twice as many bytes as are read ahead. */
const PINGS = Math.ceil((2 * READ_AHEAD_BYTES_MAX) / 6);

let server: NetLayer;
let client: NetClient;

beforeEach(async () => {
  server = await new NetLayer().listen();
  client = await server.dial();
});

afterEach(async () => {
  await server.close();
  expect(server.bugs).toEqual([]);
});

/** Sends many requests in few packets, and reads nothing. */
function flood(request: string, count: number): void {
  client.socket.pause();
  client.socket.write(`${request}\r\n`.repeat(count));
}

async function fill(bytes: number): Promise<void> {
  client.socket.write(`*3\r\n$3\r\nSET\r\n$1\r\na\r\n$${bytes}\r\n${'x'.repeat(bytes)}\r\n`);
  await client.expect('+OK');
}

function unsent(): number {
  return [...server.clients.connections].reduce((sum, one) => sum + one.facts.outputBytes, 0);
}

/** Nothing happens any more: the same number of calls for some turns. */
async function quiet(): Promise<void> {
  for (let calls = -1; calls !== server.called.length; await turns(50)) {
    calls = server.called.length;
  }
}

describe('a client that reads nothing', () => {
  it('is not served beyond a bounded number of unsent bytes', async () => {
    await fill(MiB);
    flood('GET a', 100_000);
    await quiet();
    const served = server.called.length;
    expect(served).toBeLessThan(60);
    expect(unsent()).toBeLessThan(UNSENT_BYTES_PAUSE + 2 * MiB);
    client.socket.destroy();
  });

  it('has everything in the end, once it reads', async () => {
    await fill(100_000);
    client.keepsText = false;
    flood('GET a', 500);
    await quiet();
    expect(server.called.length).toBeLessThan(400);
    client.bytes = 0;
    client.socket.resume();
    await until(() => client.bytes === 500 * (100_000 + '$100000\r\n\r\n'.length), 'all replies');
  });

  it('is closed at once beyond the hard limit', async () => {
    await fill(MiB);
    server.limits.normal = { hardBytes: 4 * MiB, softBytes: 0, softSeconds: 0 };
    flood('MANY a 64', 1);
    await until(() => server.clients.count === 0, 'it is closed');
    expect(server.counters.outputLimitCloses).toBe(1);
  });

  it('is closed beyond the soft limit only after its time, and not if it catches up', async () => {
    await fill(MiB);
    server.limits.normal = { hardBytes: 0, softBytes: 4 * MiB, softSeconds: 10 };
    flood('MANY a 64', 1);
    await quiet();
    const sweep = (): void => server.clients.sweep(server.clock.nowMs());
    server.clock.advance(10_000);
    sweep();
    expect(server.clients.count).toBe(1);
    client.keepsText = false;
    client.socket.resume();
    await until(() => client.bytes > 64 * MiB, 'it has read it');
    sweep();
    server.clock.advance(1000);
    flood('MANY a 64', 1);
    await until(() => unsent() > 4 * MiB, 'it is behind again');
    await quiet();
    server.clock.advance(10_000);
    sweep();
    expect(server.clients.count).toBe(1);
    server.clock.advance(1);
    sweep();
    await until(() => server.clients.count === 0, 'it is closed');
  });

  it('is closed as a subscriber before the messages of one turn fill memory', async () => {
    server.limits.pubsub = { hardBytes: 2 * MiB, softBytes: 0, softSeconds: 0 };
    client.send('SUBSCRIBE c');
    await client.expect('*3', '$9', 'subscribe', '$1', 'c', ':1');
    client.socket.pause();
    const message = Buffer.alloc(MiB, 'm');
    let receivers = 0;
    const channel = Buffer.from('c');
    for (let i = 0; i < 100; i++) receivers += server.plumbing.hub.publish(channel, message);
    expect(receivers).toBeLessThan(5);
    await until(() => server.clients.count === 0, 'it is closed');
  });

  it('costs what its messages weigh, not a buffer for each turn', async () => {
    client.send('SUBSCRIBE c');
    await client.expect('*3', '$9', 'subscribe', '$1', 'c', ':1');
    client.socket.pause();
    const message = Buffer.alloc(64 * 1024, 'm');
    for (let i = 0; i < 200; i++) {
      server.plumbing.hub.publish(Buffer.from('c'), message);
      await turns(1);
    }
    for (let i = 0; i < 500; i++) {
      server.plumbing.hub.publish(Buffer.from('c'), Buffer.from('m'));
      await turns(1);
    }
    // 12.5 MiB of messages in memory of 1 MiB each, and what the socket has.
    expect(server.pool.lent).toBeLessThanOrEqual(15);
    client.socket.destroy();
  });
});

describe('a client that sends faster than it is served', () => {
  it('is not read far beyond a request that waits', async () => {
    await fill(10);
    server.storage.coldKeys.add('a');
    client.socket.write(`GET a\r\n${'PING\r\n'.repeat(PINGS)}`);
    await until(() => server.storage.loading > 0, 'the key is loaded');
    await quiet();
    await turns(200);
    const [connection] = [...server.clients.connections];
    expect(connection!.facts.queryBufferBytes).toBeLessThan(READ_AHEAD_BYTES_MAX + 256 * 1024);
    client.keepsText = false;
    client.bytes = 0;
    server.storage.arrive();
    const bytes = '$10\r\nxxxxxxxxxx\r\n'.length + PINGS * '+PONG\r\n'.length;
    await until(() => client.bytes === bytes, 'every PING is answered');
  });

  it('may send one request larger than the read-ahead while another waits', async () => {
    server.storage.coldKeys.add('a');
    const bytes = 5 * MiB;
    client.socket.write(`GET a\r\n*3\r\n$3\r\nSET\r\n$1\r\nb\r\n$${bytes}\r\n`);
    client.socket.write('y'.repeat(bytes));
    client.socket.write('\r\nSTRLEN b\r\n');
    await until(() => server.storage.loading > 0, 'the key is loaded');
    await turns(100);
    server.storage.arrive();
    await client.expect('$-1', '+OK', `:${bytes}`);
  });
});
