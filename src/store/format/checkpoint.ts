/**
 * Blocks of a checkpoint file (drawn in FORMAT.md): what a clean stop leaves, so that the next
 * start copies the index instead of building it.
 *
 *     | block header 16 bytes | payload | block header | payload | ...
 *
 *     header: u32 checksum of the rest, seeded with the number of the block | u32 kind
 *             u32 payload bytes (a multiple of 4) | u32 number of the block, from 0
 *
 * The first block is META (JSON), then come PAGES and CHAINS, the last one is END. A file without
 * END, or with any bad block, is not used at all.
 */

import { checksum } from '../../lib/checksum.ts';
import { readU32, writeU32 } from '../../lib/words.ts';

export const CHECKPOINT_BLOCK_HEADER_BYTES = 16;

export const BLOCK_META = 1;
/** Pages of indexes: u32 space, u32 page, u32 words, u32 zero, then that many words; repeated. */
export const BLOCK_PAGES = 2;
export const BLOCK_END = 4;
/** Chains: see recovery/checkpoint-chains.ts. Kind 3 were chains that knew of no pages. */
export const BLOCK_CHAINS = 5;

/**
 * The version of the file, apart from that of the directory. Up to 2 it was the directory's; such a
 * checkpoint may count keys twice or miss some, so the index is made from the hints instead.
 */
export const CHECKPOINT_VERSION = 3;

export interface CheckpointMeta {
  readonly version: number;
  /** Every segment with its slot in the index and its live records. */
  readonly segments: readonly {
    readonly id: number;
    readonly bytes: number;
    readonly slot: number;
    readonly liveBytes: number;
    readonly liveRecords: number;
  }[];
  readonly spaces: readonly { readonly id: number; readonly size: number }[];
  readonly chains: number;
  readonly pageCount: number;
}

export function encodeCheckpointBlock(kind: number, number: number, payload: Uint8Array): Buffer {
  const padded = payload.length + (-payload.length & 3);
  const buf = Buffer.alloc(CHECKPOINT_BLOCK_HEADER_BYTES + padded);
  buf.set(payload, CHECKPOINT_BLOCK_HEADER_BYTES);
  writeU32(buf, 4, kind);
  writeU32(buf, 8, padded);
  writeU32(buf, 12, number);
  writeU32(buf, 0, checksum(buf, 4, buf.length, number));
  return buf;
}

/** Payload bytes of the block whose header is at the start of `head`; undefined if it is none. */
export function checkpointPayloadBytes(head: Uint8Array, number: number): number | undefined {
  if (head.length < CHECKPOINT_BLOCK_HEADER_BYTES || readU32(head, 12) !== number) return undefined;
  return readU32(head, 8);
}

export function checkpointBlockKind(block: Uint8Array): number {
  return readU32(block, 4);
}

export function isCheckpointBlockSound(block: Uint8Array, number: number): boolean {
  return readU32(block, 0) === checksum(block, 4, block.length, number);
}
