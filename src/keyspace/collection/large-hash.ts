/**
 * A large hash: a directory in RAM, and blocks that come and go. Each block has the fields of a
 * range of hashes, and a record under a hidden key (block-keys.ts).
 *
 *     entry   start        block   count         hash 0x8000_1234 is in block 3
 *     0       0            0       410
 *     1       0x4000_0000  3       388
 *     2       0xc000_0000  1       402
 *
 * A change goes to the log as a delta of the whole collection, with those of the same turn, however
 * many blocks they change; the blocks' own records are written later. So changes are numbered, and
 * a block's record says up to which number it has them: when it is read, it gets those that it has
 * not (pending-changes.ts). The base of the collection is the directory, and stands for all changes
 * before it: so it is written when all blocks that these have changed are written (`snapshot`).
 *
 * Invariants: entry 0 starts at 0, starts go up, no count is 0, and a number is of one block for
 * ever. All fields of equal hash are in one block.
 *
 *     record of a block:  number of its last change | the hash (packed-hash.ts)
 *     base:               version 1 | longest | peak | space | id | salt a | salt b | next block |
 *                         number of the last change | entries, then for each entry: start less
 *                         that of the one before | block | count; all varints
 *     delta:              CHANGE 01 | growth byte | entry | delta of a hash that names one field
 *                         SPLIT  02 | entry | start | block | count         to a new entry behind
 *                         JOIN   03 | entry                                 has that of the next too
 *                         DROP   04 | entry                                 it has become empty
 *
 * The growth of a CHANGE is 1 for a field less, 2 for as many, 3 for one more. Who makes the delta
 * leaves a 0; the first to apply it has the block in RAM, and fills the byte in.
 */

import { ByteRange } from '../../lib/byte-range.ts';
import { KeyHash, type KeyHashSeed } from '../../lib/key-hash.ts';
import { HashValue } from '../hash-value.ts';
import type { HashPage, HashView } from '../hash-view.ts';
import type { LiveValue, Snapshot, SnapshotStep } from '../live-value.ts';
import { PieceReader, DeltaWriter } from '../pieces.ts';
import { HASH } from '../value-type.ts';
import { blockKey } from './block-keys.ts';
import type { BlockPort } from './block-port.ts';
import { BLOCK_BYTES_MAX } from './limits.ts';
import { PendingChanges } from './pending-changes.ts';

const VERSION = 1;
export const CHANGE = 1;
export const SPLIT = 2;
export const JOIN = 3;
export const DROP = 4;

/** The growth byte of a CHANGE that makes it neither larger nor smaller. */
const GROWTH_NONE = 2;

const HASHES = 2 ** 32;

/** RAM of a directory, of an entry, and of a block beside its hash. */
const EMPTY_BYTES = 1000;
const ENTRY_RAM_BYTES = 60;
const BLOCK_RAM_BYTES = 100;

/** Bytes of a base without entries, at most, and of an entry, about. */
const HEAD_BYTES = 60;
const ENTRY_BYTES = 10;

/** What leaves RAM at once for a block that is read. */
const RELEASE_BYTES = 8 * BLOCK_BYTES_MAX;

/** With more bytes of pending changes a block is written before it leaves RAM. */
const PENDING_BYTES_MAX = BLOCK_BYTES_MAX / 4;

export interface LargeHead {
  /** Where its blocks are, and under which id. */
  readonly space: number;
  readonly id: number;
  /** Seed of the hash of its fields. */
  readonly salt: KeyHashSeed;
  /** Of the hash before it became large: what OBJECT ENCODING goes by. */
  readonly longest: number;
  readonly peak: number;
}

/** An entry of the directory. */
interface Entry {
  readonly start: number;
  readonly block: number;
  readonly count: number;
}

/** One entry in RAM. */
interface Slot {
  start: number;
  readonly block: number;
  count: number;
  /** The block, while it is in RAM. */
  hash: HashValue | undefined;
  hashBytes: number;
  /** The number of the last change, and up to which the record surely has them. */
  changedAt: number;
  writtenAt: number;
  /** Bytes that are to be written; 0 when it has no change behind `writtenAt`. */
  dirtyBytes: number;
  /** The changes behind `writtenAt`; undefined if there are none, or too many to be kept. */
  pending: PendingChanges | undefined;
  isUsed: boolean;
  /** It is in no directory any more. */
  isGone: boolean;
}

