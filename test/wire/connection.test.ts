/** What a connection may do and how it ends: limits, passwords, kills, giants, slow readers. */

import { existsSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import type { ServerOptions } from '../../src/server.ts';
import { encodeRequest } from '../commands/redis-server.ts';
import { eventually } from './eventually.ts';
import { TestServer } from '../server/test-server.ts';
import { WireClient } from './wire-client.ts';

const MiB = 1024 * 1024;

let dkvs: TestServer | undefined;
afterEach(async () => {
  await dkvs?.stop();
  dkvs = undefined;
});

async function start(options: ServerOptions = {}): Promise<TestServer> {
  dkvs = await TestServer.start(options);
  return dkvs;
}

async function idOf(client: WireClient): Promise<string> {
  return (await client.call('CLIENT', 'ID')).slice(1, -2);
}

describe('a crowd of clients', () => {
  it('is cut at maxclients, with a reason, until somebody leaves', async () => {
    const server = await start({ maxclients: 3 });
    const clients = [await server.connect(), await server.connect(), await server.connect()];
    for (const client of clients) expect(await client.call('PING')).toBe('+PONG\r\n');
    const fourth = await server.connect();
    expect(await fourth.untilClosed()).toBe('-ERR max number of clients reached\r\n');
    clients[0]?.close();
    await eventually('a place to be free', async () => {
      const next = await server.connect();
      next.send(['PING']);
      return await next.reply() === '+PONG\r\n';
    });
  });

  it('loses those who are idle for longer than timeout, but no subscriber', async () => {
    const server = await TestServer.inMemory({ timeout: 10 });
    const idle = await server.connect();
    const subscriber = await server.connect();
    await subscriber.call('SUBSCRIBE', 'c');
    expect(await idle.call('PING')).toBe('+PONG\r\n');
    await server.clock.advanceGently(9000);
    expect(await idle.call('PING')).toBe('+PONG\r\n');
    await server.clock.advanceGently(12_000);
    await idle.closed();
    const publisher = await server.connect();
    expect(await publisher.call('PUBLISH', 'c', 'still there')).toBe(':1\r\n');
  });
});

describe('a client that does not read', () => {
  it('is closed as a subscriber when its output limit is passed', async () => {
    const server = await start({ 'client-output-buffer-limit': ['pubsub', '1mb', '0', '0'] });
    const subscriber = await server.connect();
    await subscriber.call('SUBSCRIBE', 'c');
    subscriber.socket.pause();
    const publisher = await server.connect();
    const message = 'x'.repeat(256 * 1024);
    await eventually('the subscriber to be dropped', async () =>
      await publisher.call('PUBLISH', 'c', message) === ':0\r\n');
    expect(await publisher.call('PING')).toBe('+PONG\r\n');
  });

  it('is slowed down, not fed memory, and gets every reply once it reads', async () => {
    const server = await start();
    const observer = await server.connect();
    await observer.call('SET', 'big', 'x'.repeat(MiB));
    const slow = await server.connect();
    const id = await idOf(slow);
    slow.socket.pause();
    const count = 100;
    slow.send(...Array.from({ length: count }, () => ['GET', 'big']), ['ECHO', 'end']);
    for (let look = 0; look < 20; look++) {
      const line = await observer.call('CLIENT', 'LIST', 'ID', id);
      expect(Number(/ omem=(\d+)/.exec(line)?.[1] ?? 0)).toBeLessThan(8 * MiB);
    }
    slow.socket.resume();
    const replies = await slow.replies(count + 1);
    expect(replies.slice(0, -1).every((reply) => reply.length === MiB + 12)).toBe(true);
    expect(replies.at(-1)).toBe('$3\r\nend\r\n');
  });
});

describe('a password', () => {
  const NOAUTH = '-NOAUTH Authentication required.\r\n';
  const WRONG = '-WRONGPASS invalid username-password pair or user is disabled.\r\n';

  it('is asked for, and opens everything', async () => {
    const server = await start({ requirepass: 'secret' });
    const client = await server.connect();
    expect(await client.call('GET', 'k')).toBe(NOAUTH);
    expect(await client.call('PING')).toBe(NOAUTH);
    expect(await client.call('AUTH', 'wrong')).toBe(WRONG);
    expect(await client.call('AUTH', 'nobody', 'secret')).toBe(WRONG);
    expect(await client.call('AUTH', 'secre')).toBe(WRONG);
    expect(await client.call('AUTH', 'default', 'secret')).toBe('+OK\r\n');
    expect(await client.call('SET', 'k', 'v')).toBe('+OK\r\n');
    expect(await client.call('RESET')).toBe('+RESET\r\n');
    expect(await client.call('GET', 'k')).toBe(NOAUTH);
    expect(await client.call('AUTH', 'secret')).toBe('+OK\r\n');
  });

  it('may come with HELLO', async () => {
    const server = await start({ requirepass: 'secret' });
    const client = await server.connect();
    expect(await client.call('HELLO', '3')).toMatch(/^-NOAUTH HELLO must be called with/);
    expect(await client.call('HELLO', '3', 'AUTH', 'default', 'wrong')).toBe(WRONG);
    const hello = await client.call('HELLO', '3', 'AUTH', 'default', 'secret', 'SETNAME', 'me');
    expect(hello).toMatch(/^%7\r\n/);
    expect(await client.call('CLIENT', 'GETNAME')).toBe('$2\r\nme\r\n');
  });

  it('is not asked again of those who are in when it changes', async () => {
    const server = await start();
    const client = await server.connect();
    expect(await client.call('CONFIG', 'SET', 'requirepass', 'new')).toBe('+OK\r\n');
    expect(await client.call('PING')).toBe('+PONG\r\n');
    expect(await (await server.connect()).call('PING')).toBe(NOAUTH);
  });

  it('keeps strangers from sending giants', async () => {
    const server = await start({ requirepass: 'secret' });
    const refusals = {
      '*11\r\n': '-ERR Protocol error: unauthenticated multibulk length\r\n',
      '*2\r\n$16385\r\n': '-ERR Protocol error: unauthenticated bulk length\r\n',
    };
    for (const [bytes, text] of Object.entries(refusals)) {
      const stranger = await server.connect();
      stranger.write(bytes);
      expect(await stranger.untilClosed()).toBe(text);
    }
  });
});

describe('HELLO', () => {
  it('tells what the server is, and refuses protocols that it does not know', async () => {
    const server = await start();
    const client = await server.connect();
    expect(await client.call('HELLO', '4')).toBe('-NOPROTO unsupported protocol version\r\n');
    expect(await client.call('HELLO', 'x'))
      .toBe('-ERR Protocol version is not an integer or out of range\r\n');
    expect(await client.call('HELLO')).toMatch(/^\*14\r\n\$6\r\nserver\r\n\$5\r\nredis\r\n/);
    expect(await client.call('HELLO', '3')).toMatch(/^%7\r\n\$6\r\nserver\r\n\$5\r\nredis\r\n/);
    expect(await client.call('GET', 'none')).toBe('_\r\n');
    expect(await client.call('HELLO', '2')).toMatch(/^\*14\r\n/);
    expect(await client.call('GET', 'none')).toBe('$-1\r\n');
  });
});

describe('CLIENT KILL', () => {
  it('closes by id, by address and by kind, but not the caller', async () => {
    const server = await start();
    const killer = await server.connect();
    const [byId, byAddress, subscriber] = [
      await server.connect(), await server.connect(), await server.connect(),
    ];
    await subscriber.call('SUBSCRIBE', 'c');
    expect(await killer.call('CLIENT', 'KILL', 'ID', await idOf(byId))).toBe(':1\r\n');
    const [, address = ''] = / addr=(\S+)/.exec(await byAddress.call('CLIENT', 'INFO')) ?? [];
    expect(await killer.call('CLIENT', 'KILL', address)).toBe('+OK\r\n');
    expect(await killer.call('CLIENT', 'KILL', 'TYPE', 'pubsub')).toBe(':1\r\n');
    await Promise.all([byId.closed(), byAddress.closed(), subscriber.closed()]);
    expect(await killer.call('CLIENT', 'KILL', 'TYPE', 'normal')).toBe(':0\r\n');
    expect(await killer.call('CLIENT', 'KILL', '127.0.0.1:1')).toBe('-ERR No such client\r\n');
    expect(await killer.call('CLIENT', 'KILL', 'ID', await idOf(killer), 'SKIPME', 'no'))
      .toBe(':1\r\n');
    await killer.closed();
  });
});

describe('the end of a connection', () => {
  it('comes after the replies to all that was sent before QUIT', async () => {
    const server = await start();
    const client = await server.connect();
    client.send(['SET', 'k', '1'], ['INCR', 'k'], ['QUIT'], ['SET', 'k', 'after']);
    expect(await client.untilClosed()).toBe('+OK\r\n:2\r\n+OK\r\n');
    expect(await (await server.connect()).call('GET', 'k')).toBe('$1\r\n2\r\n');
  });

  it('comes with QUIT also behind commands that had to wait', async () => {
    const server = await start();
    const client = await server.connect();
    client.send(['KEYS', 'x'], ['SAVE'], ['WAIT', '0', '0'], ['QUIT'], ['SET', 'k', 'after']);
    expect(await client.untilClosed()).toBe('*0\r\n+OK\r\n:0\r\n+OK\r\n');
    expect(await (await server.connect()).call('GET', 'k')).toBe('$-1\r\n');
  });

  it('comes after all replies when the client has closed its half', async () => {
    const server = await start();
    const client = await server.connect();
    const count = 5000;
    client.send(...Array.from({ length: count }, () => ['INCR', 'n']));
    client.socket.end();
    expect(await client.untilClosed()).toMatch(new RegExp(`:${count}\r\n$`));
  });

  it('comes with the text of the error after a request that is none', async () => {
    const server = await start();
    const client = await server.connect();
    client.write(`${encodeRequest(['SET', 'k', '1'])}*1\r\nnonsense\r\n`);
    expect(await client.untilClosed())
      .toBe("+OK\r\n-ERR Protocol error: expected '$', got 'n'\r\n");
  });
});

describe('replies', () => {
  it('are left out by CLIENT REPLY OFF and SKIP', async () => {
    const server = await start();
    const client = await server.connect();
    client.send(['CLIENT', 'REPLY', 'OFF'], ['SET', 'k', '1'], ['nosuch'], ['INCR', 'k'],
      ['CLIENT', 'REPLY', 'ON'], ['CLIENT', 'REPLY', 'SKIP'], ['INCR', 'k'], ['GET', 'k']);
    expect(await client.replies(2)).toEqual(['+OK\r\n', '$1\r\n3\r\n']);
  });

  it('are left out when they are errors of SUBSCRIBE, and what it pushes is not', async () => {
    const server = await start();
    const client = await server.connect();
    client.send(['CLIENT', 'REPLY', 'OFF'], ['SUBSCRIBE'], ['SUBSCRIBE', 'a'], ['GET', 'k'],
      ['UNSUBSCRIBE', 'a'], ['CLIENT', 'REPLY', 'ON']);
    expect(await client.replies(3)).toEqual([
      '*3\r\n$9\r\nsubscribe\r\n$1\r\na\r\n:1\r\n',
      '*3\r\n$11\r\nunsubscribe\r\n$1\r\na\r\n:0\r\n', '+OK\r\n',
    ]);
  });

  it('wait while CLIENT PAUSE lasts, and keep their order', async () => {
    const server = await start();
    const [client, other] = [await server.connect(), await server.connect()];
    expect(await other.call('CLIENT', 'PAUSE', '60000', 'WRITE')).toBe('+OK\r\n');
    client.send(['GET', 'k'], ['SET', 'k', '1'], ['GET', 'k']);
    expect(await client.reply()).toBe('$-1\r\n');
    expect(await other.call('GET', 'k')).toBe('$-1\r\n');
    expect(await other.call('CLIENT', 'UNPAUSE')).toBe('+OK\r\n');
    expect(await client.replies(2)).toEqual(['+OK\r\n', '$1\r\n1\r\n']);
  });

  it('may not send messages while CLIENT PAUSE WRITE lasts, alone or in MULTI', async () => {
    const server = await start();
    const other = await server.connect();
    await other.call('CLIENT', 'PAUSE', '60000', 'WRITE');
    const publishers = await Promise.all([['PUBLISH', 'c', 'm'], ['SPUBLISH', 'c', 'm']].map(
      async (publish) => {
        const client = await server.connect();
        client.send(['PING'], publish, ['PING']);
        expect(await client.reply()).toBe('+PONG\r\n');
        return client;
      }));
    const inMulti = await server.connect();
    inMulti.send(['MULTI'], ['GET', 'c'], ['PUBLISH', 'c', 'm'], ['EXEC']);
    expect(await inMulti.replies(2)).toEqual(['+OK\r\n', '+QUEUED\r\n']);
    expect(await other.call('INFO', 'commandstats')).not.toMatch(/cmdstat_s?publish/);
    await other.call('CLIENT', 'UNPAUSE');
    for (const client of publishers) {
      expect(await client.replies(2)).toEqual([':0\r\n', '+PONG\r\n']);
    }
    expect(await inMulti.replies(2)).toEqual(['+QUEUED\r\n', '*2\r\n$-1\r\n:0\r\n']);
  });
});

describe('MONITOR', () => {
  // As in Redis: the database is the one after the command.
  it('shows the commands of others, in order, with their database and address', async () => {
    const server = await start();
    const [monitor, client] = [await server.connect(), await server.connect()];
    expect(await monitor.call('MONITOR')).toBe('+OK\r\n');
    await client.call('SELECT', '2');
    await client.call('SET', 'a "key"', 'line\r\n\x00\xff');
    const lines = await monitor.replies(2);
    expect(lines[0]).toMatch(/^\+\d+\.\d{6} \[2 127\.0\.0\.1:\d+\] "SELECT" "2"\r\n$/);
    expect(lines[1]).toMatch(/\[2 \S+\] "SET" "a \\"key\\"" "line\\r\\n\\x00\\xff"\r\n$/);
  });
});

describe('a Unix socket', () => {
  it('is listened on beside the port, with its mode, and goes with the server', async () => {
    const server = await start();
    await server.close();
    const path = join(server.dir, 'clients');
    await server.listen({ unixsocket: path, unixsocketperm: '700' });
    expect(statSync(path).mode & 0o777).toBe(0o700);
    const client = await WireClient.connect({ path });
    expect(await client.call('SET', 'k', '1')).toBe('+OK\r\n');
    expect(await (await server.connect()).call('GET', 'k')).toBe('$1\r\n1\r\n');
    client.close();
    await server.close();
    expect(existsSync(path)).toBe(false);
  });
});

describe('values of 100 MB', () => {
  const size = 100 * MiB;

  it('are stored and come back byte by byte, also after a restart', async () => {
    const server = await start();
    const value = Buffer.alloc(size);
    for (let at = 0; at < size; at += 4) value.writeUInt32LE(Math.imul(at, 2654435761) >>> 0, at);
    const client = await server.connect();
    client.write(`*3\r\n$3\r\nSET\r\n$3\r\nbig\r\n$${size}\r\n`);
    client.write(value);
    client.write('\r\n');
    expect(await client.reply()).toBe('+OK\r\n');
    expect(await client.call('GETRANGE', 'big', '-4', '-1'))
      .toBe(`$4\r\n${value.subarray(-4).toString('latin1')}\r\n`);
    await expectValue(client, value);
    await server.close();
    await server.listen();
    await expectValue(await server.connect(), value);
  }, 60_000);

  async function expectValue(client: WireClient, value: Buffer): Promise<void> {
    const reply = Buffer.from(await client.call('GET', 'big'), 'latin1');
    const header = `$${value.length}\r\n`;
    expect(reply.toString('latin1', 0, header.length)).toBe(header);
    // Not toEqual, which would print them.
    expect(reply.subarray(header.length, -2).equals(value)).toBe(true);
  }
});
