import { createServer, type AddressInfo, type Socket } from 'node:net';
import { describe, expect, it, onTestFinished } from 'vitest';
import { LINK_FRAME_BYTES_MAX, LINK_PING_MS, LINK_TIMEOUT_MS } from '../../../src/raft/limits.ts';
import { LINK_QUEUE_BYTES_MAX } from '../../../src/raft/links/dialled-link.ts';
import type { Message } from '../../../src/raft/core/message.ts';
import { FrameDecoder } from '../../../src/raft/links/frame.ts';
import { AcceptorHandshake } from '../../../src/raft/links/handshake.ts';
import { SimClock } from '../../sim/sim-clock.ts';
import { bytes } from './messages.ts';
import { factsOf, line, linkedPair, node, propose, until } from './test-node.ts';

/** A peer that agrees and then reads nothing. */
async function sleeper(name: string): Promise<{ address: string; wake: () => void }> {
  const sockets: Socket[] = [];
  const server = createServer((socket) => {
    sockets.push(socket.on('error', () => undefined));
    const handshake = new AcceptorHandshake({
      secret: 'open sesame', nonce: bytes(32), self: () => factsOf(name), judge: () => undefined,
    });
    const decoder = new FrameDecoder(1 << 20);
    socket.on('data', (chunk) => {
      decoder.feed(chunk);
      const frame = decoder.next();
      const step = frame === undefined ? undefined : handshake.onFrame(frame);
      if (step?.send !== undefined) socket.write(step.send);
      if (step?.kind === 'agreed') socket.pause().removeAllListeners('data');
    });
  });
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  onTestFinished(() => {
    server.close();
    for (const socket of sockets) socket.destroy();
  });
  const { port } = server.address() as AddressInfo;
  return { address: `127.0.0.1:${port}`, wake: () => sockets.forEach((socket) => socket.resume()) };
}

describe('a peer that does not read', () => {
  it('has its messages dropped at the bound, and blocks nobody else', async () => {
    const clock = new SimClock();
    const [a, b] = [node('a', { clock }), node('b')];
    await Promise.all([a.listen(), b.listen()]);
    const slow = await sleeper('s');
    a.links.setPeers([{ name: 's', address: slow.address }, { name: 'b', address: b.address }]);
    await until(() => a.peer('s').connected && a.peer('b').connected);
    const to = factsOf('s').id;
    const message: Message = { ...propose(a, b, bytes(1 << 20)), to };
    let taken = 0;
    // The system's own buffers take some megabytes, and more when they have been read a while.
    while (a.links.send(to, message)) {
      taken += 1;
      a.links.flush();
      await new Promise((resolve) => void setImmediate(resolve));
    }
    expect(taken * (1 << 20)).toBeGreaterThan(LINK_QUEUE_BYTES_MAX - (1 << 21));
    expect(taken * (1 << 20)).toBeLessThan(4 * LINK_QUEUE_BYTES_MAX);
    expect(a.peer('s').dropped).toBe(1);
    expect(a.send(b, 7)).toBe(true);
    await until(() => b.messages.length === 1);
    slow.wake();
    await until(() => a.links.send(to, message));
  });

  it('gets one message of any allowed size, but none above', async () => {
    const [a, b] = [node('a'), node('b')];
    await linkedPair(a, b);
    const large = new Uint8Array(LINK_QUEUE_BYTES_MAX + 1);
    await until(() => a.links.send(b.id, propose(a, b, large)));
    await until(() => b.messages.length === 1);
    const larger = new Uint8Array(LINK_FRAME_BYTES_MAX);
    expect(a.links.send(b.id, propose(a, b, larger))).toBe(false);
    expect(a.warnings()).toEqual([
      `no link with b: propose: a message of ${LINK_FRAME_BYTES_MAX + 15} bytes, `
      + `allowed are ${LINK_FRAME_BYTES_MAX}`,
    ]);
  });
});

/** Its monotonic time can jump between two timers. */
class StallingClock extends SimClock {
  stalledMs = 0;

  override monotonicMs(): number {
    return super.monotonicMs() + this.stalledMs;
  }
}

