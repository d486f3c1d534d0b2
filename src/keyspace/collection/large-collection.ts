/**
 * What large collections of all types have in common: directories (most types have one), whose
 * blocks come to RAM and leave it, and a base that is the directories.
 *
 *     base:  version 1 | space | what the type says | of each directory: id | the directory
 *            and what else the type says
 */

import type { ByteRange } from '../../lib/byte-range.ts';
import type { LiveValue, Snapshot } from '../live-value.ts';
import { DeltaWriter, PieceReader } from '../pieces.ts';
import type { ValueType } from '../value-type.ts';
import type { BlockDirectory } from './block-directory.ts';
import type { BlockPort } from './block-port.ts';
import { tagOfDelta } from './large-delta.ts';
import { onePage } from './one-page.ts';

const VERSION = 1;

/** Bytes of a base before the directories, at most. */
const HEAD_BYTES = 50;

/** Where blocks are kept. */
export interface BlockPlace {
  readonly port: BlockPort;
  /** See block-keys.ts. */
  readonly space: number;
}

export abstract class LargeCollection implements LiveValue {
  abstract readonly type: ValueType;
  readonly isLarge = true;
  readonly place: BlockPlace;
  /** By their tags. All count the same elements. */
  abstract readonly directories: readonly BlockDirectory[];

  constructor(place: BlockPlace) {
    this.place = place;
  }

  /** The same elements in blocks of its own; `newId` gives ids that no blocks have. */
  abstract copyTo(place: BlockPlace, newId: () => number): LargeCollection;

  /** What stands in a base before the directories. */
  protected abstract writeHead(writer: DeltaWriter): void;

  /** What stands behind the directories: nothing, but of hashes. */
  protected writeTail(_writer: DeltaWriter): void {}

  get size(): number {
    return this.directories[0]!.size;
  }

  get memoryBytes(): number {
    let bytes = 0;
    for (const directory of this.directories) bytes += directory.memoryBytes;
    return bytes;
  }

  get baseBytes(): number {
    let bytes = HEAD_BYTES;
    for (const directory of this.directories) bytes += directory.baseBytes;
    return bytes;
  }

  /** The changed blocks and the directories: else these would be written for each few changes. */
  get dirtyBytes(): number {
    let bytes = this.baseBytes;
    for (const directory of this.directories) bytes += directory.dirtyBytes;
    return bytes;
  }

  /** See BlockDirectory.beginUse. */
  beginUse(bytes: number, key: Buffer | undefined): void {
    for (const directory of this.directories) directory.beginUse(bytes, key);
  }

  /** See BlockDirectory.release. */
  release(bytes: number, mayWrite: () => boolean): number {
    let released = 0;
    for (const directory of this.directories) {
      if (released < bytes) released += directory.release(bytes - released, mayWrite);
    }
    return released;
  }

  /** See LiveValue.blocksBytes. */
  blocksBytes(bytesOf: (space: number, key: ByteRange) => number): number {
    const { space } = this.place;
    let bytes = 0;
    for (const directory of this.directories) {
      bytes += directory.blocksBytes((key) => bytesOf(space, key));
    }
    return bytes;
  }

  applyDelta(buf: Buffer, start: number, end: number, words?: DataView): void {
    const directory = this.directories[tagOfDelta(buf[start]!)];
    if (directory === undefined) {
      throw new Error(`assertion failed: a delta begins with ${buf[start]}`);
    }
    directory.applyDelta(buf, start, end, words);
  }

  /** Its blocks are copied one by one (left-over-blocks.ts). */
  copy(): LargeCollection {
    throw new Error('assertion failed: a large collection is copied block by block');
  }

  encodeBase(): Buffer {
    const snapshot = this.snapshot();
    let base = snapshot.next();
    while (base === 'step') base = snapshot.next();
    return base!;
  }

  /** What it is now, in one page; the steps before write the blocks that were changed until now. */
  snapshot(): Snapshot {
    const steps = this.directories.map((directory) => directory.snapshotSteps());
    return onePage(this.#encode(), () => steps.some((step) => step()));
  }

  #encode(): Buffer {
    const writer = new DeltaWriter();
    writer.restart();
    writer.number(VERSION);
    writer.number(this.place.space);
    this.writeHead(writer);
    for (const directory of this.directories) {
      writer.number(directory.id);
      directory.encode(writer);
    }
    this.writeTail(writer);
    return writer.finish().copy();
  }
}

/** Begins to read a base: leaves the reader at what the type says. */
export function readLargeBase(
  port: BlockPort, buf: Buffer, start: number, end: number,
): { readonly place: BlockPlace; readonly reader: PieceReader } {
  const reader = new PieceReader(buf, start, end);
  const version = reader.number();
  if (version !== VERSION) {
    throw new Error(`assertion failed: a directory of version ${version}, allowed is ${VERSION}`);
  }
  return { place: { port, space: reader.number() }, reader };
}
