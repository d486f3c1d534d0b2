/**
 * What the keyspace asks of whatever keeps the records: the seam between commands and the disk.
 *
 * Two implementations: the store (src/store), and an in-memory one for tests of commands
 * (test/keyspace/memory-storage.ts); one contract suite runs on both.
 *
 * - Everything but `load`, `scan` and `randomKey` is synchronous. A key whose record is only on
 *   disk is COLD: the caller leaves, loads it and comes back, or has it read at once (`findNow`).
 *   Nothing may be awaited between a `find` and the change that rests on it.
 * - A *space* is one database's keys. FLUSHDB gives a database a new, empty space; SWAPDB swaps two
 *   numbers; so neither touches a record (see keyspace/keyspace.ts).
 * - Ranges handed in or out are borrowed until the caller returns to the event loop.
 * - Effects become readable at once and are made durable by the storage's owner.
 */

import type { ByteRange } from '../lib/byte-range.ts';
import type { BlockPort } from './collection/block-port.ts';
import type { LiveValue } from './live-value.ts';
import type { ValueType } from './value-type.ts';

/** The key may exist, but only disk can tell: `load` it first. */
export const COLD = Symbol('cold');

/** The space of records that belong to the server itself. */
export const SYSTEM_SPACE = 0;

/** How much of a record a command needs: the proof that the key exists, or its value too. */
export const NEED_KEY = 0;
export const NEED_VALUE = 1;
export type Need = typeof NEED_KEY | typeof NEED_VALUE;

/** A key that exists in the storage; it may have expired, which the keyspace decides. */
export interface Found {
  readonly type: ValueType;
  /** Milliseconds since the epoch; 0 = never. */
  readonly expireAt: number;
  /**
   * The bytes of a string, or of a small collection as its type packs it; an empty range for other
   * collections, or when only the key was needed.
   */
  readonly value: ByteRange;
  /**
   * The live structure of a string under change, or of a collection that is not small; undefined
   * when only the key was needed.
   */
  readonly live: LiveValue | undefined;
  /** A string that APPEND or SETRANGE made, as OBJECT ENCODING tells; a large collection. */
  readonly raw: boolean;
}

export interface KeyToLoad {
  readonly space: number;
  /** Owned by the request: must not be borrowed memory. */
  readonly key: Buffer;
  readonly need: Need;
}

export interface ScannedKey {
  readonly key: Buffer;
  readonly type: ValueType;
  readonly expireAt: number;
}

export interface ScanPage {
  /** Where to go on; 0 = the scan is complete. At most 2^48. */
  readonly cursor: number;
  readonly keys: readonly ScannedKey[];
}

/** The changes that executing a command may make: the only way in which state changes. */
export interface Effects {
  /** Sets a string, whatever was there. `raw`: see Found. */
  put(space: number, key: ByteRange, value: ByteRange, expireAt: number, raw: boolean): void;
  /** Sets a small collection, of at most PACKED_BYTES_MAX bytes, whatever was there. */
  putPacked(space: number, key: ByteRange, type: ValueType, packed: ByteRange, expireAt: number):
  void;
  /**
   * Sets a whole collection, whatever was there. The storage owns `live` from then on; if another
   * key had it, that one must be removed before anything else is changed.
   */
  putLive(space: number, key: ByteRange, live: LiveValue, expireAt: number): void;
  /** Applies a delta to the live value of an existing key and logs it, also if nothing is left. */
  change(space: number, key: ByteRange, delta: ByteRange): void;
  /** Makes an existing string a live one, so that `change` can be used on it. */
  makeLive(space: number, key: ByteRange): LiveValue;
  /** Changes when an existing key expires; 0 = never. */
  expire(space: number, key: ByteRange, expireAt: number): void;
  /** Removes a key; false if there was none. */
  remove(space: number, key: ByteRange): boolean;
}

/**
 * Keys that will be asked for at once. Each would wait for the memory of its index slot, then for
 * that of its record; told of many, the storage fetches them side by side. For speed alone: what is
 * found later does not depend on it.
 */
export interface Lookahead {
  /** A key whose bytes stay where they are until `clear`. */
  add(space: number, key: ByteRange): void;
  /** An element that will be looked for in the collection of the key added last. Likewise. */
  addElement(element: ByteRange): void;
  /** Fetches what was added. */
  run(): void;
  clear(): void;
}

