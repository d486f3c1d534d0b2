/**
 * The first bytes of a segment of the replicated log, and the names of its files (drawn in
 * FORMAT.md): what was known when the segment began, so that no older file is needed to know it.
 *
 * A segment gets its name only when its header and its first records are durable. So there is no
 * torn header: one that is not sound is damage.
 */

import { checksum } from '../../lib/checksum.ts';
import { readU16, readU32, readU48, writeU16, writeU32, writeU48 } from '../../lib/words.ts';
import { CONFIGURATION_BYTES_MAX, MEMBER_TEXT_BYTES_MAX } from '../core/limits.ts';
import { encodeConfiguration, parseConfiguration } from '../core/configuration-codec.ts';
import type { HardState, LogBase, MemberId } from '../core/entry.ts';

export const FORMAT_VERSION = 1;

export interface SegmentHeader {
  /** From 1 on; a newer segment has a higher one. */
  readonly sequence: number;
  /** The segment whose entries up to `base.index` come before; 0 if nothing before counts. */
  readonly previousSequence: number;
  /** So many bytes of that segment were written, and all were durable before this one began. */
  readonly previousBytes: number;
  /** So many bytes of this segment were durable before it got its name. */
  readonly durableBytes: number;
  readonly hardState: HardState;
  readonly base: LogBase;
}

const MAGIC = 'DKVSRAFT';
const SUM_AT = 84;
const FIXED_BYTES = 88;
export const HEADER_BYTES_MAX = FIXED_BYTES + MEMBER_TEXT_BYTES_MAX + CONFIGURATION_BYTES_MAX + 7;

export function encodeSegmentHeader(header: SegmentHeader): Buffer {
  const { hardState, base } = header;
  const vote = Buffer.from(hardState.votedFor ?? '');
  const configuration = encodeConfiguration(base.configuration);
  const buf = Buffer.alloc(align(FIXED_BYTES + vote.length + configuration.length));
  buf.write(MAGIC, 0, 'latin1');
  writeU32(buf, 8, FORMAT_VERSION);
  writeU32(buf, 12, buf.length);
  writeU48(buf, 16, header.sequence);
  writeU48(buf, 24, header.previousSequence);
  writeU48(buf, 32, header.previousBytes);
  writeU48(buf, 40, header.durableBytes);
  writeU16(buf, 46, vote.length);
  writeU48(buf, 48, hardState.term);
  writeU48(buf, 56, base.index);
  writeU48(buf, 64, base.term);
  writeU48(buf, 72, base.timeMs);
  writeU32(buf, 80, configuration.length);
  vote.copy(buf, FIXED_BYTES);
  configuration.copy(buf, FIXED_BYTES + vote.length);
  writeU32(buf, SUM_AT, sumOf(buf, buf.length));
  return buf;
}

/** The header that `buf` begins with, and its length; or why there is none. */
export function decodeSegmentHeader(
  buf: Uint8Array,
): { readonly header: SegmentHeader; readonly bytes: number } | string {
  if (buf.length < FIXED_BYTES) return `${buf.length} bytes are too few for a header`;
  if (textOf(buf, 0, MAGIC.length) !== MAGIC) return 'it does not begin like a segment';
  const version = readU32(buf, 8);
  const bytes = readU32(buf, 12);
  const isThere = bytes >= FIXED_BYTES && bytes <= Math.min(HEADER_BYTES_MAX, buf.length);
  const isSound = isThere && readU32(buf, SUM_AT) === sumOf(buf, bytes);
  if (version !== FORMAT_VERSION && (isSound || version > FORMAT_VERSION)) {
    return `format version ${version}, this server reads ${FORMAT_VERSION}`;
  }
  if (!isSound) return 'the checksum of its header is wrong';
  const configurationAt = FIXED_BYTES + readU16(buf, 46);
  const configurationEnd = configurationAt + readU32(buf, 80);
  if (configurationEnd > bytes) return 'its header is too short for its configuration';
  const configuration = parseConfiguration(buf.subarray(configurationAt, configurationEnd));
  if (configuration === undefined) return 'its configuration cannot be read';
  return {
    bytes,
    header: {
      sequence: readU48(buf, 16),
      previousSequence: readU48(buf, 24),
      previousBytes: readU48(buf, 32),
      durableBytes: readU48(buf, 40),
      hardState: { term: readU48(buf, 48), votedFor: voteOf(buf, FIXED_BYTES, configurationAt) },
      base: {
        index: readU48(buf, 56), term: readU48(buf, 64), timeMs: readU48(buf, 72), configuration,
      },
    },
  };
}

/** A vote in its bytes [start, end); none if there are none. */
export function voteOf(buf: Uint8Array, start: number, end: number): MemberId | undefined {
  return start === end ? undefined : textOf(buf, start, end) as MemberId;
}

/** The next multiple of 8: where records begin. */
export function align(bytes: number): number {
  return (bytes + 7) & ~7;
}

/** Over the whole header but the sum itself. */
function sumOf(buf: Uint8Array, bytes: number): number {
  return checksum(buf, FIXED_BYTES, bytes, checksum(buf, 0, SUM_AT));
}

function textOf(buf: Uint8Array, start: number, end: number): string {
  return Buffer.from(buf.buffer, buf.byteOffset + start, end - start).toString();
}

// ---- File names ---------------------------------------------------------------------------------

/** The next segment, as long as it is being made. */
export const UNNAMED_SEGMENT = 'raft-next.tmp';

const NAME_PATTERN = /^raft-([0-9a-f]{16})\.log$/;

export function segmentFileName(sequence: number): string {
  return `raft-${sequence.toString(16).padStart(16, '0')}.log`;
}

/** The sequence number in the name of a segment; undefined if it is none of ours. */
export function parseSegmentFileName(name: string): number | undefined {
  const digits = NAME_PATTERN.exec(name)?.[1];
  const sequence = digits === undefined ? 0 : Number.parseInt(digits, 16);
  return sequence > 0 && sequence < 2 ** 48 ? sequence : undefined;
}
