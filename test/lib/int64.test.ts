import { describe, expect, it } from 'vitest';
import {
  INT64_BYTES_MAX, INT64_MAX, INT64_MIN, addInt64, formatInt, negateInt64, parseInt64, parseSafeInt,
  toInt64, writeInt,
} from '../../src/lib/int64.ts';
import type { Int64 } from '../../src/lib/int64.ts';
import { randomBytes, withSeed } from './seeded.ts';

function parse(text: string): Int64 | undefined {
  const framed = Buffer.from(`9${text}9`, 'latin1');
  return parseInt64(framed, 1, framed.length - 1);
}

/** The slow clear twin: the syntax as a pattern, the range with BigInt. */
function parseClearly(text: string): Int64 | undefined {
  if (!/^(0|-?[1-9][0-9]*)$/.test(text)) return undefined;
  const value = BigInt(text);
  if (value > INT64_MAX || value < INT64_MIN) return undefined;
  return Number.isSafeInteger(Number(value)) ? Number(value) : value;
}

describe('parseInt64', () => {
  it('reads integers up to the ends of 64 bits', () => {
    expect(parse('0')).toBe(0);
    expect(parse('-1')).toBe(-1);
    expect(parse('999999999999999')).toBe(999999999999999);
    expect(parse('9007199254740991')).toBe(9007199254740991);
    expect(parse('9007199254740992')).toBe(9007199254740992n);
    expect(parse('9223372036854775807')).toBe(INT64_MAX);
    expect(parse('-9223372036854775808')).toBe(INT64_MIN);
  });

  it('refuses whatever 64 bits cannot hold', () => {
    const large = ['9223372036854775808', '-9223372036854775809', '18446744073709551616',
      '9'.repeat(19), '1'.repeat(40)];
    for (const text of large) expect(parse(text), text).toBeUndefined();
  });

  it('refuses everything that is not the shortest way to write an integer', () => {
    const wrong = ['', '-', '+1', '-0', '00', '01', '-01', ' 1', '1 ', '1\0', '1.0', '1e3', '0x10',
      '--1', 'a', '1a', '12345678901234567x', 'inf', '\x3a', '\x2f'];
    for (const text of wrong) expect(parse(text), JSON.stringify(text)).toBeUndefined();
  });

  it('looks only at the bytes that it is given', () => {
    const buf = Buffer.from('-123');
    expect(parseInt64(buf, 1, 3)).toBe(12);
    expect(parseInt64(buf, 0, 1)).toBeUndefined();
    expect(parseInt64(buf, 4, 4)).toBeUndefined();
  });

  it('agrees with the clear twin on random text', () => {
    withSeed((random) => {
      for (let round = 0; round < 50_000; round++) {
        const text = randomBytes(random, random.below(22), '0123456789999-').toString('latin1');
        expect(parse(text), text).toBe(parseClearly(text));
      }
    });
  });
});

describe('parseSafeInt', () => {
  it('gives safe integers only', () => {
    const read = (text: string) => parseSafeInt(Buffer.from(text), 0, text.length);
    expect(read('-9007199254740991')).toBe(-9007199254740991);
    expect(read('9007199254740992')).toBeUndefined();
    expect(read('x')).toBeUndefined();
  });
});

describe('addInt64', () => {
  it('changes between number and bigint as the size of the sum asks', () => {
    expect(addInt64(1, 2)).toBe(3);
    expect(addInt64(Number.MAX_SAFE_INTEGER, 1)).toBe(9007199254740992n);
    expect(addInt64(9007199254740992n, -1)).toBe(Number.MAX_SAFE_INTEGER);
    expect(addInt64(Number.MAX_SAFE_INTEGER, Number.MAX_SAFE_INTEGER)).toBe(18014398509481982n);
    expect(addInt64(INT64_MAX, INT64_MIN)).toBe(-1);
  });

  it('gives undefined on overflow, at both ends', () => {
    expect(addInt64(INT64_MAX, 1)).toBeUndefined();
    expect(addInt64(INT64_MIN, -1)).toBeUndefined();
    expect(addInt64(INT64_MAX, INT64_MAX)).toBeUndefined();
    expect(addInt64(INT64_MAX, 0)).toBe(INT64_MAX);
  });
});

describe('negateInt64', () => {
  it('negates all but the smallest integer, and never makes a negative zero', () => {
    expect(negateInt64(5)).toBe(-5);
    expect(Object.is(negateInt64(0), 0)).toBe(true);
    expect(negateInt64(INT64_MAX)).toBe(-INT64_MAX);
    expect(negateInt64(INT64_MIN)).toBeUndefined();
  });
});

describe('formatInt and writeInt', () => {
  it('write what parseInt64 reads', () => {
    for (const text of ['0', '-7', '9007199254740993', '-9223372036854775808']) {
      expect(formatInt(parse(text)!)).toBe(text);
      const buf = Buffer.alloc(INT64_BYTES_MAX + 1);
      const bytes = writeInt(buf, 1, parse(text)!);
      expect(buf.toString('latin1', 1, 1 + bytes)).toBe(text);
    }
    expect(toInt64(5n)).toBe(5);
  });
});
