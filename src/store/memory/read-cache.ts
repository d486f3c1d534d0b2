/**
 * Records that were read from disk, kept off the heap: no JavaScript object per record.
 *
 *     chunk 1 MiB   | entry | entry | entry ...                       chunks form a queue, oldest
 *     first entry         | segment id u32 | offset/8 u32 | bytes u32 |
 *                         | referenced u32 | record |
 *     table         place -> address of its entry (in 8-byte units, plus 1); open addressing
 *
 * A place is a segment's id, which is never given out twice, and an offset. So an entry of a
 * segment that is gone can never be taken for a record of a later one; it leaves when its chunk is
 * recycled.
 *
 * First in, first out by chunk, but an entry that was used since stays: when the oldest chunk is
 * recycled, its referenced entries move to its start, up to half of it. That is as good as LRU for
 * skewed loads and costs one store on a hit.
 *
 * Invariants: memory handed out by `find` is valid until the next insert, so the owner inserts only
 * when no borrowed range can be left. A record that is larger than an eighth of a chunk is not
 * kept.
 */

import { READ_CACHE_RECORD_BYTES_MAX } from '../limits.ts';
import { MiB } from '../../lib/size-units.ts';

/** A chunk of the read cache: the unit in which it grows, shrinks and forgets. */
export const READ_CACHE_CHUNK_BYTES = 1 * MiB;

const ENTRY_HEADER_BYTES = 16;
const CHUNK_UNITS = READ_CACHE_CHUNK_BYTES / 8;
const CHUNK_UNITS_SHIFT = Math.log2(CHUNK_UNITS);
const UNIT_MASK = CHUNK_UNITS - 1;
/** The table is made for records of this size; with smaller ones the cache holds less. */
const TABLE_RECORD_BYTES = 80;
const TABLE_LOAD_MAX = 0.8;
/** A table this many times too large is made anew; a little is not worth the walk over it. */
const TABLE_SHRINK_DIVISOR = 4;
const TABLE_SLOTS_MIN = 16;

interface Chunk {
  readonly buf: Buffer;
  readonly words: Uint32Array;
  readonly view: DataView;
  /** Bytes in use. */
  used: number;
}

export class ReadCache {
  /** Where the record is that `find` found last. */
  buf: Buffer = Buffer.alloc(0);
  view: DataView | undefined;
  at = 0;

  #budgetBytes = 0;
  /** There is no room for a single chunk. */
  #isOff = false;
  readonly #chunks: (Chunk | undefined)[] = [];
  /** Numbers of chunks, oldest first; the last one is being filled. */
  readonly #order: number[] = [];
  #table = new Uint32Array(TABLE_SLOTS_MIN);
  #entries = 0;

  constructor(budgetBytes: number) {
    this.setBudget(budgetBytes);
  }

  /** RAM held. */
  get bytes(): number {
    return this.#order.length * READ_CACHE_CHUNK_BYTES + this.#table.byteLength;
  }

  get size(): number {
    return this.#entries;
  }

