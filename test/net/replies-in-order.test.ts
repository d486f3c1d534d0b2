import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { NetLayer, turns, until } from './net-layer.ts';

let server: NetLayer;

beforeEach(async () => {
  server = await new NetLayer().listen();
});

afterEach(async () => {
  await server.close();
  expect(server.bugs).toEqual([]);
});

async function loads(): Promise<void> {
  await until(() => server.storage.loading > 0, 'a key is being loaded');
}

describe('the order of replies', () => {
  it('is that of requests, when one waits for the disk and others arrive behind it', async () => {
    const client = await server.dial();
    client.send('SET a 1', 'SET b 2');
    await client.expect('+OK', '+OK');
    server.storage.coldKeys.add('a');
    client.send('PING', 'GET a', 'GET b');
    await client.expect('+PONG');
    client.send('PING');
    await turns(5);
    expect(client.received).toBe('');
    server.storage.arrive();
    await client.expect('$1', '1', '$1', '2', '+PONG');
    expect(server.storage.pinned).toBe(0);
  });

  it('lets other connections go on while one waits', async () => {
    const [slow, quick] = [await server.dial(), await server.dial()];
    server.storage.coldKeys.add('a');
    slow.send('GET a');
    await loads();
    quick.send('SET b 1', 'GET b');
    await quick.expect('+OK', '$1', '1');
    server.storage.arrive();
    await slow.expect('$-1');
  });

  it('puts messages between replies, never inside one', async () => {
    const client = await server.dial();
    const other = await server.dial();
    client.send('HELLO 3', 'SUBSCRIBE c');
    await until(() => client.received.endsWith('c\r\n:1\r\n'), 'subscribed');
    client.received = '';
    client.send('MULTI', 'PUBLISH c x', 'PING', 'EXEC');
    const message = (text: string): string[] => ['>3', '$7', 'message', '$1', 'c', '$1', text];
    await client.expect('+OK', '+QUEUED', '+QUEUED', '*2', ':1', '+PONG', ...message('x'));
    server.storage.coldKeys.add('k');
    client.send('GET k');
    await loads();
    other.send('PUBLISH c y');
    await other.expect(':1');
    await client.expect(...message('y'));
    server.storage.arrive();
    await client.expect('_');
  });

  it('keeps lines of MONITOR out of the reply to EXEC', async () => {
    const client = await server.dial();
    client.send('MONITOR');
    await client.expect('+OK');
    client.send('MULTI', 'PING', 'PING', 'EXEC');
    await until(() => client.received.includes('"EXEC"'), 'EXEC is shown');
    const lines = client.received.replaceAll(/\d+\.\d+ \[[^\]]+\]/g, 'T').split('\r\n');
    expect(lines).toEqual([
      '+OK', '+T "MULTI"', '+QUEUED', '+QUEUED', '*2', '+PONG', '+PONG',
      '+T "PING"', '+T "PING"', '+T "EXEC"', '',
    ]);
  });
});

describe('a client that ends its side', () => {
  it('has every request answered that it sent before, even behind one that waits', async () => {
    const client = await server.dial();
    server.storage.coldKeys.add('a');
    client.send('GET a', 'SET b 2', 'GET b');
    client.socket.end();
    await loads();
    await turns(5);
    server.storage.arrive();
    await client.expect('$-1', '+OK', '$1', '2');
    await client.ended();
    await until(() => server.clients.count === 0, 'the connection is closed');
  });

  it('is closed although its last request is incomplete', async () => {
    const client = await server.dial();
    client.socket.end('PING\r\n*2\r\n$3\r\nGE');
    await client.expect('+PONG');
    await client.ended();
  });

  it('leaves nothing behind when it disconnects while its command waits', async () => {
    const client = await server.dial();
    server.storage.coldKeys.add('a');
    client.send('SUBSCRIBE s', 'RESET', 'WATCH a');
    await loads();
    client.socket.resetAndDestroy();
    await until(() => server.clients.count === 0, 'the connection is closed');
    server.storage.arrive();
    await turns(5);
    expect(server.plumbing.watched.count).toBe(0);
    expect(server.plumbing.hub.channelCount).toBe(0);
    expect(server.pool.lent).toBe(0);
  });
});

