/**
 * Messages (raft/core/message.ts) as frames and back. `from` and `to` are not in the bytes:
 * they are facts of the link, which its handshake has proved.
 *
 * The body begins with the term; numbers are u48, `?` is one byte, 0 or 1:
 *
 *    1 preVote           lastIndex lastTerm
 *    2 preVoteResponse   isGranted?
 *    3 vote              lastIndex lastTerm isTransfer?
 *    4 voteResponse      isGranted?
 *    5 append            prevIndex prevTerm commit, u32 count, entries: term timeMs kind payload
 *    6 appended          matchIndex
 *    7 rejected          prevIndex hintIndex hintTerm
 *    8 heartbeat         commit round
 *    9 heartbeatResponse round receivedIndex matchIndex
 *   10 propose           u32 count, payloads
 *   11 readIndex         request
 *   12 readIndexed       request index
 *   13 timeoutNow
 *   14 snapshot          index indexTerm timeMs, the encoded configuration
 *
 * A payload has its u32 length before it. Entries follow each other, so their indexes are not sent.
 * An appended of term 2 up to 9 has the body 02 00 00 00 00 00 | 09 00 00 00 00 00.
 *
 * Memory: a payload is copied once when it is encoded. Payloads of a decoded message are views into
 * one buffer that belongs to that message. A frame that is no message gives undefined.
 */

import { writeU32 } from '../../lib/words.ts';
import { parseConfiguration, encodeConfiguration } from '../core/configuration-codec.ts';
import type { EntryKind, LogEntry, MemberId } from '../core/entry.ts';
import type { Append, Message, Propose, Snapshot } from '../core/message.ts';
import { BodyReader, BodyWriter } from './body.ts';
import { FRAME_BODY_AT, makeFrame, sealFrame, type Frame } from './frame.ts';

export type MessageKind = Message['kind'];

/** Never change or reuse a number. */
const KIND_NUMBERS: Readonly<Record<MessageKind, number>> = {
  preVote: 1,
  preVoteResponse: 2,
  vote: 3,
  voteResponse: 4,
  append: 5,
  appended: 6,
  rejected: 7,
  heartbeat: 8,
  heartbeatResponse: 9,
  propose: 10,
  readIndex: 11,
  readIndexed: 12,
  timeoutNow: 13,
  snapshot: 14,
};

const KINDS = new Map(
  Object.entries(KIND_NUMBERS).map(([kind, number]) => [number, kind as MessageKind]),
);

/** Bytes of the term and the fields of fixed size. */
const FIXED_BYTES: Readonly<Record<MessageKind, number>> = {
  preVote: 18,
  preVoteResponse: 7,
  vote: 19,
  voteResponse: 7,
  append: 28,
  appended: 12,
  rejected: 24,
  heartbeat: 18,
  heartbeatResponse: 24,
  propose: 10,
  readIndex: 12,
  readIndexed: 18,
  timeoutNow: 6,
  snapshot: 24,
};

/** Term, time, kind and the payload's length. */
const ENTRY_HEAD_BYTES = 17;

const PAYLOAD_HEAD_BYTES = 4;

const NOTHING = new Uint8Array(0);

/** The place of a kind is its number. */
const ENTRY_KINDS: readonly EntryKind[] = ['empty', 'batch', 'configuration'];

/** What LINK_FRAME_BYTES_MAX bounds, known before anything is allocated: kind and body. */
export function messageBytes(message: Message): number {
  return 1 + FIXED_BYTES[message.kind] + variableBytes(message);
}

/** What goes before or instead of a frame's kind where a message is not sent as one frame. */
export function kindNumber(message: Message): number {
  return KIND_NUMBERS[message.kind];
}

/**
 * The body in parts that follow each other, for a message that goes in pieces: payloads are parts
 * of their own and not copied, so that nothing large is done at once.
 */
