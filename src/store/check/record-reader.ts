/**
 * Reads the records that a check wants, many at once, apart from everything that is in RAM. What is
 * in the in-memory tail may not be on disk yet: of that, header and key are copied.
 */

import {
  entryBytesAt, entryBytesToKeyEndAt, entryExpireAtAt, entryKeyBytesAt, entryKeyStartAt,
  entryKindAt, entrySpaceAt, entryTypeAt, entryValueIndexAt,
} from '../format/data-entry.ts';
import type { LoadedRecord } from '../memory/residents.ts';
import type { Segment } from '../segments/segment.ts';
import { sizeClassBytes } from '../index/size-class.ts';
import { StoreError } from '../store-error.ts';
import { forEachAtOnce } from '../loading/store-loader.ts';
import type { StoreParts } from '../store-parts.ts';
import { readRecord } from './read-record.ts';

/** The parts of a store that a check looks at: of an open one, or as inspection makes them. */
export type CheckedParts = Pick<StoreParts,
  'segments' | 'spaces' | 'chains' | 'residents' | 'hasher' | 'probe'>;

/** A record that was asked for: after `finish`, either `record` or `error` is there. */
export class Reading {
  readonly segment: Segment;
  readonly offset: number;
  readonly sizeClass: number;
  record: LoadedRecord | undefined;
  error: StoreError | undefined;

  constructor(segment: Segment, offset: number, sizeClass: number) {
    this.segment = segment;
    this.offset = offset;
    this.sizeClass = sizeClass;
  }

  /** Where it is, for findings. */
  get place(): string {
    return `${this.segment.path} at byte ${this.offset}`;
  }
}

/** The fields of a record that a check compares. */
export class RecordFacts {
  readonly key: Buffer;
  readonly kind: number;
  readonly type: number;
  readonly space: number;
  readonly valueIndex: number;
  readonly expireAt: number;
  readonly bytes: number;

  constructor({ buf, at }: LoadedRecord) {
    const key = entryKeyStartAt(buf, at);
    this.key = buf.subarray(key, key + entryKeyBytesAt(buf, at));
    this.kind = entryKindAt(buf, at);
    this.type = entryTypeAt(buf, at);
    this.space = entrySpaceAt(buf, at);
    this.valueIndex = entryValueIndexAt(buf, at);
    this.expireAt = entryExpireAtAt(buf, at);
    this.bytes = entryBytesAt(buf, at);
  }
}

export class RecordReader {
  readonly #parts: Pick<StoreParts, 'segments' | 'residents'>;
  /** Records that were asked for so far. */
  count = 0;

  constructor(parts: Pick<StoreParts, 'segments' | 'residents'>) {
    this.#parts = parts;
  }

  /** Asks for a record that is live now; undefined if there is no such segment. */
  begin(slot: number, offset: number, sizeClass: number): Reading | undefined {
    const { residents, segments } = this.#parts;
    const segment = segments.bySlot[slot];
    if (segment === undefined || segment.state === 'dropped') return undefined;
    this.count += 1;
    const reading = new Reading(segment, offset, sizeClass);
    const block = residents.tailBlock(slot, offset);
    if (block === undefined) segments.pin(segment);
    else {
      const at = offset - block.start;
      const end = at + entryBytesToKeyEndAt(block.buf, at);
      reading.record = { buf: Buffer.from(block.buf.subarray(at, end)), at: 0, isWhole: false };
    }
    return reading;
  }

  /** Reads all that were begun. */
  async finish(readings: readonly Reading[]): Promise<void> {
    const onDisk = readings.filter(({ record }) => record === undefined);
    try {
      await forEachAtOnce(onDisk, (reading) => this.#read(reading));
    } finally {
      for (const { segment } of onDisk) this.#parts.segments.unpin(segment);
    }
  }

  async #read(reading: Reading): Promise<void> {
    const { segment, offset, sizeClass } = reading;
    try {
      const bytes = sizeClassBytes(sizeClass);
      reading.record = await readRecord(this.#parts.residents, segment, offset, bytes);
    } catch (error) {
      if (!(error instanceof StoreError)) throw error;
      reading.error = error;
    }
  }
}
