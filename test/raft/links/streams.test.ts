import { describe, expect, it, onTestFinished } from 'vitest';
import { LINK_PING_MS, LINK_STREAM_IDLE_MS } from '../../../src/raft/limits.ts';
import { LINK_STREAM_AHEAD_BYTES } from '../../../src/raft/links/incoming-stream.ts';
import { LINK_STREAMS_MAX } from '../../../src/raft/links/links.ts';
import type { IncomingStream } from '../../../src/raft/links/incoming-stream.ts';
import { LinkError } from '../../../src/raft/links/link-error.ts';
import type { OutgoingStream } from '../../../src/raft/links/outgoing-stream.ts';
import { SimClock } from '../../sim/sim-clock.ts';
import { bytes, join } from './messages.ts';
import {
  factsOf, line, linkedPair, node, until, type TestNode,
} from './test-node.ts';

interface Ends {
  readonly a: TestNode;
  readonly b: TestNode;
  readonly sending: OutgoingStream;
  readonly receiving: IncomingStream;
}

async function openBoth(a = node('a'), b = node('b')): Promise<Ends> {
  await linkedPair(a, b);
  const sending = await a.links.openStream(b.id, bytes(4));
  await until(() => b.streams.length > 0);
  return { a, b, sending, receiving: b.streams[0]! };
}

async function readAll(stream: IncomingStream): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of stream) chunks.push(chunk);
  return join(chunks);
}

/** The error, or what came instead. */
function outcome(promise: Promise<unknown>): Promise<unknown> {
  return promise.then((value) => value, (error: unknown) => error);
}

/** Writes until the other side's backpressure holds it; the writes go on in the background. */
async function fill(sending: OutgoingStream): Promise<{ sent: () => number; failed: Promise<unknown> }> {
  let sent = 0;
  const chunk = bytes(1 << 18);
  const writing = (async () => {
    for (;;) {
      await sending.write(chunk);
      sent += chunk.length;
    }
  })();
  const failed = outcome(writing);
  let before = -1;
  // Held for 50 turns of the event loop: nobody takes any more.
  for (let turns = 0; turns < 50; turns += 1) {
    if (sent !== before) turns = 0;
    before = sent;
    await new Promise((resolve) => void setTimeout(resolve, 1));
  }
  return { sent: () => sent, failed };
}