export function bodyParts(message: Append | Propose): Uint8Array[] {
  const payloads = message.kind === 'append'
    ? message.entries.map(({ payload }) => payload) : message.payloads;
  const bare = withoutPayloads(message);
  const heads = encodeMessage(bare).subarray(FRAME_BODY_AT);
  const headBytes = message.kind === 'append' ? ENTRY_HEAD_BYTES : PAYLOAD_HEAD_BYTES;
  const parts: Uint8Array[] = [];
  let from = 0;
  payloads.forEach((payload, i) => {
    const to = FIXED_BYTES[message.kind] + (i + 1) * headBytes;
    const head = heads.subarray(from, to);
    writeU32(head, head.length - PAYLOAD_HEAD_BYTES, payload.length);
    parts.push(head, payload);
    from = to;
  });
  if (from < heads.length) parts.push(heads.subarray(from));
  return parts;
}

function withoutPayloads(message: Append | Propose): Message {
  if (message.kind === 'propose') {
    return { ...message, payloads: message.payloads.map(() => NOTHING) };
  }
  return {
    ...message, entries: message.entries.map((entry) => ({ ...entry, payload: NOTHING })),
  };
}

/** The message as a frame. */
export function encodeMessage(message: Message): Uint8Array {
  const frame = makeFrame(messageBytes(message) - 1);
  const writer = new BodyWriter(frame, FRAME_BODY_AT);
  writer.u48(message.term);
  writeFields(writer, message);
  writer.finish();
  sealFrame(frame, KIND_NUMBERS[message.kind]);
  return frame;
}

export function isMessageFrame(frame: Frame): boolean {
  return KINDS.has(frame.kind);
}

export function decodeMessage(frame: Frame, from: MemberId, to: MemberId): Message | undefined {
  const kind = KINDS.get(frame.kind);
  if (kind === undefined) return undefined;
  const hasPayloads = kind === 'append' || kind === 'propose';
  const body = hasPayloads && !frame.isOwned ? new Uint8Array(frame.body) : frame.body;
  const reader = new BodyReader(body);
  const term = reader.u48();
  const message = readFields(kind, { from, to, term }, reader);
  return reader.isWhole ? message : undefined;
}

function variableBytes(message: Message): number {
  let bytes = 0;
  switch (message.kind) {
    case 'append':
      for (const { payload } of message.entries) bytes += ENTRY_HEAD_BYTES + payload.length;
      return bytes;
    case 'propose':
      for (const payload of message.payloads) bytes += PAYLOAD_HEAD_BYTES + payload.length;
      return bytes;
    case 'snapshot':
      return encodeConfiguration(message.configuration).length;
    default:
      return 0;
  }
}

function writeFields(writer: BodyWriter, message: Message): void {
  switch (message.kind) {
    case 'preVote':
      return writeNumbers(writer, message.lastIndex, message.lastTerm);
    case 'preVoteResponse':
    case 'voteResponse':
      return writer.flag(message.isGranted);
    case 'vote':
      writeNumbers(writer, message.lastIndex, message.lastTerm);
      return writer.flag(message.isTransfer);
    case 'append':
      return writeAppend(writer, message);
    case 'appended':
      return writer.u48(message.matchIndex);
    case 'rejected':
      return writeNumbers(writer, message.prevIndex, message.hintIndex, message.hintTerm);
    case 'heartbeat':
      return writeNumbers(writer, message.commit, message.round);
    case 'heartbeatResponse':
      return writeNumbers(writer, message.round, message.receivedIndex, message.matchIndex);
    case 'propose':
      return writePropose(writer, message);
    case 'readIndex':
      return writer.u48(message.request);
    case 'readIndexed':
      return writeNumbers(writer, message.request, message.index);
    case 'timeoutNow':
      return undefined;
    case 'snapshot':
      writeNumbers(writer, message.index, message.indexTerm, message.timeMs);
      return writer.bytes(encodeConfiguration(message.configuration));
    default:
      return message satisfies never;
  }
}

function writeNumbers(writer: BodyWriter, ...values: readonly number[]): void {
  for (const value of values) writer.u48(value);
}

