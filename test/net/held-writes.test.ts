/** A connection over a socket in the test's hand, whose writes end when the test says so. */
import { EventEmitter } from 'node:events';
import type { Socket } from 'node:net';
import { beforeEach, describe, expect, it } from 'vitest';
import { CLOSE_LINGER_MS } from '../../src/io/limits.ts';
import { Connection } from '../../src/net/connection.ts';
import { NetLayer, turns, until } from './net-layer.ts';

class HeldSocket extends EventEmitter {
  readonly writes: string[] = [];
  readonly #done: (() => void)[] = [];
  destroyed = false;
  isPaused = false;

  write(bytes: Buffer, done: () => void): boolean {
    this.writes.push(bytes.toString('latin1'));
    this.#done.push(done);
    return false;
  }

  /** The oldest write has ended. */
  finishWrite(): void {
    this.#done.shift()!();
  }

  end(): void {}

  destroy(): void {
    this.destroyed = true;
  }

  pause(): void {
    this.isPaused = true;
  }

  resume(): void {
    this.isPaused = false;
  }
}

let server: NetLayer;
let socket: HeldSocket;
let connection: Connection;

beforeEach(() => {
  server = new NetLayer();
  socket = new HeldSocket();
  connection = new Connection(socket as unknown as Socket, 1, server.host, undefined);
});

function send(...lines: readonly string[]): void {
  socket.emit('data', Buffer.from(lines.map((line) => `${line}\r\n`).join('')));
}

describe('replies', () => {
  it('do not leave before their turn has ended, though a write ends in it', async () => {
    send('PING');
    await turns(2);
    send('SET a 1');
    socket.finishWrite();
    expect(socket.writes).toEqual(['+PONG\r\n']);
    const { commits } = server.gate;
    await turns(2);
    expect([socket.writes[1], server.gate.commits]).toEqual(['+OK\r\n', commits + 1]);
  });

  it('wait for their ticket also behind a write that has not ended', async () => {
    send('PING');
    await turns(2);
    server.gate.isAutomatic = false;
    send('SET a 1');
    await turns(2);
    expect(connection.waitsBeyond(server.gate.commits - 1)).toBe(true);
    expect(connection.waitsBeyond(server.gate.commits)).toBe(false);
    socket.finishWrite();
    await turns(2);
    expect(socket.writes).toHaveLength(1);
    server.gate.acknowledge();
    expect(socket.writes).toEqual(['+PONG\r\n', '+OK\r\n']);
    expect(connection.waitsBeyond(0)).toBe(false);
  });

  it('gather behind a write, and leave together', async () => {
    send('PING');
    await turns(2);
    for (let i = 0; i < 3; i += 1) {
      send(`ECHO ${i}`);
      await turns(2);
    }
    expect(socket.writes).toHaveLength(1);
    socket.finishWrite();
    expect(socket.writes.slice(1)).toEqual(['$1\r\n0\r\n$1\r\n1\r\n$1\r\n2\r\n']);
  });

  it('count as unsent until the socket has taken them, slice by slice', async () => {
    const value = 'x'.repeat(2_500_000);
    send(`*3\r\n$3\r\nSET\r\n$1\r\na\r\n$${value.length}\r\n${value}`, 'GET a');
    await turns(3);
    const all = '+OK\r\n'.length + `$${value.length}\r\n\r\n`.length + value.length;
    let taken = 0;
    for (let i = 0; taken < all && i < 100; i += 1) {
      expect(connection.facts.outputBytes).toBe(all - taken);
      taken += socket.writes[i]!.length;
      socket.finishWrite();
    }
    expect([taken, connection.facts.outputBytes, connection.facts.bytesOut]).toEqual([all, 0, all]);
    expect(socket.writes.length).toBeGreaterThan(1);
  });

  it('that are still being sent keep a connection that has ended, and no longer', async () => {
    send('PING', 'QUIT');
    await turns(2);
    const at = server.clock.nowMs();
    connection.sweep(at + 10 * CLOSE_LINGER_MS);
    expect(socket.destroyed).toBe(false);
    server.clock.advance(500);
    socket.finishWrite();
    connection.sweep(at + 500 + CLOSE_LINGER_MS - 1);
    expect(socket.destroyed).toBe(false);
    connection.sweep(at + 500 + CLOSE_LINGER_MS);
    expect(socket.destroyed).toBe(true);
  });
});

describe('requests', () => {
  it('go on behind a wait that fails, which is told as a bug', async () => {
    const { pause } = server.plumbing;
    const waitFor = pause.waitFor.bind(pause);
    for (let round = 1; round <= 2; round += 1) {
      pause.waitFor = () => {
        pause.waitFor = waitFor;
        return Promise.reject(new Error(`bug ${round}`));
      };
      send('PING');
      await until(() => socket.writes.length === round, 'it is answered');
      socket.finishWrite();
    }
    expect(server.bugs.map(String)).toEqual(['Error: bug 1', 'Error: bug 2']);
  });

  it('are read ahead up to half of what a client may have unread', async () => {
    const limit = 200_000;
    Object.assign(server.host, { queryBytesMax: limit });
    server.storage.coldKeys.add('cold');
    send('GET cold');
    await until(() => server.storage.loading > 0, 'it waits for the disk');
    const pings = 'PING\r\n'.repeat(1000);
    let sent = 0;
    for (; !socket.isPaused && sent < 2 * limit; sent += pings.length) {
      socket.emit('data', Buffer.from(pings));
    }
    expect(sent).toBeGreaterThan(limit / 2 - pings.length);
    expect(sent).toBeLessThan(limit / 2 + 2 * pings.length);
    server.storage.arrive();
    await until(() => server.called.length === 1 + sent / 6, 'all are answered');
    expect([socket.isPaused, server.counters.protocolErrors]).toEqual([false, 0]);
  });
});
