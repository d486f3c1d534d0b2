import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { TRANSACTION_BYTES_MAX } from '../../src/limits.ts';
import { LittleServer, turns, until, type TestClient } from '../net/little-server.ts';

let server: LittleServer;
let client: TestClient;
let other: TestClient;

beforeEach(async () => {
  server = await new LittleServer().listen();
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

  it('brings in the cold keys of its queue, in the database that SELECT chooses', async () => {
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
});

describe('EXEC with commands in steps', () => {
  it('is one batch, and others wait until it is over', async () => {
    const before = server.gate.batches.length;
    client.send('MULTI', 'SLEEP 100 a 1', 'INCR a', 'GET a2', 'EXEC');
    await until(() => server.clock.nextTimerMs() !== null, 'it is in its delay');
    other.send('GET a', 'SET b 1');
    await turns(5);
    expect(other.received).toBe('');
    expect(server.gate.batches.length).toBe(before);
    server.clock.advance(100);
    await client.expect('+OK', '+QUEUED', '+QUEUED', '+QUEUED', '*3', '+OK', ':2', '$1', '1');
    await other.expect('$1', '2', '+OK');
    await until(() => server.gate.batches.length > before, 'it is committed');
    expect(server.gate.batches[before]).toBeGreaterThanOrEqual(3);
    expect(server.called.at(-3)).toBe('exec 1');
  });

  it('lets a command that was under way wait too', async () => {
    other.send('SLEEP 50 x 1');
    await until(() => server.clock.nextTimerMs() !== null, 'it is in its delay');
    client.send('MULTI', 'NAP 100', 'GET x2');
    await client.expect('+OK', '+QUEUED', '+QUEUED');
    client.send('EXEC');
    await until(() => server.host.executor.holdsBatch, 'EXEC has begun');
    server.clock.advance(50);
    await turns(3);
    expect(other.received).toBe('');
    server.clock.advance(50);
    await client.expect('*2', '+AWAKE', '$-1');
    await other.expect('+OK');
  });

  it('ends, and frees the others, when its client disconnects in the middle', async () => {
    client.send('MULTI', 'SLEEP 100 a 1', 'EXEC');
    await until(() => server.clock.nextTimerMs() !== null, 'it is in its delay');
    other.send('GET a2');
    await turns(3);
    client.socket.resetAndDestroy();
    await until(() => server.clients.count === 1, 'it is closed');
    server.clock.advance(100);
    await other.expect('$1', '1');
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
    client.send('MULTI', 'NAP 10', 'PUBLISH c x', 'NAP 10');
    await client.expect('+OK', '+QUEUED', '+QUEUED', '+QUEUED');
    client.send('EXEC');
    for (let nap = 0; nap < 2; nap++) {
      await until(() => server.clock.nextTimerMs() !== null, 'it naps');
      await turns(3);
      expect(client.received).toBe('');
      server.clock.advance(10);
    }
    await client.expect('*3', '+AWAKE', ':1', '+AWAKE');
    await client.expect('>3', '$7', 'message', '$1', 'c', '$1', 'x');
  });
});
