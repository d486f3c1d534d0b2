import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { NetLayer, turns, until, type NetClient } from './net-layer.ts';

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
});

/** Both clients have sent, and the server has run it all. */
async function ran(calls: number): Promise<void> {
  await until(() => server.called.length >= calls, `${calls} calls`);
  await turns(3);
}

describe('group commit', () => {
  it('commits once for a pipeline, and answers it in one write', async () => {
    const commits = server.gate.commits;
    client.send(...Array.from({ length: 1000 }, (_, i) => `SET k${i} v`));
    await client.expect(...Array.from({ length: 1000 }, () => '+OK'));
    expect(server.gate.commits - commits).toBeLessThanOrEqual(3);
    expect(server.writes.length).toBe(server.gate.commits - commits);
  });

  it('holds all replies back until their ticket, in order, those to reads too', async () => {
    server.gate.isAutomatic = false;
    client.send('SET a 1');
    await ran(1);
    client.send('GET a', 'SET a 2', 'GET a');
    other.send('GET a');
    await ran(5);
    expect(client.received + other.received).toBe('');
    server.gate.acknowledge();
    await client.expect('+OK', '$1', '1', '+OK', '$1', '2');
    await other.expect('$1', '2');
  });

  it('sends what is acknowledged while later writes still wait', async () => {
    server.gate.isAutomatic = false;
    client.send('SET a 1');
    await ran(1);
    const ticket = server.gate.commits;
    client.send('SET a 2');
    await ran(2);
    server.gate.acknowledge(ticket);
    await client.expect('+OK');
    await turns(5);
    expect(client.received).toBe('');
    server.gate.acknowledge();
    await client.expect('+OK');
  });

  it('needs one buffer or two for replies that wait, however many turns they took', async () => {
    server.gate.isAutomatic = false;
    for (let i = 1; i <= 50; i++) {
      client.send('SET a 1');
      await ran(i);
    }
    expect(server.pool.lent).toBeLessThanOrEqual(2);
    server.gate.acknowledge();
    await client.expect(...Array.from({ length: 50 }, () => '+OK'));
  });

  it('slows writes, not reads, by the delay that a nearly full disk asks for', async () => {
    server.gate.writeDelayMs = 40;
    client.send('SET a 1');
    other.send('GET a');
    await other.expect('$-1');
    server.clock.advance(39);
    await turns(5);
    expect(client.received).toBe('');
    server.clock.advance(1);
    await client.expect('+OK');
  });

  it('neither slows nor refuses what makes room on a full disk', async () => {
    server.gate.writeDelayMs = 20;
    client.send('SET a 1');
    await until(() => server.clock.nextTimerMs() !== null, 'it is slowed');
    other.send('GETDEL b', 'FLUSHDB');
    await other.expect('$-1', '+OK');
    server.clock.advance(20);
    await client.expect('+OK');
    server.gate.writeDelayMs = 0;
    server.gate.refusal = 'MISCONF the disk is full';
    client.send('SET c 1', 'GETDEL a', 'MULTI', 'GETDEL a', 'EXEC');
    await client.expect('-MISCONF the disk is full', '$1', '1', '+OK', '+QUEUED', '*1', '$-1');
  });

  it('closes after QUIT only when the writes before it are acknowledged', async () => {
    server.gate.isAutomatic = false;
    client.send('SET a 1', 'QUIT');
    await ran(2);
    expect(client.hasEnded).toBe(false);
    server.gate.acknowledge();
    await client.expect('+OK', '+OK');
    await client.ended();
  });
});

const LOST = '-MISCONF the disk is gone';

