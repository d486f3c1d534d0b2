import { describe, expect, it } from 'vitest';
import {
  SIZE_CLASS_BYTES_MAX, SIZE_CLASS_COUNT, sizeClassBytes, sizeClassOf,
} from '../../../src/store/index/size-class.ts';

const GIB = 2 ** 30;

function checkSize(bytes: number): void {
  const sizeClass = sizeClassOf(bytes);
  const bound = sizeClassBytes(sizeClass);
  const isRight = sizeClass >= 0 && sizeClass < SIZE_CLASS_COUNT && bound >= bytes &&
    bound % 8 === 0 && (bytes < 256 ? bound - bytes < 8 : bound <= bytes * 1.032) &&
    (sizeClass === 0 || sizeClassBytes(sizeClass - 1) < bytes);
  if (!isRight) expect.fail(`${bytes} bytes: class ${sizeClass}, bound ${bound}`);
}

describe('size classes', () => {
  it('bound every size up to 300 000 bytes, tightly, with the smallest class', () => {
    for (let bytes = 0; bytes <= 300_000; bytes += 1) checkSize(bytes);
  });

  it('bound the sizes around every class and every power of two up to the largest', () => {
    for (let sizeClass = 1; sizeClass < SIZE_CLASS_COUNT; sizeClass += 1) {
      const bytes = sizeClassBytes(sizeClass);
      for (const size of [bytes - 1, bytes, bytes + 1]) {
        if (size <= SIZE_CLASS_BYTES_MAX) checkSize(size);
      }
    }
    for (let size = 256; size <= SIZE_CLASS_BYTES_MAX; size *= 2) {
      for (let near = -9; near <= 9; near += 1) checkSize(size + near);
    }
    expect(SIZE_CLASS_BYTES_MAX).toBeGreaterThan(GIB);
  });

  it('are the classes of their own bounds', () => {
    for (let sizeClass = 0; sizeClassBytes(sizeClass) <= SIZE_CLASS_BYTES_MAX; sizeClass += 1) {
      expect(sizeClassOf(sizeClassBytes(sizeClass))).toBe(sizeClass);
    }
  });

  it('match the worked example of the file', () => {
    expect(sizeClassOf(1025)).toBe(97);
    expect(sizeClassBytes(97)).toBe(1056);
  });

  it('refuse a size that none of them holds', () => {
    expect(() => sizeClassOf(-1)).toThrow(RangeError);
    expect(() => sizeClassOf(SIZE_CLASS_BYTES_MAX + 1)).toThrow(RangeError);
    expect(() => sizeClassOf(Number.NaN)).toThrow(RangeError);
  });
});
