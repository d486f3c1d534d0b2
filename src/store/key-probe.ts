/**
 * Finds a key: hash -> slots with an equal tag -> the whole key of each record.
 *
 * The outcome stays in the fields until the next `run`. The last probe is remembered, so that the
 * change that follows a find costs no second one; anything that changes an index or the memory of
 * records calls `forget`.
 *
 * Invariant: a tag match is never proof. A slot whose key is not in RAM makes the probe cold,
 * unless another slot turns out to be the key.
 */

import type { ByteRange } from '../lib/byte-range.ts';
import type { KeyHash } from '../lib/key-hash.ts';
import type { Chain, ChainTable } from './chains.ts';
import { ENTRY_HEADER_BYTES, entryKeyBytesAt } from './format/data-entry.ts';
import type { Residents } from './residents.ts';
import type { Space, SpaceTable } from './space-table.ts';

/** Keys longer than this are probed again instead of remembered. */
const MEMO_KEY_BYTES_MAX = 64;

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
   * The key's chain, if it has one; if not, the record is at buf[at] and maybe without its value.
   */
  chain: Chain | undefined;
  buf: Buffer = Buffer.alloc(0);
  at = 0;
  isWhole = false;

  readonly #hasher: KeyHash;
  readonly #spaces: SpaceTable;
  readonly #chains: ChainTable;
  readonly #residents: Residents;
  #memoSpace = NO_MEMO;
  #memoLength = 0;
  readonly #memoKey = Buffer.alloc(MEMO_KEY_BYTES_MAX);

  constructor(hasher: KeyHash, spaces: SpaceTable, chains: ChainTable, residents: Residents) {
    this.#hasher = hasher;
    this.#spaces = spaces;
    this.#chains = chains;
    this.#residents = residents;
  }

  /** Something changed: the next run starts anew. */
  forget(): void {
    this.#memoSpace = NO_MEMO;
  }

  run(spaceId: number, key: ByteRange): void {
    if (this.#memoSpace === spaceId && this.#isMemoKey(key)) return;
    this.#memoSpace = NO_MEMO;
    this.#hasher.hash(key.buf, key.start, key.end);
    this.hi = this.#hasher.hi & 0xffff;
    this.lo = this.#hasher.lo;
    this.slot = -1;
    this.isCold = false;
    this.chain = undefined;
    this.space = this.#spaces.get(spaceId);
    if (this.space !== undefined) this.#search(this.space, key);
    if (!this.isCold) this.#remember(spaceId, key);
  }

  /** Runs for a change. A cold key here means that the caller did not load it first: a bug. */
  mustRun(spaceId: number, key: ByteRange): void {
    this.run(spaceId, key);
    if (this.isCold) throw new Error('store: a cold key is changed before it is loaded');
  }

  #search(space: Space, key: ByteRange): void {
    const index = space.index;
    for (let slot = index.find(this.hi, this.lo); slot !== -1; slot = index.findNext(slot)) {
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
      }
    }
  }

  #found(slot: number): void {
    this.slot = slot;
    this.isCold = false;
    this.buf = this.#residents.buf;
    this.at = this.#residents.at;
    this.isWhole = this.#residents.isWhole;
  }

  #isResidentKey(key: ByteRange): boolean {
    const { buf, at } = this.#residents;
    const start = at + ENTRY_HEADER_BYTES;
    return key.equals(buf, start, start + entryKeyBytesAt(buf, at));
  }

  #isMemoKey(key: ByteRange): boolean {
    const length = this.#memoLength;
    return length === key.end - key.start && key.equals(this.#memoKey, 0, length);
  }

  #remember(spaceId: number, key: ByteRange): void {
    const length = key.end - key.start;
    if (length > MEMO_KEY_BYTES_MAX) return;
    const memo = this.#memoKey;
    for (let i = 0; i < length; i += 1) memo[i] = key.buf[key.start + i]!;
    this.#memoLength = length;
    this.#memoSpace = spaceId;
  }
}
