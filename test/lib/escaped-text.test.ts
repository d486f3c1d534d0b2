import { describe, expect, it } from 'vitest';
import { bytesOfText, hasEscapedBytes, textOfBytes } from '../../src/lib/escaped-text.ts';
import { Random } from '../../src/lib/random.ts';
import { testSeed } from './seeded.ts';

const decode = (bytes: Buffer): string => textOfBytes(bytes, 0, bytes.length);

describe('bytes as text', () => {
  it('are UTF-8 where they can be', () => {
    for (const text of ['', 'abc', 'ü €', '\u{1f480}\u{10ffff}', 'a \ufffd of its own', '\0\r\n']) {
      expect(decode(Buffer.from(text))).toBe(text);
      expect(hasEscapedBytes(text)).toBe(false);
      expect(bytesOfText(text)).toEqual(Buffer.from(text));
    }
  });

  it('stand alone where they belong to no character', () => {
    expect(decode(Buffer.from('6180c3', 'hex'))).toBe('a\udc80\udcc3');
    // Cut, overlong, a surrogate, too large.
    for (const hex of ['e282', 'c080', 'eda080', 'f4908080', 'ff']) {
      const text = decode(Buffer.from(hex, 'hex'));
      expect(text).toHaveLength(hex.length / 2);
      expect(bytesOfText(text).toString('hex')).toBe(hex);
    }
  });

  it('come back as they were, whatever they are', () => {
    const random = new Random(7, testSeed());
    for (let i = 0; i < 20_000; i++) {
      const bytes = Buffer.from(Array.from({ length: random.below(9) }, () =>
        (random.below(2) === 0 ? random.below(256) : 0xe0 + random.below(0x20))));
      expect(bytesOfText(decode(bytes)).equals(bytes), `DKVS_TEST_SEED=${testSeed()}`).toBe(true);
    }
  });
});
