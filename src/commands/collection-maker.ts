/** Collections that a command makes of others and stores, such as SUNIONSTORE and SORT STORE. */

import type { CollectionType } from '../keyspace/collection/collection-type.ts';
import { ByteRange } from '../lib/byte-range.ts';
import { MiB } from '../lib/size-units.ts';
import type { WriteContext } from './command.ts';

/**
 * Bytes of elements that one delta adds. A larger collection comes to be in blocks while it is
 * made; where these take more RAM than they may, each is read once for a delta.
 */
export const MADE_DELTA_BYTES = 4 * MiB;

/** The delta that a type's commands build, one at a time. */
export interface MadeType {
  readonly type: CollectionType;
  /** Of its notifications. */
  readonly notified: string;
  /** Bytes of elements that one delta adds. */
  readonly deltaBytes: number;
  /** Begins a delta that adds elements. */
  begin(): void;
  finish(): ByteRange;
}

/** The deltas that make a collection of elements; they own their bytes. */
export abstract class CollectionMaker {
  readonly #made: MadeType;
  readonly #deltas: ByteRange[] = [];
  #size = 0;

  constructor(made: MadeType) {
    this.#made = made;
  }

  get size(): number {
    return this.#size;
  }

  /** Puts it at a key, whatever was there; no key if it has no elements. */
  store(ctx: WriteContext, key: ByteRange, event: string): void {
    this.put(ctx, key, event, ctx.db.remove(key));
  }

  /** The same where nothing is at the key any more; `wasThere`: something was. */
  protected put(
    { db, random }: WriteContext, key: ByteRange, event: string, wasThere: boolean,
  ): void {
    if (this.#size === 0) {
      if (wasThere) db.notify('g', 'del', key);
      return;
    }
    const { notified, type } = this.#made;
    this.#cut();
    for (const delta of this.#deltas) db.changeCollection(key, type, delta, random);
    if (!wasThere) db.notify('n', 'new', key);
    db.notify(notified, event, key);
  }

  /** To be called before an element is added to the delta. */
  protected beginElement(): void {
    const { deltaBytes } = this.#made;
    if (this.#size === 0) this.#made.begin();
    else if (this.#made.finish().length > deltaBytes) this.#cut();
    this.#size++;
  }

  #cut(): void {
    this.#deltas.push(new ByteRange(this.#made.finish().copy()));
    this.#made.begin();
  }
}
