/**
 * What the payload of a batch entry holds: who broadcast it, as which number, and what.
 *
 *   0  u8   length of the origin's id, then the id in UTF-8
 *      u48  epoch: which start of that member
 *      u48  number: 1, 2, 3 ... within the epoch
 *      u32  u32  random seed of the batch
 *      the body, to the end; empty for a batch that was given up
 */

import { joinU48, readU16, readU32, writeU32, writeU48 } from '../../lib/words.ts';
import type { MemberId } from './entry.ts';

/** Which batch of which member's which start: no two have the same. */
export interface BatchId {
  readonly origin: MemberId;
  readonly epoch: number;
  readonly number: number;
}

export interface Proposal extends BatchId {
  readonly seed: readonly [number, number];
  /** A view into the payload. */
  readonly body: Uint8Array;
}

const FIXED_BYTES = 1 + 6 + 6 + 8;

export function encodeProposal(proposal: Proposal): Uint8Array {
  const { epoch, number, seed, body } = proposal;
  const origin = new TextEncoder().encode(proposal.origin);
  const bytes = new Uint8Array(FIXED_BYTES + origin.length + body.length);
  bytes[0] = origin.length;
  bytes.set(origin, 1);
  const at = 1 + origin.length;
  writeU48(bytes, at, epoch);
  writeU48(bytes, at + 6, number);
  writeU32(bytes, at + 12, seed[0]);
  writeU32(bytes, at + 16, seed[1]);
  bytes.set(body, at + 20);
  return bytes;
}

/** Undefined when the bytes are too short to be one. */
export function decodeProposal(bytes: Uint8Array): Proposal | undefined {
  const at = 1 + (bytes[0] ?? 0);
  if (bytes.length < FIXED_BYTES || bytes.length < at + 20) return undefined;
  return {
    origin: new TextDecoder().decode(bytes.subarray(1, at)) as MemberId,
    epoch: joinU48(readU16(bytes, at + 4), readU32(bytes, at)),
    number: joinU48(readU16(bytes, at + 10), readU32(bytes, at + 6)),
    seed: [readU32(bytes, at + 12), readU32(bytes, at + 16)],
    body: bytes.subarray(at + 20),
  };
}
