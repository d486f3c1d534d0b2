/**
 * The table from the hashes of fields to positions: open addressing with linear probing. A place
 * has 8 bits of the hash and 24 of the position, from the place on that the low bits of the hash
 * say; 0 = free. It is at most half full. The high bits of the hash do not count: they are the same
 * in all of a block.
 */

/** A table has twice as many places as positions, a power of two. */
const TABLE_PLACES_MIN = 64;

/** The bits of a place that are the position, plus one. */
export const POSITION_MASK = 0xff_ffff;

export function placesFor(positions: number): number {
  let places = TABLE_PLACES_MIN;
  while (places < 2 * positions) places *= 2;
  return places;
}

/** What a place has of the hash of its field. */
export function tagOf(hash: number): number {
  return (hash >>> 10) & 0xff;
}

export function enterField(
  words: Uint32Array, places: number, hash: number, position: number,
): void {
  const mask = places - 1;
  let place = hash & mask;
  while (words[place] !== 0) place = (place + 1) & mask;
  words[place] = (tagOf(hash) << 24) | (position + 1);
}

/** Takes a position out that is there; `hashAt` gives the hash of the field at another one. */
export function leaveField(
  words: Uint32Array, places: number, hash: number, position: number,
  hashAt: (position: number) => number,
): void {
  const mask = places - 1;
  let gap = hash & mask;
  while ((words[gap]! & POSITION_MASK) !== position + 1) gap = (gap + 1) & mask;
  // What lies behind moves up if its own place allows it (Knuth 6.4, algorithm R).
  for (let place = (gap + 1) & mask; words[place] !== 0; place = (place + 1) & mask) {
    const home = hashAt((words[place]! & POSITION_MASK) - 1) & mask;
    if (((place - home) & mask) < ((place - gap) & mask)) continue;
    words[gap] = words[place]!;
    gap = place;
  }
  words[gap] = 0;
}

/** A position was closed up: those behind it are one less. */
export function closeUpTable(words: Uint32Array, places: number, gap: number): void {
  for (let place = 0; place < places; place++) {
    if ((words[place]! & POSITION_MASK) > gap + 1) words[place]!--;
  }
}
