/** A hash that is written in many pages, as earlier versions wrote those of more than 256 KiB. */

import { HashBlock } from '../../src/keyspace/collection/hash/hash-block.ts';
import { HASH_SET } from '../../src/keyspace/collection/hash/hash-delta.ts';
import type { Snapshot } from '../../src/keyspace/live-value.ts';
import { DeltaWriter } from '../../src/keyspace/pieces.ts';

export class PagedHash extends HashBlock {
  override snapshot(pageBytes = 1): Snapshot {
    const pages: Buffer[] = [];
    const { longest, peak } = this;
    for (let position = 0; position < this.size || pages.length === 0;) {
      const page = new DeltaWriter();
      page.restart();
      for (const number of pages.length === 0 ? [longest, peak] : [HASH_SET]) page.number(number);
      const headBytes = page.finish().length;
      for (; position < this.size && page.finish().length - headBytes < pageBytes; position++) {
        page.range(this.fieldAt(position));
        page.range(this.valueAt(position));
      }
      pages.push(page.finish().copy());
    }
    return { next: () => pages.shift(), end: () => void (pages.length = 0) };
  }
}