function writeAppend(writer: BodyWriter, message: Append): void {
  writeNumbers(writer, message.prevIndex, message.prevTerm, message.commit);
  writer.u32(message.entries.length);
  let index = message.prevIndex;
  for (const entry of message.entries) {
    index += 1;
    if (entry.index !== index) throw new Error(`entry ${entry.index} in the place of ${index}`);
    writeNumbers(writer, entry.term, entry.timeMs);
    writer.u8(ENTRY_KINDS.indexOf(entry.kind));
    writer.lengthAndBytes(entry.payload);
  }
}

function writePropose(writer: BodyWriter, message: Propose): void {
  writer.u32(message.payloads.length);
  for (const payload of message.payloads) writer.lengthAndBytes(payload);
}

interface Envelope {
  readonly from: MemberId;
  readonly to: MemberId;
  readonly term: number;
}

/** The fields of an object are evaluated, and so read, in the order in which they stand here. */
function readFields(
  kind: MessageKind, envelope: Envelope, reader: BodyReader,
): Message | undefined {
  switch (kind) {
    case 'preVote':
      return { kind, ...envelope, lastIndex: reader.u48(), lastTerm: reader.u48() };
    case 'preVoteResponse':
    case 'voteResponse':
      return { kind, ...envelope, isGranted: reader.flag() };
    case 'vote':
      return {
        kind, ...envelope,
        lastIndex: reader.u48(), lastTerm: reader.u48(), isTransfer: reader.flag(),
      };
    case 'append':
      return readAppend(envelope, reader);
    case 'appended':
      return { kind, ...envelope, matchIndex: reader.u48() };
    case 'rejected':
      return {
        kind, ...envelope,
        prevIndex: reader.u48(), hintIndex: reader.u48(), hintTerm: reader.u48(),
      };
    case 'heartbeat':
      return { kind, ...envelope, commit: reader.u48(), round: reader.u48() };
    case 'heartbeatResponse':
      return {
        kind, ...envelope,
        round: reader.u48(), receivedIndex: reader.u48(), matchIndex: reader.u48(),
      };
    case 'propose':
      return readPropose(envelope, reader);
    case 'readIndex':
      return { kind, ...envelope, request: reader.u48() };
    case 'readIndexed':
      return { kind, ...envelope, request: reader.u48(), index: reader.u48() };
    case 'timeoutNow':
      return { kind, ...envelope };
    case 'snapshot':
      return readSnapshot(envelope, reader);
    default:
      return kind satisfies never;
  }
}

function readAppend(envelope: Envelope, reader: BodyReader): Append | undefined {
  const prevIndex = reader.u48();
  const prevTerm = reader.u48();
  const commit = reader.u48();
  const count = reader.count(ENTRY_HEAD_BYTES);
  const entries: LogEntry[] = [];
  for (let index = prevIndex + 1; index <= prevIndex + count; index += 1) {
    const term = reader.u48();
    const timeMs = reader.u48();
    const kind = ENTRY_KINDS[reader.u8()];
    const payload = reader.lengthAndBytes();
    if (kind === undefined) return undefined;
    entries.push({ index, term, timeMs, kind, payload });
  }
  return { kind: 'append', ...envelope, prevIndex, prevTerm, commit, entries };
}

function readPropose(envelope: Envelope, reader: BodyReader): Propose {
  const count = reader.count(PAYLOAD_HEAD_BYTES);
  const payloads: Uint8Array[] = [];
  for (let n = 0; n < count; n += 1) payloads.push(reader.lengthAndBytes());
  return { kind: 'propose', ...envelope, payloads };
}

function readSnapshot(envelope: Envelope, reader: BodyReader): Snapshot | undefined {
  const index = reader.u48();
  const indexTerm = reader.u48();
  const timeMs = reader.u48();
  const configuration = parseConfiguration(reader.rest());
  if (configuration === undefined) return undefined;
  return { kind: 'snapshot', ...envelope, index, indexTerm, timeMs, configuration };
}
