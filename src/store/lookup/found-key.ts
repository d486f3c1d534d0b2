/** What `Store.find` returns. */

import type { LiveValue } from '../../keyspace/live-value.ts';
import type { Found } from '../../keyspace/storage.ts';
import type { ValueType } from '../../keyspace/value-type.ts';
import type { ByteRange } from '../../lib/byte-range.ts';

/** A key that was found; its ranges are borrowed. */
export class FoundKey implements Found {
  readonly type: ValueType;
  readonly expireAt: number;
  readonly value: ByteRange;
  readonly live: LiveValue | undefined;
  readonly raw: boolean;

  constructor(type: ValueType, expireAt: number, value: ByteRange, live: LiveValue | undefined,
    raw: boolean) {
    this.type = type;
    this.expireAt = expireAt;
    this.value = value;
    this.live = live;
    this.raw = raw;
  }
}
