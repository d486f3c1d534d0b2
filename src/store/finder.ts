/**
 * Finds a key's value: in its record when that says everything, else as a structure in RAM, which
 * is made from the record when it is used first.
 */

import { ByteRange } from '../lib/byte-range.ts';
import { MiB } from '../lib/size-units.ts';
import { LiveString } from '../keyspace/live-string.ts';
import { COLD, NEED_VALUE, type Found, type Need } from '../keyspace/storage.ts';
import { STRING, isReadInPlace, type ValueType } from '../keyspace/value-type.ts';
import type { Chain } from './chains/chains.ts';
import type { StoreChanges } from './changes/store-changes.ts';
import {
  entryExpireAtAt, entryIsRawAt, entryTypeAt, entryValueAt,
} from './format/data-entry.ts';
import { FoundKey } from './lookup/found-key.ts';
import type { StoreParts } from './store-parts.ts';

/** What blocks of one large collection may take while a command runs, however small the budget. */
const BLOCKS_BYTES_MIN = 4 * MiB;

const NO_VALUE = new ByteRange(Buffer.alloc(0));

export class Finder {
  readonly #parts: StoreParts;
  readonly #changes: StoreChanges;

  constructor(parts: StoreParts, changes: StoreChanges) {
    this.#parts = parts;
    this.#changes = changes;
  }

  /** See Storage.find. */
  find(space: number, key: ByteRange, need: Need): Found | undefined | typeof COLD {
    const { probe } = this.#parts;
    probe.run(space, key);
    if (probe.slot === -1) return probe.isCold ? COLD : undefined;
    if (probe.chain !== undefined) return this.#foundChain(probe.chain, need);
    const { buf, at } = probe;
    const type = entryTypeAt(buf, at) as ValueType;
    const expireAt = entryExpireAtAt(buf, at);
    const raw = entryIsRawAt(buf, at);
    if (need !== NEED_VALUE) return new FoundKey(type, expireAt, NO_VALUE, undefined, raw);
    if (!probe.isWhole) return COLD;
    const value = entryValueAt(buf, at, probe.view);
    if (isReadInPlace(type, raw, value.length)) {
      return new FoundKey(type, expireAt, value, undefined, raw);
    }
    return new FoundKey(type, expireAt, NO_VALUE, this.#changes.warmProbed(key, false), raw);
  }

  #foundChain(chain: Chain, need: Need): Found | typeof COLD {
    const { expireAt, raw, type } = chain;
    if (need !== NEED_VALUE) return new FoundKey(type, expireAt, NO_VALUE, chain.live, raw);
    if (chain.live === undefined) {
      const base = this.#baseOf(chain);
      if (base !== undefined) return new FoundKey(type, expireAt, base, undefined, raw);
      if (type === STRING) return COLD;
    }
    const live = chain.live ?? this.#changes.warm(chain);
    if (live === undefined) return COLD;
    this.#parts.chains.touch(chain);
    if (live.isLarge === true) {
      this.#parts.chains.charge(chain);
      const bytes = Math.max(BLOCKS_BYTES_MIN, this.#parts.chains.liveBudgetBytes);
      live.beginUse?.(bytes, chain.key);
    }
    const value = live instanceof LiveString ? new ByteRange(live.bytes()) : NO_VALUE;
    return new FoundKey(type, expireAt, value, live, raw);
  }

  /** The bytes of a cold value that was not changed, only given an expiry, if they are in RAM. */
  #baseOf(chain: Chain): ByteRange | undefined {
    if (!this.#changes.hasValue(chain)) return undefined;
    const { buf, at, view } = this.#parts.residents;
    const value = entryValueAt(buf, at, view);
    return isReadInPlace(chain.type, chain.raw, value.length) ? value : undefined;
  }
}
