/**
 * Finds a key: hash -> slots with an equal tag -> the whole key of each record.
 *
 * The outcome stays in the fields until the next `run`. The last probe is remembered by where its
 * key is, so that the change that follows a find costs no second one; anything that changes an
 * index or the memory of records or keys calls `forget`.
 *
 * Invariant: a tag match is never proof. A slot whose key is not in RAM makes the probe cold,
 * unless another slot turns out to be the key. A record with another key is believed to be another
 * key's only if that key hashes to the slot; else it is damaged or the slot points to the wrong
 * record: "absent" would be a guess, so the probe is cold too, and `damage` says what was found.
 */

import type { ByteRange } from '../../lib/byte-range.ts';
import type { KeyHash } from '../../lib/key-hash.ts';
import type { Chain, ChainTable } from '../chains/chains.ts';
import { entryKeyBytesAt, entryKeyStartAt } from '../format/data-entry.ts';
import type { KeyLookahead } from './lookahead.ts';
import type { Residents } from '../memory/residents.ts';
import { WRONG_KEY, damaged, type StoreError } from '../store-error.ts';
import type { Space, SpaceTable } from '../index/space-table.ts';
import type { KeyIndex } from '../index/key-index.ts';

const NO_MEMO = -1;

export class KeyProbe {
  space: Space | undefined;
  /** 16 and 32 bits of the key's hash. */
  hi = 0;
  lo = 0;
  /** The key's slot, or -1. Valid while nothing is inserted or removed. */
  slot = -1;
  /** The key was not found, and a slot with its hash belongs to a key that is only on disk. */
  isCold = false;
  /**
   * DAMAGED: the key was not found, and the record of a slot with its hash holds a key that does
   * not hash to the slot, so that no read can tell whether the slot is this key's.
   */
  damage: StoreError | undefined;
  /**
   * The key's chain, if it has one; if not, the record is at buf[at] and maybe without its value.
   */
  chain: Chain | undefined;
  buf: Buffer = Buffer.alloc(0);
  at = 0;
  isWhole = false;
  /** Over all of `buf`, where there is one. */
  view: DataView | undefined;

  /** Reads the key at once. Set by the store. */
  onCold: (space: number, key: ByteRange) => void = () => undefined;

  readonly #hasher: KeyHash;
  readonly #spaces: SpaceTable;
  readonly #chains: ChainTable;
  readonly #residents: Residents;
  readonly #lookahead: KeyLookahead;
  #memoSpace = NO_MEMO;
  #memoBuf: Buffer = Buffer.alloc(0);
  #memoStart = 0;
  #memoEnd = 0;

  constructor(hasher: KeyHash, spaces: SpaceTable, chains: ChainTable, residents: Residents,
    lookahead: KeyLookahead) {
    this.#hasher = hasher;
    this.#spaces = spaces;
    this.#chains = chains;
    this.#residents = residents;
    this.#lookahead = lookahead;
  }

  /** Something changed: the next run starts anew. */
  forget(): void {
    this.#memoSpace = NO_MEMO;
  }

  run(spaceId: number, key: ByteRange): void {
    if (this.#memoSpace === spaceId && this.#memoStart === key.start &&
      this.#memoEnd === key.end && this.#memoBuf === key.buf) return;
    this.#memoSpace = NO_MEMO;
    this.slot = -1;
    this.isCold = false;
    this.damage = undefined;
    this.chain = undefined;
    const space = this.#spaces.get(spaceId);
    this.space = space;
    const ahead = this.#lookahead;
    const number = ahead.numberOf(spaceId, key);
    if (number >= 0) {
      this.hi = ahead.hiOf(number);
      this.lo = ahead.loOf(number);
      if (space !== undefined) this.#search(space.index, ahead.slotOf(number, space.index), key);
    } else {
      this.#hasher.hash(key.buf, key.start, key.end);
      this.hi = this.#hasher.hi & 0xffff;
      this.lo = this.#hasher.lo;
      if (space !== undefined) {
        this.#search(space.index, space.index.find(this.hi, this.lo), key);
      }
    }
    if (!this.isCold) this.#remember(spaceId, key);
  }

  /**
   * Runs for a change: a key that is only on disk is read at once. Throws DAMAGED if it cannot be
   * known whether the key is there.
   */
  mustRun(spaceId: number, key: ByteRange): void {
    this.run(spaceId, key);
    if (this.damage !== undefined) throw this.damage;
    if (!this.isCold) return;
    this.onCold(spaceId, key);
    this.run(spaceId, key);
    if (this.isCold) throw new Error('assertion failed: a key is cold after it was read');
  }

  #search(index: KeyIndex, first: number, key: ByteRange): void {
    for (let slot = first; slot !== -1; slot = index.findNext(slot)) {
      if (index.isChained(slot)) {
        const chain = this.#chains.mustGet(index.chainOf(slot));
        if (chain.key === undefined) this.isCold = true;
        else if (key.equals(chain.key, 0, chain.key.length)) {
          this.chain = chain;
          this.#found(slot);
          return;
        }
      } else if (!this.#residents.find(index.segmentOf(slot), index.offsetOf(slot))) {
        this.isCold = true;
      } else if (this.#isResidentKey(key)) {
        this.#found(slot);
        return;
      } else this.#checkBelongs(index, slot);
    }
  }

  #found(slot: number): void {
    this.slot = slot;
    this.isCold = false;
    this.damage = undefined;
    this.buf = this.#residents.buf;
    this.at = this.#residents.at;
    this.view = this.#residents.view;
    this.isWhole = this.#residents.isWhole;
  }

  #isResidentKey(key: ByteRange): boolean {
    const { buf, at } = this.#residents;
    const start = entryKeyStartAt(buf, at);
    return key.equals(buf, start, start + entryKeyBytesAt(buf, at));
  }

  /** Notes damage unless the record that was found last holds a key that hashes to this slot. */
  #checkBelongs(index: KeyIndex, slot: number): void {
    const { buf, at } = this.#residents;
    const start = entryKeyStartAt(buf, at);
    const end = start + entryKeyBytesAt(buf, at);
    this.#hasher.hash(buf, start, end);
    const { hi, lo } = this.#hasher;
    if (index.pageOfHash(hi) === index.pageOfHash(this.hi) && lo === this.lo) return;
    this.isCold = true;
    this.damage = damaged(this.#residents.pathOf(index.segmentOf(slot)), index.offsetOf(slot),
      WRONG_KEY, Buffer.from(buf.subarray(start, end)));
  }

  #remember(spaceId: number, key: ByteRange): void {
    this.#memoSpace = spaceId;
    this.#memoBuf = key.buf;
    this.#memoStart = key.start;
    this.#memoEnd = key.end;
  }
}