  /**
   * Changes the bound. What is too much stays until `shrink` drops it: a gigabyte of small records
   * takes seconds. Where there is room for no record, all of it goes at once, which takes no time.
   */
  setBudget(bytes: number): void {
    this.#budgetBytes = bytes;
    const wanted = tableSize(bytes);
    this.#isOff = bytes - wanted * 4 < READ_CACHE_CHUNK_BYTES;
    if (this.#isOff) this.#clear();
    else if (wanted > this.#table.length) this.#rebuildTable(wanted);
  }

  /** It takes more than its bound, or its table is far too large for what it holds. */
  get isTooLarge(): boolean {
    return this.#order.length > this.#chunksMax() || this.#hasLooseTable();
  }

  /** Drops chunks, the oldest first, as long as it is too large and `mayGoOn`; one at least. */
  shrink(mayGoOn: () => boolean): void {
    while (this.isTooLarge) {
      if (this.#hasLooseTable()) this.#rebuildTable(tableSize(this.#budgetBytes));
      else this.#dropOldest();
      if (!mayGoOn()) return;
    }
  }

  #hasLooseTable(): boolean {
    const wanted = tableSize(this.#budgetBytes);
    const isWasteful = wanted * TABLE_SHRINK_DIVISOR <= this.#table.length;
    return isWasteful && this.#entries < wanted * TABLE_LOAD_MAX;
  }

  #clear(): void {
    this.#order.length = 0;
    this.#chunks.length = 0;
    this.#entries = 0;
    if (this.#table.length > TABLE_SLOTS_MIN) this.#table = new Uint32Array(TABLE_SLOTS_MIN);
    else this.#table.fill(0);
  }

  /** Whether the record at this place is here; `buf` and `at` then tell where. */
  find(segmentId: number, offset: number): boolean {
    if (this.#entries === 0) return false;
    const address = this.#table[this.#positionOf(segmentId, offset / 8)]!;
    if (address === 0) return false;
    const chunk = this.#chunkOf(address);
    const at = ((address - 1) & UNIT_MASK) * 8;
    chunk.words[(at >>> 2) + 3] = 1;
    this.buf = chunk.buf;
    this.view = chunk.view;
    this.at = at + ENTRY_HEADER_BYTES;
    return true;
  }

  /** Reads the memory where `find` will begin; the result means nothing. */
  touch(segmentId: number, offset: number): number {
    const table = this.#table;
    return table[hashOf(segmentId, offset / 8) & (table.length - 1)]!;
  }

  /** Copies a record in. */
  insert(segmentId: number, offset: number, buf: Buffer, at: number, bytes: number): void {
    const room = bytes + ENTRY_HEADER_BYTES;
    if (bytes > READ_CACHE_RECORD_BYTES_MAX || this.#isOff || this.#chunksMax() === 0) return;
    let position = this.#positionOf(segmentId, offset / 8);
    if (this.#table[position] !== 0) return;
    const before = this.#entries;
    const number = this.#makeRoom(room);
    // Entries that went to make room may have closed gaps in the table.
    if (this.#entries !== before) position = this.#positionOf(segmentId, offset / 8);
    const chunk = this.#chunks[number]!;
    const start = chunk.used;
    chunk.words[start >>> 2] = segmentId;
    chunk.words[(start >>> 2) + 1] = offset / 8;
    chunk.words[(start >>> 2) + 2] = bytes;
    chunk.words[(start >>> 2) + 3] = 0;
    buf.copy(chunk.buf, start + ENTRY_HEADER_BYTES, at, at + bytes);
    chunk.used = start + room;
    this.#table[position] = addressOf(number, start);
    this.#entries += 1;
  }

  /** The compactor moved a record. An entry that the new place has already is dropped. */
  move(segmentId: number, offset: number, newId: number, newOffset: number): void {
    const address = this.#table[this.#positionOf(segmentId, offset / 8)]!;
    if (address === 0) return;
    this.#drop(newId, newOffset);
    // Closing the gap of the dropped entry may have moved this one.
    this.#removeAt(this.#positionOf(segmentId, offset / 8));
    const { words } = this.#chunkOf(address);
    const word = (((address - 1) & UNIT_MASK) * 8) >>> 2;
    words[word] = newId;
    words[word + 1] = newOffset / 8;
    this.#table[this.#positionOf(newId, newOffset / 8)] = address;
    this.#entries += 1;
  }

  /** Forgets a record: its entry is dead until the chunk is recycled. */
  #drop(segmentId: number, offset: number): void {
    const position = this.#positionOf(segmentId, offset / 8);
    const address = this.#table[position]!;
    if (address === 0) return;
    this.#removeAt(position);
    this.#chunkOf(address).words[(((address - 1) & UNIT_MASK) * 8) >>> 2] = 0;
  }

  // ---- Chunks -----------------------------------------------------------------------------------

  #chunksMax(): number {
    const left = this.#budgetBytes - this.#table.byteLength;
    return Math.max(0, Math.floor(left / READ_CACHE_CHUNK_BYTES));
  }

  /** The number of a chunk with room at its end. */
  #makeRoom(bytes: number): number {
    const last = this.#order[this.#order.length - 1];
    const isCrowded = this.#entries + 1 > this.#table.length * TABLE_LOAD_MAX;
    if (last !== undefined && !isCrowded &&
        this.#chunks[last]!.used + bytes <= READ_CACHE_CHUNK_BYTES) return last;
    if (this.#order.length < this.#chunksMax() && !isCrowded) return this.#addChunk();
    return this.#recycleOldest();
  }

  #addChunk(): number {
    let number = this.#chunks.indexOf(undefined);
    if (number === -1) number = this.#chunks.length;
    const memory = new ArrayBuffer(READ_CACHE_CHUNK_BYTES);
    this.#chunks[number] = {
      buf: Buffer.from(memory), words: new Uint32Array(memory), view: new DataView(memory), used: 0,
    };
    this.#order.push(number);
    return number;
  }

  /** The oldest chunk becomes the newest, with its referenced entries at its start. */
  #recycleOldest(): number {
    const number = this.#order.shift()!;
    this.#order.push(number);
    const chunk = this.#chunks[number]!;
    let kept = 0;
    this.#eachEntry(chunk, (word) => {
      if (chunk.words[word] === 0) return;
      const bytes = chunk.words[word + 2]! + ENTRY_HEADER_BYTES;
      const isKept = chunk.words[word + 3] === 1 && kept + bytes <= READ_CACHE_CHUNK_BYTES / 2;
      const position = this.#positionOf(chunk.words[word]!, chunk.words[word + 1]!);
      if (!isKept) {
        this.#removeAt(position);
        return;
      }
      this.#table[position] = addressOf(number, kept);
      chunk.words[word + 3] = 0;
      chunk.buf.copyWithin(kept, word * 4, word * 4 + bytes);
      kept += bytes;
    });
    chunk.used = kept;
    return number;
  }

  #dropOldest(): void {
    const number = this.#order.shift()!;
    const chunk = this.#chunks[number]!;
    this.#eachEntry(chunk, (word) => this.#forget(chunk, number, word));
    this.#chunks[number] = undefined;
  }