describe('ends and errors in a pipeline', () => {
  it('runs nothing behind QUIT, and closes even a client that does not', async () => {
    const client = await server.dial();
    client.send('PING', 'QUIT', 'SET a 1');
    await client.expect('+PONG', '+OK');
    await client.ended();
    expect(server.storage.effects).toBe(0);
    expect(server.clients.count).toBe(1);
    server.clock.advance(1000);
    server.clients.sweep(server.clock.nowMs());
    await until(() => server.clients.count === 0, 'the connection is closed');
  });

  it.each(['QUIT', 'CLIENT KILL TYPE normal SKIPME no'])(
    'runs nothing behind %s, also when a request before it had to wait', async (end) => {
      const client = await server.dial();
      server.storage.coldKeys.add('a');
      client.send('GET a', end, 'SET b 1', 'GET b');
      await loads();
      server.storage.arrive();
      await client.ended();
      expect(client.received).toMatch(/^\$-1\r\n(\+OK|:1)\r\n$/);
      expect(server.storage.effects).toBe(0);
    });

  it('answers valid requests in front of a protocol error, then says it and closes', async () => {
    const client = await server.dial();
    client.socket.write('PING\r\n*1\r\n$x\r\nPING\r\n');
    await client.expect('+PONG', '-ERR Protocol error: invalid bulk length');
    await client.ended();
    expect(client.received).toBe('');
    expect(server.counters.protocolErrors).toBe(1);
  });

  it('says nothing of it to a client that wants no replies', async () => {
    const client = await server.dial();
    client.socket.write('PING\r\nCLIENT REPLY OFF\r\n*1\r\n$x\r\n');
    await client.ended();
    expect(client.received).toBe('+PONG\r\n');
  });

  it('keeps a protocol error behind the reply to a request that waits', async () => {
    const client = await server.dial();
    server.storage.coldKeys.add('a');
    client.socket.write('GET a\r\n*1\r\n$x\r\n');
    await loads();
    server.storage.arrive();
    await client.expect('$-1', '-ERR Protocol error: invalid bulk length');
    await client.ended();
  });

  it('goes back to the beginning with RESET', async () => {
    const client = await server.dial();
    client.send('SELECT 3', 'HELLO 3', 'SUBSCRIBE c', 'MULTI', 'PING', 'CLIENT REPLY OFF', 'RESET');
    await until(() => client.received.endsWith('+RESET\r\n'), 'it is reset');
    client.received = '';
    client.send('EXEC', 'GET nothing', 'CLIENT INFO');
    await client.expect('-ERR EXEC without MULTI', '$-1');
    await until(() => client.received.includes('db='), 'its facts');
    expect(client.received).toMatch(/ db=0 sub=0 psub=0 /);
  });

  it.each([
    ['OFF until ON', ['CLIENT REPLY OFF', 'PING', 'NOPE', 'CLIENT REPLY ON', 'PING'],
      ['+OK', '+PONG']],
    ['SKIP for one request', ['CLIENT REPLY SKIP', 'PING', 'PING'], ['+PONG']],
    ['SKIP after SKIP', ['CLIENT REPLY SKIP', 'CLIENT REPLY SKIP', 'PING', 'PING'], ['+PONG']],
    ['SKIP of an error', ['CLIENT REPLY SKIP', 'NOPE', 'PING'], ['+PONG']],
    ['SKIP while OFF', ['CLIENT REPLY OFF', 'CLIENT REPLY SKIP', 'PING', 'PING',
      'CLIENT REPLY ON', 'PING'], ['+OK', '+PONG']],
    ['SKIP then OFF', ['CLIENT REPLY SKIP', 'CLIENT REPLY OFF', 'PING', 'CLIENT REPLY ON'],
      ['+OK']],
    ['SKIP of RESET', ['CLIENT REPLY SKIP', 'RESET', 'PING'], ['+PONG']],
    ['OFF, but not of RESET', ['CLIENT REPLY OFF', 'RESET', 'PING'], ['+RESET', '+PONG']],
    ['SKIP of MULTI', ['CLIENT REPLY SKIP', 'MULTI', 'PING', 'EXEC'],
      ['+QUEUED', '*1', '+PONG']],
    ['OFF of what is queued', ['MULTI', 'CLIENT REPLY ON', 'CLIENT REPLY OFF', 'EXEC', 'PING',
      'MULTI', 'PING', 'EXEC', 'CLIENT REPLY ON'], ['+OK', '+QUEUED', '+QUEUED', '+OK']],
    ['OFF, but not of SUBSCRIBE', ['CLIENT REPLY OFF', 'SUBSCRIBE c', 'PING'],
      ['*3', '$9', 'subscribe', '$1', 'c', ':1']],
  ])('silences with CLIENT REPLY: %s', async (_what, requests, replies) => {
    const client = await server.dial();
    client.send(...requests, 'CLIENT REPLY ON', 'QUIT');
    await client.ended();
    const ends = requests.some((request) => request.startsWith('SUBSCRIBE')) ? [] : ['+OK', '+OK'];
    expect(client.received).toBe([...replies, ...ends].map((line) => `${line}\r\n`).join(''));
  });
});

