/** One message of every kind, and ways to cut bytes. */

import type { Configuration, MemberId } from '../../../src/raft/core/entry.ts';
import type { Message } from '../../../src/raft/core/message.ts';

export const A = 'a:1f3c9a2b5d7e8f01' as MemberId;
export const B = 'b:00c0ffee00c0ffee' as MemberId;

export const CONFIGURATION: Configuration = {
  voters: [A, B],
  outgoing: [A],
  learners: [],
  members: [
    { id: A, name: 'a', clientAddress: 'one:6379', peerAddress: 'one:7379' },
    { id: B, name: 'b', clientAddress: '[::1]:6379', peerAddress: '[::1]:7379' },
  ],
};

const LARGE = 2 ** 48 - 1;

export function bytes(length: number, seed = 1): Uint8Array {
  return Uint8Array.from({ length }, (_, at) => (at * 31 + seed * 7) & 0xff);
}

const envelope = { from: A, to: B, term: 5 } as const;

export const MESSAGES: readonly Message[] = [
  { ...envelope, kind: 'preVote', lastIndex: LARGE, lastTerm: 4 },
  { ...envelope, kind: 'preVoteResponse', isGranted: true },
  { ...envelope, kind: 'vote', lastIndex: 10, lastTerm: 4, isTransfer: true },
  { ...envelope, kind: 'vote', lastIndex: 0, lastTerm: 0, isTransfer: false },
  { ...envelope, kind: 'voteResponse', isGranted: false },
  { ...envelope, kind: 'append', prevIndex: 2 ** 40, prevTerm: 3, commit: 2 ** 33, entries: [] },
  {
    ...envelope, kind: 'append', prevIndex: 6, prevTerm: 3, commit: 5,
    entries: [
      { index: 7, term: 4, timeMs: 1_790_000_000_000, kind: 'empty', payload: bytes(0) },
      { index: 8, term: 5, timeMs: 1_790_000_000_001, kind: 'batch', payload: bytes(300) },
      { index: 9, term: 5, timeMs: 1_790_000_000_001, kind: 'configuration', payload: bytes(1) },
    ],
  },
  { ...envelope, kind: 'appended', matchIndex: 9 },
  { ...envelope, kind: 'rejected', prevIndex: 9, hintIndex: 7, hintTerm: 2 },
  { ...envelope, kind: 'heartbeat', commit: 12, round: LARGE },
  { ...envelope, kind: 'heartbeatResponse', round: 3, receivedIndex: 14, matchIndex: 12 },
  { ...envelope, kind: 'propose', payloads: [bytes(5, 2), bytes(0), bytes(70, 3)] },
  { ...envelope, kind: 'propose', payloads: [] },
  { ...envelope, kind: 'readIndex', request: 44 },
  { ...envelope, kind: 'readIndexed', request: 44, index: 12 },
  { ...envelope, kind: 'timeoutNow' },
  {
    ...envelope, kind: 'snapshot', index: 100, indexTerm: 4, timeMs: 1_790_000_000_000,
    configuration: CONFIGURATION,
  },
];

export function join(parts: readonly Uint8Array[]): Uint8Array {
  return new Uint8Array(Buffer.concat(parts));
}