describe('a log that fails', () => {
  it('turns replies of the failing turn that rest on the data into errors', async () => {
    server.gate.failsWith = LOST.slice(1);
    client.send('PING', 'SET a 1', 'GET a', 'SET b 2');
    await client.expect('+PONG', LOST, LOST, LOST);
    client.send('SET a 1', 'GET b', 'PING');
    await client.expect(LOST, '$1', '2', '+PONG');
  });

  it('shows a write of the failing turn to no other client', async () => {
    server.gate.failsWith = LOST.slice(1);
    client.send('SET a 1');
    other.send('GET a', 'GET a');
    await client.expect(LOST);
    await other.expect(LOST, LOST);
  });

  it('replaces the reply to EXEC as a whole', async () => {
    client.send('MULTI', 'GET a', 'SET a 1');
    await client.expect('+OK', '+QUEUED', '+QUEUED');
    server.gate.failsWith = LOST.slice(1);
    client.send('EXEC', 'GET a');
    await client.expect(LOST, LOST);
  });

  it('closes who has changed its connection within EXEC: that is not taken back', async () => {
    client.send('MULTI', 'SELECT 1', 'SET a 1');
    await client.expect('+OK', '+QUEUED', '+QUEUED');
    server.gate.failsWith = LOST.slice(1);
    client.send('EXEC', 'GET a');
    await client.ended();
    expect(client.received).toBe('');
  });

  it('counts only requests that have a reply', async () => {
    server.gate.failsWith = LOST.slice(1);
    client.send('SET a 1', 'CLIENT REPLY OFF', 'GET a', 'GET a', 'CLIENT REPLY ON');
    await client.ended();
    expect(client.received).toBe('');
    server.gate.refusal = server.gate.freeingRefusal = undefined;
    other.send('SET a 1', 'CLIENT REPLY OFF', 'GET a', 'GET a');
    await other.expect(LOST);
  });

  it.each([
    ['SET a 1', 'PING'], ['SET a 1', 'SELECT 1', 'GET a'], ['SET a 1', 'MULTI'],
    ['SET a 1', 'SUBSCRIBE c'], ['CLIENT REPLY OFF', 'SET a 1'], ['PING'],
  ])('closes those whose errors could not be told from other replies: %s %s', async (...requests) => {
    server.gate.failsWith = LOST.slice(1);
    client.send(...requests);
    await client.ended();
    expect(client.received).toBe('');
    other.send('SET a 1', 'GET b', 'PING');
    await other.expect(LOST, '$-1', '+PONG');
  });

  it('closes those that wait for it, and leaves the others and sent replies alone', async () => {
    client.send('SET a 1');
    await client.expect('+OK');
    other.send('PING');
    await other.expect('+PONG');
    server.gate.isAutomatic = false;
    client.send('PING', 'SET a 2');
    await ran(4);
    server.gate.fail(LOST.slice(1));
    await client.ended();
    expect(client.received).toBe('');
    other.send('SET x 1', 'PING');
    await other.expect(LOST, '+PONG');
  });

  it('goes on after a turn that did not fit the disk', async () => {
    server.gate.isAutomatic = false;
    client.send('SET a 1');
    await ran(1);
    other.send('PING');
    await ran(2);
    server.gate.lose(LOST.slice(1));
    await client.ended();
    await other.ended();
    expect([client.received, other.received]).toEqual(['', '']);
    server.gate.isAutomatic = true;
    const third = await server.dial();
    third.send('SET a 2', 'GET a');
    await third.expect('+OK', '$1', '2');
  });

  it('leaves no more and no fewer replies than requests, whatever the reply mode', async () => {
    server.gate.isAutomatic = false;
    client.send('SET a 1', 'CLIENT REPLY OFF', 'PING', 'PING', 'CLIENT REPLY ON', 'PING');
    await ran(6);
    server.gate.fail(LOST.slice(1));
    await client.ended();
    expect(client.received).toBe('');
  });

  it('closes a client whose request waited for the disk behind a lost write', async () => {
    server.gate.isAutomatic = false;
    server.storage.coldKeys.add('c');
    client.send('SET a 1', 'GET c', 'PING');
    await until(() => server.storage.loading > 0, 'the key is loaded');
    await turns(3);
    server.storage.arrive();
    await ran(3);
    server.gate.fail(LOST.slice(1));
    await client.ended();
    expect(client.received).toBe('');
  });

  it('takes writes again once the store was recovered', async () => {
    server.gate.fail(LOST.slice(1));
    client.send('SET a 1');
    await client.expect(LOST);
    server.gate.refusal = server.gate.freeingRefusal = undefined;
    client.send('SET a 1', 'GET a');
    await client.expect('+OK', '$1', '1');
  });
});