describe('a stream between peers', () => {
  it('brings its header, its bytes and the answer', async () => {
    const from: unknown[] = [];
    const a = node('a');
    const b = node('b', {
      onStream: (facts, header, stream) => {
        from.push(facts, header);
        void readAll(stream).then((all) => stream.answer(all.subarray(0, 5)));
      },
    });
    await linkedPair(a, b);
    const stream = await a.links.openStream(b.id, bytes(4));
    for (let n = 0; n < 10; n += 1) await stream.write(bytes(n * 1000, n));
    const answer = await stream.end();
    expect(from).toEqual([a.facts, bytes(4)]);
    expect(answer).toEqual(bytes(1000).subarray(0, 5));
  });

  it('keeps every byte of small and large chunks in order', async () => {
    const { sending, receiving } = await openBoth();
    const parts = [bytes(1), bytes(0), bytes(1 << 20, 5), bytes(7, 6), bytes((1 << 18) + 1, 8)];
    const reading = readAll(receiving);
    for (const part of parts) await sending.write(part);
    const ended = sending.end();
    const all = await reading;
    receiving.answer(bytes(0));
    expect(await ended).toEqual(bytes(0));
    expect(Buffer.from(all).equals(join(parts))).toBe(true);
  });

  it('lets the chunk be changed once its write has settled', async () => {
    const { sending, receiving } = await openBoth();
    const reading = readAll(receiving);
    const chunk = new Uint8Array(200_000);
    for (let n = 0; n < 20; n += 1) {
      chunk.fill(n);
      await sending.write(chunk);
    }
    const ended = sending.end();
    const all = await reading;
    receiving.answer(bytes(0));
    await ended;
    for (let n = 0; n < 20; n += 1) expect(all[n * 200_000]).toBe(n);
  });

  it('holds the sender while the receiver does not read, and delays no message', async () => {
    const { a, b, sending, receiving } = await openBoth();
    const { sent, failed } = await fill(sending);
    expect(sent()).toBeGreaterThan(LINK_STREAM_AHEAD_BYTES);
    expect(sent()).toBeLessThan(64 << 20);
    a.send(b, 1);
    await until(() => b.messages.length === 1);
    const held = sent();
    let read = 0;
    for await (const chunk of receiving) {
      read += chunk.length;
      if (read > held) break;
    }
    expect(await failed).toMatchObject({ code: 'ABORTED' });
  });

  it('ends with a checksum error when bytes change on the way', async () => {
    const a = await node('a').listen();
    const b = await node('b').listen();
    const cable = await line(() => b.links.port);
    a.links.setPeers([{ name: 'b', address: cable.address }]);
    await until(() => a.peer('b').connected);
    const sending = await a.links.openStream(b.id, bytes(4));
    await until(() => b.streams.length > 0);
    let passed = 0;
    cable.alter = (chunk) => {
      passed += chunk.length;
      if (passed < 400_000) return chunk;
      cable.alter = (rest) => rest;
      return Buffer.from(chunk).fill(0xee, 100, 101);
    };
    const reading = outcome(readAll(b.streams[0]!));
    const writing = outcome((async () => {
      for (let n = 0; n < 40; n += 1) await sending.write(new Uint8Array(100_000));
      return await sending.end();
    })());
    expect(await reading).toMatchObject({ code: 'LOST' });
    expect(String(await reading)).toMatch(/a damaged frame of kind 97: its checksum is wrong/);
    expect(await writing).toMatchObject({ code: 'ABORTED' });
    expect(String(await writing)).toMatch(/refused: a damaged frame of kind 97/);
  });

  it('can be given up by the sender, and the receiver learns why', async () => {
    const { sending, receiving } = await openBoth();
    const reading = outcome(readAll(receiving));
    await sending.write(bytes(100));
    sending.abort('the log is closed');
    expect(await reading).toMatchObject({ code: 'ABORTED' });
    expect(String(await reading)).toMatch(/the log is closed/);
    await expect(sending.write(bytes(1))).rejects.toMatchObject({ code: 'ABORTED' });
  });

  it('can be given up by the receiver, and the sender learns why', async () => {
    const { sending, receiving } = await openBoth();
    await sending.write(bytes(100));
    const ended = outcome(sending.end());
    receiving.abort('no space on disk');
    expect(await ended).toMatchObject({ code: 'ABORTED' });
    expect(String(await ended)).toMatch(/refused: no space on disk/);
    expect(await outcome(readAll(receiving))).toBeInstanceOf(LinkError);
    receiving.answer(bytes(1));
  });

  it('is given up by a receiver that leaves its loop, and is not answered before the end', async () => {
    const { sending, receiving } = await openBoth();
    await sending.write(bytes(100));
    for await (const chunk of receiving) {
      expect(new Uint8Array(chunk)).toEqual(bytes(100));
      expect(() => receiving.answer(bytes(1))).toThrow(/not everything was read/);
      break;
    }
    expect(String(await outcome(sending.end()))).toMatch(/the receiver stopped reading/);
  });

  it('is lost when the other node goes, in whatever call waits', async () => {
    const { b, sending } = await openBoth();
    await sending.write(bytes(100));
    const ended = outcome(sending.end());
    await b.links.close();
    expect(await ended).toMatchObject({ code: 'LOST' });
  });

  it('is closed on both sides when its node closes, and no other begins', async () => {
    const { a, b, sending, receiving } = await openBoth();
    const reading = outcome(readAll(receiving));
    await sending.write(bytes(10));
    const ended = outcome(sending.end());
    await a.links.close();
    expect(await ended).toMatchObject({ code: 'CLOSED' });
    // All bytes may have arrived before the connection went, or not.
    expect([bytes(10), expect.objectContaining({ code: 'LOST' })]).toContainEqual(await reading);
    await expect(a.links.openStream(b.id, bytes(1))).rejects.toMatchObject({ code: 'CLOSED' });
  });
});

