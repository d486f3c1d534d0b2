/**
 * Field -> position, for a hash of any size, without a long pause when it grows.
 *
 * One Map of V8 doubles by hashing all its entries again: with a million of them that takes 60 ms,
 * in one piece. So here are many Maps of bounded size, and growth splits one of them at a time
 * (linear hashing):
 *
 *     maps  0 1 2 3 | 4 5        level: 4 maps, 2 of them split
 *     a field with hash h is in map h % 8 if that is there already, else in map h % 4
 *
 * The hash is not seeded. Who chooses fields so that all of them meet in one map gets what he would
 * have had from a single Map: the same answers and the same pause.
 */

import { FIELD_MAP_ENTRIES_MAX, FIELD_MAP_HASHED_CHARS } from '../limits.ts';

export class FieldIndex {
  #maps: Map<string, number>[] = [new Map()];
  /** Maps when the level began: a power of two. */
  #level = 1;
  #size = 0;

  get(field: string): number | undefined {
    return this.#mapOf(field).get(field);
  }

  set(field: string, position: number): void {
    const map = this.#mapOf(field);
    const before = map.size;
    map.set(field, position);
    if (map.size === before) return;
    this.#size += 1;
    if (this.#size > this.#maps.length * FIELD_MAP_ENTRIES_MAX) this.#split();
  }

  delete(field: string): void {
    if (this.#mapOf(field).delete(field)) this.#size -= 1;
  }

  #mapOf(field: string): Map<string, number> {
    const maps = this.#maps;
    return (maps.length === 1 ? maps[0] : maps[this.#numberOf(field)]) as Map<string, number>;
  }

  #numberOf(field: string): number {
    const hash = hashOf(field);
    const wide = hash & (this.#level * 2 - 1);
    return wide < this.#maps.length ? wide : hash & (this.#level - 1);
  }

  /** Divides the next map of the level into two. */
  #split(): void {
    const from = this.#maps.length - this.#level;
    const whole = this.#maps[from] as Map<string, number>;
    const stays = new Map<string, number>();
    const goes = new Map<string, number>();
    this.#maps[from] = stays;
    this.#maps.push(goes);
    for (const [field, position] of whole) {
      ((hashOf(field) & this.#level) === 0 ? stays : goes).set(field, position);
    }
    if (this.#maps.length === this.#level * 2) this.#level *= 2;
  }
}

/** FNV-1a over the first and the last characters and the length. */
function hashOf(field: string): number {
  const { length } = field;
  const end = Math.min(length, FIELD_MAP_HASHED_CHARS);
  let hash = Math.imul(length ^ 0x811c9dc5, 0x01000193);
  for (let i = 0; i < end; i++) hash = Math.imul(hash ^ field.charCodeAt(i), 0x01000193);
  for (let i = Math.max(end, length - end); i < length; i++) {
    hash = Math.imul(hash ^ field.charCodeAt(i), 0x01000193);
  }
  return hash ^ (hash >>> 15);
}
