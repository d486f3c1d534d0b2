/**
 * Checks every record of a chain: it can be read, it is of the chain's key, and its kind and place
 * in the order are what chain-shape.ts allows there. A record that the chain has let go of, or that
 * the compactor has moved, while it was read is passed over: records never change, and the new one
 * was written just now.
 */

import { readVarint } from '../../lib/varint.ts';
import { CHECK_SLOTS_AT_ONCE } from '../limits.ts';
import type { Chain, PlaceList } from '../chains/chains.ts';
import {
  KIND_BASE, KIND_BEGIN, KIND_DELTA, KIND_EXPIRE, KIND_PAGE, KIND_RUN, entryKindAt, entryValueAt,
} from '../format/data-entry.ts';
import { placeOffset, placeSlot } from '../memory/residents.ts';
import { sizeClassOf } from '../index/size-class.ts';
import { shownKey, type Findings } from './findings.ts';
import {
  RecordFacts, type CheckedParts, type Reading, type RecordReader,
} from './record-reader.ts';

type ListName = 'pages' | 'deltas' | 'pending';

const KINDS: Readonly<Record<ListName, readonly number[]>> = {
  pages: [KIND_PAGE],
  deltas: [KIND_DELTA, KIND_EXPIRE, KIND_RUN, KIND_BEGIN],
  pending: [KIND_PAGE],
};

interface ChainReading {
  readonly index: number;
  readonly place: number;
  readonly reading: Reading;
}

export class ChainCheck {
  readonly #parts: CheckedParts;
  readonly #reader: RecordReader;
  readonly #findings: Findings;

  constructor(parts: CheckedParts, reader: RecordReader, findings: Findings) {
    this.#parts = parts;
    this.#reader = reader;
    this.#findings = findings;
  }

  /** `key`: that of the chain's base, which was checked. */
  async check(chain: Chain, key: Buffer): Promise<void> {
    for (const name of ['pages', 'deltas', 'pending'] as const) {
      let last = 0;
      for (let from = 0; from < (chain[name]?.length ?? 0); from += CHECK_SLOTS_AT_ONCE) {
        const batch = this.#begin(chain, name, from);
        await this.#reader.finish(batch.map(({ reading }) => reading));
        for (const each of batch) last = this.#verify(chain, name, key, each, last);
      }
    }
  }

  /** The base of pages says how many there are. */
  checkBase(chain: Chain, base: Reading): void {
    const { buf, at, isWhole } = base.record!;
    if (!isWhole || entryKindAt(buf, at) !== KIND_BASE || chain.pages === undefined) return;
    const { start, end } = entryValueAt(buf, at);
    const wanted = readVarint(buf, start, end);
    const found = chain.pages.length - 1;
    if (found === wanted) return;
    this.#findings.add('wrong-kind', `${base.place}: of ${wanted} pages of the value ${found} ` +
      'are there');
  }

  #begin(chain: Chain, name: ListName, from: number): ChainReading[] {
    if (!this.#parts.chains.has(chain)) return [];
    const list = chain[name] as PlaceList;
    const batch: ChainReading[] = [];
    for (let i = from; i < Math.min(from + CHECK_SLOTS_AT_ONCE, list.length); i += 1) {
      const place = list.places[i]!;
      const reading = this.#reader.begin(placeSlot(place), placeOffset(place), list.classes[i]!);
      if (reading !== undefined) batch.push({ index: i, place, reading });
      else {
        this.#findings.add('dangling', `chain ${chain.id} of space ${chain.space.id} has a ` +
          `record in segment slot ${placeSlot(place)}, and there is none`);
      }
    }
    return batch;
  }

  /** Returns the record's value_index, or `last` when there is nothing to compare. */
  #verify(chain: Chain, name: ListName, key: Buffer, { index, place, reading }: ChainReading,
    last: number): number {
    const isThere = this.#parts.chains.has(chain) && chain[name]?.places[index] === place;
    if (!isThere) return last;
    const { record, error } = reading;
    if (record === undefined) {
      this.#findings.add('unreadable', error!.message);
      return last;
    }
    const facts = new RecordFacts(record);
    const about = `${reading.place}, of the chain of ${shownKey(key)}:`;
    if (!facts.key.equals(key)) {
      this.#findings.add('wrong-key', `${about} the record is of ${shownKey(facts.key)}`);
    }
    if (facts.space !== chain.space.id) {
      this.#findings.add('wrong-space', `${about} space ${facts.space}, not ${chain.space.id}`);
    }
    const kinds = name === 'pages' && index === 0 ? [KIND_BEGIN] : KINDS[name];
    if (!kinds.includes(facts.kind)) {
      this.#findings.add('wrong-kind', `${about} kind ${facts.kind} in ${name}`);
    }
    if (sizeClassOf(facts.bytes) !== reading.sizeClass) {
      this.#findings.add('wrong-size', `${about} ${facts.bytes} bytes, which is not of size ` +
        `class ${reading.sizeClass}`);
    }
    if (facts.valueIndex <= last) {
      this.#findings.add('wrong-order', `${about} value_index ${facts.valueIndex} behind ${last}`);
    }
    return facts.valueIndex;
  }
}
