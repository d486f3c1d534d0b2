import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { TRANSACTION_BYTES_MAX } from '../../src/session/transaction.ts';
import { NetLayer, until, type NetClient } from '../net/net-layer.ts';

let server: NetLayer;
let client: NetClient;
let other: NetClient;

beforeEach(async () => {
  server = await new NetLayer().listen();
  client = await server.dial();
  other = await server.dial();
});

afterEach(async () => {
  await server.close();
  expect(server.bugs).toEqual([]);
  expect(server.crashes).toEqual([]);
});

describe('a transaction', () => {
  it('runs nothing when a command was refused while it was queued', async () => {
    client.send('MULTI', 'SET a 1', 'SET a', 'NOPE', 'EXEC', 'EXEC');
    await client.expect('+OK', '+QUEUED', "-ERR wrong number of arguments for 'set' command",
      "-ERR unknown command 'NOPE', with args beginning with: ",
      '-EXECABORT Transaction discarded because of previous errors.', '-ERR EXEC without MULTI');
    expect(server.storage.effects).toBe(0);
  });

  it('is discarded by an EXEC that has arguments, as in Redis', async () => {
    client.send('MULTI', 'EXEC foo', 'PING', 'EXEC');
    await client.expect('+OK', '-EXECABORT Transaction discarded because of: ' +
      "wrong number of arguments for 'exec' command", '+PONG', '-ERR EXEC without MULTI');
  });

  it('survives a nested MULTI and a WATCH inside, which are errors', async () => {
    client.send('MULTI', 'MULTI', 'WATCH a', 'PING', 'EXEC');
    await client.expect('+OK', '-ERR MULTI calls can not be nested',
      '-ERR WATCH inside MULTI is not allowed', '+QUEUED', '*1', '+PONG');
  });

  it('forgets its queue and its watched keys with DISCARD', async () => {
    client.send('WATCH a', 'MULTI', 'SET a 1', 'DISCARD', 'GET a', 'DISCARD');
    await client.expect('+OK', '+OK', '+QUEUED', '+OK', '$-1', '-ERR DISCARD without MULTI');
    expect(server.plumbing.watched.count).toBe(0);
  });

  it('prefetches the cold keys of its queue, in the database that SELECT chooses', async () => {
    client.send('SELECT 1', 'SET a one', 'SELECT 0', 'SET a zero', 'SET b 2');
    await client.expect('+OK', '+OK', '+OK', '+OK', '+OK');
    for (const key of ['a', 'b']) server.storage.coldKeys.add(key);
    client.send('MULTI', 'GET b', 'SELECT 1', 'GET a', 'EXEC', 'GET a');
    await until(() => server.storage.loading > 0, 'keys are loaded');
    server.storage.arrive();
    await client.expect('+OK', '+QUEUED', '+QUEUED', '+QUEUED');
    await client.expect('*3', '$1', '2', '+OK', '$3', 'one', '$3', 'one');
    expect(server.storage.pinned).toBe(0);
  });

  it('tells statistics of EXEC with its own arguments', async () => {
    client.send('MULTI', 'SET a 1', 'EXEC');
    await client.expect('+OK', '+QUEUED', '*1', '+OK');
    expect(server.called).toEqual(['multi 1', 'set 3', 'exec 1']);
  });

  it('breaks when its queue takes too much memory, tiny requests included', () => {
    const session = [...server.clients.connections][0]!.session;
    const entry = { isImmediate: false } as never;
    session.transaction.begin();
    const args = { bytes: TRANSACTION_BYTES_MAX / 4, detach: () => args } as never;
    const taken = [1, 2, 3, 4].map(() => session.transaction.enqueue(entry, args));
    expect(taken).toEqual([true, true, true, false]);
    expect(session.transaction.broken).toBe(true);
    session.transaction.discard();
  });

  it('is refused as a whole when writes are no longer taken', async () => {
    client.send('MULTI', 'SET a 1', 'GET a');
    await client.expect('+OK', '+QUEUED', '+QUEUED');
    server.gate.refusal = 'MISCONF disk full';
    client.send('EXEC', 'MULTI', 'GET a', 'EXEC');
    await client.expect('-EXECABORT Transaction discarded because of: MISCONF disk full',
      '+OK', '+QUEUED', '*1', '$-1');
    expect(server.storage.effects).toBe(0);
  });
});

