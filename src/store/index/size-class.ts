/**
 * A record's size in 10 bits of an index slot: an upper bound at most 1/32 above the next multiple
 * of 8, so that one positioned read fetches a whole record without a header read before it.
 *
 * The class is a small floating-point number of 8-byte units: 5 bits exponent, 5 bits mantissa.
 *
 *     exponent 0        units = mantissa                        0..31 units: exact
 *     exponent e > 0    units = (32 + mantissa) << (e - 1)      rounded up
 *
 * Example: 1025 bytes are 129 units; 129 = 32.25 << 2 rounds up to 33 << 2 = 132 units, which is
 * 1056 bytes: exponent 3, mantissa 1, class 97.
 */

const UNIT_BYTES = 8;
const MANTISSA_BITS = 5;
const MANTISSA_COUNT = 1 << MANTISSA_BITS;

/** Classes are below this: they fit 10 bits. */
export const SIZE_CLASS_COUNT = 1 << 10;

/** Largest size that has a class (just below 16 GiB); a record is far below it. */
export const SIZE_CLASS_BYTES_MAX = (2 ** 31 - 1) * UNIT_BYTES;

/** The smallest class whose bound is at least `bytes`. Throws RangeError if no class is. */
export function sizeClassOf(bytes: number): number {
  if (!(bytes >= 0 && bytes <= SIZE_CLASS_BYTES_MAX)) {
    throw new RangeError(`size class of ${bytes} bytes: allowed are 0 to ${SIZE_CLASS_BYTES_MAX}`);
  }
  const units = Math.ceil(bytes / UNIT_BYTES);
  if (units < MANTISSA_COUNT) return units;
  const shift = 31 - MANTISSA_BITS - Math.clz32(units);
  const cut = units >>> shift;
  const rounded = cut << shift === units ? cut : cut + 1;
  // A mantissa that rounds up to 64 carries into the exponent by plain addition.
  return ((shift + 1) << MANTISSA_BITS) + rounded - MANTISSA_COUNT;
}

/** The upper bound that a class stands for, in bytes; a multiple of 8. */
export function sizeClassBytes(sizeClass: number): number {
  if (sizeClass < MANTISSA_COUNT) return sizeClass * UNIT_BYTES;
  const shift = (sizeClass >>> MANTISSA_BITS) - 1;
  return (MANTISSA_COUNT + (sizeClass & (MANTISSA_COUNT - 1))) * UNIT_BYTES * 2 ** shift;
}
