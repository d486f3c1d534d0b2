/**
 * Where the blocks of large collections are: under keys of their own, in a space of their own
 * beside that of the database, so nothing that lists or counts keys meets them.
 *
 *     key of a block:    u48 id of the collection | u32 number of the block       big endian
 *     left-over blocks:  "blocks:<space>:<id>", a system key; its value is the u32 number that the
 *                        next block would have had (block-sweeper.ts)
 *
 * A collection keeps its blocks when it is renamed, or when its database is exchanged.
 */

import { ByteRange } from '../../lib/byte-range.ts';

/**
 * The spaces of databases never have these bits (keyspace.ts). Those of their blocks have the one,
 * those in which hashes with fields that expire are noted (expiring-hashes.ts) the other.
 */
const BLOCKS_BIT = 2 ** 29;
const EXPIRING_BIT = 2 ** 28;

const KEY_BYTES = 10;
const LEFT_OVER = /^blocks:(\d+):(\d+)$/;

export function blocksSpaceOf(space: number): number {
  return mustBeDatabase(space) + BLOCKS_BIT;
}

export function expiringSpaceOf(space: number): number {
  return mustBeDatabase(space) + EXPIRING_BIT;
}

/** Whether a space is none that a database can have. */
export function isHiddenSpace(space: number): boolean {
  return Math.floor(space / EXPIRING_BIT) % 4 !== 0;
}

function mustBeDatabase(space: number): number {
  if (isHiddenSpace(space)) throw new Error(`assertion failed: ${space} is a hidden space`);
  return space;
}

/** In memory of its own: a storage may remember a key that it found by where its bytes are. */
export function blockKey(id: number, block: number): ByteRange {
  const buf = Buffer.allocUnsafe(KEY_BYTES);
  buf.writeUIntBE(id, 0, 6);
  buf.writeUInt32BE(block, 6);
  return new ByteRange(buf);
}

export interface LeftOver {
  readonly space: number;
  readonly id: number;
}

export function leftOverKey({ space, id }: LeftOver): ByteRange {
  return ByteRange.ofText(`blocks:${space}:${id}`);
}

/** What a system key says of left-over blocks; undefined if it is another one. */
export function parseLeftOverKey(key: string): LeftOver | undefined {
  const match = LEFT_OVER.exec(key);
  return match === null ? undefined : { space: Number(match[1]), id: Number(match[2]) };
}