export class LargeHash implements LiveValue, HashView {
  readonly type = HASH;
  readonly isLarge = true;
  readonly head: LargeHead;
  readonly #port: BlockPort;
  readonly #hasher: KeyHash;
  readonly #slots: Slot[];
  #size = 0;
  #nextBlock: number;
  /** The number of the last change. */
  #sequence: number;
  #loadedBytes = 0;
  #pendingBytes = 0;
  /** Bytes of blocks that were changed since they were written. */
  #dirtyBytes = 0;
  /** The block that was read last by position, and the position of its first field. */
  #readSlot: Slot | undefined;
  #readFirst = 0;
  /** Where `release` goes on. */
  #hand = 0;
  /** Blocks had to leave RAM: pending changes are kept, so that they need not be written first. */
  #isTight = false;
  /** With more a block that is read makes others leave RAM. */
  #loadedBytesMax = Infinity;

  constructor(
    port: BlockPort, head: LargeHead, entries: readonly Entry[], nextBlock: number, sequence = 0,
  ) {
    this.head = head;
    this.#port = port;
    this.#hasher = new KeyHash(head.salt);
    this.#nextBlock = nextBlock;
    this.#sequence = sequence;
    this.#slots = entries.map(({ start, block, count }) => slotOf(start, block, count, 0));
    for (const { count } of entries) this.#size += count;
  }

  /** Reads what encodeBase wrote. The bytes are borrowed. */
  static ofBase(port: BlockPort, buf: Buffer, start: number, end: number): LargeHash {
    const reader = new PieceReader(buf, start, end);
    const version = reader.number();
    if (version !== VERSION) {
      throw new Error(`assertion failed: a directory of version ${version}, allowed is ${VERSION}`);
    }
    const [longest, peak, space] = [reader.number(), reader.number(), reader.number()];
    const id = reader.number();
    const salt = { a: reader.number(), b: reader.number() };
    const [nextBlock, sequence, length] = [reader.number(), reader.number(), reader.number()];
    const entries: Entry[] = [];
    for (let at = 0; entries.length < length;) {
      at += reader.number();
      entries.push({ start: at, block: reader.number(), count: reader.number() });
    }
    return new LargeHash(port, { space, id, salt, longest, peak }, entries, nextBlock, sequence);
  }

  // ---- The directory ----------------------------------------------------------------------------

  get size(): number {
    return this.#size;
  }

  get memoryBytes(): number {
    return EMPTY_BYTES + this.#slots.length * ENTRY_RAM_BYTES + this.#loadedBytes +
      this.#pendingBytes;
  }

  get baseBytes(): number {
    return HEAD_BYTES + this.#slots.length * ENTRY_BYTES;
  }

  /** Bytes that a new base has to write: of the blocks that were changed. */
  get dirtyBytes(): number {
    return this.#dirtyBytes;
  }

  /** How many blocks it has. */
  get length(): number {
    return this.#slots.length;
  }

  /** The number that the next block gets. */
  get nextBlock(): number {
    return this.#nextBlock;
  }

  countOf(entry: number): number {
    return this.#slots[entry]!.count;
  }

  startOf(entry: number): number {
    return this.#slots[entry]!.start;
  }

  hashOf(buf: Buffer, start: number, end: number): number {
    this.#hasher.hash(buf, start, end);
    return this.#hasher.lo;
  }

