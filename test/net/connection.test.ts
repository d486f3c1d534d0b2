/** What is known of a connection while it lives, what its counters count, and how it ends. */
import { connect, type Socket } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { CLOSE_LINGER_MS } from '../../src/io/limits.ts';
import { READ_AHEAD_BYTES_MAX } from '../../src/net/connection.ts';
import { NetLayer, turns, until, type NetClient } from './net-layer.ts';

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

/** Of the client that was dialled so many before the last. */
const connectionOf = (index = 0) => [...server.clients.connections][index]!;
const facts = (index = 0) => connectionOf(index).facts;

/** A key that the disk does not give until the test says so. */
async function waitForDisk(line = 'GET cold'): Promise<void> {
  server.storage.coldKeys.add('cold');
  client.send(line);
  await until(() => server.storage.loading > 0, 'it waits for the disk');
}

describe('the facts of a connection', () => {
  it('tell both addresses, and since when', async () => {
    const { localPort } = client.socket;
    const at = server.clock.nowMs();
    expect(facts()).toMatchObject({
      id: 1, address: `127.0.0.1:${localPort}`, localAddress: `127.0.0.1:${server.listeners.port}`,
      fd: -1, connectedAt: at, lastCommandAt: at, queryBufferBytes: 0, requestBytes: 0,
      outputBytes: 0, bytesIn: 0, bytesOut: 0, lastCommand: 'NULL', libraryName: '',
      libraryVersion: '',
    });
    client.send('CLIENT SETINFO LIB-NAME mine');
    await client.expect('+OK');
    expect(facts()).toMatchObject({ libraryName: 'mine', libraryVersion: '' });
  });

  it('count bytes in both directions, for the server too', async () => {
    client.send('PING', 'PING');
    await client.expect('+PONG', '+PONG');
    expect(facts()).toMatchObject({ bytesIn: 12, bytesOut: 14 });
    const other = await server.dial();
    other.send('PING');
    await other.expect('+PONG');
    await until(() => server.counters.bytesOut === 21, 'all is written');
    expect(facts(1)).toMatchObject({ id: 2, bytesIn: 6, bytesOut: 7 });
    expect(server.counters).toMatchObject({ connections: 2, bytesIn: 18 });
  });

  it('tell what waits: the request that is served, and what is not decoded behind it', async () => {
    await waitForDisk('SET cold 1');
    client.socket.write('PING\r\nPI');
    const unread = 'SET cold 1\r\nPING\r\nPI'.length;
    await until(() => facts().queryBufferBytes === unread, 'the rest has come');
    expect(facts().queryBufferFreeBytes).toBeGreaterThanOrEqual(0);
    server.storage.arrive();
    await client.expect('+OK', '+PONG');
    expect(facts()).toMatchObject({ queryBufferBytes: 2, requestBytes: 0 });
  });

  it('tell the bytes of a request that runs in steps, until it has its reply', async () => {
    for (let round = 0; round < 2; round += 1) {
      client.send('NAP 5');
      await until(() => facts().requestBytes > 0, 'it naps');
      expect(facts().requestBytes).toBe('NAP 5\r\n'.length);
      server.clock.advance(5);
      await client.expect('+AWAKE');
      expect(facts().requestBytes).toBe(0);
    }
  });
});

describe('idle time', () => {
  it('begins with the last bytes of the client, or when it took its replies', async () => {
    const connection = connectionOf();
    server.clock.advance(3000);
    expect(connection.idleMs(server.clock.nowMs())).toBe(3000);
    client.send('PING');
    await client.expect('+PONG');
    // It has just taken something; the sweep notes when.
    await until(() => facts().bytesOut > 0, 'it is written');
    expect(connection.idleMs(server.clock.nowMs() + 5000)).toBe(0);
    connection.sweep(server.clock.nowMs() + 2000);
    expect(connection.idleMs(server.clock.nowMs() + 5000)).toBe(3000);
    expect(facts().lastCommandAt).toBe(server.clock.nowMs() + 2000);
  });

  it('is none while the server has something to do for it', async () => {
    await waitForDisk();
    expect(connectionOf().idleMs(server.clock.nowMs() + 100_000)).toBe(0);
    server.storage.arrive();
    await client.expect('$-1');
    connectionOf().sweep(server.clock.nowMs());
    expect(connectionOf().idleMs(server.clock.nowMs() + 1000)).toBe(1000);
  });

  it.each([
    ['SUBSCRIBE c', true], ['PSUBSCRIBE c', true], ['MONITOR', true], ['PING', false],
  ])('closes no client that listens: %s', async (line, isKept) => {
    server.policy = { ...server.policy, timeoutSeconds: 1 };
    client.send(line);
    await until(() => client.received !== '', 'it has its reply');
    server.clients.sweep(server.clock.nowMs());
    server.clients.sweep(server.clock.nowMs() + 1000);
    expect(server.clients.count).toBe(1);
    server.clients.sweep(server.clock.nowMs() + 1001);
    await turns(3);
    expect(server.clients.count).toBe(isKept ? 1 : 0);
  });
});

