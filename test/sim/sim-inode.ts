/**
 * The content of one simulated file: what the running process reads, and what the disk would hold
 * after power loss.
 *
 * A write changes `live` at once and adds a version of every 512-byte sector that it touches. A
 * datasync moves the disk image forward to the newest version of each sector (and of the length)
 * that is not younger than its start. Until then each sector is, after a crash, independently its
 * durable content or any of its versions; growth may be lost, zero-filled or garbage.
 *
 * A failed datasync leaves its versions `lost`: still read back, possible after a crash, but no
 * later datasync makes them durable. A later write to the sector carries the whole of it along, as
 * a kernel's dirty page does.
 */

import type { Random } from '../../src/lib/random.ts';

export const SECTOR_BYTES = 512;

/**
 * What a crash keeps of what was not synced: nothing, everything, or each piece by its own coin.
 */
export type CrashMood = 'forgetful' | 'lucky' | 'mixed';

/** One in this many unsynced sectors of growth comes back as garbage in a mixed crash. */
const GARBAGE_ONE_IN = 6;

type Version<T> = { readonly at: number; readonly value: T; lost: boolean };

export class SimInode {
  #live = new Uint8Array(0);
  #length = 0;
  #disk = new Uint8Array(0);
  #diskLength = 0;
  /** Counts changes; a version's `at`. */
  #changes = 0;
  readonly #sectors = new Map<number, Version<Uint8Array>[]>();
  #lengths: Version<number>[] = [];
  /** Damaged bytes that nothing was written over since: position to the bits that are wrong. */
  readonly #flips = new Map<number, number>();
  /** The file in whose place this one was put, until it is written to. */
  #original: SimInode | undefined;

  /** Names that lead here plus open handles; its bytes count as used while it is above 0. */
  references = 0;

  /** A durable file with `bytes` that was put in the place of `original`. */
  static inPlaceOf(original: SimInode, bytes: Uint8Array): SimInode {
    const inode = new SimInode();
    inode.write(bytes, 0, bytes.length, 0);
    inode.syncTo(inode.changes);
    inode.references = 1;
    inode.#original = original.#original ?? original;
    return inode;
  }

