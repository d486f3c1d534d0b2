/**
 * The longest common subsequence of two byte strings, for LCS with its options.
 *
 * Among equally long subsequences the one is chosen that Redis chooses: walking back from the ends,
 * a step in `a` is taken only if it keeps strictly more than a step in `b`. That choice is one bit
 * for each pair of positions, so the table takes a 32nd of the memory that Redis needs; the lengths
 * live in two rows. Time is |a| × |b| either way.
 *
 * It fails as a value: when Redis would refuse for the size of its table, so do we, with the same
 * bound, because that product is the time that the server stands still.
 */

/** A run of bytes that both strings share. Positions are byte offsets, ends inclusive. */
export interface LcsMatch {
  readonly aStart: number;
  readonly aEnd: number;
  readonly bStart: number;
  readonly bEnd: number;
}

export interface Lcs {
  readonly length: number;
  /** The subsequence itself, owned. */
  readonly bytes: Buffer;
  /** Maximal runs, from the last to the first, as the LCS command lists them. */
  readonly matches: readonly LcsMatch[];
}

const TABLE_CELL_BYTES = 4;

/** Whether Redis would refuse these lengths, its table limited to `tableBytesMax` bytes. */
export function isLcsTooLarge(aBytes: number, bBytes: number, tableBytesMax: number): boolean {
  return (aBytes + 1) * (bBytes + 1) * TABLE_CELL_BYTES > tableBytesMax;
}

/** Undefined if the table would exceed `tableBytesMax` (proto-max-bulk-len in Redis). */
export function findLcs(a: Uint8Array, b: Uint8Array, tableBytesMax: number): Lcs | undefined {
  if (isLcsTooLarge(a.length, b.length, tableBytesMax)) return undefined;
  const steps = new Uint8Array(Math.ceil((a.length * b.length) / 8));
  const length = fillTable(a, b, steps);
  return walkBack(a, b, steps, length);
}

/** Only the length, in two rows of memory. */
export function lcsLength(
  a: Uint8Array, b: Uint8Array, tableBytesMax: number,
): number | undefined {
  if (isLcsTooLarge(a.length, b.length, tableBytesMax)) return undefined;
  return fillTable(a, b, undefined);
}

/**
 * `row[j]` holds the length for a[0, i) and b[0, j). Sets bit i × |b| + j of `steps` where the
 * walk, at positions i and j of different bytes, goes back in `a`.
 */
function fillTable(a: Uint8Array, b: Uint8Array, steps: Uint8Array | undefined): number {
  const row = new Uint32Array(b.length + 1);
  for (let i = 0; i < a.length; i++) {
    const byte = a[i]!;
    const bitRow = i * b.length;
    let diagonal = 0;
    for (let j = 0; j < b.length; j++) {
      const above = row[j + 1]!;
      const left = row[j]!;
      if (byte === b[j]) {
        row[j + 1] = diagonal + 1;
      } else if (above > left) {
        if (steps !== undefined) {
          const bit = bitRow + j;
          // Division, because a bit number may be larger than a shift can take.
          steps[Math.floor(bit / 8)]! |= 1 << (bit % 8);
        }
      } else {
        row[j + 1] = left;
      }
      diagonal = above;
    }
  }
  return row[b.length]!;
}

function walkBack(a: Uint8Array, b: Uint8Array, steps: Uint8Array, length: number): Lcs {
  const bytes = Buffer.alloc(length);
  const matches: LcsMatch[] = [];
  let i = a.length;
  let j = b.length;
  let left = length;
  while (i > 0 && j > 0) {
    if (a[i - 1] === b[j - 1]) {
      const aEnd = i - 1;
      const bEnd = j - 1;
      while (i > 0 && j > 0 && a[i - 1] === b[j - 1]) {
        bytes[--left] = a[--i]!;
        j--;
      }
      matches.push({ aStart: i, aEnd, bStart: j, bEnd });
    } else {
      const bit = (i - 1) * b.length + (j - 1);
      if (((steps[Math.floor(bit / 8)]! >> (bit % 8)) & 1) === 1) i--;
      else j--;
    }
  }
  return { length, bytes, matches };
}
