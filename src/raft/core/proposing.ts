/**
 * What a leader does with what it is asked to put into the log.
 *
 * A batch that it has in its log and that is not committed yet must not be appended once more
 * (TakenBatches). After a restart a part of that may be on its disk only: then it is read first,
 * and proposals wait for that. With every election they would else make the log longer, until all
 * time goes into sending what counts for nothing.
 */

import type { LogEntry } from './entry.ts';
import type { LoggedTail } from './logged-tail.ts';
import { decodeProposal } from './proposal.ts';
import type { RaftState } from './raft-state.ts';
import { appendOwn, payloadBytes, sendToAll } from './sending.ts';

/** The term begins. */
export function takeLogged(raft: RaftState): void {
  const { commit, lastIndex } = raft.log;
  raft.tail = { next: commit + 1, lastIndex, bytesOnDisk: 0, held: [], heldBytes: 0 };
  lookOn(raft, raft.tail);
}

/** Entries of the tail have been read from disk; none when they are gone. */
export function onTailRead(raft: RaftState, entries: readonly LogEntry[]): void {
  const { tail, log } = raft;
  const first = entries[0];
  if (tail === undefined) return;
  const fits = first?.index === tail.next &&
    entries.every(({ index, term }) => log.termOf(index) === term);
  if (fits) {
    for (const entry of entries) takeOne(raft, entry);
    tail.next += entries.length;
    tail.bytesOnDisk += payloadBytes(entries);
  }
  lookOn(raft, tail);
}

/** Appends and sends payloads, unless they are there; those that find no room are dropped. */
export function propose(raft: RaftState, payloads: readonly Uint8Array[]): void {
  const { tail } = raft;
  if (tail !== undefined && !isKnown(raft, tail)) return hold(raft, tail, payloads);
  takeHeld(raft);
  take(raft, payloads);
  sendToAll(raft);
}

function take(raft: RaftState, payloads: readonly Uint8Array[]): void {
  for (const payload of payloads) {
    if (isFull(raft) || raft.transferTo !== undefined) raft.outbox.dropped++;
    else maybeTake(raft, payload);
  }
}

/** Looks at what is in RAM; has read what is not; then takes what was held meanwhile. */
function lookOn(raft: RaftState, tail: LoggedTail): void {
  const { log, outbox, options } = raft;
  // What was trimmed is applied, and saved.
  tail.next = Math.max(tail.next, log.base.index + 1);
  for (; !isKnown(raft, tail); tail.next++) {
    const entry = log.entry(tail.next);
    if (entry === undefined) {
      const bytesMax = options.appendBytesMax;
      return void outbox.logReads.push({ to: raft.id, from: tail.next, bytesMax });
    }
    takeOne(raft, entry);
  }
  if (takeHeld(raft)) sendToAll(raft);
}

/** In the order in which they came. True when there were any. */
function takeHeld(raft: RaftState): boolean {
  const { tail } = raft;
  if (tail === undefined || tail.held.length === 0) return false;
  take(raft, tail.held);
  tail.held = [];
  tail.heldBytes = 0;
  return true;
}

/** What is committed will be delivered, and then it is not sent again: no need to know it. */
function isKnown({ log }: RaftState, { next, lastIndex }: LoggedTail): boolean {
  return next > lastIndex || log.commit >= lastIndex;
}

function takeOne({ taken }: RaftState, { kind, payload }: LogEntry): void {
  const batch = kind === 'batch' ? decodeProposal(payload) : undefined;
  if (batch !== undefined) taken.add(batch);
}

function hold(raft: RaftState, tail: LoggedTail, payloads: readonly Uint8Array[]): void {
  for (const payload of payloads) {
    if (tail.heldBytes > raft.options.uncommittedBytesMax) raft.outbox.dropped++;
    else {
      tail.held.push(payload);
      tail.heldBytes += payload.length;
    }
  }
}

/** The tail's bytes count until all of it is committed. */
function isFull({ log, tail, options }: RaftState): boolean {
  const isTailOpen = tail !== undefined && log.commit < tail.lastIndex;
  const bytes = log.uncommittedBytes + (isTailOpen ? tail.bytesOnDisk : 0);
  return bytes > options.uncommittedBytesMax;
}

function maybeTake(raft: RaftState, payload: Uint8Array): void {
  const batch = decodeProposal(payload);
  if (batch !== undefined) {
    if (!raft.taken.isNew(batch)) return;
    raft.taken.add(batch);
  }
  appendOwn(raft, 'batch', payload);
}
