import { mkdtemp, rename, rm, stat, writeFile } from 'node:fs/promises';
import { connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { CLOSE_LINGER_MS } from '../../src/io/limits.ts';
import { Listeners } from '../../src/net/listeners.ts';
import { NetLayer, turns, until } from './net-layer.ts';

let server: NetLayer;

beforeEach(async () => {
  server = await new NetLayer().listen();
});

afterEach(async () => {
  await server.close();
  expect(server.bugs).toEqual([]);
});

describe('clients', () => {
  it('are turned away beyond maxclients, with an error, even if they do not let go', async () => {
    server.policy = { ...server.policy, maxClients: 1 };
    const [first, second] = [await server.dial(), await server.dial()];
    second.send('PING');
    await second.expect('-ERR max number of clients reached');
    first.send('PING');
    await first.expect('+PONG');
    server.clock.advance(CLOSE_LINGER_MS);
    await until(() => server.sockets[1]!.destroyed, 'the second socket is closed');
    expect(server.counters.rejected).toBe(1);
    expect(server.counters.connections).toBe(1);
  });

  it('are turned away by the policy, with its text', async () => {
    server.policy = { ...server.policy, refusal: () => 'DENIED not from there' };
    const client = await server.dial();
    await client.expect('-DENIED not from there');
    await client.ended();
  });

  it('are closed when they say nothing for `timeout`, unless they listen or wait', async () => {
    server.policy = { ...server.policy, timeoutSeconds: 60 };
    const [idle, active, listening, waiting] = [
      await server.dial(), await server.dial(), await server.dial(), await server.dial(),
    ];
    listening.send('SUBSCRIBE c');
    server.storage.coldKeys.add('a');
    waiting.send('GET a');
    await until(() => server.storage.loading > 0, 'one waits');
    await until(() => listening.received !== '', 'one listens');
    server.clock.advance(60_000);
    active.send('PING');
    await active.expect('+PONG');
    server.clock.advance(1);
    server.clients.sweep(server.clock.nowMs());
    await idle.ended();
    await until(() => server.clients.count === 3, 'one is closed');
    server.storage.arrive();
    await waiting.expect('$-1');
  });

  it('kill each other at once, and themselves after the reply', async () => {
    const [victim, killer] = [await server.dial(), await server.dial()];
    killer.send('CLIENT KILL ID 1', 'CLIENT KILL ID 2 SKIPME no', 'PING');
    await killer.expect(':1', ':1');
    await Promise.all([victim.ended(), killer.ended()]);
    expect(killer.received).toBe('');
  });

  it('all get their replies before they are closed at the end', async () => {
    const [busy, idle] = [await server.dial(), await server.dial()];
    server.storage.coldKeys.add('a');
    busy.send('GET a');
    await until(() => server.storage.loading > 0, 'one waits');
    server.clients.closeAll();
    await idle.ended();
    server.storage.arrive();
    await busy.expect('$-1');
    await busy.ended();
  });

  it('leave nothing behind when thousands come and go in every way', async () => {
    for (let round = 0; round < 20; round++) {
      const clients = await Promise.all(Array.from({ length: 50 }, () => server.dial()));
      clients.forEach((client, i) => {
        client.send('SUBSCRIBE c', 'PSUBSCRIBE p*', 'RESET', 'WATCH k', 'MONITOR', `SET k${i} v`);
        if (i % 4 === 0) client.socket.destroy();
        if (i % 4 === 1) client.socket.resetAndDestroy();
        if (i % 4 === 2) client.socket.end();
        if (i % 4 === 3) client.send('QUIT');
      });
      await Promise.all(clients.map((client) => client.ended()));
      for (const client of clients) client.socket.destroy();
      await until(() => server.clients.count === 0, 'all are gone');
    }
    expect(server.counters.connections).toBe(1000);
    expect(server.plumbing.watched.count).toBe(0);
    expect(server.plumbing.monitors.count).toBe(0);
    const { channelCount, patterns } = server.plumbing.hub;
    expect([channelCount, patterns]).toEqual([0, 0]);
    await until(() => server.pool.lent === 0, 'all buffers are back');
  });

  it('are destroyed in the middle of writes without losing or doubling a buffer', async () => {
    for (let round = 0; round < 20; round++) {
      const client = await server.dial();
      client.socket.pause();
      client.send(`SET a ${'x'.repeat(60_000)}`, ...Array.from({ length: 60 }, () => 'GET a'));
      await until(() => server.called.length >= 5 * (round + 1), 'it is served');
      await turns(round % 3);
      if (round % 2 === 0) client.socket.resetAndDestroy();
      else server.clients.destroyAll();
      await until(() => server.clients.count === 0, 'it is gone');
      await until(() => server.pool.lent === 0, 'all buffers are back');
    }
  });
});

describe('listeners', () => {
  const options = {
    hosts: [] as string[], port: 0, backlog: 10, unixPath: undefined as string | undefined,
    unixMode: undefined as number | undefined,
  };
  let directory: string;

  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'dkvs-listeners-'));
  });

  afterEach(async () => {
    await rm(directory, { recursive: true });
  });

  it('take the same port on every address, and do without a missing optional one', async () => {
    const listeners = new Listeners((socket) => socket.destroy());
    await listeners.open({ ...options, hosts: ['127.0.0.1', '-192.0.2.1', '-::1'] });
    expect(listeners.addresses[0]).toBe(`127.0.0.1:${listeners.port}`);
    expect(listeners.addresses.join()).not.toContain('192.0.2.1');
    await listeners.close();
  });

  it('say which address is taken, and let go of the others', async () => {
    const listeners = new Listeners((socket) => socket.destroy());
    const { port } = server.listeners;
    await expect(listeners.open({ ...options, hosts: ['127.0.0.1'], port })).rejects.toMatchObject({
      code: 'EADDRINUSE', message: expect.stringContaining(`127.0.0.1:${port}`),
    });
    await expect(listeners.open({ ...options, hosts: ['127.0.0.1', '192.0.2.1'] })).rejects
      .toMatchObject({ code: 'EADDRNOTAVAIL' });
    expect(listeners.addresses).toEqual([]);
  });

  it('stop at once, though a client stays', async () => {
    const client = await server.dial();
    const { port } = server.listeners;
    await server.listeners.close();
    const again = new Listeners((socket) => socket.destroy());
    await again.open({ ...options, hosts: ['127.0.0.1'], port });
    await again.close();
    client.send('PING');
    await client.expect('+PONG');
  });

  it('replace the socket file of a killed server, but no other file or living server', async () => {
    const unixPath = join(directory, 'sock');
    const dead = createServer().listen(unixPath);
    await until(() => dead.listening, 'it listens');
    // A handle that is closed behind the server's back leaves its file, as a killed process does.
    const copy = join(directory, 'copy');
    await rename(unixPath, copy);
    await new Promise((resolve) => dead.close(resolve));
    await rename(copy, unixPath);
    const listeners = new Listeners((socket) => {
      socket.on('error', () => {});
      socket.end('hello');
    });
    await listeners.open({ ...options, unixPath, unixMode: 0o600 });
    expect((await stat(unixPath)).mode & 0o777).toBe(0o600);
    const other = new Listeners((socket) => socket.destroy());
    const second = other.open({ ...options, unixPath });
    await expect(second).rejects.toMatchObject({ code: 'EADDRINUSE' });
    let heard = '';
    connect(unixPath).on('data', (chunk) => (heard += chunk.toString()));
    await until(() => heard === 'hello', 'it answers');
    await listeners.close();
    await writeFile(unixPath, 'data');
    await expect(other.open({ ...options, unixPath })).rejects.toMatchObject({ code: 'EEXIST' });
  });
});
