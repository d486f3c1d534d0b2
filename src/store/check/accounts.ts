/**
 * One pass over all that the index and the chains point to, in one go, so that nothing changes
 * under it: adds up what lives in each segment, counts the keys, and compares with the accounts
 * that the store keeps. About 100 ns a key.
 */

import type { Chain } from '../chains/chains.ts';
import type { Graveyard } from '../segments/graveyard.ts';
import { placeSlot } from '../memory/residents.ts';
import type { Segment } from '../segments/segment.ts';
import { sizeClassBytes } from '../index/size-class.ts';
import type { Space } from '../index/space-table.ts';
import type { Findings } from './findings.ts';
import type { CheckedParts } from './record-reader.ts';

interface Sum {
  bytes: number;
  records: number;
}

export class Accounts {
  readonly #parts: CheckedParts;
  readonly #findings: Findings;
  readonly #sums = new Map<Segment, Sum>();
  readonly #named = new Set<number>();

  constructor(parts: CheckedParts, findings: Findings) {
    this.#parts = parts;
    this.#findings = findings;
  }

  /** `graves`: indexes of dropped spaces whose records are not yet taken off the segments. */
  check(graves: Pick<Graveyard, 'eachLeft'> | undefined): void {
    const { chains, spaces } = this.#parts;
    for (const space of spaces.all()) this.#addSpace(space);
    for (const chain of chains.all()) this.#addChain(chain);
    graves?.eachLeft((segment, sizeClass) => this.#add(segment, sizeClass));
    this.#compare();
  }

  #addSpace({ id, index }: Space): void {
    const { segments } = this.#parts;
    let size = 0;
    let expiring = 0;
    index.scan(0, Infinity, (slot) => {
      size += 1;
      if (index.expirySecondsOf(slot) !== 0) expiring += 1;
      if (index.isChained(slot)) this.#named.add(index.chainOf(slot));
      else this.#add(segments.bySlot[index.segmentOf(slot)], index.sizeClassOf(slot));
    });
    if (size !== index.size) {
      this.#findings.add('wrong-account', `space ${id} has ${size} keys and counts ${index.size}`);
    }
    if (expiring !== index.expiringCount) {
      this.#findings.add('wrong-account', `space ${id} has ${expiring} keys that expire and ` +
        `counts ${index.expiringCount}`);
    }
  }

  #addChain(chain: Chain): void {
    const { bySlot } = this.#parts.segments;
    const { id, space, base, baseClass, pages, deltas, pending } = chain;
    if (!this.#named.has(id)) {
      this.#findings.add('lost-chain', `chain ${id} of space ${space.id} is named by no slot`);
    }
    this.#add(bySlot[placeSlot(base)], baseClass);
    for (const list of [pages, deltas, pending]) {
      list?.places.forEach((place, i) => this.#add(bySlot[placeSlot(place)], list.classes[i]!));
    }
  }

  /** What points to no segment is found by the walk. */
  #add(segment: Segment | undefined, sizeClass: number): void {
    if (segment === undefined) return;
    const sum = this.#sums.get(segment) ?? { bytes: 0, records: 0 };
    sum.bytes += sizeClassBytes(sizeClass);
    sum.records += 1;
    this.#sums.set(segment, sum);
  }

  #compare(): void {
    for (const segment of this.#parts.segments.bySlot) {
      if (segment === undefined) continue;
      const { bytes, records } = this.#sums.get(segment) ?? { bytes: 0, records: 0 };
      if (bytes === segment.liveBytes && records === segment.liveRecords) continue;
      this.#findings.add('wrong-account', `${segment.path} has ${records} live records of ` +
        `${bytes} bytes and counts ${segment.liveRecords} of ${segment.liveBytes}`);
    }
  }
}
