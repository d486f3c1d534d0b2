import { describe, expect, it } from 'vitest';
import { LINK_FRAME_BYTES_MAX } from '../../../src/raft/limits.ts';
import type { Message } from '../../../src/raft/core/message.ts';
import {
  FRAME, encodeFrame, FrameDecoder, type Frame,
} from '../../../src/raft/links/frame.ts';
import {
  decodeMessage, encodeMessage, messageBytes,
} from '../../../src/raft/links/message-codec.ts';
import { A, B, MESSAGES, bytes, join } from './messages.ts';

/** Chunks are overwritten once they were used, so a view that should be a copy shows. */
function decode(chunks: readonly Uint8Array[], max = LINK_FRAME_BYTES_MAX):
{ messages: (Message | undefined)[]; fault: string | undefined } {
  const decoder = new FrameDecoder(max);
  const messages: (Message | undefined)[] = [];
  for (const chunk of chunks) {
    const passing = new Uint8Array(chunk);
    decoder.feed(passing);
    for (let frame = decoder.next(); frame !== undefined; frame = decoder.next()) {
      messages.push(decodeMessage(frame, A, B));
    }
    passing.fill(0xee);
  }
  return { messages, fault: decoder.fault };
}

const stream = join(MESSAGES.map(encodeMessage));

describe('messages as frames', () => {
  it('come back as they were, all in one chunk', () => {
    expect(decode([stream])).toEqual({ messages: MESSAGES, fault: undefined });
  });

  it('come back from single bytes', () => {
    const chunks = Array.from(stream, (byte) => Uint8Array.of(byte));
    expect(decode(chunks)).toEqual({ messages: MESSAGES, fault: undefined });
  });

  it('come back when they are cut at any point', () => {
    for (let at = 0; at <= stream.length; at += 1) {
      const cut = [stream.subarray(0, at), stream.subarray(at)];
      expect(decode(cut), `cut at ${at}`).toEqual({ messages: MESSAGES, fault: undefined });
    }
  });

  it('say their size before they are encoded', () => {
    for (const message of MESSAGES) {
      expect(encodeMessage(message).length - 8, message.kind).toBe(messageBytes(message));
    }
  });

  it('are as the worked example of the format says', () => {
    const appended = encodeMessage({ from: A, to: B, term: 2, kind: 'appended', matchIndex: 9 });
    expect(Buffer.from(appended.subarray(8)).toString('hex')).toBe('06020000000000090000000000');
    expect(Buffer.from(appended.subarray(0, 4)).toString('hex')).toBe('0d000000');
  });

  it('refuse a number that does not fit and an entry out of its place', () => {
    const message = MESSAGES[6]!;
    expect(() => encodeMessage({ ...message, term: 2 ** 48 })).toThrow(/not below 2\^48/);
    if (message.kind !== 'append') throw new Error('an append stands there');
    const entries = message.entries.slice(1);
    expect(() => encodeMessage({ ...message, entries })).toThrow(/in the place of/);
  });
});

describe('a large frame in pieces', () => {
  it('arrives whole and owns exactly its memory', () => {
    const body = bytes(300_000);
    const frame = encodeFrame(FRAME.streamChunk, body);
    const decoder = new FrameDecoder(LINK_FRAME_BYTES_MAX);
    let found: Frame | undefined;
    for (let at = 0; at < frame.length; at += 1000) {
      expect(found).toBeUndefined();
      decoder.feed(frame.subarray(at, at + 1000));
      found = decoder.next();
    }
    expect(found?.isOwned).toBe(true);
    expect(found?.body).toEqual(body);
    expect(found?.body.buffer.byteLength).toBe(frame.length);
  });
});

describe('what is no message', () => {
  it('is a fault when a frame is too large, before its body arrives', () => {
    const { messages, fault } = decode([Uint8Array.of(0xff, 0xff, 0xff, 0x7f, 0, 0, 0, 0)], 1000);
    expect(messages).toEqual([]);
    expect(fault).toBe('a frame of 2147483647 bytes, allowed are 1 to 1000');
  });

  it('is a fault when a frame is empty', () => {
    expect(decode([new Uint8Array(8)]).fault).toMatch(/a frame of 0 bytes/);
  });

  it('never comes out of a frame with any one byte changed', () => {
    for (const message of MESSAGES) {
      const frame = encodeMessage(message);
      for (let at = 0; at < frame.length; at += 1) {
        const damaged = new Uint8Array(frame);
        damaged[at]! ^= 0x41;
        const { messages } = decode([damaged], 4096);
        expect(messages, `${message.kind}, byte ${at}`).toEqual([]);
      }
    }
  });

  it('decodes nothing after a fault', () => {
    const damaged = new Uint8Array(encodeMessage(MESSAGES[0]!));
    damaged[10]! ^= 1;
    const { messages, fault } = decode([join([damaged, stream]), stream]);
    expect(messages).toEqual([]);
    expect(fault).toMatch(/checksum is wrong/);
  });

  it('is a body cut short or with something after it', () => {
    for (const message of MESSAGES) {
      const frame = encodeMessage(message);
      const body = frame.subarray(9);
      for (let length = 0; length < body.length; length += 1) {
        const short = encodeFrame(frame[8]!, body.subarray(0, length));
        expect(decode([short]).messages, `${message.kind} of ${length}`).toEqual([undefined]);
      }
      const long = encodeFrame(frame[8]!, join([body, Uint8Array.of(0)]));
      expect(decode([long]).messages, message.kind).toEqual([undefined]);
    }
  });

  it('is an unknown kind, a boolean that is none, and a count that cannot be', () => {
    const unknown = encodeFrame(31, bytes(6));
    const yes = encodeFrame(2, Uint8Array.of(1, 0, 0, 0, 0, 0, 2));
    const many = new Uint8Array(10).fill(0xff, 6);
    const propose = encodeFrame(10, many);
    const append = encodeFrame(5, new Uint8Array(28).fill(0xff, 24));
    const kind = new Uint8Array(encodeMessage(MESSAGES[6]!).subarray(9));
    kind[28 + 12] = 9;
    const frames = join([unknown, yes, propose, append, encodeFrame(5, kind)]);
    const none = Array.from({ length: 5 }, () => undefined);
    expect(decode([frames])).toEqual({ messages: none, fault: undefined });
  });
});
