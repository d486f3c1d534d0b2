import { describe, expect, it } from 'vitest';
import { encodingOf } from '../../src/keyspace/string-encoding.ts';
import { ByteRange } from '../../src/lib/byte-range.ts';

describe('encodingOf', () => {
  it('calls the shortest form of a 64-bit integer int', () => {
    for (const text of ['0', '-1', '9223372036854775807', '-9223372036854775808']) {
      expect(encodingOf(ByteRange.ofText(text), false), text).toBe('int');
    }
  });

  it('calls other strings embstr up to 44 bytes and raw beyond', () => {
    for (const text of ['', '-0', '007', '9223372036854775808', '1.0', 'x'.repeat(44)]) {
      expect(encodingOf(ByteRange.ofText(text), false), text).toBe('embstr');
    }
    expect(encodingOf(ByteRange.ofText('x'.repeat(45)), false)).toBe('raw');
  });

  it('calls whatever was written into raw', () => {
    expect(encodingOf(ByteRange.ofText('12'), true)).toBe('raw');
  });

  it('looks only at its range', () => {
    expect(encodingOf(new ByteRange(Buffer.from('x12y'), 1, 3), false)).toBe('int');
  });
});
