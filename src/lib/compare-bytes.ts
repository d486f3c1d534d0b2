/** Short runs of bytes compared in place, without views and calls out of JavaScript. */

export function isSameBytes(
  a: Buffer, aStart: number, aEnd: number, b: Buffer, bStart: number, bEnd: number,
): boolean {
  if (aEnd - aStart !== bEnd - bStart) return false;
  for (let i = aStart, j = bStart; j < bEnd; i++, j++) if (a[i] !== b[j]) return false;
  return true;
}

/** As memcmp, the shorter one first when it begins the other: below, at or above 0. */
export function compareBytes(
  a: Buffer, aStart: number, aEnd: number, b: Buffer, bStart: number, bEnd: number,
): number {
  const common = Math.min(aEnd - aStart, bEnd - bStart);
  for (let i = 0; i < common; i++) {
    const difference = a[aStart + i]! - b[bStart + i]!;
    if (difference !== 0) return difference;
  }
  return aEnd - aStart - (bEnd - bStart);
}