describe('WATCH', () => {
  it.each([
    ['a change', ['SET a 1'], true],
    ['a change of another key', ['SET b 1'], false],
    ['FLUSHALL', ['FLUSHALL'], true],
    ['SWAPDB', ['SWAPDB 0 1'], true],
    ['SWAPDB of others', ['SWAPDB 1 2'], false],
  ])('after %s', async (_what, requests, isTouched) => {
    client.send('SET a 0', 'WATCH a', 'MULTI', 'PING');
    await client.expect('+OK', '+OK', '+OK', '+QUEUED');
    other.send(...requests);
    await other.expect('+OK');
    client.send('EXEC');
    await (isTouched ? client.expect('*-1') : client.expect('*1', '+PONG'));
  });

  it('minds no FLUSHDB while the key is absent, but a SWAPDB that makes it appear', async () => {
    other.send('SET b 1', 'SELECT 1', 'SET c 1');
    await other.expect('+OK', '+OK', '+OK');
    client.send('WATCH c', 'MULTI', 'PING');
    await client.expect('+OK', '+OK', '+QUEUED');
    other.send('SELECT 0', 'FLUSHDB');
    await other.expect('+OK', '+OK');
    client.send('EXEC', 'WATCH c', 'MULTI', 'PING');
    await client.expect('*1', '+PONG', '+OK', '+OK', '+QUEUED');
    other.send('SWAPDB 0 1');
    await other.expect('+OK');
    client.send('EXEC');
    await client.expect('*-1');
  });

  it('is touched by an expiry that passes, whether or not somebody notices', async () => {
    client.send('SET a 1 PX 100', 'WATCH a', 'MULTI', 'PING');
    await client.expect('+OK', '+OK', '+OK', '+QUEUED');
    server.clock.advance(100);
    client.send('EXEC');
    await client.expect('*-1');
  });

  it('is not touched when the key had expired before', async () => {
    client.send('SET a 1 PX 100');
    await client.expect('+OK');
    server.clock.advance(100);
    client.send('WATCH a', 'MULTI', 'PING', 'EXEC');
    await client.expect('+OK', '+OK', '+QUEUED', '*1', '+PONG');
  });

  it('of 50,000 keys takes a moment, and so does the EXEC that compares them', async () => {
    const keys = Array.from({ length: 50_000 }, (_, i) => `k${i}`);
    const watch = ['WATCH', ...keys].map((word) => `$${word.length}\r\n${word}\r\n`);
    client.socket.write(`*${watch.length}\r\n${watch.join('')}`);
    client.send('MULTI', 'PING', 'EXEC');
    await client.expect('+OK', '+OK', '+QUEUED', '*1', '+PONG');
    expect(server.plumbing.watched.count).toBe(0);
  });
});

describe('EXEC that fails', () => {
  it('is over, and nothing of it was made, when a key in its middle cannot be read', async () => {
    client.send('SET n 1', 'SET bad x', 'WATCH n');
    await client.expect('+OK', '+OK', '+OK');
    server.storage.unreadable.add('bad');
    client.send('MULTI', 'INCR n', 'GET bad', 'INCR n', 'EXEC');
    await client.expect('+OK', '+QUEUED', '+QUEUED', '+QUEUED', '-ERR bad cannot be read');
    expect(server.crashes.splice(0)).toEqual(['Error: bad cannot be read']);
    client.send('PING', 'GET n', 'EXEC', 'MULTI', 'INCR n', 'EXEC');
    await client.expect('+PONG', '$1', '1', '-ERR EXEC without MULTI', '+OK', '+QUEUED', '*1', ':2');
    expect(server.plumbing.watched.count).toBe(0);
  });

  it('is not prevented by a WATCH that failed', async () => {
    client.send('SET n 1', 'SET bad x');
    await client.expect('+OK', '+OK');
    server.storage.unreadable.add('bad');
    client.send('WATCH n bad', 'SET n 2', 'MULTI', 'INCR n', 'EXEC');
    await client.expect('-ERR bad cannot be read', '+OK', '+OK', '+QUEUED', '*1', ':3');
    server.crashes.length = 0;
    expect(server.plumbing.watched.count).toBe(0);
  });

  it('gives a database back that it has emptied', async () => {
    client.send('SET n 1', 'SELECT 1', 'SET far 2', 'SET bad x', 'SELECT 0');
    await client.expect('+OK', '+OK', '+OK', '+OK', '+OK');
    server.storage.unreadable.add('bad');
    client.send('MULTI', 'FLUSHDB', 'SWAPDB 0 1', 'SET n 5', 'GET bad', 'EXEC');
    await client.expect('+OK', '+QUEUED', '+QUEUED', '+QUEUED', '+QUEUED', '-ERR bad cannot be read');
    server.crashes.length = 0;
    client.send('GET n', 'SELECT 1', 'GET far');
    await client.expect('$1', '1', '+OK', '$1', '2');
  });
});

describe('EXEC with commands in steps', () => {
  it('waits for nothing: others see all of it or nothing', async () => {
    const before = server.gate.batches.length;
    client.send('MULTI', 'SET a 1', 'NAP 100', 'INCR a', 'EXEC', 'GET a');
    other.send('GET a');
    await client.expect('+OK', '+QUEUED', '+QUEUED', '+QUEUED', '*3', '+OK', '+AWAKE', ':2', '$1', '2');
    await until(() => other.received.length > 0, 'the other has its reply');
    expect(['$-1\r\n', '$1\r\n2\r\n']).toContain(other.received);
    expect(server.gate.batches.length).toBe(before + 1);
    expect(server.called).toContain('exec 1');
  });

  it('replies nil or an error like any other', async () => {
    client.send('WATCH k', 'MULTI', 'NAP 1');
    await client.expect('+OK', '+OK', '+QUEUED');
    other.send('SET k 1');
    await other.expect('+OK');
    client.send('EXEC', 'MULTI', 'NAP 1', 'NOPE', 'EXEC');
    await client.expect('*-1', '+OK', '+QUEUED',
      "-ERR unknown command 'NOPE', with args beginning with: ",
      '-EXECABORT Transaction discarded because of previous errors.');
  });

  it('keeps messages out of its reply', async () => {
    client.send('HELLO 3', 'SUBSCRIBE c');
    await until(() => client.received.endsWith('c\r\n:1\r\n'), 'subscribed');
    client.received = '';
    client.send('MULTI', 'NAP 10', 'PUBLISH c x', 'NAP 10', 'EXEC');
    await client.expect('+OK', '+QUEUED', '+QUEUED', '+QUEUED', '*3', '+AWAKE', ':1', '+AWAKE');
    await client.expect('>3', '$7', 'message', '$1', 'c', '$1', 'x');
  });
});