describe('a peer behind a line that goes silent', () => {
  it('is noticed after LINK_TIMEOUT_MS and dialled again until it is back', async () => {
    const clock = new SimClock();
    const [a, b] = [node('a', { clock }), node('b')];
    await Promise.all([a.listen(), b.listen()]);
    const cable = await line(() => b.links.port);
    a.links.setPeers([{ name: 'b', address: cable.address }]);
    await until(() => a.peer('b').connected && a.peer('b').roundTripMs !== undefined);

    cable.goSilent();
    clock.advance(LINK_TIMEOUT_MS - LINK_PING_MS);
    expect(a.peer('b').connected).toBe(true);
    expect(a.send(b, 1)).toBe(true);
    clock.advance(3 * LINK_PING_MS);
    expect(a.lost).toEqual(['b']);
    expect(a.peer('b').lastError).toBe('no answer for 2000 ms');
    expect(a.send(b, 2)).toBe(false);

    const before = cable.connections;
    while (cable.connections < before + 2) await clock.advanceGently(100);
    expect(a.peer('b').connected).toBe(false);
    cable.heal();
    while (!a.peer('b').connected) await clock.advanceGently(10);
    expect(a.send(b, 3)).toBe(true);
    await until(() => b.messages.length > 0);
    expect(b.rounds()).toEqual([3]);
  });

  it('is not given up because this process stood still', async () => {
    const clock = new StallingClock();
    const [a, b] = [node('a', { clock }), node('b')];
    await linkedPair(a, b);
    for (let stall = 0; stall < 5; stall += 1) {
      clock.stalledMs += 10 * LINK_TIMEOUT_MS;
      clock.advance(LINK_PING_MS);
    }
    expect(a.lost).toEqual([]);
    expect(a.isLinkedWith('b')).toBe(true);
  });

  it('is noticed from the hearing side too', async () => {
    const clock = new SimClock();
    const [a, b] = [node('a', { clock }), node('b')];
    await Promise.all([a.listen(), b.listen()]);
    const cable = await line(() => a.links.port);
    b.links.setPeers([{ name: 'a', address: cable.address }]);
    await until(() => a.met.length > 0);
    cable.goSilent();
    clock.advance(LINK_TIMEOUT_MS + 2 * LINK_PING_MS);
    expect(a.lost).toEqual(['b']);
    expect(a.warnings()).toEqual(['no link with b: nothing heard for 2000 ms']);
  });

  it('is dialled at once when it dials us', async () => {
    const clock = new SimClock();
    const a = await node('a', { clock }).listen();
    const b = node('b');
    const cable = await line(() => b.links.port);
    a.links.setPeers([{ name: 'b', address: cable.address }]);
    await until(() => cable.connections === 1 && a.peer('b').lastError !== undefined);
    await b.listen();
    // No time passes for a: its next dial by itself never comes.
    b.dial(a);
    await until(() => a.isLinkedWith('b'));
  });

  it('is not given up while a large message creeps in', async () => {
    const [clockA, clockB] = [new SimClock(), new SimClock()];
    const [a, b] = [node('a', { clock: clockA }), node('b', { clock: clockB })];
    await Promise.all([a.listen(), b.listen()]);
    let passed = 0;
    let allowed = Infinity;
    let held = Buffer.alloc(0);
    const cable = await line(() => b.links.port);
    cable.alter = (chunk) => {
      held = Buffer.concat([held, chunk]);
      const some = held.subarray(0, Math.max(0, allowed - passed));
      held = held.subarray(some.length);
      passed += some.length;
      return some;
    };
    a.links.setPeers([{ name: 'b', address: cable.address }]);
    await until(() => a.peer('b').roundTripMs !== undefined);
    allowed = passed;
    clockB.advance(LINK_PING_MS);
    a.links.send(b.id, propose(a, b, bytes(100_000)));
    for (let tick = 0; tick < 30; tick += 1) {
      allowed += 1000;
      const heard = b.peer('a').bytesIn;
      const answered = a.peer('b').bytesIn;
      clockA.advance(LINK_PING_MS);
      await until(() => b.peer('a').bytesIn > heard);
      clockB.advance(LINK_PING_MS);
      await until(() => a.peer('b').bytesIn > answered);
    }
    expect(a.lost).toEqual([]);
    expect(b.messages).toEqual([]);
    allowed = Infinity;
    clockA.advance(LINK_PING_MS);
    await until(() => b.messages.length === 1);
  });
});
