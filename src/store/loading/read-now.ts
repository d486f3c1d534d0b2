/**
 * Cold keys read at once, on the thread that serves, for a command that asks for what was not
 * prefetched: an undeclared key, or one that left RAM again. So no command can meet a key that is
 * not in RAM, and what is in RAM changes how long it takes, never what it does.
 *
 * It throws a StoreError that names file and offset: DAMAGED, or FAILED with the disk's error.
 */

import type { ByteRange } from '../../lib/byte-range.ts';
import { NEED_VALUE, type Need } from '../../keyspace/storage.ts';
import { isReadInPlace, type ValueType } from '../../keyspace/value-type.ts';
import type { Chain } from '../chains/chains.ts';
import { entryIsRawAt, entryTypeAt, entryValueAt } from '../format/data-entry.ts';
import { placeOffset, placeSlot, type LoadedRecord } from '../memory/residents.ts';
import { sizeClassBytes } from '../index/size-class.ts';
import type { StoreChanges } from '../changes/store-changes.ts';
import { keyOf, learnKey, mustBeWhole } from './store-loader.ts';
import type { StoreParts } from '../store-parts.ts';
import type { KeyIndex } from '../index/key-index.ts';
import { ValueLoader } from './value-loader.ts';

/** The key, then its value, then the value made a structure; each is one round. */
const ROUNDS_MAX = 5;

export class ReadNow {
  readonly #parts: StoreParts;
  readonly #changes: StoreChanges;
  readonly #values: ValueLoader;

  constructor(parts: StoreParts, changes: StoreChanges) {
    this.#parts = parts;
    this.#changes = changes;
    this.#values = new ValueLoader(parts);
  }

  /** The key, or that it is absent, is in RAM afterwards as it is needed. */
  bring(space: number, key: ByteRange, need: Need): void {
    for (let round = 0; round < ROUNDS_MAX; round += 1) {
      if (this.#isThere(space, key, need)) return;
    }
    throw new Error('assertion failed: what was read at once is not in RAM');
  }

  /** False after a step towards it. */
  #isThere(space: number, key: ByteRange, need: Need): boolean {
    const { probe } = this.#parts;
    probe.run(space, key);
    if (probe.slot === -1) {
      if (probe.damage !== undefined) throw probe.damage;
      if (!probe.isCold) return true;
      this.#readCandidates(probe.space!.index, probe.hi, probe.lo);
      return false;
    }
    if (need !== NEED_VALUE) return true;
    if (probe.chain !== undefined) return this.#hasChain(probe.chain);
    if (!probe.isWhole) {
      this.#readSlot(probe.space!.index, probe.slot, true);
      return false;
    }
    const type = entryTypeAt(probe.buf, probe.at) as ValueType;
    const value = entryValueAt(probe.buf, probe.at);
    const flag = entryIsRawAt(probe.buf, probe.at);
    if (!isReadInPlace(type, flag, value.length)) this.#changes.warmProbed(key, false);
    return true;
  }

  /** The keys of all slots with this hash that are only on disk. */
  #readCandidates(index: KeyIndex, hi: number, lo: number): void {
    const { chains, residents } = this.#parts;
    for (let slot = index.find(hi, lo); slot !== -1; slot = index.findNext(slot)) {
      if (index.isChained(slot)) this.identify(chains.mustGet(index.chainOf(slot)));
      else if (!residents.find(index.segmentOf(slot), index.offsetOf(slot))) {
        this.#readSlot(index, slot, false);
      }
    }
  }

  #hasChain(chain: Chain): boolean {
    if (chain.live !== undefined || this.#changes.hasValue(chain)) return true;
    this.#values.loadNow(chain, (place, sizeClass) => this.#readAt(place, sizeClass, true));
    return true;
  }

  /** Key and expiry of a chain that recovery made. */
  identify(chain: Chain): void {
    if (chain.key !== undefined) return;
    const key = keyOf(this.#parts, chain, this.#readAt(chain.base, chain.baseClass, false));
    const { places, classes } = chain.deltas;
    const last = places.length === 0
      ? this.#readAt(chain.base, chain.baseClass, false)
      : this.#readAt(places.at(-1)!, classes.at(-1)!, false);
    learnKey(this.#parts, chain, key, last);
  }

  #readSlot(index: KeyIndex, slot: number, wholeOnly: boolean): LoadedRecord {
    const bytes = sizeClassBytes(index.sizeClassOf(slot));
    return this.#read(index.segmentOf(slot), index.offsetOf(slot), bytes, wholeOnly);
  }

  #readAt(place: number, sizeClass: number, wholeOnly: boolean): LoadedRecord {
    return this.#read(placeSlot(place), placeOffset(place), sizeClassBytes(sizeClass), wholeOnly);
  }

  #read(slot: number, offset: number, bytes: number, wholeOnly: boolean): LoadedRecord {
    const { residents, segments } = this.#parts;
    const segment = segments.mustGet(slot);
    const record = residents.readNow(segment, offset, bytes, wholeOnly);
    if (wholeOnly) mustBeWhole(segment, offset, record);
    return record;
  }
}
