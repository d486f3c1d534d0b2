/**
 * What belongs to a state besides itself: the place in the log that it is of. Sent ahead of a
 * snapshot, and kept with an installed one.
 *
 *   u8 format version, u48 index, u48 term, u48 time in ms, the encoded configuration
 */

import { readU48, writeU48 } from '../../lib/words.ts';
import { encodeConfiguration, parseConfiguration } from './configuration-codec.ts';
import type { LogBase } from './entry.ts';

const VERSION = 1;
const HEAD_BYTES = 19;

export function encodeLogBase({ index, term, timeMs, configuration }: LogBase): Uint8Array {
  const members = encodeConfiguration(configuration);
  const bytes = new Uint8Array(HEAD_BYTES + members.length);
  bytes[0] = VERSION;
  writeU48(bytes, 1, index);
  writeU48(bytes, 7, term);
  writeU48(bytes, 13, timeMs);
  bytes.set(members, HEAD_BYTES);
  return bytes;
}

/** Undefined when the bytes are no such thing. */
export function parseLogBase(bytes: Uint8Array): LogBase | undefined {
  if (bytes.length < HEAD_BYTES || bytes[0] !== VERSION) return undefined;
  const configuration = parseConfiguration(bytes.subarray(HEAD_BYTES));
  if (configuration === undefined) return undefined;
  return {
    index: readU48(bytes, 1), term: readU48(bytes, 7), timeMs: readU48(bytes, 13), configuration,
  };
}