  /** Visits the first word of each entry, dead ones (segment 0) included. */
  #eachEntry(chunk: Chunk, visit: (word: number) => void): void {
    for (let at = 0; at < chunk.used;) {
      const bytes = chunk.words[(at >>> 2) + 2]! + ENTRY_HEADER_BYTES;
      visit(at >>> 2);
      at += bytes;
    }
  }

  #forget(chunk: Chunk, number: number, word: number): void {
    if (chunk.words[word] === 0) return;
    const position = this.#positionOf(chunk.words[word]!, chunk.words[word + 1]!);
    if (this.#table[position] === addressOf(number, word * 4)) this.#removeAt(position);
    chunk.words[word] = 0;
  }

  // ---- Table ------------------------------------------------------------------------------------

  #chunkOf(address: number): Chunk {
    return this.#chunks[(address - 1) >>> CHUNK_UNITS_SHIFT]!;
  }

  /** Where the place is in the table, or the gap where it would be. */
  #positionOf(segmentId: number, units: number): number {
    const table = this.#table;
    const mask = table.length - 1;
    let position = hashOf(segmentId, units) & mask;
    for (;;) {
      const address = table[position]!;
      if (address === 0) return position;
      const words = this.#chunks[(address - 1) >>> CHUNK_UNITS_SHIFT]!.words;
      const word = ((address - 1) & UNIT_MASK) << 1;
      if (words[word] === segmentId && words[word + 1] === units) return position;
      position = (position + 1) & mask;
    }
  }

  /** Takes an entry out and closes the hole behind it. */
  #removeAt(position: number): void {
    const table = this.#table;
    const mask = table.length - 1;
    this.#entries -= 1;
    let hole = position;
    for (let next = (hole + 1) & mask; table[next] !== 0; next = (next + 1) & mask) {
      const distance = (next - this.#homeOf(table[next]!)) & mask;
      if (distance < ((next - hole) & mask)) continue;
      table[hole] = table[next]!;
      hole = next;
    }
    table[hole] = 0;
  }

  #homeOf(address: number): number {
    const words = this.#chunkOf(address).words;
    const word = ((address - 1) & UNIT_MASK) << 1;
    return hashOf(words[word]!, words[word + 1]!) & (this.#table.length - 1);
  }

  /** Enters what the chunks hold into a table of this size; of the old one nothing is read. */
  #rebuildTable(size: number): void {
    this.#table = new Uint32Array(size);
    for (const number of this.#order) {
      const chunk = this.#chunks[number]!;
      this.#eachEntry(chunk, (word) => {
        if (chunk.words[word] === 0) return;
        const home = hashOf(chunk.words[word]!, chunk.words[word + 1]!) & (size - 1);
        let position = home;
        while (this.#table[position] !== 0) position = (position + 1) & (size - 1);
        this.#table[position] = addressOf(number, word * 4);
      });
    }
  }
}

function addressOf(number: number, at: number): number {
  return number * CHUNK_UNITS + at / 8 + 1;
}

function hashOf(segmentId: number, units: number): number {
  const mixed = Math.imul(segmentId, 0x9e3779b1) ^ Math.imul(units, 0x85ebca6b);
  return Math.imul(mixed ^ (mixed >>> 15), 0x2c1b3c6d) >>> 8;
}

/** A power of two. */
function tableSize(budgetBytes: number): number {
  const entries = budgetBytes / (TABLE_RECORD_BYTES + ENTRY_HEADER_BYTES) / TABLE_LOAD_MAX;
  return 2 ** Math.max(4, Math.ceil(Math.log2(entries + 1)));
}