describe('a stream that cannot be', () => {
  it('is one to nobody, to a peer that is gone, or to one that refuses', async () => {
    const a = await node('a').listen();
    const refuses = (facts: { name: string }): string | undefined =>
      (a.met.length > 0 ? `enough of ${facts.name}` : undefined);
    const b = await node('b', { judge: refuses }).listen();
    await expect(a.links.openStream(b.id, bytes(1))).rejects.toMatchObject({ code: 'UNREACHABLE' });
    a.dial(b);
    await until(() => a.peer('b').connected);
    await expect(a.links.openStream(b.id, bytes(1))).rejects.toThrow(/refused: enough of a/);
    await b.links.close();
    await expect(a.links.openStream(b.id, bytes(1))).rejects.toMatchObject({ code: 'UNREACHABLE' });
  });

  it('is one to a member whose place another has taken', async () => {
    const a = await node('a').listen();
    const b = await node('b').listen();
    a.dial(b);
    await until(() => a.peer('b').connected);
    const before = b.id;
    b.facts = factsOf('b', 2);
    await expect(a.links.openStream(before, bytes(1))).rejects.toThrow(
      /this stream is for b:0+1, not for b:0+2/);
    expect(b.streams).toEqual([]);
  });

  it('is one more than LINK_STREAMS_MAX, on either side', async () => {
    const [a, b, c] = [node('a'), node('b'), node('c')];
    await linkedPair(a, b);
    const streams: OutgoingStream[] = [];
    while (streams.length < LINK_STREAMS_MAX) {
      streams.push(await a.links.openStream(b.id, bytes(1)));
    }
    await expect(a.links.openStream(b.id, bytes(1))).rejects.toThrow(/streams are open already/);
    await until(() => b.streams.length === LINK_STREAMS_MAX);
    await c.listen();
    c.dial(b);
    await until(() => c.peer('b').connected);
    const late = await c.links.openStream(b.id, bytes(1));
    expect(String(await outcome(late.end()))).toMatch(/refused: 16 streams are open already/);
    for (const stream of streams) stream.abort();
    await until(() => a.links.peers().length === 1);
    const next = await a.links.openStream(b.id, bytes(1));
    next.abort();
  });
});

describe('a stream on which nothing moves', () => {
  const ticks = LINK_STREAM_IDLE_MS / LINK_PING_MS;

  it('is given up by a receiver that gets nothing', async () => {
    const clock = new SimClock();
    const { receiving, sending } = await openBoth(node('a'), node('b', { clock }));
    const reading = outcome(readAll(receiving));
    for (let n = 0; n <= ticks + 1; n += 1) await clock.advanceGently(LINK_PING_MS);
    expect(await reading).toMatchObject({ code: 'IDLE' });
    expect(String(await outcome(sending.end()))).toMatch(/nothing moved for 30000 ms/);
  });

  it('is given up by a sender behind a dead line', async () => {
    const clock = new SimClock();
    const a = await node('a', { clock }).listen();
    const b = await node('b').listen();
    const cable = await line(() => b.links.port);
    a.links.setPeers([{ name: 'b', address: cable.address }]);
    await until(() => a.peer('b').connected);
    const sending = await a.links.openStream(b.id, bytes(1));
    await until(() => b.streams.length > 0);
    cable.goSilent();
    const ended = outcome(sending.end());
    for (let n = 0; n <= ticks + 1; n += 1) await clock.advanceGently(LINK_PING_MS);
    expect(await ended).toMatchObject({ code: 'IDLE' });
  });

  it('goes on while the receiver is busy with what it has', async () => {
    const [clockA, clockB] = [new SimClock(), new SimClock()];
    const { sending, receiving, a, b } = await openBoth(
      node('a', { clock: clockA }), node('b', { clock: clockB }));
    onTestFinished(async () => {
      await Promise.all([a.links.close(), b.links.close()]);
    });
    const reading = readAll(receiving);
    await sending.write(bytes(10));
    const ended = sending.end();
    await reading;
    for (let n = 0; n <= 3 * ticks; n += 1) {
      await clockB.advanceGently(LINK_PING_MS);
      await clockA.advanceGently(LINK_PING_MS);
    }
    receiving.answer(bytes(2));
    expect(await ended).toEqual(bytes(2));
  });
});
