/** An open file of the simulated disk, for reading and for writing. */

import type { DiskError, Done, ReadDone, ReadFile, WriteFile } from '../../src/io/files.ts';
import type { SimInode } from './sim-inode.ts';
import { diskError } from './sim-kernel.ts';
import type { Effect, SimKernel } from './sim-kernel.ts';

/** The room on the disk, shared by all its files. */
export type SimSpace = { capacityBytes: number; usedBytes: number };

export class SimFile implements ReadFile, WriteFile {
  readonly path: string;
  readonly #inode: SimInode;
  readonly #kernel: SimKernel;
  readonly #space: SimSpace;
  #isOpen = true;
  #callsUnderWay = 0;

  constructor(path: string, inode: SimInode, kernel: SimKernel, space: SimSpace) {
    this.path = path;
    this.#inode = inode;
    this.#kernel = kernel;
    this.#space = space;
    inode.references += 1;
  }

  read(buf: Uint8Array, off: number, len: number, pos: number): Promise<number> {
    return this.#promised((done: ReadDone) => this.readInto(buf, off, len, pos, done));
  }

  readInto(buf: Uint8Array, off: number, len: number, pos: number, done: ReadDone): void {
    this.#callback('read', this.#reading(buf, off, len, pos), (err, n) => done(err, n ?? 0));
  }

  readSync(buf: Uint8Array, off: number, len: number, pos: number): number {
    return this.#kernel.sync('read', this.path, this.#reading(buf, off, len, pos));
  }

  writeSync(buf: Uint8Array, off: number, len: number, pos: number): void {
    this.#kernel.sync('write', this.path, this.#writing(buf, off, len, pos));
  }

  write(buf: Uint8Array, off: number, len: number, pos: number): Promise<void> {
    return this.#promised((done: Done) => this.writeFrom(buf, off, len, pos, done));
  }

  writeFrom(buf: Uint8Array, off: number, len: number, pos: number, done: Done): void {
    this.#callback('write', this.#writing(buf, off, len, pos), done);
  }

  datasync(): Promise<void> {
    return this.#promised((done: Done) => this.datasyncThen(done));
  }

  datasyncThen(done: Done): void {
    this.#callback('datasync', this.#datasyncing(), done);
  }

  datasyncSync(): void {
    this.#kernel.sync('datasync', this.path, this.#datasyncing());
  }

  truncate(len: number): Promise<void> {
    return this.#promised((done: Done) => {
      this.#callback('truncate', this.#truncating(len), done);
    });
  }

  truncateSync(len: number): void {
    this.#kernel.sync('truncate', this.path, this.#truncating(len));
  }

  size(): Promise<number> {
    return this.#promised((done: ReadDone) => {
      this.#callback('size', this.#sizing(), (err, n) => done(err, n ?? 0));
    });
  }

  async close(): Promise<void> {
    this.#mustBeOpen();
    if (this.#callsUnderWay !== 0) {
      throw new Error(`close of ${this.path} with ${this.#callsUnderWay} calls under way`);
    }
    this.#isOpen = false;
    await this.#kernel.promise('close', this.path, (fault) => {
      dropReference(this.#inode, this.#space);
      if (fault !== null) throw fault;
    });
  }

  #reading(buf: Uint8Array, off: number, len: number, pos: number): Effect<number> {
    this.#mustBeOpen();
    mustFit(buf, off, len);
    return (fault) => {
      if (fault !== null) throw fault;
      return this.#inode.read(buf, off, len, pos);
    };
  }

  /** A write that fails, by plan or for want of room, leaves some prefix behind. */
  #writing(buf: Uint8Array, off: number, len: number, pos: number): Effect<void> {
    this.#mustBeOpen();
    mustFit(buf, off, len);
    return (fault) => {
      const planned = fault === null ? len : this.#kernel.random.below(len + 1);
      const roomBytes = this.#space.capacityBytes - this.#space.usedBytes;
      const taken = Math.max(0, Math.min(planned, this.#inode.length + roomBytes - pos));
      this.#resizing(() => this.#inode.write(buf, off, taken, pos));
      if (fault !== null) throw fault;
      if (taken < len) throw diskError('write', this.path, 'ENOSPC');
    };
  }

  /** The mark is taken at the call: a write that ends later is not covered. */
  #datasyncing(): Effect<void> {
    this.#mustBeOpen();
    const mark = this.#inode.changes;
    return (fault) => {
      if (fault === null) {
        this.#inode.syncTo(mark);
        return;
      }
      this.#inode.loseTo(mark);
      throw fault;
    };
  }

  #truncating(len: number): Effect<void> {
    this.#mustBeOpen();
    return (fault) => {
      if (fault !== null) throw fault;
      this.#resizing(() => this.#inode.truncate(len));
    };
  }

  #sizing(): Effect<number> {
    this.#mustBeOpen();
    return (fault) => {
      if (fault !== null) throw fault;
      return this.#inode.length;
    };
  }

  #resizing(change: () => void): void {
    const before = this.#inode.length;
    change();
    this.#space.usedBytes += this.#inode.length - before;
  }

  /** A call that the kernel refuses at once (no power) is not under way. */
  #callback<T>(
    op: 'read' | 'write' | 'datasync' | 'truncate' | 'size', effect: Effect<T>,
    done: (err: DiskError | null, value: T | undefined) => void,
  ): void {
    this.#kernel.callback(op, this.path, effect, (err, value) => {
      this.#callsUnderWay -= 1;
      done(err, value);
    });
    this.#callsUnderWay += 1;
  }

  async #promised<T>(
    start: (done: (err: DiskError | null, value?: T) => void) => void,
  ): Promise<T> {
    return await new Promise<T>((resolve, reject) => {
      start((err, value) => (err === null ? resolve(value as T) : reject(err)));
    });
  }

  #mustBeOpen(): void {
    if (!this.#isOpen) throw new Error(`use of ${this.path} after its close`);
  }
}

/** Frees the room of a file that has neither names nor handles left. */
export function dropReference(inode: SimInode, space: SimSpace): void {
  inode.references -= 1;
  if (inode.references === 0) space.usedBytes -= inode.length;
}

function mustFit(buf: Uint8Array, off: number, len: number): void {
  if (off < 0 || len < 0 || off + len > buf.length) {
    throw new RangeError(`range ${off}+${len} is outside a buffer of ${buf.length}`);
  }
}
