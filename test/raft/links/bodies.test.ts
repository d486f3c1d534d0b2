/** Large messages and urgent ones on one link. */
import { describe, expect, it } from 'vitest';
import type { Append, Message, Propose } from '../../../src/raft/core/message.ts';
import {
  BodyLane, LANE_PIECE_BYTES, LANE_WINDOW_BYTES_FIRST,
} from '../../../src/raft/links/body-lane.ts';
import { FRAME, FRAME_BODY_AT, FrameDecoder, type Frame } from '../../../src/raft/links/frame.ts';
import {
  bodyParts, decodeMessage, encodeMessage, kindNumber,
} from '../../../src/raft/links/message-codec.ts';
import { PieceCutter, PieceJoiner } from '../../../src/raft/links/piece.ts';
import { bytes } from './messages.ts';
import { factsOf, line, linkedPair, node, propose, rogue, until } from './test-node.ts';

const MiB = 1 << 20;

/** The piece from `from` up to `to` of a body. */
function encodePiece(kind: number, body: Uint8Array, from: number, to: number): Uint8Array {
  const cutter = new PieceCutter(kind, [body]);
  if (from > 0) cutter.next(from);
  return cutter.next(to - from);
}

function frameOf(encoded: Uint8Array): Frame {
  const decoder = new FrameDecoder(encoded.length);
  decoder.feed(encoded);
  return decoder.next()!;
}

/** Comparing millions of bytes one by one takes the test's whole time. */
function isSame(message: Message | undefined, payload: Uint8Array): boolean {
  return message?.kind === 'propose' && Buffer.compare(message.payloads[0]!, payload) === 0;
}

describe('on a slow line', () => {
  const title = 'heartbeats overtake a body of 16 MiB that was sent before them';
  it(title, { timeout: 60_000 }, async () => {
    const [a, b] = [node('a'), node('b')];
    const slow = await line(() => b.links.port);
    slow.bytesPerSecond = 8 * MiB;
    await Promise.all([a.listen(), b.listen()]);
    b.dial(a);
    a.links.setPeers([{ name: 'b', address: slow.address }]);
    await until(() => a.isLinkedWith('b') && a.peer('b').roundTripMs !== undefined);
    expect(a.links.send(b.id, propose(a, b, bytes(16 * MiB)))).toBe(true);
    expect(a.links.isBehind(b.id)).toBe(true);
    for (let round = 1; round <= 5; round += 1) {
      a.send(b, round);
      await until(() => b.rounds().includes(round));
    }
    expect(b.rounds()).not.toContain(-1);
    await until(() => b.rounds().includes(-1));
    expect(a.links.isBehind(b.id)).toBe(false);
    expect(isSame(b.messages.at(-1), bytes(16 * MiB))).toBe(true);
  });
});

describe('a link', () => {
  it('keeps the order of messages with bodies, however large', async () => {
    const [a, b] = [node('a'), node('b')];
    await linkedPair(a, b);
    const sizes = [3 * MiB, 1, 70_000, 0, 2 * MiB, 12];
    const sent = sizes.map((size, i) => propose(a, b, bytes(size, i)));
    for (const message of sent) expect(a.links.send(b.id, message)).toBe(true);
    await until(() => b.messages.length === sent.length);
    expect(b.messages.every((one, i) => isSame(one, bytes(sizes[i]!, i)))).toBe(true);
  });

  it('is refused when a piece does not follow the one before', async () => {
    const b = await node('b').listen();
    const socket = await rogue(b);
    socket.write(encodePiece(10, bytes(3 * LANE_PIECE_BYTES), LANE_PIECE_BYTES, 2 * LANE_PIECE_BYTES));
    await until(() => b.warnings().some((text) => text.includes('a malformed piece')));
  });
});

