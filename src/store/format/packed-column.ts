/**
 * Numbers as differences to the lowest of them, each in as many bits as the largest difference
 * needs: a column whose numbers are all the same takes two words.
 *
 *     word 0   the lowest number            number i: bits [i x width, (i + 1) x width) of what
 *     word 1   width, 0 to 32               follows, lowest bit of word 2 first
 *     word 2.. ceil(count x width / 32) words
 *
 * Rejected: variable bytes (LEB128), which cost a branch a byte and half a byte a number more.
 * Who reads a column has checked it with `packedWords` before; nothing here fails.
 */

/** Words before the packed numbers. */
const HEAD_WORDS = 2;
const WIDTH_MAX = 32;

/** Words that the column at words[at] takes; -1 if no column of `count` numbers begins there. */
export function packedWords(words: Uint32Array, at: number, count: number): number {
  const width = words[at + 1];
  if (width === undefined || width > WIDTH_MAX) return -1;
  const total = HEAD_WORDS + Math.ceil((count * width) / 32);
  return at + total <= words.length ? total : -1;
}

/** `values` as a column. */
export function packColumn(values: Uint32Array): Uint32Array {
  let low = values.length === 0 ? 0 : 0xffffffff;
  let high = 0;
  for (let i = 0; i < values.length; i += 1) {
    if (values[i]! < low) low = values[i]!;
    if (values[i]! > high) high = values[i]!;
  }
  const width = values.length === 0 ? 0 : 32 - Math.clz32(high - low);
  const words = new Uint32Array(HEAD_WORDS + Math.ceil((values.length * width) / 32));
  words[0] = low;
  words[1] = width;
  if (width === 0) return words;
  let bit = HEAD_WORDS * 32;
  for (let i = 0; i < values.length; i += 1, bit += width) {
    const value = values[i]! - low;
    const word = bit >>> 5;
    const shift = bit & 31;
    words[word] = words[word]! | (value << shift);
    if (shift + width > 32) words[word + 1] = value >>> (32 - shift);
  }
  return words;
}

/**
 * Writes number i of the column at words[at] to out[to + i x stride]. Ten million rows go through
 * this at a start: `| 0` keeps it in 32-bit arithmetic.
 */
export function unpackColumn(words: Uint32Array, at: number, count: number, out: Uint32Array,
  to: number, stride: number): void {
  const low = words[at]! | 0;
  const width = words[at + 1]! | 0;
  const end = (to + count * stride) | 0;
  if (width === 0) {
    for (let i = to; i < end; i = (i + stride) | 0) out[i] = low;
    return;
  }
  const mask = width === 32 ? -1 : ((1 << width) - 1) | 0;
  let word = (at + HEAD_WORDS) | 0;
  let shift = 0;
  for (let i = to; i < end; i = (i + stride) | 0) {
    let value = words[word]! >>> shift;
    shift = (shift + width) | 0;
    if (shift >= 32) {
      shift = (shift - 32) | 0;
      word = (word + 1) | 0;
      if (shift > 0) value |= words[word]! << (width - shift);
    }
    out[i] = ((value & mask) + low) | 0;
  }
}
