/**
 * Brings the first elements of a list into order and leaves the rest as it comes: quicksort that
 * does not go into parts behind them. It is the one of Bentley and McIlroy ("Engineering a sort
 * function", 1993) step by step, because Redis sorts so, and elements that compare as equal come in
 * the order that it leaves them in.
 */

export type Compare<T> = (a: T, b: T) => number;

const INSERTION_MAX = 6;
const NINTHER_MIN = 41;

/** Sorts so that the first `wanted` are what a whole sort would have there, but for equal ones. */
export function sortFirst<T>(list: T[], wanted: number, compare: Compare<T>): void {
  sortPart(list, 0, list.length, wanted, compare);
}

/** From `start` up to `end`. */
function sortPart<T>(
  list: T[], start: number, end: number, wanted: number, compare: Compare<T>,
): void {
  let first = start;
  while (end - first > INSERTION_MAX) {
    swap(list, first, pivotOf(list, first, end, compare));
    const { above, below } = partition(list, first, end, compare);
    if (below > 1 && first < wanted) sortPart(list, first, first + below, wanted, compare);
    first = end - above;
    if (above <= 1 || first >= wanted) return;
  }
  for (let from = first + 1; from < end; from++) {
    for (let at = from; at > first && compare(list[at - 1]!, list[at]!) > 0; at--) {
      swap(list, at, at - 1);
    }
  }
}

/** The middle one; of more elements the median of three; of many that of three such medians. */
function pivotOf<T>(list: T[], first: number, end: number, compare: Compare<T>): number {
  const length = end - first;
  const middle = first + (length >>> 1);
  if (length === INSERTION_MAX + 1) return middle;
  const last = end - 1;
  const median = (a: number, b: number, c: number): number => medianOf(list, a, b, c, compare);
  if (length < NINTHER_MIN) return median(first, middle, last);
  const d = length >>> 3;
  return median(
    median(first, first + d, first + 2 * d),
    median(middle - d, middle, middle + d),
    median(last - 2 * d, last - d, last),
  );
}

function medianOf<T>(list: T[], a: number, b: number, c: number, compare: Compare<T>): number {
  const isBetween = (one: number, other: number): number => compare(list[one]!, list[other]!);
  if (isBetween(a, b) < 0) {
    if (isBetween(b, c) < 0) return b;
    return isBetween(a, c) < 0 ? c : a;
  }
  if (isBetween(b, c) > 0) return b;
  return isBetween(a, c) < 0 ? a : c;
}

/** How many are below the pivot, which is first, and above it; those equal to it are between. */
function partition<T>(
  list: T[], first: number, end: number, compare: Compare<T>,
): { readonly below: number; readonly above: number } {
  // Equal ones gather at both ends:  first = equalLow ... low ... high ... equalHigh end
  let [equalLow, low, high, equalHigh] = [first + 1, first + 1, end - 1, end - 1];
  for (;;) {
    for (let order; low <= high && (order = compare(list[low]!, list[first]!)) <= 0; low++) {
      if (order === 0) swap(list, equalLow++, low);
    }
    for (let order; low <= high && (order = compare(list[high]!, list[first]!)) >= 0; high--) {
      if (order === 0) swap(list, high, equalHigh--);
    }
    if (low > high) break;
    swap(list, low++, high--);
  }
  const below = low - equalLow;
  const above = equalHigh - high;
  swapRuns(list, first, low, Math.min(equalLow - first, below));
  swapRuns(list, low, end, Math.min(above, end - equalHigh - 1));
  return { below, above };
}

/** So many from `first` on with as many in front of `end`. */
function swapRuns<T>(list: T[], first: number, end: number, length: number): void {
  for (let i = 0; i < length; i++) swap(list, first + i, end - length + i);
}

function swap<T>(list: T[], a: number, b: number): void {
  const kept = list[a]!;
  list[a] = list[b]!;
  list[b] = kept;
}