describe('CLIENT PAUSE', () => {
  it('lets requests wait in their order, and loses none', async () => {
    const [client, boss] = [await server.dial(), await server.dial()];
    boss.send('CLIENT PAUSE 1000');
    await boss.expect('+OK');
    client.send('SET a 1', 'GET a');
    client.send('INCR a');
    await turns(5);
    expect(server.storage.effects).toBe(0);
    server.clock.advance(1000);
    await client.expect('+OK', '$1', '1', ':2');
  });

  it('stops only writes with WRITE, also those that EXEC would run', async () => {
    const [client, boss] = [await server.dial(), await server.dial()];
    client.send('MULTI', 'SET a 1');
    await client.expect('+OK', '+QUEUED');
    boss.send('CLIENT PAUSE 1000 WRITE', 'GET a');
    await boss.expect('+OK', '$-1');
    client.send('EXEC');
    await turns(5);
    expect(client.received).toBe('');
    boss.send('CLIENT UNPAUSE');
    await boss.expect('+OK');
    await client.expect('*1', '+OK');
  });

  it('does not run what a client asked that left meanwhile', async () => {
    const [client, boss] = [await server.dial(), await server.dial()];
    boss.send('CLIENT PAUSE 1000');
    await boss.expect('+OK');
    client.send('SET a 1');
    await turns(5);
    client.socket.resetAndDestroy();
    await until(() => server.clients.count === 1, 'the connection is closed');
    server.clock.advance(1000);
    await turns(5);
    expect(server.storage.effects).toBe(0);
  });
});

describe('a command that throws', () => {
  it('replies one whole error, and the connection goes on', async () => {
    const client = await server.dial();
    client.send('PING', 'CRASH', 'PING');
    await client.expect('+PONG', '-ERR a bug on purpose', '+PONG');
    expect(server.crashes).toHaveLength(1);
  });

  it('only in its key positions runs all the same: those are for speed', async () => {
    const client = await server.dial();
    client.send('PING', 'CRASHKEYS k', 'PING');
    await client.expect('+PONG', '+OK', '+PONG');
  });

  it('does so in a step, and for an EXEC as a whole', async () => {
    const client = await server.dial();
    client.send('CRASHSTEP', 'PING', 'MULTI', 'CRASH', 'PING', 'EXEC');
    await until(() => server.clock.nextTimerMs() !== null, 'it is in its delay');
    server.clock.advance(1);
    await client.expect('-ERR a bug in a step', '+PONG', '+OK', '+QUEUED', '+QUEUED',
      '-ERR a bug on purpose');
  });

  it('replies an error when a record is damaged', async () => {
    const client = await server.dial();
    server.storage.coldKeys.add('a');
    server.storage.damaged = new Error('it is damaged');
    client.send('GET a', 'PING');
    await loads();
    server.storage.unreadable.add('a');
    server.storage.arrive();
    await client.expect('-ERR a cannot be read', '+PONG');
  });
});
