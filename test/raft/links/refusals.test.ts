import { pino } from 'pino';
import { describe, expect, it } from 'vitest';
import { CLOSE_LINGER_MS } from '../../../src/io/limits.ts';
import { LINK_FRAME_BYTES_MAX } from '../../../src/raft/limits.ts';
import { LINK_STRANGERS_MAX } from '../../../src/raft/links/link-listener.ts';
import { FRAME, encodeFrame } from '../../../src/raft/links/frame.ts';
import {
  TroubleLog, LINK_REFUSALS_KEPT, LINK_REFUSAL_LOG_MS,
} from '../../../src/raft/links/trouble-log.ts';
import { SimClock } from '../../sim/sim-clock.ts';
import { bytes } from './messages.ts';
import {
  closed, dialRaw, factsOf, linkedPair, node, rogue, until,
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

describe('a peer that breaks the rules', () => {
  it('is dropped for a frame that is too large, before its bytes arrive', async () => {
    const a = await node('a').listen();
    const socket = await rogue(a);
    await until(() => a.met.length === 1);
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
    }
    expect(a.warnings()).toEqual([
      'no link with r: a damaged frame of kind 32: its checksum is wrong',
      'no link with r: a malformed message of kind 64',
      'no link with r: a malformed message of kind 6',
    ]);
    expect(a.messages).toEqual([]);
  });

  it('is cut off though it never ends its side, once it had time to read why', async () => {
    const clock = new SimClock();
    const a = await node('a', { clock }).listen();
    const socket = await rogue(a, { allowHalfOpen: true });
    let hasEnded = false;
    socket.on('end', () => {
      hasEnded = true;
    });
    socket.write(encodeFrame(FRAME.streamEnd));
    await until(() => hasEnded);
    clock.advance(CLOSE_LINGER_MS);
    await until(() => {
      socket.write('more');
      return socket.closed;
    });
  });

  it('is dropped for a stream that is not as long as it says', async () => {
    const a = await node('a').listen();
    for (const [total, said] of [[11, 11], [9, 9], [undefined, -1]] as const) {
      const socket = await rogue(a, { purpose: 'stream' });
      socket.write(encodeFrame(FRAME.streamOpen, bytes(1)));
      socket.write(encodeFrame(FRAME.streamChunk, bytes(10)));
      const end = total === undefined ? bytes(5) : Uint8Array.of(total, 0, 0, 0, 0, 0);
      socket.write(encodeFrame(FRAME.streamEnd, end));
      await until(() => a.streams.length > 0);
      const reading = (async () => {
        for await (const chunk of a.streams.pop()!) expect(chunk.length).toBe(10);
      })();
      await expect(reading).rejects.toThrow(`10 bytes arrived, sent were ${said}`);
    }
  });
});

describe('two that dial under one name', () => {
  it('are never linked at once: the later takes the place of the earlier', async () => {
    const a = await node('a').listen();
    const first = await rogue(a);
    await until(() => a.met.length === 1);
    const second = await rogue(a, { facts: factsOf('r', 2) });
    await closed(first);
    expect(a.peer('r').id).toBe(factsOf('r', 2).id);
    expect(second.closed).toBe(false);
    expect(a.lost).toEqual([]);
  });

  it('make the link that we dial begin anew, for it may lead to the one that is gone', async () => {
    const [a, b] = [await node('a').listen(), await node('b').listen()];
    a.dial(b);
    await until(() => b.met.length === 1);
    await rogue(a, { facts: factsOf('b', 2) });
    await until(() => b.met.length === 2);
    expect(a.lost).toEqual([]);
    expect(a.warnings()).toEqual([]);
  });
});

describe('the log of troubles', () => {
  it('says each thing once a minute, and remembers a bounded number of them', () => {
    const lines: string[] = [];
    const clock = new SimClock();
    const log = pino({ level: 'warn' }, { write: (line: string) => void lines.push(line) });
    const troubles = new TroubleLog(log, clock);
    troubles.report('x', 'first');
    troubles.report('x', 'first');
    troubles.report('y', 'first');
    expect(lines.length).toBe(2);
    clock.advance(LINK_REFUSAL_LOG_MS);
    troubles.report('x', 'first');
    troubles.report('x', 'first');
    expect(lines.length).toBe(3);
    for (let n = 0; n < LINK_REFUSALS_KEPT; n += 1) troubles.report('x', `number ${n}`);
    expect(lines.length).toBe(3 + LINK_REFUSALS_KEPT);
    troubles.report('x', `number ${LINK_REFUSALS_KEPT - 1}`);
    expect(lines.length).toBe(3 + LINK_REFUSALS_KEPT);
    troubles.report('x', 'first');
    expect(lines.length).toBe(4 + LINK_REFUSALS_KEPT);
  });
});
