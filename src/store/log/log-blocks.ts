/**
 * Blocks of the in-memory tail on their way to a segment's file, and what is said and done when one
 * does not get there.
 */

import { isDiskFull } from '../segments/room.ts';
import type { LogSegment, TailBlock } from '../segments/segment.ts';
import { StoreError } from '../store-error.ts';

/** Where a segment ends when what is behind is taken back. */
export interface LogEnd {
  readonly log: LogSegment;
  readonly offset: number;
}

/** Cuts off what failed writes have left behind; false if it may still be there. */
export function cutFiles(ends: readonly LogEnd[]): boolean {
  try {
    for (const { log, offset } of ends) {
      log.file.truncateSync(offset);
      log.file.datasyncSync();
    }
    return true;
  } catch {
    return false;
  }
}

/** Nothing of it is on disk: the disk is full, or has failed. */
export function notMade(cause: unknown): StoreError {
  if (!isDiskFull(cause)) return failed(cause);
  return new StoreError('FULL', 'the log cannot be written until there is room on the disk: ' +
    reasonOf(cause), { cause });
}

export function failed(cause: unknown): StoreError {
  return new StoreError('FAILED', 'the log cannot be written any more, the store is read-only ' +
    `until a restart: ${reasonOf(cause)}`, { cause });
}

/** A read would show what may be gone after a power loss. */
export function doubtful({ message }: StoreError): StoreError {
  return new StoreError('FAILED', 'what was written last may be lost, so that reads are refused ' +
    `too: ${message}`);
}

export function unknown(cause: unknown): StoreError {
  return new StoreError('UNKNOWN', 'the log failed while this was written, so that it may be ' +
    `there after a restart, or not: ${reasonOf(cause)}`, { cause });
}

function reasonOf(cause: unknown): string {
  return cause instanceof Error ? cause.message : String(cause);
}

export function writeBlocking(block: TailBlock): void {
  const bytes = block.committed - block.flushed;
  if (bytes === 0) return;
  block.log.file.writeSync(block.buf, block.flushed - block.start, bytes, block.flushed);
  block.flushed = block.committed;
  block.log.written = Math.max(block.log.written, block.committed);
}

export async function writeInBackground(block: TailBlock): Promise<void> {
  const to = block.committed;
  const bytes = to - block.flushed;
  if (bytes === 0) return;
  await block.log.file.write(block.buf, block.flushed - block.start, bytes, block.flushed);
  block.flushed = to;
  block.log.written = Math.max(block.log.written, to);
}
