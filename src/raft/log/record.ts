/**
 * Records of the replicated log: an entry, or a hard state (drawn in FORMAT.md). Pure.
 *
 * The header has a checksum apart from the payload's, so a damaged payload does not hide where the
 * next record begins. The sum of the header is seeded with the record's place: bytes that belong
 * elsewhere never pass for a record.
 *
 * `durableBytes` of each record says how much of its segment was known to be on disk when it was
 * made. What is not sound before that was damaged; what is not sound behind it may be a torn tail.
 */

import { checksum } from '../../lib/checksum.ts';
import { readU16, readU32, readU48, writeU16, writeU32, writeU48 } from '../../lib/words.ts';
import type { EntryKind, HardState, LogEntry } from '../core/entry.ts';
import { mustBe } from './raft-log-error.ts';
import { align, voteOf } from './segment-header.ts';
import { KiB, MiB } from '../../lib/size-units.ts';

/** One entry: the largest transaction. With it a segment's offsets stay below 2^32. */
export const RAFT_ENTRY_BYTES_MAX = 1024 * MiB + 64 * KiB;

export const RECORD_HEADER_BYTES = 40;
const RECORD_ENTRY = 1;
const RECORD_HARD_STATE = 2;
const ENTRY_KINDS: readonly EntryKind[] = ['empty', 'batch', 'configuration'];

/** Where a record lies, and what was durable of its segment when it was made. */
export interface RecordPlace {
  readonly sequence: number;
  readonly offset: number;
  readonly durableBytes: number;
}

export interface RecordHeader {
  /** Of an entry; undefined: a hard state. */
  readonly entryKind: EntryKind | undefined;
  readonly index: number;
  readonly term: number;
  readonly timeMs: number;
  readonly durableBytes: number;
  readonly payloadBytes: number;
  /** Of the whole record, a multiple of 8. */
  readonly bytes: number;
}

export function recordBytes(payloadBytes: number): number {
  return align(RECORD_HEADER_BYTES + payloadBytes);
}

export function writeEntry(buf: Buffer, at: number, place: RecordPlace, entry: LogEntry): void {
  const { index, term, timeMs, payload } = entry;
  mustBe(payload.length <= RAFT_ENTRY_BYTES_MAX, () =>
    `entry ${index} has ${payload.length} bytes, at most ${RAFT_ENTRY_BYTES_MAX}`);
  buf[at + 12] = RECORD_ENTRY;
  buf[at + 13] = ENTRY_KINDS.indexOf(entry.kind);
  writeU48(buf, at + 20, term);
  writeU48(buf, at + 26, index);
  writeU48(buf, at + 32, timeMs);
  finishRecord(buf, at, place, payload);
}

export function writeHardState(buf: Buffer, at: number, place: RecordPlace,
  hardState: HardState): void {
  buf[at + 12] = RECORD_HARD_STATE;
  buf[at + 13] = 0;
  writeU48(buf, at + 20, hardState.term);
  writeU48(buf, at + 26, 0);
  writeU48(buf, at + 32, 0);
  finishRecord(buf, at, place, votePayload(hardState));
}

export function votePayload({ votedFor }: HardState): Buffer {
  return Buffer.from(votedFor ?? '');
}

/** The header of a record that is at `offset` of its segment; undefined if there is none. */
export function readRecordHeader(buf: Uint8Array, at: number, sequence: number,
  offset: number): RecordHeader | undefined {
  const kind = buf[at + 12]!;
  const payloadBytes = readU32(buf, at + 8);
  const isLikely = (kind === RECORD_ENTRY || kind === RECORD_HARD_STATE) &&
    readU16(buf, at + 14) === 0 && payloadBytes <= RAFT_ENTRY_BYTES_MAX;
  if (!isLikely || readU32(buf, at) !== headerSum(buf, at, sequence, offset)) return undefined;
  const entryKind = kind === RECORD_ENTRY ? ENTRY_KINDS[buf[at + 13]!] : undefined;
  if (kind === RECORD_ENTRY && entryKind === undefined) return undefined;
  return {
    entryKind,
    term: readU48(buf, at + 20),
    index: readU48(buf, at + 26),
    timeMs: readU48(buf, at + 32),
    durableBytes: readU32(buf, at + 16),
    payloadBytes,
    bytes: recordBytes(payloadBytes),
  };
}

/** Whether the payload behind a sound header is what was written. */
export function isPayloadSound(buf: Uint8Array, at: number,
  { payloadBytes }: RecordHeader): boolean {
  const start = at + RECORD_HEADER_BYTES;
  return readU32(buf, at + 4) === checksum(buf, start, start + payloadBytes);
}

/** The entry, with its payload as a view of `buf`. */
export function entryAt(buf: Uint8Array, at: number, header: RecordHeader,
  kind: EntryKind): LogEntry {
  const start = at + RECORD_HEADER_BYTES;
  const payload = buf.subarray(start, start + header.payloadBytes);
  return { index: header.index, term: header.term, timeMs: header.timeMs, kind, payload };
}

export function hardStateAt(buf: Uint8Array, at: number, header: RecordHeader): HardState {
  const start = at + RECORD_HEADER_BYTES;
  return { term: header.term, votedFor: voteOf(buf, start, start + header.payloadBytes) };
}

function finishRecord(buf: Buffer, at: number, place: RecordPlace, payload: Uint8Array): void {
  const start = at + RECORD_HEADER_BYTES;
  buf.set(payload, start);
  buf.fill(0, start + payload.length, at + recordBytes(payload.length));
  writeU32(buf, at + 4, checksum(buf, start, start + payload.length));
  writeU32(buf, at + 8, payload.length);
  writeU16(buf, at + 14, 0);
  writeU32(buf, at + 16, place.durableBytes);
  writeU16(buf, at + 38, 0);
  writeU32(buf, at, headerSum(buf, at, place.sequence, place.offset));
}

function headerSum(buf: Uint8Array, at: number, sequence: number, offset: number): number {
  const seed = (Math.imul(sequence, 0x9e3779b1) ^ offset) >>> 0;
  return checksum(buf, at + 4, at + RECORD_HEADER_BYTES, seed);
}
