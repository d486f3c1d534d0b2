/** Whole numbers that may be negative, as ones that are not: 0 -1 1 -2 2 is 0 1 2 3 4. */

export function zigzag(value: number): number {
  return value >= 0 ? 2 * value : -2 * value - 1;
}

export function unzigzag(coded: number): number {
  return coded % 2 === 0 ? coded / 2 : -(coded + 1) / 2;
}