describe('pieces', () => {
  const a = factsOf('a');
  const b = factsOf('b');
  const message = propose(a, b, bytes(200_000));
  const body = Buffer.concat(bodyParts(message as Propose));
  const kind = kindNumber(message);
  const cut = (...at: readonly number[]): Frame[] => {
    const ends = [...at, body.length];
    return ends.map((end, i) => frameOf(encodePiece(kind, body, ends[i - 1] ?? 0, end)));
  };

  it('make the message that was cut, wherever it was cut', () => {
    for (const at of [[1], [9, 10], [65_536, 131_072], [body.length - 1]]) {
      const joiner = new PieceJoiner();
      const found = cut(...at).map((piece) => joiner.add(piece));
      const whole = found.pop() as Frame;
      expect(found.every((one) => one === undefined)).toBe(true);
      expect(isSame(decodeMessage(whole, a.id, b.id), bytes(200_000))).toBe(true);
    }
  });

  it('are of a body that is the same in parts as in one', () => {
    const envelope = { from: a.id, to: b.id, term: 7 };
    const payloads = [bytes(3), bytes(0), bytes(300, 5)];
    const entries = payloads.map((payload, i) => {
      return { index: i + 5, term: 6, timeMs: 99, kind: 'batch' as const, payload };
    });
    const append: Append = {
      ...envelope, kind: 'append', prevIndex: 4, prevTerm: 6, commit: 3, entries,
    };
    const whole: (Append | Propose)[] = [
      append, { ...append, entries: [] }, { ...envelope, kind: 'propose', payloads },
    ];
    for (const one of whole) {
      const encoded = encodeMessage(one).subarray(FRAME_BODY_AT);
      expect(Buffer.concat(bodyParts(one)).equals(encoded)).toBe(true);
      const cutter = new PieceCutter(kindNumber(one), bodyParts(one));
      const joiner = new PieceJoiner();
      let found: ReturnType<PieceJoiner['add']>;
      while (cutter.left > 0) found = joiner.add(frameOf(cutter.next(7)));
      expect(decodeMessage(found as Frame, a.id, b.id)).toEqual(one);
    }
  });

  it('are malformed when one is missing, comes twice or belongs to another message', () => {
    const [first, second, third] = cut(50_000, 100_000) as [Frame, Frame, Frame];
    const other = frameOf(encodePiece(5, body, 50_000, 100_000));
    for (const wrong of [[second], [first, third], [first, first], [first, other]]) {
      const joiner = new PieceJoiner();
      expect(wrong.map((piece) => joiner.add(piece)).at(-1)).toBe('malformed');
    }
  });

  it('are malformed when empty, of no message, or beyond what a message may have', () => {
    const joiner = new PieceJoiner();
    expect(joiner.add(frameOf(encodePiece(kind, body, 0, 0)))).toBe('malformed');
    expect(joiner.add(frameOf(encodePiece(FRAME.ping, body, 0, 10)))).toBe('malformed');
    const huge = encodePiece(kind, body, 0, 10);
    huge.fill(0xff, FRAME_BODY_AT + 1, FRAME_BODY_AT + 5);
    const piece = { kind: FRAME.piece, body: huge.subarray(FRAME_BODY_AT), isOwned: true };
    expect(joiner.add(piece)).toBe('malformed');
  });
});

describe('the lane of bodies', () => {
  function laneAt() {
    const clock = { ms: 0 };
    const written: Uint8Array[] = [];
    const lane = new BodyLane({
      monotonicMs: () => clock.ms, write: (frame) => void written.push(frame),
    });
    lane.add(10, [new Uint8Array(64 * MiB)]);
    return { clock, lane, written, underWay: (confirmed: number) => written.length - confirmed };
  }

  it('has a window of pieces under way, and the rest waits', () => {
    const { lane, written } = laneAt();
    expect(written.length).toBe(Math.ceil(LANE_WINDOW_BYTES_FIRST / LANE_PIECE_BYTES));
    expect(lane.queuedBytes).toBe(64 * MiB - written.length * LANE_PIECE_BYTES);
    expect(lane.isBusy).toBe(true);
  });

  it('narrows the window while pieces are slow, to one, and widens it again', () => {
    const { clock, lane, underWay } = laneAt();
    lane.confirmed();
    let confirmed = 1;
    for (; underWay(confirmed) > 1; confirmed += 1) {
      clock.ms += 200;
      lane.confirmed();
    }
    clock.ms += 200;
    lane.confirmed();
    expect(underWay(confirmed + 1)).toBe(1);
    for (let i = 0; i < 20; i += 1) lane.confirmed();
    expect(underWay(confirmed + 21)).toBeGreaterThan(10);
  });

  it('ignores confirmations of what it has not sent', () => {
    const lane = new BodyLane({ monotonicMs: () => 0, write: () => {} });
    lane.confirmed();
    expect(lane.isBusy).toBe(false);
  });
});
