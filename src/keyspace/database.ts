/**
 * One numbered database: the keys as a command sees them.
 *
 * Every read decides expiry by the time of the running entry, and every change passes through here,
 * so this is the one place where effects are made: nothing else calls the storage's Effects.
 *
 * A command's keys are usually in RAM when it runs. One that is only on disk is read here and now.
 */

import { ByteRange } from '../lib/byte-range.ts';
import type { Random } from '../lib/random.ts';
import { blocksSpaceOf, expiringSpaceOf } from './collection/block-keys.ts';
import { mayHaveExpired, noteExpiring, setExpiring } from './collection/expiring-hashes.ts';
import { hashOf, isEmptied, soonestOf } from './collection/hash/hashes.ts';
import { copyBlocks, leaveBlocks } from './collection/left-over-blocks.ts';
import type { CollectionType } from './collection/collection-type.ts';
import { LargeCollection } from './collection/large-collection.ts';
import type { KeyspaceCore } from './keyspace-core.ts';
import type { LiveValue } from './live-value.ts';
import {
  COLD, NEED_KEY, NEED_VALUE, type Found, type Need, type ScanPage, type ScannedKey,
} from './storage.ts';
import { HASH, STRING, type ValueType } from './value-type.ts';

/** The key holds another type than the command works on. */
export const WRONG_TYPE = Symbol('wrong type');

/** When a key last changed: what WATCH notes and EXEC compares. Plain numbers, to be sent. */
export interface KeyVersion {
  /** The space in which the key was found; 0 when it was absent, in whatever space. */
  readonly space: number;
  readonly version: number;
}

const ABSENT: KeyVersion = { space: 0, version: 0 };

/** A version that no key ever has: what a key is given that is known to have changed. */
export const CHANGED: KeyVersion = { space: 0, version: 1 };

/** Whether a key that has this version was absent. */
export function isAbsent({ space }: KeyVersion): boolean {
  return space === ABSENT.space;
}

/** Whether nothing has changed the key between the two, SWAPDB and FLUSHDB included. */
export function isSameVersion(a: KeyVersion, b: KeyVersion): boolean {
  return a.space === b.space && a.version === b.version;
}

export class Database {
  readonly index: number;
  /** Set by Keyspace alone. */
  space: number;
  readonly #keyspace: KeyspaceCore;

  constructor(keyspace: KeyspaceCore, index: number, space: number) {
    this.#keyspace = keyspace;
    this.index = index;
    this.space = space;
  }

  /** The time of the running request, ms since the epoch. */
  get nowMs(): number {
    return this.#keyspace.now;
  }