describe('a connection that we ended', () => {
  it('is closed when its client does not let go for a second, and not earlier', async () => {
    client.send('QUIT');
    await client.expect('+OK');
    await client.ended();
    const at = server.clock.nowMs();
    server.clients.sweep(at + CLOSE_LINGER_MS - 1);
    await turns(3);
    expect(server.clients.count).toBe(1);
    server.clients.sweep(at + CLOSE_LINGER_MS);
    await until(() => server.clients.count === 0, 'it is closed');
  });

  it('takes no further request, and its wait is not begun again', async () => {
    client.send('QUIT');
    await client.ended();
    const called = server.called.length;
    client.send('SET a 1');
    await turns(10);
    connectionOf().wake();
    connectionOf().closeAfterReply();
    await turns(3);
    expect([server.called.length, server.storage.effects]).toEqual([called, 0]);
  });

  it('while a request waits has its reply first', async () => {
    await waitForDisk();
    connectionOf().closeAfterReply();
    await turns(3);
    expect([client.hasEnded, client.received]).toEqual([false, '']);
    server.storage.arrive();
    await client.expect('$-1');
    await client.ended();
  });
});

describe('a client that is killed', () => {
  it('while its request waits is gone at once, and the request makes nothing', async () => {
    await waitForDisk('SET cold 1');
    connectionOf().kill();
    await client.ended();
    server.storage.arrive();
    await turns(5);
    expect([server.storage.effects, client.received, server.storage.pinned]).toEqual([0, '', 0]);
  });

  it('by itself inside EXEC has the whole reply', async () => {
    client.send('MULTI', 'PING', 'CLIENT KILL ID 1 SKIPME no', 'PING', 'EXEC', 'PING');
    await client.expect('+OK', '+QUEUED', '+QUEUED', '+QUEUED', '*3', '+PONG', ':1', '+PONG');
    await client.ended();
    expect(client.received).toBe('');
  });
});

describe('reading', () => {
  it('goes on after one large wait as after none', async () => {
    for (let round = 0; round < 2; round += 1) {
      await waitForDisk();
      const pings = Math.ceil((READ_AHEAD_BYTES_MAX * 1.5) / 6);
      client.keepsText = false;
      client.bytes = 0;
      client.socket.write('PING\r\n'.repeat(pings));
      await until(() => facts().queryBufferBytes > READ_AHEAD_BYTES_MAX, 'enough is read');
      await turns(20);
      expect(facts().queryBufferBytes).toBeLessThan(READ_AHEAD_BYTES_MAX + 256 * 1024);
      server.storage.arrive();
      await until(() => client.bytes === 5 + 7 * pings, 'all is answered');
      client.keepsText = true;
    }
    client.send('PING');
    await client.expect('+PONG');
  });
});

describe('a client that comes', () => {
  it('over IPv6 has its address in brackets', async () => {
    const { port } = server.listeners;
    const six = await tryListen('::1');
    if (six === undefined) return;
    expect(facts(1).address).toBe(`[::1]:${six.localPort}`);
    expect(facts(1).localAddress).toMatch(/^\[::1\]:\d+$/);
    expect(port).not.toBe(0);
    six.destroy();
    await until(() => server.clients.count === 1, 'it is gone');
  });

  it('is counted, named by an id of its own and kept alive as the policy says', async () => {
    server.policy = { ...server.policy, keepAliveSeconds: 77 };
    const calls: unknown[][] = [];
    const admit = server.clients.admit.bind(server.clients);
    server.clients.admit = (socket, path) => {
      socket.setKeepAlive = (...args: unknown[]) => (calls.push(args), socket);
      socket.setNoDelay = (...args: unknown[]) => (calls.push(args), socket);
      admit(socket, path);
    };
    await server.dial();
    expect(calls).toEqual([[true], [true, 77_000]]);
    server.policy = { ...server.policy, keepAliveSeconds: 0 };
    calls.length = 0;
    await server.dial();
    expect(calls).toEqual([[true]]);
    expect([facts(1).id, facts(2).id, server.counters.connections]).toEqual([2, 3, 3]);
    expect(server.clients.all().map(({ kind }) => kind)).toEqual(['normal', 'normal', 'normal']);
  });

  it('and is turned away leaves no timer when it lets go', async () => {
    server.policy = { ...server.policy, refusal: () => 'DENIED no' };
    const other = await server.dial();
    await other.expect('-DENIED no');
    expect(server.clock.nextTimerMs()).toBe(CLOSE_LINGER_MS);
    other.socket.end();
    await until(() => server.clock.nextTimerMs() === null, 'the timer is gone');
    expect([server.counters.rejected, server.clients.count]).toEqual([1, 1]);
  });
});

/** A client over this address, or undefined where the machine has none. */
async function tryListen(host: string): Promise<Socket | undefined> {
  const { port } = server.listeners;
  try {
    await server.listeners.open({
      hosts: [host], port, backlog: 10, unixPath: undefined, unixMode: undefined,
    });
  } catch {
    server = await new NetLayer().listen();
    return undefined;
  }
  const socket = connect({ port, host });
  await until(() => server.clients.count === 2, 'it is taken');
  return socket;
}

it('asks what limits requests at each chunk', async () => {
  const host = server.host as { bulkBytesMax: number };
  client.send('PING');
  await client.expect('+PONG');
  host.bulkBytesMax = 5;
  client.socket.write('*2\r\n$4\r\nECHO\r\n$6\r\n');
  await client.expect('-ERR Protocol error: invalid bulk length');
  await client.ended();
  expect(server.counters.protocolErrors).toBe(1);
});
