import { describe, expect, it } from 'vitest';
import { ByteRange } from '../../src/lib/byte-range.ts';
import { ByteStrings } from '../../src/lib/byte-strings.ts';
import { Random } from '../../src/lib/random.ts';
import { randomBytes, testSeed } from './seeded.ts';

const into = new ByteRange(Buffer.alloc(0));

function stringsOf(...parts: readonly Buffer[]): ByteStrings {
  const strings = new ByteStrings(1 << 20);
  for (const part of parts) expect(strings.add(part, 0, part.length)).toBe(true);
  return strings;
}

describe('ByteStrings', () => {
  it('gives back what was added, and owns it', () => {
    const random = new Random(12, testSeed());
    const parts = Array.from({ length: 500 }, () => randomBytes(random, random.below(90)));
    const wanted = parts.map((part) => part.toString('hex'));
    const strings = stringsOf(...parts);
    for (const part of parts) part.fill(0);
    expect(wanted.map((_, i) => strings.range(i, into).view().toString('hex'))).toEqual(wanted);
    expect([strings.count, strings.bytes]).toEqual([500, wanted.join('').length / 2]);
  });

  it('compares as Buffer.compare does, and leading bytes agree with that', () => {
    const random = new Random(13, testSeed());
    const parts = Array.from({ length: 120 }, () =>
      Buffer.from(Array.from({ length: random.below(9) }, () => [0, 1, 97, 255][random.below(4)]!)));
    const strings = stringsOf(...parts);
    for (let a = 0; a < parts.length; a++) {
      for (let b = 0; b < parts.length; b++) {
        const wanted = Buffer.compare(parts[a]!, parts[b]!);
        expect(Math.sign(strings.compare(a, b))).toBe(wanted);
        const leading = Math.sign(strings.leading(a) - strings.leading(b));
        expect([0, wanted]).toContain(leading);
      }
    }
  });

  it('takes bytes up to its bound and nothing of what is beyond', () => {
    const strings = new ByteStrings(5000);
    expect(strings.add(Buffer.alloc(4999, 'x'), 0, 4999)).toBe(true);
    expect(strings.add(Buffer.from('ab'), 0, 2)).toBe(false);
    expect(strings.add(Buffer.from('ab'), 1, 2)).toBe(true);
    expect(strings.add(Buffer.from('c'), 0, 1)).toBe(false);
    expect(strings.add(Buffer.from('c'), 1, 1)).toBe(true);
    expect([strings.count, strings.bytes, strings.range(1, into).latin1()]).toEqual([3, 5000, 'b']);
  });
});
