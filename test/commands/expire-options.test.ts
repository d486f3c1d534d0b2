import { describe, expect, it } from 'vitest';
import {
  EX, EXAT, PX, PXAT, expireAtOf, parseGetExOptions, parseSetOptions, type TimeForm,
} from '../../src/commands/expire-options.ts';
import { EXPIRE_AT_MS_MAX } from '../../src/commands/limits.ts';
import { Args } from '../../src/protocol/args.ts';

const NOW = 1_700_000_000_000;
const INVALID = "ERR invalid expire time in 'set' command";

function timeOf(text: string, form: TimeForm): number | string {
  return expireAtOf(Args.of(text), 0, form, NOW, 'set');
}

describe('expireAtOf', () => {
  it('gives milliseconds since the epoch', () => {
    expect(timeOf('5', EX)).toBe(NOW + 5000);
    expect(timeOf('5', PX)).toBe(NOW + 5);
    expect(timeOf('5', EXAT)).toBe(5000);
    expect(timeOf('5', PXAT)).toBe(5);
  });

  it('refuses what is not an integer, not positive or overflows 64 bits', () => {
    expect(timeOf('5.0', EX)).toBe('ERR value is not an integer or out of range');
    expect(timeOf('9223372036854775808', PX)).toBe('ERR value is not an integer or out of range');
    for (const form of [EX, PX, EXAT, PXAT]) {
      expect(timeOf('0', form)).toBe(INVALID);
      expect(timeOf('-1', form)).toBe(INVALID);
    }
    expect(timeOf('9223372036854775807', PX)).toBe(INVALID);
    expect(timeOf('9223372036854775', EX)).toBe(INVALID);
    expect(timeOf('9223372036854776', EXAT)).toBe(INVALID);
  });

  it('refuses a time beyond what a record can hold, and takes the last one that it can', () => {
    expect(timeOf('281474976710655', PXAT)).toBe(EXPIRE_AT_MS_MAX);
    expect(timeOf('281474976710', EXAT)).toBe(281_474_976_710_000);
    expect(timeOf(`${EXPIRE_AT_MS_MAX - NOW}`, PX)).toBe(EXPIRE_AT_MS_MAX);
    expect(timeOf(`${EXPIRE_AT_MS_MAX - NOW + 1}`, PX)).toBe(INVALID);
    expect(timeOf('281474976710656', PXAT)).toBe(INVALID);
    expect(timeOf('281474976711', EXAT)).toBe(INVALID);
    expect(timeOf('9223372036854775807', PXAT)).toBe(INVALID);
    expect(timeOf('9223372036854775', EXAT)).toBe(INVALID);
  });
});

describe('the options of SET and GETEX', () => {
  const set = (...words: string[]) => parseSetOptions(Args.of(...words), 0);
  const getex = (...words: string[]) => parseGetExOptions(Args.of(...words), 0);

  it('are read in any case and order', () => {
    expect(set('get', 'Px', '5', 'nX'))
      .toEqual({ nx: true, xx: false, get: true, lifetime: PX, timeAt: 2 });
    expect(set()).toEqual({ nx: false, xx: false, get: false, lifetime: 'unset', timeAt: 0 });
    expect(getex('persist')).toEqual({ lifetime: 'persist', timeAt: 0 });
  });

  it('let the same time come twice, the last counting, and no two different ones', () => {
    expect(set('EX', '5', 'EX', '6')).toMatchObject({ lifetime: EX, timeAt: 3 });
    const words = [['EX', '1'], ['PX', '1'], ['EXAT', '1'], ['PXAT', '1'], ['KEEPTTL']];
    for (const a of words) {
      for (const b of words) {
        const both = set(...a, ...b);
        expect(both === undefined, `${a} ${b}`).toBe(a !== b);
      }
    }
    expect(getex('PERSIST', 'EX', '1')).toBeUndefined();
    expect(getex('EX', '1', 'PERSIST')).toBeUndefined();
  });

  it('belong to their command alone, and a time must follow its word', () => {
    expect(set('PERSIST')).toBeUndefined();
    expect(getex('KEEPTTL')).toBeUndefined();
    expect(getex('NX')).toBeUndefined();
    expect(set('EX')).toBeUndefined();
    expect(set('NX', 'XX')).toBeUndefined();
  });
});
