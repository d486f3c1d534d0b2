import { describe, expect, it } from 'vitest';
import {
  equalsIgnoreCase, equalsUpper, lowerByte, lowerText, upperByte, upperText,
} from '../../src/lib/ascii.ts';

describe('ASCII letters', () => {
  it('change case, and no other byte does', () => {
    for (let byte = 0; byte < 256; byte++) {
      const letter = String.fromCharCode(byte);
      const isLetter = /[A-Za-z]/.test(letter);
      expect(lowerByte(byte)).toBe(isLetter ? letter.toLowerCase().charCodeAt(0) : byte);
      expect(upperByte(byte)).toBe(isLetter ? letter.toUpperCase().charCodeAt(0) : byte);
    }
  });

  it('compare with a literal inside a larger buffer', () => {
    const buf = Buffer.from('..wItHsCoReS..');
    expect(equalsUpper(buf, 2, 12, 'WITHSCORES')).toBe(true);
    expect(equalsUpper(buf, 2, 11, 'WITHSCORES')).toBe(false);
    expect(equalsUpper(buf, 2, 12, 'WITHSCORED')).toBe(false);
    expect(equalsUpper(Buffer.from('{'), 0, 1, '[')).toBe(false);
  });

  it('compare with each other', () => {
    expect(equalsIgnoreCase(Buffer.from('Get'), Buffer.from('gET'))).toBe(true);
    expect(equalsIgnoreCase(Buffer.from('get'), Buffer.from('gets'))).toBe(false);
    expect(equalsIgnoreCase(Buffer.from([0xc4]), Buffer.from([0xe4]))).toBe(false);
  });

  it('turn into strings of one-byte characters', () => {
    const buf = Buffer.from('xGet\xc4x', 'latin1');
    expect(lowerText(buf, 1, 5)).toBe('get\xc4');
    expect(upperText(buf, 1, 5)).toBe('GET\xc4');
  });
});
