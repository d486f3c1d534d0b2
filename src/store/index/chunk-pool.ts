/**
 * Memory of the key index: chunks of 32 slots, carved from slabs of 1 MiB.
 *
 *     slabs[0]  | chunk 0 | chunk 1 | ... | chunk 2047 |   slot = chunk * 32 + place in chunk
 *     slabs[1]  | chunk 2048 | ...                         owner = page << 16 | rank in page
 *
 * Invariants: chunks 0 .. used - 1 are in use; the slots of the others are free (word 2 is 0; their
 * other words mean nothing). Releasing a chunk moves the last one into its place, so the pool never
 * fragments. Every array here lives long: V8 collects dead array buffers too late, so pages that
 * were arrays of their own, replaced at each growth, cost several times the memory. Slab 0 alone
 * starts small and doubles, because most databases stay small. One empty slab is kept as a reserve,
 * the others are dropped.
 *
 * Running out of memory is V8's RangeError from `acquire`, before anything has changed.
 */
import { SEGMENT_WORD, SLOT_WORDS } from './index-slot.ts';

/** Slots of one index: a slot handle stays a small integer (31 bits) in V8; 34 GB of index. */
const INDEX_SLOTS_MAX = 2 ** 31;

export const CHUNK_SHIFT = 5;
export const CHUNK_SLOTS = 1 << CHUNK_SHIFT;
const CHUNK_WORDS = CHUNK_SLOTS * SLOT_WORDS;

const SLAB_CHUNK_SHIFT = 11;
const SLAB_CHUNKS = 1 << SLAB_CHUNK_SHIFT;
const FIRST_SLAB_CHUNKS = 16;

/** slot >>> SLAB_SHIFT is its slab; (slot & SLAB_MASK) * SLOT_WORDS its first word there. */
export const SLAB_SHIFT = CHUNK_SHIFT + SLAB_CHUNK_SHIFT;
export const SLAB_MASK = (1 << SLAB_SHIFT) - 1;

export class ChunkPool {
  /** Hot loops read slots here directly; the array is replaced by nobody but this class. */
  readonly slabs: Int32Array[] = [];
  readonly #owners: Int32Array[] = [];
  #used = 0;

  /** Chunks in use: slots 0 .. used * CHUNK_SLOTS - 1 belong to pages. */
  get used(): number {
    return this.#used;
  }

  get bytes(): number {
    const words = this.slabs.reduce((sum, slab) => sum + slab.length, 0);
    return (words + words / CHUNK_WORDS) * Int32Array.BYTES_PER_ELEMENT;
  }

  /** A chunk of free slots for `owner`. */
  acquire(owner: number): number {
    const chunk = this.#used;
    const slab = chunk >>> SLAB_CHUNK_SHIFT;
    const rank = chunk & (SLAB_CHUNKS - 1);
    if (slab === 0) this.#growFirstSlab(rank);
    else if (slab === this.slabs.length) this.#addSlab(SLAB_CHUNKS);
    this.#owners[slab]![rank] = owner;
    this.#used = chunk + 1;
    return chunk;
  }

  /**
   * Gives a chunk back. The last chunk takes its number: returns the owner of the chunk that moved
   * here, which must note its new number, or -1 if none moved.
   */
  release(chunk: number): number {
    const last = this.#used - 1;
    let moved = -1;
    if (chunk !== last) {
      this.#copy(last, chunk);
      moved = this.ownerOf(last);
      this.#owners[chunk >>> SLAB_CHUNK_SHIFT]![chunk & (SLAB_CHUNKS - 1)] = moved;
    }
    this.wipe(last);
    this.#used = last;
    this.#dropSpareSlabs();
    return moved;
  }

  ownerOf(chunk: number): number {
    return this.#owners[chunk >>> SLAB_CHUNK_SHIFT]![chunk & (SLAB_CHUNKS - 1)]!;
  }

  /** Makes all slots of a chunk free. */
  wipe(chunk: number): void {
    const slab = this.slabs[chunk >>> SLAB_CHUNK_SHIFT]!;
    const start = (chunk & (SLAB_CHUNKS - 1)) * CHUNK_WORDS;
    for (let word = start; word < start + CHUNK_WORDS; word += SLOT_WORDS) {
      slab[word + SEGMENT_WORD] = 0;
    }
  }

  #copy(from: number, to: number): void {
    const source = this.slabs[from >>> SLAB_CHUNK_SHIFT]!;
    const target = this.slabs[to >>> SLAB_CHUNK_SHIFT]!;
    const start = (from & (SLAB_CHUNKS - 1)) * CHUNK_WORDS;
    const targetStart = (to & (SLAB_CHUNKS - 1)) * CHUNK_WORDS;
    for (let i = 0; i < CHUNK_WORDS; i += 1) target[targetStart + i] = source[start + i]!;
  }

  #growFirstSlab(rank: number): void {
    const slab = this.slabs[0];
    const owners = this.#owners[0];
    if (slab === undefined || owners === undefined) {
      this.#addSlab(FIRST_SLAB_CHUNKS);
    } else if (rank === owners.length) {
      const wider = new Int32Array(slab.length * 2);
      const widerOwners = new Int32Array(owners.length * 2);
      wider.set(slab);
      widerOwners.set(owners);
      this.slabs[0] = wider;
      this.#owners[0] = widerOwners;
    }
  }

  #addSlab(chunks: number): void {
    if (this.slabs.length >= INDEX_SLOTS_MAX >>> SLAB_SHIFT) {
      throw new RangeError(`key index: more than ${INDEX_SLOTS_MAX} slots`);
    }
    const slab = new Int32Array(chunks * CHUNK_WORDS);
    const owners = new Int32Array(chunks);
    this.slabs.push(slab);
    this.#owners.push(owners);
  }

  #dropSpareSlabs(): void {
    const kept = ((this.#used + SLAB_CHUNKS - 1) >>> SLAB_CHUNK_SHIFT) + 1;
    if (this.slabs.length <= kept) return;
    this.slabs.length = kept;
    this.#owners.length = kept;
  }
}
