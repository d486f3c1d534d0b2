/**
 * What becomes of a in-memory tail block that must go: records in it that are still the newest of
 * their key move to the read cache, so that a data set that fits the memory budget is served from
 * RAM however long ago its keys were written.
 *
 * A block may outlive its segment, and the segment's slot may be another's by then: nothing in such
 * a block is the newest record of its key.
 *
 * Runs at a commit, when no borrowed range is left. Records that were replaced while in the block
 * are marked dead, so that their kind is none, and cost next to nothing. The others are looked up
 * in groups, so that their index slots come from RAM side by side (as in lookahead.ts).
 */

import { frameIsAt, FRAME_HEADER_BYTES } from './format/frame.ts';
import {
  KIND_PUT, entryBytesAt, entryKeyBytesAt, entryKeyStartAt, entryKindAt, entrySpaceAt, skipGap,
} from './format/data-entry.ts';
import { SEGMENT_HEADER_BYTES } from './format/segment-header.ts';
import type { TailBlock } from './segments/segment.ts';
import type { StoreParts } from './store-parts.ts';
import type { KeyIndex } from './index/key-index.ts';

type RetirementParts = Pick<StoreParts, 'hasher' | 'spaces' | 'residents' | 'segments'>;

const GROUP = 64;

export class TailRetirement {
  readonly #parts: RetirementParts;
  /** Records of the group: where they are in the block, and the hashes of their keys. */
  readonly #ats = new Int32Array(GROUP);
  readonly #his = new Int32Array(GROUP);
  readonly #los = new Int32Array(GROUP);
  readonly #homes = new Int32Array(GROUP);
  #count = 0;
  /** Means nothing: keeps the compiler from dropping reads whose result nobody needs. */
  sink = 0;

  constructor(parts: RetirementParts) {
    this.#parts = parts;
  }

  retire(block: TailBlock): void {
    const { buf, start, committed } = block;
    const { segment } = block.log;
    if (!this.#parts.segments.has(segment)) return;
    let offset = skipGap(Math.max(start, SEGMENT_HEADER_BYTES));
    while (offset < committed) {
      const at = offset - start;
      if (frameIsAt(buf, at, segment.id, offset)) {
        offset = skipGap(offset + FRAME_HEADER_BYTES);
        continue;
      }
      if (entryKindAt(buf, at) === KIND_PUT) this.#add(block, at);
      offset = skipGap(offset + entryBytesAt(buf, at));
    }
    this.#flush(block);
  }

  #add(block: TailBlock, at: number): void {
    const { buf } = block;
    const { hasher } = this.#parts;
    const key = entryKeyStartAt(buf, at);
    hasher.hash(buf, key, key + entryKeyBytesAt(buf, at));
    const i = this.#count;
    this.#ats[i] = at;
    this.#his[i] = hasher.hi;
    this.#los[i] = hasher.lo;
    this.#count = i + 1;
    if (this.#count === GROUP) this.#flush(block);
  }

  #flush(block: TailBlock): void {
    const { residents } = this.#parts;
    const { buf, start } = block;
    const { slot, id } = block.log.segment;
    this.#touch(block);
    for (let i = 0; i < this.#count; i += 1) {
      const at = this.#ats[i]!;
      if (!this.#isNewest(i, buf, slot, start + at)) continue;
      residents.cache.insert(id, start + at, buf, at, entryBytesAt(buf, at));
    }
    this.#count = 0;
  }

  /** Most groups are of one space: the first record's. */
  #touch({ buf, start, log }: TailBlock): void {
    const { cache } = this.#parts.residents;
    const index = this.#count === 0 ? undefined : this.#indexOf(buf, this.#ats[0]!);
    if (index === undefined) return;
    let sink = 0;
    for (let i = 0; i < this.#count; i += 1) {
      this.#homes[i] = index.homeSlot(this.#his[i]!, this.#los[i]!);
      sink ^= cache.touch(log.segment.id, start + this.#ats[i]!);
    }
    this.sink ^= sink ^ index.touch(this.#homes, this.#count);
  }

  /** Whether the index points to this very record. */
  #isNewest(i: number, buf: Buffer, slot: number, offset: number): boolean {
    const index = this.#indexOf(buf, this.#ats[i]!);
    if (index === undefined) return false;
    const first = index.find(this.#his[i]!, this.#los[i]!);
    for (let found = first; found >= 0; found = index.findNext(found)) {
      if (index.isChained(found)) continue;
      if (index.segmentOf(found) === slot && index.offsetOf(found) === offset) return true;
    }
    return false;
  }

  #indexOf(buf: Buffer, at: number): KeyIndex | undefined {
    return this.#parts.spaces.get(entrySpaceAt(buf, at))?.index;
  }
}
