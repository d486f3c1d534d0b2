/**
 * Which transactions watch which keys: WATCH. When a key changes, every transaction that watches it
 * is touched, and its EXEC replies nil. Costs one comparison per change while nobody watches.
 */

import type { ByteRange } from '../lib/byte-range.ts';

/** A transaction as the registry sees it. */
export interface Watcher {
  touch(): void;
  /** A database that it watches keys of was emptied or exchanged. */
  onFlushed(db: number): void;
}

export class WatchedKeys {
  /** By database, then by key (latin1). */
  readonly #watchers: Map<string, Set<Watcher>>[] = [];
  #count = 0;

  add(db: number, key: Buffer, watcher: Watcher): void {
    const keys = (this.#watchers[db] ??= new Map<string, Set<Watcher>>());
    const name = key.toString('latin1');
    let watchers = keys.get(name);
    if (watchers === undefined) keys.set(name, (watchers = new Set()));
    if (watchers.has(watcher)) return;
    watchers.add(watcher);
    this.#count++;
  }

  remove(db: number, key: Buffer, watcher: Watcher): void {
    const keys = this.#watchers[db];
    const name = key.toString('latin1');
    const watchers = keys?.get(name);
    if (keys === undefined || !watchers?.delete(watcher)) return;
    this.#count--;
    if (watchers.size === 0) keys.delete(name);
  }

  /** Watched keys over all transactions. */
  get count(): number {
    return this.#count;
  }

  modified(db: number, key: ByteRange): void {
    if (this.#count === 0) return;
    const watchers = this.#watchers[db]?.get(key.latin1());
    if (watchers !== undefined) for (const watcher of watchers) watcher.touch();
  }

  flushed(db: number): void {
    const keys = this.#watchers[db];
    if (keys === undefined || keys.size === 0) return;
    const told = new Set<Watcher>();
    for (const watchers of keys.values()) for (const watcher of watchers) told.add(watcher);
    for (const watcher of told) watcher.onFlushed(db);
  }
}
