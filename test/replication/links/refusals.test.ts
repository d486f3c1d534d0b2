import type { Socket } from 'node:net';
import { describe, expect, it } from 'vitest';
import { LINK_FRAME_BYTES_MAX, LINK_STRANGERS_MAX } from '../../../src/limits.ts';
import { FRAME, encodeFrame, FrameDecoder } from '../../../src/replication/links/frame.ts';
import { DiallerHandshake } from '../../../src/replication/links/handshake.ts';
import { SimClock } from '../../sim/sim-clock.ts';
import { bytes } from './messages.ts';
import {
  closed, dialRaw, factsOf, linkedPair, node, until, type TestNode,
} from './test-node.ts';

describe('who is refused', () => {
  it('has another secret: neither talks, and both log why, once', async () => {
    const a = await node('a').listen();
    const b = await node('b', { secret: 'swordfish' }).listen();
    const reason = 'the two nodes have different peer-secrets';
    a.dial(b);
    await until(() => a.peer('b').lastError === `refused: ${reason}`);
    const { bytesOut } = a.peer('b');
    await until(() => a.peer('b').bytesOut >= 4 * bytesOut);
    expect(a.warnings()).toEqual([`no link with b: refused: ${reason}`]);
    expect(b.warnings()).toEqual([`no link with 127.0.0.1: ${reason}`]);
    expect(JSON.stringify([a.log, b.log])).not.toMatch(/swordfish|sesame/);
    expect([...a.met, ...b.met]).toEqual([]);
  });

  it('has no secret where one is needed, or one where there is none', async () => {
    const a = await node('a', { secret: undefined }).listen();
    const b = await node('b').listen();
    a.dial(b);
    b.dial(a);
    await until(() => a.warnings().length >= 2 && b.warnings().length >= 2);
    const text = [...a.warnings(), ...b.warnings()].join('\n');
    expect(text).toMatch(/the node that was dialled has a peer-secret, the node that dialled has none/);
    expect(text).toMatch(/the node that dialled has a peer-secret, the node that was dialled has none/);
    expect([...a.met, ...b.met]).toEqual([]);
  });

  it('is disliked by judge, and is told so', async () => {
    const a = await node('a').listen();
    const judge = ({ name }: { name: string }, direction: string): string | undefined => (
      direction === 'inbound' ? `peer ${name} is not configured` : undefined
    );
    const b = await node('b', { judge }).listen();
    a.dial(b);
    await until(() => a.warnings().length > 0 && b.warnings().length > 0);
    expect(a.warnings()).toEqual(['no link with b: refused: peer a is not configured']);
    expect(b.warnings()).toEqual(['no link with 127.0.0.1: peer a is not configured']);
  });

  it('is not the peer that was dialled', async () => {
    const [a, b] = [await node('a').listen(), await node('b').listen()];
    a.links.setPeers([{ name: 'c', address: b.address }]);
    const reason = 'dialled for peer c, found peer b';
    await until(() => a.peer('c').lastError === reason);
    await until(() => b.warnings().includes(`no link with 127.0.0.1: refused: ${reason}`));
    expect(a.met).toEqual([]);
  });

  it('sends garbage: it is closed and the others go on', async () => {
    const [a, b] = [node('a'), node('b')];
    await linkedPair(a, b);
    for (const garbage of ['GET / HTTP/1.1\r\n\r\n', 'x'.repeat(70_000), '\0'.repeat(100)]) {
      const stranger = dialRaw(a);
      stranger.write(garbage);
      await closed(stranger);
    }
    expect(a.links.strangers).toBe(0);
    expect(a.warnings().join('\n')).toMatch(/a frame of \d+ bytes, allowed are 1 to 32768/);
    b.send(a, 1);
    await until(() => a.messages.length === 1);
  });

  it('says nothing for too long', async () => {
    const clock = new SimClock();
    const a = await node('a', { clock }).listen();
    const stranger = dialRaw(a);
    await until(() => a.links.strangers === 1);
    clock.advance(4900);
    expect(a.warnings()).toEqual([]);
    clock.advance(200);
    await closed(stranger);
    expect(a.warnings()).toEqual(['no link with 127.0.0.1: no agreement within 5000 ms']);
  });

  it('is one stranger too many: the oldest goes, and a peer still gets through', async () => {
    const a = await node('a').listen();
    const strangers = Array.from({ length: LINK_STRANGERS_MAX }, () => dialRaw(a));
    await until(() => a.links.strangers === LINK_STRANGERS_MAX);
    const b = await node('b').listen();
    b.dial(a);
    await until(() => b.peer('a').connected);
    await closed(strangers[0]!);
    await until(() => a.links.strangers === LINK_STRANGERS_MAX - 1);
  });
});

/** A peer with the secret that says what it should not. */
async function rogue(to: TestNode): Promise<Socket> {
  const socket = dialRaw(to);
  const handshake = new DiallerHandshake('link', {
    secret: 'open sesame', nonce: bytes(32), self: () => factsOf('r'), judge: () => undefined,
  });
  socket.write(handshake.start());
  const decoder = new FrameDecoder(LINK_FRAME_BYTES_MAX);
  await new Promise<void>((resolve) => {
    socket.on('data', (chunk) => {
      decoder.feed(chunk);
      for (let frame = decoder.next(); frame !== undefined; frame = decoder.next()) {
        if (frame.kind === FRAME.pong || frame.kind === FRAME.refused) continue;
        const step = handshake.onFrame(frame);
        if (step.send !== undefined) socket.write(step.send);
        if (step.kind === 'agreed') resolve();
      }
    });
  });
  await until(() => to.met.some(({ name }) => name === 'r'));
  return socket;
}

describe('a peer that breaks the rules', () => {
  it('is dropped for a frame that is too large, before its bytes arrive', async () => {
    const a = await node('a').listen();
    const socket = await rogue(a);
    socket.write(Uint8Array.of(1, 0, 0, 4, 0, 0, 0, 0));
    await closed(socket);
    await until(() => a.lost.includes('r'));
    expect(a.warnings()).toEqual(
      [`no link with r: a frame of ${LINK_FRAME_BYTES_MAX + 1} bytes, allowed are 1 to ${LINK_FRAME_BYTES_MAX}`]);
    expect(a.links.peers()).toEqual([]);
  });

  it('is dropped for a damaged frame, an unknown one and a malformed message', async () => {
    const a = await node('a').listen();
    const damaged = encodeFrame(FRAME.ping, bytes(6));
    damaged[12]! ^= 1;
    const wrong = [damaged, encodeFrame(FRAME.hello, bytes(40)), encodeFrame(6, bytes(5))];
    for (const [n, frame] of wrong.entries()) {
      const socket = await rogue(a);
      socket.write(frame);
      await closed(socket);
      await until(() => a.lost.length === n + 1);
      a.met.length = 0;
    }
    expect(a.warnings()).toEqual([
      'no link with r: a damaged frame of kind 32: its checksum is wrong',
      'no link with r: a malformed message of kind 64',
      'no link with r: a malformed message of kind 6',
    ]);
    expect(a.messages).toEqual([]);
  });
});