export interface Storage extends Effects {
  readonly lookahead: Lookahead;
  readonly blocks: BlockPort;
  /**
   * With peers: the log index of the entry whose requests run, or ran last; set before the first
   * of them, and never back to 0. 0 = alone, without an order. It is what changes are dated with.
   */
  logIndex: number;
  /**
   * A number that was not given before, by this call or by one before a restart, if a record is
   * appended for each.
   */
  uniqueNumber(): number;
  /** Whether the key has a large collection. It must have been found. */
  isLarge(space: number, key: ByteRange): boolean;
  /** A command begins: borrowed ranges of the one before may hold other bytes now. */
  begin(): void;
  find(space: number, key: ByteRange, need: Need): Found | undefined | typeof COLD;
  /**
   * As `find`, but reads what is only on disk at once, on this thread. What it returns is valid as
   * long as what `find` does. Throws a StoreError that names file and offset.
   */
  findNow(space: number, key: ByteRange, need: Need): Found | undefined;
  /** Whether `find` says COLD, even after what can be read at once was read: then `load` it. */
  mustLoad(space: number, key: ByteRange, need: Need): boolean;
  /**
   * When content, expiry or existence of a key last changed: with peers the log index of the entry
   * that changed it, the same on every peer; alone the value_index. 0: there is no such key. 1: it
   * has not changed since the storage took part in the order (alone: since it left it). An expired
   * key that was not removed yet has the version of its record: the caller decides expiry.
   *
   * Within one space, a key whose version is the same has not changed in between, unless it is
   * absent. With peers that is so between two entries; in the middle of one it is not. Versions of
   * different keys or spaces are not to be compared: Database.version has the space with it.
   */
  version(space: number, key: ByteRange): number | typeof COLD;
  /**
   * Brings records into RAM and keeps them there until the returned function is called. Rejects
   * with a StoreError that names file and offset when a record is damaged.
   */
  load(keys: readonly KeyToLoad[]): Promise<() => void>;

  /** Keys in a space, expired ones that were not removed yet included. */
  count(space: number): number;
  /** Keys in a space that have an expiry. */
  countExpiring(space: number): number;
  /** Keys in all spaces that have an expiry. */
  countAllExpiring(): number;
  /**
   * Visits about `count` keys from a cursor. A key that is there from the first page to the last
   * is returned at least once.
   */
  scan(space: number, cursor: number, count: number): Promise<ScanPage>;
  /** A key chosen uniformly, or undefined when the space is empty. */
  randomKey(space: number, random: () => number): Promise<ScannedKey | undefined>;
  /** The same two, reading from disk at once. They throw StoreError. */
  scanNow(space: number, cursor: number, count: number): ScanPage;
  randomKeyNow(space: number, random: () => number): ScannedKey | undefined;
  /** Keys whose expiry has passed, at most `max`, from a position that moves on with each call. */
  findExpired(space: number, nowMs: number, max: number): Promise<readonly Buffer[]>;
  /** Milliseconds until the keys that expire do so, on average over a sample; 0 = none does. */
  averageTtlMs(space: number, nowMs: number): number;
  /** Forgets a space: its records are dead from now on. */
  dropSpace(space: number): void;
  /**
   * A place to go back to: `takeBack` undoes all changes since then, of this turn alone (until its
   * commit). Marks nest; one that a later takeBack went behind is not good any more. A mark whose
   * changes went with a frame that could not be written is taken back already.
   */
  mark(): number;
  /**
   * Undoes what was changed since the mark, and forgets the live values that were changed: they are
   * read again. Borrowed ranges and live values that a caller has are not good any more.
   */
  takeBack(mark: number): void;
  /** Called after changes were undone, by `takeBack` or because a frame could not be written. */
  onTakenBack: () => void;
  /**
   * How many bytes the string at a key has at least, by what is known without the disk. 0 for
   * another type, and for what may have expired by `nowMs`. A key that is absent and has the hash
   * of another one may get the bound of that.
   */
  stringBytesMin(space: number, key: ByteRange, nowMs: number): number;
  /** RAM and log bytes that one key costs; undefined if absent. */
  memoryUsage(space: number, key: ByteRange): number | undefined;
}