  /** The entry whose block has the fields of this hash. */
  entryOf(hash: number): number {
    const slots = this.#slots;
    let low = 0;
    let high = slots.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >>> 1;
      if (slots[middle]!.start <= hash) low = middle;
      else high = middle - 1;
    }
    return low;
  }

  /** A command begins to use it: it may read so many bytes of blocks before others go. */
  beginUse(bytes: number): void {
    this.#loadedBytesMax = this.#loadedBytes + bytes;
  }

  // ---- Reading ----------------------------------------------------------------------------------

  get longest(): number {
    return this.head.longest;
  }

  /** So that it is never one that a scan gives in one page. */
  get peak(): number {
    return Infinity;
  }

  find(field: ByteRange): number {
    const slot = this.#slotOf(field);
    const at = this.#load(slot).find(field);
    return at < 0 ? -1 : this.#firstOf(slot) + at;
  }

  get(field: ByteRange): ByteRange | undefined {
    return this.#load(this.#slotOf(field)).get(field);
  }

  has(field: ByteRange): boolean {
    return this.#load(this.#slotOf(field)).has(field);
  }

  fieldAt(position: number): ByteRange {
    return this.#hashAt(position).fieldAt(position - this.#readFirst);
  }

  valueAt(position: number): ByteRange {
    return this.#hashAt(position).valueAt(position - this.#readFirst);
  }

  /**
   * The cursor is 2^32 and the lowest hash that was not visited: so it is not one of a hash in one
   * piece, from which a scan begins again. Equal hashes are in one page.
   */
  scan(cursor: number, count: number): HashPage {
    const from = cursor < HASHES ? 0 : cursor - HASHES;
    if (from >= HASHES) return { positions: [], cursor: 0 };
    const entry = this.entryOf(from);
    const slot = this.#slots[entry]!;
    const hash = this.#load(slot);
    const first = this.#firstOf(slot);
    const found = Array.from({ length: hash.size }, (_, at) => {
      const { buf, start, end } = hash.fieldAt(at);
      return { hash: this.hashOf(buf, start, end), position: first + at };
    }).filter((one) => one.hash >= from);
    found.sort((a, b) => a.hash - b.hash || a.position - b.position);
    let end = Math.min(count, found.length);
    while (end < found.length && found[end]!.hash === found[end - 1]!.hash) end++;
    const next = found[end]?.hash ?? this.#slots[entry + 1]?.start ?? HASHES;
    const positions = found.slice(0, end).map(({ position }) => position);
    return { positions, cursor: next >= HASHES ? 0 : HASHES + next };
  }

  /** The block of an entry; it may be read and, by `applyDelta`, changed. */
  block(entry: number): HashValue {
    return this.#load(this.#slots[entry]!);
  }

  #slotOf({ buf, start, end }: ByteRange): Slot {
    return this.#slots[this.entryOf(this.hashOf(buf, start, end))]!;
  }

  #hashAt(position: number): HashValue {
    const last = this.#readSlot;
    if (last !== undefined && position >= this.#readFirst &&
        position < this.#readFirst + last.count) return this.#load(last);
    let first = 0;
    for (const slot of this.#slots) {
      if (position < first + slot.count) {
        this.#readSlot = slot;
        this.#readFirst = first;
        return this.#load(slot);
      }
      first += slot.count;
    }
    throw new Error(`assertion failed: a hash of ${this.size} fields has no position ${position}`);
  }

  #firstOf(wanted: Slot): number {
    let first = 0;
    for (const slot of this.#slots) {
      if (slot === wanted) break;
      first += slot.count;
    }
    return first;
  }

  #load(slot: Slot): HashValue {
    slot.isUsed = true;
    if (slot.hash !== undefined) return slot.hash;
    const { id, space } = this.head;
    const bytes = this.#port.read(space, blockKey(id, slot.block));
    if (bytes === undefined) {
      throw new Error(`assertion failed: collection ${id} has no block ${slot.block}`);
    }
    const reader = new PieceReader(bytes.buf, bytes.start, bytes.end);
    slot.writtenAt = reader.number();
    const hash = HashValue.ofBase(bytes.buf, reader.at, bytes.end);
    slot.pending?.applyAfter(slot.writtenAt, (buf, start, end) => hash.applyDelta(buf, start, end));
    if (slot.changedAt <= slot.writtenAt) this.#noteWritten(slot, slot.writtenAt);
    if (this.#loadedBytes > this.#loadedBytesMax) this.release(RELEASE_BYTES, () => false);
    this.#setHash(slot, hash);
    return hash;
  }

  // ---- Changing ---------------------------------------------------------------------------------

  applyDelta(buf: Buffer, start: number, end: number): void {
    const reader = new PieceReader(buf, start + 1, end);
    this.#readSlot = undefined;
    switch (buf[start]) {
      case CHANGE: return this.#change(reader);
      case SPLIT: return this.#split(reader);
      case JOIN: return this.#join(reader.number());
      case DROP: return this.#drop(reader.number());
      default: throw new Error(`assertion failed: a delta of a directory begins with ${buf[start]}`);
    }
  }

  #change(reader: PieceReader): void {
    const growthAt = reader.at++;
    const slot = this.#mustSlot(reader.number());
    const { at, buf, limit } = reader;
    const { hash } = slot;
    this.#sequence++;
    const isFirst = slot.changedAt <= slot.writtenAt;
    slot.changedAt = this.#sequence;
    if (hash === undefined || (this.#isTight && isFirst) || slot.pending !== undefined) {
      this.#addPending(slot, buf, at, limit);
    }
    if (hash !== undefined) {
      const before = hash.size;
      hash.applyDelta(buf, at, limit);
      buf[growthAt] = GROWTH_NONE + hash.size - before;
      this.#setHash(slot, hash);
    }
    const growth = buf[growthAt]! - GROWTH_NONE;
    slot.count += growth;
    this.#size += growth;
    if (isFirst) {
      slot.dirtyBytes = slot.hash?.baseBytes ?? BLOCK_BYTES_MAX / 2;
      this.#dirtyBytes += slot.dirtyBytes;
    }
  }

  #addPending(slot: Slot, buf: Buffer, start: number, end: number): void {
    // What is not in RAM has nothing else.
    if (slot.hash !== undefined && (slot.pending?.bytes ?? 0) > PENDING_BYTES_MAX) {
      this.#forgetPending(slot);
      return;
    }
    const before = slot.pending?.memoryBytes ?? 0;
    slot.pending ??= new PendingChanges();
    slot.pending.add(this.#sequence, buf, start, end);
    this.#pendingBytes += slot.pending.memoryBytes - before;
  }

  #split(reader: PieceReader): void {
    const entry = reader.number();
    const slot = this.#mustSlot(entry);
    const [start, block, count] = [reader.number(), reader.number(), reader.number()];
    slot.count -= count;
    // Both were written.
    this.#noteWritten(slot);
    const behind = slotOf(start, block, count, this.#sequence);
    this.#slots.splice(entry + 1, 0, behind);
    this.#nextBlock = Math.max(this.#nextBlock, block + 1);
  }

  #join(entry: number): void {
    const slot = this.#mustSlot(entry);
    const behind = this.#mustSlot(entry + 1);
    slot.count += behind.count;
    this.#noteWritten(slot);
    this.#forget(behind);
    this.#slots.splice(entry + 1, 1);
  }

  /** The entry before takes its hashes over, or the one behind if there is none. */
  #drop(entry: number): void {
    const slot = this.#mustSlot(entry);
    this.#size -= slot.count;
    this.#forget(slot);
    this.#slots.splice(entry, 1);
    if (entry === 0 && this.#slots.length > 0) this.#slots[0]!.start = 0;
  }

  #mustSlot(entry: number): Slot {
    const slot = this.#slots[entry];
    if (slot === undefined) {
      throw new Error(`assertion failed: entry ${entry} of a directory of ${this.#slots.length}`);
    }
    return slot;
  }

  // ---- Blocks -----------------------------------------------------------------------------------

  /** Writes a block that has other fields now, for a SPLIT or JOIN that follows. */
  rewriteBlock(entry: number, hash: HashValue): void {
    const slot = this.#mustSlot(entry);
    this.#setHash(slot, hash);
    this.#write(slot, hash);
  }

  /** Writes the block that a SPLIT will bring. */
  writeNewBlock(block: number, hash: HashValue): void {
    this.#port.write(this.head.space, blockKey(this.head.id, block), this.#recordOf(hash));
  }

  /** Keeps the block of an entry in RAM that was written just now. */
  keepBlock(entry: number, hash: HashValue): void {
    this.#setHash(this.#mustSlot(entry), hash);
  }

  /** Removes the record of an entry that a JOIN or DROP takes away. */
  removeBlock(entry: number): void {
    const { block } = this.#mustSlot(entry);
    this.#port.remove(this.head.space, blockKey(this.head.id, block));
  }

  /**
   * Lets blocks leave RAM that were not used lately, until it has `bytes` fewer or a round is over;
   * those that have changed much are written. Returns how many bytes fewer it has.
   */
  release(bytes: number, mayWrite: () => boolean): number {
    const before = this.memoryBytes;
    this.#isTight = true;
    for (let left = 2 * this.#slots.length; left > 0; left--) {
      if (before - this.memoryBytes >= bytes) break;
      this.#hand = (this.#hand + 1) % this.#slots.length;
      const slot = this.#slots[this.#hand]!;
      if (slot.isUsed) slot.isUsed = false;
      else if (slot.hash !== undefined) {
        if (slot.changedAt > slot.writtenAt && slot.pending === undefined) {
          if (!mayWrite()) break;
          this.#write(slot, slot.hash);
        }
        this.#setHash(slot, undefined);
      }
    }
    return before - this.memoryBytes;
  }

  #write(slot: Slot, hash: HashValue): void {
    const { id, space } = this.head;
    this.#port.write(space, blockKey(id, slot.block), this.#recordOf(hash));
    this.#noteWritten(slot);
  }

  #recordOf(hash: HashValue): ByteRange {
    const writer = new DeltaWriter();
    writer.restart();
    writer.number(this.#sequence);
    const base = hash.encodeBase();
    writer.raw(base, 0, base.length);
    return writer.finish();
  }

  #noteWritten(slot: Slot, at = this.#sequence): void {
    this.#dirtyBytes -= slot.dirtyBytes;
    slot.dirtyBytes = 0;
    slot.writtenAt = at;
    this.#forgetPending(slot);
  }

  #forgetPending(slot: Slot): void {
    this.#pendingBytes -= slot.pending?.memoryBytes ?? 0;
    slot.pending = undefined;
  }

  #setHash(slot: Slot, hash: HashValue | undefined): void {
    const bytes = hash === undefined ? 0 : BLOCK_RAM_BYTES + hash.memoryBytes;
    this.#loadedBytes += bytes - slot.hashBytes;
    slot.hash = hash;
    slot.hashBytes = bytes;
  }

  #forget(slot: Slot): void {
    slot.isGone = true;
    this.#noteWritten(slot);
    this.#setHash(slot, undefined);
  }

  // ---- Bases ------------------------------------------------------------------------------------

  /** Another large hash has blocks of its own (left-over-blocks.ts). */
  copy(): LargeHash {
    throw new Error('assertion failed: a large hash is copied block by block');
  }

  encodeBase(): Buffer {
    const snapshot = this.snapshot();
    let base = snapshot.next();
    while (base === 'step') base = snapshot.next();
    return base!;
  }

  /** What it is now, in one page; the steps before write the blocks that were changed until now. */
  snapshot(): Snapshot {
    const base = this.#encode();
    const until = this.#sequence;
    const changed = this.#slots.filter((slot) => slot.changedAt > slot.writtenAt);
    let isEnded = false;
    const next = (): SnapshotStep => {
      if (isEnded) return undefined;
      for (let slot = changed.pop(); slot !== undefined; slot = changed.pop()) {
        if (slot.writtenAt >= until || slot.changedAt <= slot.writtenAt) continue;
        if (slot.isGone) continue;
        this.#write(slot, this.#load(slot));
        return 'step';
      }
      isEnded = true;
      return base;
    };
    return { next, end: () => void (isEnded = true) };
  }

  #encode(): Buffer {
    const { longest, peak, space, id, salt } = this.head;
    const writer = new DeltaWriter();
    writer.restart();
    const numbers = [
      VERSION, longest, peak, space, id, salt.a, salt.b, this.#nextBlock, this.#sequence,
      this.#slots.length,
    ];
    for (const number of numbers) writer.number(number);
    let before = 0;
    for (const { start, block, count } of this.#slots) {
      writer.number(start - before);
      writer.number(block);
      writer.number(count);
      before = start;
    }
    return writer.finish().copy();
  }
}

