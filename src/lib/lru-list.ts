/**
 * Things in the order of their last use: which warm collection goes cold first, which cached block
 * is dropped. Links are fields of the things themselves, so that a use costs no allocation and no
 * lookup.
 *
 *   oldest ─newer→ … ─newer→ newest        newest ─older→ … ─older→ oldest
 *
 * Invariants: an item is in one list at most; `list` on the item says in which, and both links are
 * undefined when it is in none. Touching an item of another list, or removing one that is not in
 * the list, is a bug of the caller and asserted.
 */

/** What an item must have; `lruLinks()` makes the initial values. */
export interface LruItem<T> {
  lru: LruLinks<T>;
}

export interface LruLinks<T> {
  older: T | undefined;
  newer: T | undefined;
  list: object | undefined;
}

export function lruLinks<T>(): LruLinks<T> {
  return { older: undefined, newer: undefined, list: undefined };
}

export class LruList<T extends LruItem<T>> {
  #oldest: T | undefined;
  #newest: T | undefined;
  #size = 0;

  get size(): number {
    return this.#size;
  }

  /** The item unused for longest. */
  get oldest(): T | undefined {
    return this.#oldest;
  }

  get newest(): T | undefined {
    return this.#newest;
  }

  has(item: T): boolean {
    return item.lru.list === this;
  }

  /** Makes `item` the newest, adding it if it is in no list yet. */
  touch(item: T): void {
    if (item === this.#newest) return;
    if (item.lru.list !== undefined) this.remove(item);
    item.lru.list = this;
    item.lru.older = this.#newest;
    if (this.#newest === undefined) this.#oldest = item;
    else this.#newest.lru.newer = item;
    this.#newest = item;
    this.#size++;
  }

  remove(item: T): void {
    const { lru } = item;
    if (lru.list !== this) throw new Error('LruList: the item is not in this list');
    if (lru.older === undefined) this.#oldest = lru.newer;
    else lru.older.lru.newer = lru.newer;
    if (lru.newer === undefined) this.#newest = lru.older;
    else lru.newer.lru.older = lru.older;
    lru.older = undefined;
    lru.newer = undefined;
    lru.list = undefined;
    this.#size--;
  }

  /** Takes the oldest item out. */
  shift(): T | undefined {
    const item = this.#oldest;
    if (item !== undefined) this.remove(item);
    return item;
  }
}
