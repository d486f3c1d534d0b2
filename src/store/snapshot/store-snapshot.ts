/**
 * The state of a store at one position, as files that do not change: the manifest as of then,
 * made up in RAM, and the segments and hints that it names. Segments are immutable up to their
 * sealed length, and held against removal until `release`.
 *
 * Reads are one at a time, with one file open: a snapshot is read from beginning to end, and a
 * store may have thousands of files. A hint that was removed or replaced meanwhile reads as zeros:
 * the receiver sees that it is none and does without it.
 *
 * Every checksum of a segment is verified before its first byte is given away, so that damage here
 * does not become damage there: a receiver has nothing to compare with. The price is that a segment
 * is read twice, the second time mostly from the page cache.
 *
 * A read rejects with DiskError; with DAMAGED (StoreError) when a segment is not as it was written;
 * with RELEASED after `release` or after the store was closed.
 */

import { DiskError, type Files, type ReadFile } from '../../io/files.ts';
import { visitRecords } from '../compaction/segment-scan.ts';
import { parseSegmentFileName } from '../format/segment-header.ts';
import { damaged, StoreError } from '../store-error.ts';
import { SnapshotError } from './snapshot-error.ts';

export interface SnapshotFile {
  readonly name: string;
  readonly bytes: number;
}

/** What a stream is made of. */
export interface SnapshotContent {
  /** Everything up to this place in the total order is in it, and nothing behind it. */
  readonly position: number;
  /** The manifest first. */
  readonly files: readonly SnapshotFile[];
  /**
   * Fills `buf` with what `name` has from `offset` on; how many bytes, fewer only at the end of the
   * file. `buf` is the reader's until then.
   */
  read(name: string, offset: number, buf: Uint8Array): Promise<number>;
}

export interface StoreSnapshotParts {
  readonly files: Files;
  readonly dir: string;
  readonly position: number;
  readonly manifest: { readonly name: string; readonly bytes: Uint8Array };
  readonly segments: readonly SnapshotFile[];
  readonly hints: readonly SnapshotFile[];
  /** Lets the files go; called once. */
  readonly letGo: () => void;
  /** Called with what makes a read fail, when that is damage. */
  readonly onDamage: (error: StoreError) => void;
  /** Lets others go on. */
  readonly pause: () => Promise<void>;
}

export class StoreSnapshot implements SnapshotContent {
  readonly position: number;
  readonly files: readonly SnapshotFile[];
  readonly totalBytes: number;
  readonly #parts: StoreSnapshotParts;
  readonly #byName: ReadonlyMap<string, SnapshotFile>;
  readonly #hints: ReadonlySet<SnapshotFile>;
  #open: { readonly name: string; readonly file: ReadFile } | undefined;
  /** The segment whose checksums were verified last. */
  #verified: string | undefined;
  /** The calls so far. */
  #last: Promise<unknown> = Promise.resolve();
  #isReleased = false;

  constructor(parts: StoreSnapshotParts) {
    const { position, manifest, segments, hints } = parts;
    this.#parts = parts;
    this.position = position;
    this.files = [
      { name: manifest.name, bytes: manifest.bytes.length }, ...segments, ...hints,
    ];
    this.totalBytes = this.files.reduce((sum, { bytes }) => sum + bytes, 0);
    this.#byName = new Map(this.files.map((file) => [file.name, file]));
    this.#hints = new Set(hints);
  }

  read(name: string, offset: number, buf: Uint8Array): Promise<number> {
    return this.#inTurn(() => this.#read(name, offset, buf));
  }

  /** Lets the files go, after the read that is under way. A second call does nothing. */
  release(): Promise<void> {
    if (this.#isReleased) return Promise.resolve();
    this.#isReleased = true;
    return this.#inTurn(async () => {
      await this.#closeFile();
      this.#parts.letGo();
    });
  }

  // ---- Inside -----------------------------------------------------------------------------------

  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const turn = this.#last.then(work);
    this.#last = turn.catch(() => undefined);
    return turn;
  }

  async #read(name: string, offset: number, buf: Uint8Array): Promise<number> {
    if (this.#isReleased) throw new SnapshotError('RELEASED', 'the snapshot was released');
    const listed = this.#byName.get(name);
    if (listed === undefined) throw new Error(`snapshot: ${name} is none of its files`);
    const wanted = Math.max(0, Math.min(buf.length, listed.bytes - offset));
    const { manifest } = this.#parts;
    if (name === manifest.name) {
      buf.set(manifest.bytes.subarray(offset, offset + wanted));
      return wanted;
    }
    return this.#hints.has(listed)
      ? await this.#readHint(name, offset, buf, wanted)
      : await this.#readSegment(name, offset, buf, wanted);
  }

  async #readSegment(name: string, offset: number, buf: Uint8Array,
    wanted: number): Promise<number> {
    try {
      const file = await this.#openFile(name);
      await this.#verify(name, file);
      const read = await file.read(buf, 0, wanted, offset);
      if (read === wanted) return read;
      throw damaged(file.path, offset + read, `it ends ${wanted - read} bytes early`);
    } catch (error) {
      if (error instanceof StoreError) this.#parts.onDamage(error);
      throw error;
    }
  }

  /** Once for each segment, as they are read one after the other. */
  async #verify(name: string, file: ReadFile): Promise<void> {
    if (this.#verified === name) return;
    const { id } = parseSegmentFileName(name)!;
    await visitRecords(file, id, this.#byName.get(name)!.bytes, this.#parts.pause, () => {});
    this.#verified = name;
  }

  async #readHint(name: string, offset: number, buf: Uint8Array, wanted: number): Promise<number> {
    let read = 0;
    try {
      const file = await this.#openFile(name);
      read = await file.read(buf, 0, wanted, offset);
    } catch (error) {
      if (!(error instanceof DiskError) || error.code !== 'ENOENT') throw error;
    }
    buf.fill(0, read, wanted);
    return wanted;
  }

  async #openFile(name: string): Promise<ReadFile> {
    if (this.#open?.name === name) return this.#open.file;
    await this.#closeFile();
    const file = await this.#parts.files.openRead(`${this.#parts.dir}/${name}`);
    this.#open = { name, file };
    return file;
  }

  async #closeFile(): Promise<void> {
    const open = this.#open;
    this.#open = undefined;
    // It was only read: nothing is lost when its end fails.
    await open?.file.close().catch(() => undefined);
  }
}