function slotOf(start: number, block: number, count: number, at: number): Slot {
  return {
    start, block, count, hash: undefined, hashBytes: 0, changedAt: at, writtenAt: at,
    dirtyBytes: 0, pending: undefined, isUsed: true, isGone: false,
  };
}

/** Builds deltas of large hashes, one at a time; each is borrowed until the next. */
export class LargeDelta {
  readonly #writer = new DeltaWriter();

  /** `op` and the pieces [start, end) of `from`: a delta of a hash that names one field. */
  change(entry: number, op: number, from: Buffer, start: number, end: number): ByteRange {
    this.#writer.begin(CHANGE);
    this.#writer.number(0);
    this.#writer.number(entry);
    this.#writer.number(op);
    this.#writer.raw(from, start, end);
    return this.#writer.finish();
  }

  split(entry: number, start: number, block: number, count: number): ByteRange {
    return this.#of(SPLIT, [entry, start, block, count]);
  }

  join(entry: number): ByteRange {
    return this.#of(JOIN, [entry]);
  }

  drop(entry: number): ByteRange {
    return this.#of(DROP, [entry]);
  }

  #of(op: number, numbers: readonly number[]): ByteRange {
    this.#writer.begin(op);
    for (const number of numbers) this.#writer.number(number);
    return this.#writer.finish();
  }
}
