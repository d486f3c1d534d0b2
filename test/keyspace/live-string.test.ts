import { NO_BLOCKS } from './collection/no-blocks.ts';
import { describe, expect, it } from 'vitest';
import { LiveString, liveStringCodec } from '../../src/keyspace/live-string.ts';
import { STRING } from '../../src/keyspace/value-type.ts';
import { randomBytes, withSeed } from '../lib/seeded.ts';

function apply(live: LiveString, offset: number, bytes: Uint8Array): void {
  const delta = LiveString.delta(offset, bytes);
  live.applyDelta(delta, 0, delta.length);
}

describe('a live string', () => {
  it('is replaced in the middle, grows at the end and fills gaps with zeros', () => {
    const live = LiveString.of(Buffer.from('Hello World'));
    apply(live, 6, Buffer.from('Redis'));
    expect(live.bytes().toString()).toBe('Hello Redis');
    apply(live, 9, Buffer.from('olith'));
    expect(live.bytes().toString()).toBe('Hello Redolith');
    apply(live, 16, Buffer.from('!'));
    expect(live.bytes().toString()).toBe('Hello Redolith\0\0!');
    expect(live.size).toBe(17);
    expect(live.baseBytes).toBe(17);
    expect(live.type).toBe(STRING);
  });

  it('owns its bytes', () => {
    const bytes = Buffer.from('abc');
    const live = LiveString.of(bytes);
    const delta = LiveString.delta(1, Buffer.from('x'));
    live.applyDelta(delta, 0, delta.length);
    bytes.fill('-');
    delta.fill('-');
    expect(live.bytes().toString()).toBe('axc');
  });

  it('reads a delta out of the middle of a buffer', () => {
    const delta = LiveString.delta(300, Buffer.from('xyz'));
    const framed = Buffer.concat([Buffer.from([0xff, 0xff]), delta, Buffer.from([0xff])]);
    const live = LiveString.of(Buffer.alloc(0));
    live.applyDelta(framed, 2, framed.length - 1);
    expect(live.size).toBe(303);
    expect(live.bytes().subarray(299).toString()).toBe('\0xyz');
  });

  it('copies a number of bytes that is linear in what is appended one by one', () => {
    const live = LiveString.of(Buffer.alloc(0));
    let moves = 0;
    let capacity = live.memoryBytes;
    for (let i = 0; i < 10_000; i++) {
      apply(live, i, Uint8Array.of(i));
      if (live.memoryBytes !== capacity) moves++;
      capacity = live.memoryBytes;
    }
    expect(moves).toBeLessThan(10);
    expect(live.memoryBytes).toBeLessThan(2 * 10_000);
  });

  it('is what a plain Buffer becomes by the same writes, and what its codec reads back', () => {
    withSeed((random) => {
      for (let round = 0; round < 200; round++) {
        let expected = randomBytes(random, random.below(100));
        const live = LiveString.of(expected);
        for (let write = 0; write < 20; write++) {
          const bytes = randomBytes(random, random.below(80));
          const offset = random.below(300);
          const longer = Buffer.alloc(Math.max(expected.length, offset + bytes.length));
          expected.copy(longer);
          bytes.copy(longer, offset);
          expected = longer;
          apply(live, offset, bytes);
          expect(live.bytes().equals(expected)).toBe(true);
        }
        const base = live.encodeBase();
        const again = liveStringCodec.decodeBase(base, 0, base.length, true, NO_BLOCKS);
        expect(again.encodeBase().equals(expected)).toBe(true);
      }
    });
  });

  it('asserts when a delta has no offset', () => {
    const live = LiveString.of(Buffer.from('abc'));
    expect(() => live.applyDelta(Buffer.from([0x80]), 0, 1)).toThrow('assertion failed');
  });
});
