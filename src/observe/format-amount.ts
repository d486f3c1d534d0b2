/** Amounts of bytes for people: `1.50G`, as INFO writes its _human fields. */

const UNITS = ['B', 'K', 'M', 'G', 'T', 'P'] as const;

/** Steps of 1024; two digits after the point above one kilobyte. */
export function formatAmount(bytes: number): string {
  let amount = bytes;
  let unit = 0;
  while (amount >= 1024 && unit < UNITS.length - 1) {
    amount /= 1024;
    unit += 1;
  }
  return `${unit === 0 ? amount : amount.toFixed(2)}${UNITS[unit] ?? ''}`;
}