  /** A file with what a read finds here now, all of it durable. */
  copy(): SimInode {
    const copy = new SimInode();
    copy.write(this.#live, 0, this.#length, 0);
    copy.syncTo(copy.changes);
    copy.references = 1;
    return copy;
  }

  /** The file in whose place this one was put; undefined if it was made or written since. */
  get original(): SimInode | undefined {
    return this.#original;
  }

  get length(): number {
    return this.#length;
  }

  /** Bytes read, fewer only at the end. */
  read(buf: Uint8Array, off: number, len: number, pos: number): number {
    const bytesRead = Math.max(0, Math.min(len, this.#length - pos));
    buf.set(this.#live.subarray(pos, pos + bytesRead), off);
    return bytesRead;
  }

  write(buf: Uint8Array, off: number, len: number, pos: number): void {
    if (len === 0) return;
    if (pos + len > this.#length) this.#setLength(pos + len);
    this.#live.set(buf.subarray(off, off + len), pos);
    this.#forgetDamage(pos, pos + len);
    this.#markChanged(pos, pos + len);
  }

  truncate(len: number): void {
    const before = this.#length;
    this.#forgetDamage(len, Infinity);
    if (len < before) {
      this.#live.fill(0, len, before);
      this.#markChanged(len, before);
    }
    if (len !== before) this.#setLength(len);
  }

  /** A mark to give to `syncTo`: everything up to now. */
  get changes(): number {
    return this.#changes;
  }

  /** Makes durable what was changed up to `mark`. */
  syncTo(mark: number): void {
    for (const [sector, versions] of this.#sectors) {
      const at = lastSyncable(versions, mark);
      if (at < 0) continue;
      this.#putOnDisk(sector, versions[at]!.value);
      versions.splice(0, at + 1);
      if (versions.length === 0) this.#sectors.delete(sector);
    }
    const at = lastSyncable(this.#lengths, mark);
    if (at < 0) return;
    this.#diskLength = this.#lengths[at]!.value;
    this.#lengths = this.#lengths.slice(at + 1);
  }

  /** The datasync of what was changed up to `mark` failed: no later one will write it. */
  loseTo(mark: number): void {
    for (const versions of [...this.#sectors.values(), this.#lengths]) {
      for (const version of versions) if (version.at <= mark) version.lost = true;
    }
  }

  /** Whether every byte would survive a crash now. */
  get durable(): boolean {
    return this.#sectors.size === 0 && this.#lengths.length === 0;
  }

  /** Flips bits of one byte, in the process's view and on the disk: silent damage. */
  damage(pos: number, xor: number): void {
    if (pos >= this.#length) throw new Error(`damage at ${pos} of ${this.#length} bytes`);
    this.#flips.set(pos, (this.#flips.get(pos) ?? 0) ^ xor);
    this.#flip(pos, xor);
  }

  /** Takes back what `damage` did and nobody has written over. */
  mend(): void {
    for (const [pos, xor] of this.#flips) this.#flip(pos, xor);
    this.#flips.clear();
  }

  #flip(pos: number, xor: number): void {
    this.#live[pos]! ^= xor;
    if (pos < this.#disk.length) this.#disk[pos]! ^= xor;
    const versions = this.#sectors.get(Math.floor(pos / SECTOR_BYTES)) ?? [];
    for (const version of versions) version.value[pos % SECTOR_BYTES]! ^= xor;
  }

  /** The file as the next process finds it, wholly durable. */
  crash(random: Random, mood: CrashMood): SimInode {
    const length = pick(random, mood, this.#diskLength, this.#lengths);
    const survivor = new SimInode();
    survivor.#disk = grown(new Uint8Array(0), length);
    survivor.#disk.set(this.#disk.subarray(0, length));
    for (const [sector, versions] of this.#sectors) {
      const content = this.#sectorAfterCrash(random, mood, sector, versions);
      if (content !== null) survivor.#putOnDisk(sector, content);
    }
    survivor.#disk.fill(0, length);
    survivor.#diskLength = length;
    survivor.#live = survivor.#disk.slice();
    survivor.#length = length;
    for (const [pos, xor] of this.#flips) if (pos < length) survivor.#flips.set(pos, xor);
    survivor.#original = this.#original?.crash(random, mood);
    if (survivor.#original !== undefined) survivor.#original.references = 1;
    return survivor;
  }

  /** Null leaves the durable content. */
  #sectorAfterCrash(
    random: Random, mood: CrashMood, sector: number, versions: Version<Uint8Array>[],
  ): Uint8Array | null {
    const isGrowth = sector * SECTOR_BYTES >= this.#diskLength;
    if (mood === 'mixed' && isGrowth && random.below(GARBAGE_ONE_IN) === 0) {
      return Uint8Array.from({ length: SECTOR_BYTES }, () => random.below(256));
    }
    return pick<Uint8Array | null>(random, mood, null, versions);
  }

  #forgetDamage(from: number, to: number): void {
    this.#original = undefined;
    for (const pos of this.#flips.keys()) if (pos >= from && pos < to) this.#flips.delete(pos);
  }

  #setLength(len: number): void {
    this.#live = grown(this.#live, len);
    this.#length = len;
    this.#changes += 1;
    this.#lengths.push({ at: this.#changes, value: len, lost: false });
  }

  #markChanged(from: number, to: number): void {
    this.#changes += 1;
    for (let sector = Math.floor(from / SECTOR_BYTES); sector * SECTOR_BYTES < to; sector++) {
      const start = sector * SECTOR_BYTES;
      // From Node's pool, which is several times faster than an array buffer for each.
      const value = Buffer.allocUnsafe(SECTOR_BYTES);
      value.set(this.#live.subarray(start, start + SECTOR_BYTES));
      value.fill(0, Math.min(SECTOR_BYTES, this.#live.length - start));
      const versions = this.#sectors.get(sector);
      const version = { at: this.#changes, value, lost: false };
      if (versions === undefined) this.#sectors.set(sector, [version]);
      else versions.push(version);
    }
  }

  #putOnDisk(sector: number, content: Uint8Array): void {
    this.#disk = grown(this.#disk, (sector + 1) * SECTOR_BYTES);
    this.#disk.set(content, sector * SECTOR_BYTES);
  }
}

/** The newest version that a sync of everything up to `mark` writes, or -1. */
function lastSyncable(versions: readonly Version<unknown>[], mark: number): number {
  return versions.findLastIndex((version) => version.at <= mark && !version.lost);
}

function pick<T>(random: Random, mood: CrashMood, old: T, versions: readonly Version<T>[]): T {
  if (mood === 'forgetful' || versions.length === 0) return old;
  const at = mood === 'lucky' ? versions.length - 1 : random.below(versions.length + 1) - 1;
  return at < 0 ? old : versions[at]!.value;
}

/** `bytes`, or a longer copy filled up with zeros. */
function grown(bytes: Uint8Array<ArrayBuffer>, len: number): Uint8Array<ArrayBuffer> {
  if (len <= bytes.length) return bytes;
  const more = new Uint8Array(Math.max(len, bytes.length * 2, SECTOR_BYTES));
  more.set(bytes);
  return more;
}