  /** The key's entry, or undefined when absent or expired; an expired one is removed on the way. */
  find(key: ByteRange, need: Need = NEED_VALUE): Found | undefined {
    const { storage } = this.#keyspace;
    let found = storage.find(this.space, key, need);
    if (found === COLD) found = storage.findNow(this.space, key, need);
    if (found === undefined) return undefined;
    if (found.expireAt === 0 || found.expireAt > this.#keyspace.now) {
      return found.type === HASH ? this.#unlessEmptied(key, found, need) : found;
    }
    if (!this.#keyspace.isReadOnly) this.#expire(key);
    return undefined;
  }

  /** A hash; undefined if all its fields have expired, and then it is removed on the way. */
  #unlessEmptied(key: ByteRange, found: Found, need: Need): Found | undefined {
    if (!this.#isEmptied(key, found, need)) return found;
    if (this.#keyspace.isReadOnly) return undefined;
    const { size } = hashOf(this.findStored(key)!);
    this.#leaveBlocks(key);
    this.removeMoved(key);
    this.noteExpiredFields(key, size);
    this.notify('g', 'del', key);
    return undefined;
  }

  #isEmptied(key: ByteRange, found: Found, need: Need): boolean {
    const { now, storage } = this.#keyspace;
    if (need === NEED_VALUE || found.live !== undefined) return isEmptied(found, now);
    if (!mayHaveExpired(storage, this.space, key, now)) return false;
    const whole = this.findStored(key);
    return whole !== undefined && isEmptied(whole, now);
  }

  /** What is at a key, also if it has expired. Changes nothing. */
  findStored(key: ByteRange): Found | undefined {
    const { storage } = this.#keyspace;
    const found = storage.find(this.space, key, NEED_VALUE);
    return found === COLD ? storage.findNow(this.space, key, NEED_VALUE) : found;
  }

  /** Whether all fields of a hash that a scan has met have expired by a time. Changes nothing. */
  isEmptied(key: Buffer, nowMs: number): boolean {
    const range = new ByteRange(key);
    if (!mayHaveExpired(this.#keyspace.storage, this.space, range, nowMs)) return false;
    const whole = this.findStored(range);
    return whole !== undefined && whole.type === HASH && isEmptied(whole, nowMs);
  }

  /** Like find, on behalf of a command that reads: counts hits and misses, notes the use. */
  read(key: ByteRange, need: Need = NEED_VALUE): Found | undefined {
    const keyspace = this.#keyspace;
    const found = this.find(key, need);
    if (found === undefined) {
      keyspace.stats.misses++;
      keyspace.notify('m', 'keymiss', this.index, key);
      return undefined;
    }
    keyspace.stats.hits++;
    keyspace.access.touch(key, keyspace.now);
    return found;
  }

  /** What was found so far is not used any more: its memory may serve what is read next. */
  endReads(): void {
    this.#keyspace.storage.begin();
  }

  /** A string to read: its bytes are in `value`. */
  readString(key: ByteRange): Found | undefined | typeof WRONG_TYPE {
    const found = this.read(key);
    return found === undefined || found.type === STRING ? found : WRONG_TYPE;
  }

  /** A collection to read: its bytes are in `value` if it is small, else it is `live`. */
  readCollection(key: ByteRange, type: ValueType): Found | undefined | typeof WRONG_TYPE {
    const found = this.read(key);
    return found === undefined || found.type === type ? found : WRONG_TYPE;
  }

  /** A string about to be changed. */
  findString(key: ByteRange): Found | undefined | typeof WRONG_TYPE {
    const found = this.find(key);
    return found === undefined || found.type === STRING ? found : WRONG_TYPE;
  }

  /** A collection about to be changed. */
  findCollection(key: ByteRange, type: ValueType): Found | undefined | typeof WRONG_TYPE {
    const found = this.find(key);
    return found === undefined || found.type === type ? found : WRONG_TYPE;
  }

  /**
   * The key's version by the time of the running request. With peers two keys that one entry
   * changed have equal numbers, and SWAPDB may put one in the place of the other: so the space,
   * which is the same on every peer, is part of it. Changes nothing.
   */
  version(key: ByteRange): KeyVersion {
    const { now, storage } = this.#keyspace;
    let found = storage.find(this.space, key, NEED_KEY);
    if (found === COLD) found = storage.findNow(this.space, key, NEED_KEY);
    if (found === undefined || (found.expireAt !== 0 && found.expireAt <= now)) return ABSENT;
    if (found.type === HASH && this.#isEmptied(key, found, NEED_KEY)) return ABSENT;
    storage.find(this.space, key, NEED_KEY);
    const version = storage.version(this.space, key);
    if (version === COLD) throw new Error('assertion failed: a key that was found is cold');
    return { space: this.space, version };
  }

  has(key: ByteRange): boolean {
    return this.find(key, NEED_KEY) !== undefined;
  }

  // ---- Changes. Notifications are the command's own business. -----------------------------------

  /** Sets a string whatever was there; `expireAt` in ms since the epoch, 0 = never. */
  put(key: ByteRange, value: ByteRange, expireAt = 0, raw = false): void {
    this.#leaveBlocks(key);
    setExpiring(this.#keyspace.storage, this.space, key, Infinity);
    this.#keyspace.storage.put(this.space, key, value, expireAt, raw);
    this.#touched(key, true);
  }

  /**
   * Sets a key to a value that another one has, whatever was there. The caller removes that one
   * with `removeMoved`, before anything else is changed.
   */
  putMoved(key: ByteRange, found: Found, expireAt: number): void {
    const { live } = found;
    const isLarge = live instanceof LargeCollection;
    if (!isLarge || live.place.space === blocksSpaceOf(this.space)) {
      return this.#putValue(key, found, expireAt, live);
    }
    // FLUSHDB drops the blocks of its database.
    this.putCopy(key, found, expireAt);
    this.#leave(live);
  }

  /** Sets a key to a copy of a value that was found, whatever was there. */
  putCopy(key: ByteRange, found: Found, expireAt: number): void {
    const { live } = found;
    const copy = live instanceof LargeCollection
      ? copyBlocks(this.#keyspace.storage, live, this.space)
      : live?.copy();
    this.#putValue(key, found, expireAt, copy);
  }

  #putValue(key: ByteRange, found: Found, expireAt: number, live: LiveValue | undefined): void {
    const { storage } = this.#keyspace;
    const { raw, type, value } = found;
    if (type === STRING) return this.put(key, value, expireAt, raw);
    this.#leaveBlocks(key);
    const soonestMs = type === HASH ? soonestOf(found) : Infinity;
    setExpiring(storage, this.space, key, soonestMs);
    if (live !== undefined) storage.putLive(this.space, key, live, expireAt);
    else storage.putPacked(this.space, key, type, value, expireAt);
    this.#touched(key, true);
  }

  /** Applies one delta to a string that is live. */
  change(key: ByteRange, delta: ByteRange): void {
    this.#keyspace.storage.change(this.space, key, delta);
    this.#touched(key, true);
  }

  /**
   * Applies one delta to a collection of any size, or makes it; the key must have been found. It
   * goes with its last element. Returns by how many elements it has grown.
   */
  changeCollection(
    key: ByteRange, type: CollectionType, delta: ByteRange, random: Random,
  ): number {
    const { collections } = this.#keyspace;
    const growth = collections.apply(this.space, key, type, delta, random);
    if (growth < 0 && type.type === HASH) this.#forgetIfAbsent(key);
    this.#touched(key, true);
    return growth;
  }

  /** Applies one delta to a hash that gives fields an expiry. */
  expireFields(
    key: ByteRange, type: CollectionType, delta: ByteRange, expireAtMs: number, random: Random,
  ): void {
    noteExpiring(this.#keyspace.storage, this.space, key, expireAtMs);
    this.changeCollection(key, type, delta, random);
  }

  /** Fields of a hash were removed because they had expired. */
  noteExpiredFields(key: ByteRange, count: number): void {
    this.#keyspace.stats.expiredFields += count;
    this.notify('h', 'hexpired', key);
  }

  /** Notes when the fields of what is at a key begin to expire; some of them were removed. */
  refreshExpiring(key: ByteRange, removed: readonly ByteRange[]): void {
    const whole = this.findStored(key);
    let soonestMs = Infinity;
    if (whole?.type === HASH) {
      const hash = hashOf(whole);
      hash.refreshTimes(removed);
      ({ soonestMs } = hash);
    }
    setExpiring(this.#keyspace.storage, this.space, key, soonestMs);
  }

  #forgetIfAbsent(key: ByteRange): void {
    const { storage } = this.#keyspace;
    if (storage.count(expiringSpaceOf(this.space)) === 0) return;
    if (storage.find(this.space, key, NEED_KEY) !== undefined) return;
    setExpiring(storage, this.space, key, Infinity);
  }

  /** Turns an existing string into one that `change` can write into at any offset. */
  makeLive(key: ByteRange): LiveValue {
    return this.#keyspace.storage.makeLive(this.space, key);
  }

  /** Sets the expiry of an existing key, 0 = never. The caller handles times in the past. */
  setExpiry(key: ByteRange, expireAt: number): void {
    this.#keyspace.storage.expire(this.space, key, expireAt);
    this.#touched(key, true);
  }

  remove(key: ByteRange): boolean {
    if (this.find(key, NEED_KEY) === undefined) return false;
    this.#leaveBlocks(key);
    this.removeMoved(key);
    return true;
  }

  /** Removes a key whose value another one has now. */
  removeMoved(key: ByteRange): void {
    const { storage } = this.#keyspace;
    storage.remove(this.space, key);
    setExpiring(storage, this.space, key, Infinity);
    this.#touched(key, false);
  }

  /** A notification of the given class about a key of this database. */
  notify(kind: string, event: string, key: ByteRange): void {
    this.#keyspace.notify(kind, event, this.index, key);
  }

  // ---- The whole database -----------------------------------------------------------------------

  count(): number {
    return this.#keyspace.storage.count(this.space);
  }

  countExpiring(): number {
    return this.#keyspace.storage.countExpiring(this.space);
  }

  /** Hashes that have fields that expire. */
  countExpiringHashes(): number {
    return this.#keyspace.storage.count(expiringSpaceOf(this.space));
  }

  /** The keys of hashes that may have fields that have expired; see Storage.findExpired. */
  findExpiringHashes(nowMs: number, max: number): Promise<readonly Buffer[]> {
    return this.#keyspace.storage.findExpired(expiringSpaceOf(this.space), nowMs, max);
  }

  scan(cursor: number, count: number): Promise<ScanPage> {
    return this.#keyspace.storage.scan(this.space, cursor, count);
  }

  /** As `scan`, reading from disk at once. */
  scanNow(cursor: number, count: number): ScanPage {
    return this.#keyspace.storage.scanNow(this.space, cursor, count);
  }

  randomKey(random: () => number): Promise<ScannedKey | undefined> {
    return this.#keyspace.storage.randomKey(this.space, random);
  }

  randomKeyNow(random: () => number): ScannedKey | undefined {
    return this.#keyspace.storage.randomKeyNow(this.space, random);
  }

  /** The blocks of a large collection that goes are removed in the background. */
  #leaveBlocks(key: ByteRange): void {
    const { storage } = this.#keyspace;
    if (!storage.isLarge(this.space, key)) return;
    let found = storage.find(this.space, key, NEED_VALUE);
    if (found === COLD) found = storage.findNow(this.space, key, NEED_VALUE);
    if (found?.live instanceof LargeCollection) this.#leave(found.live);
  }

  #leave(large: LargeCollection): void {
    leaveBlocks(this.#keyspace.storage, large);
    this.#keyspace.leftOvers++;
  }

  #touched(key: ByteRange, isSet: boolean): void {
    const keyspace = this.#keyspace;
    keyspace.modified(key);
    keyspace.access.touch(key, keyspace.now);
    if (keyspace.keyListeners.size > 0) keyspace.keyListeners.onChange(this.index, key, isSet);
  }

  #expire(key: ByteRange): void {
    const keyspace = this.#keyspace;
    this.#leaveBlocks(key);
    keyspace.storage.remove(this.space, key);
    setExpiring(keyspace.storage, this.space, key, Infinity);
    keyspace.stats.expired++;
    keyspace.modified(key);
    if (keyspace.keyListeners.size > 0) keyspace.keyListeners.onChange(this.index, key, false);
    keyspace.notify('x', 'expired', this.index, key);
  }
}
