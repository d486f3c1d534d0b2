/**
 * What the compactor may ask of the store, and nothing else. The store implements it; a test may
 * implement it in RAM.
 *
 * Places are (segment slot, offset): a slot is the small number by which index slots name a segment
 * while it is open (20 bits), an id is its number for ever. Offsets and sizes are in bytes.
 *
 * Recovery decides between records of one key by value_index, never by segment id: the compactor
 * may give outputs any ids, and must never change a record's value_index.
 */

import type { Files } from '../../io/files.ts';
import type { KeyHashSeed } from '../../lib/key-hash.ts';
import type { SealedSegment } from '../format/manifest.ts';

/** A segment that can be compacted: written, durable and listed in the manifest. */
export interface SealedSegmentStats extends SealedSegment {
  readonly slot: number;
  /**
   * Bytes of records that the index or a chain points to, each counted as its size class: at most
   * 1/32 more than they take on disk.
   */
  readonly liveBytes: number;
  /**
   * How many records those are. A segment whose records are all live or tombstones hides nothing,
   * so it holds no tombstone back: without this number sessions that come and go beside data that
   * never changes would pile up tombstones for ever.
   */
  readonly liveRecords: number;
}

/** Records to ask about or to move, column by column; only the first `count` of each count. */
export interface RecordColumns {
  count: number;
  readonly space: Uint32Array;
  /** The 16 bits of the hash above the tag. */
  readonly hi: Uint32Array;
  readonly lo: Uint32Array;
  /** In the input segment, in bytes. */
  readonly offset: Uint32Array;
  /** KIND_* of format/data-entry.ts; PAD is never asked about. */
  readonly kind: Uint8Array;
}

export interface CompactionHost {
  readonly files: Files;
  readonly dir: string;
  /** For hashing keys and for the headers of output segments. */
  readonly seed: KeyHashSeed;
  /** About how large an output segment should become. */
  readonly segmentBytes: number;

  /** Sealed segments, ascending by id. */
  sealedSegments(): readonly SealedSegmentStats[];
  /** Differs after anything was appended, died, was sealed or left. For comparison only; cheap. */
  stamp(): string;
  /** Bytes of every segment, open ones included, and the live bytes in them. */
  logBytes(): number;
  liveBytes(): number;
  /** Bytes ever appended by clients and by base rewrites: what the pacer follows. */
  appendedBytes(): number;
  /** The smallest value_index in segments that are not sealed; Infinity if they have no record. */
  minOpenValueIndex(): number;

  /** Closes the active segment and begins another; ends when the old one is sealed. */
  rollActive(): Promise<void>;
  /**
   * Ends when everything appended before the call, in a frame that is open as well, is durable or
   * taken back, whatever the fsync policy; rejects if it cannot be. The compactor calls it before
   * it switches: an input may hold the last durable value of a key whose newer value is only in the
   * page cache, and both would be gone after a power cut.
   */
  syncLog(): Promise<void>;
  /**
   * Changes when changes were taken back behind which the compactor has asked what lives: an old
   * record that it took for dead may live again. What is not the same when the log was synced as it
   * was when the round began must not be followed by the removal of an input.
   */
  takenBack(): number;
  /** `count` fresh ids, ascending; ids that are not used are simply lost. */
  reserveSegmentIds(count: number): readonly number[];

  /**
   * Sets bit `row % 8` of `answer[row >> 3]` for each record of the segment in `slot` that is live:
   * a PUT that the index points to, any record that its chain lists. A DELETED is
   * never live in this sense; whether it may go is the compactor's rule. Rows from `from` to `to`.
   */
  markLive(slot: number, records: RecordColumns, from: number, to: number,
    answer: Uint8Array): void;

  /** Takes an output file into the segment table so that records can be moved to it: its slot. */
  adoptOutput(segment: SealedSegment): number;
  /**
   * Points what points to (fromSlot, offset[row]) to (toSlot, newOffset[row]): index slots and
   * chains, only where they still point there. Returns how many moved. Rows from `from` to `to`.
   */
  moveRecords(fromSlot: number, toSlot: number, records: RecordColumns, newOffset: Uint32Array,
    from: number, to: number): number;
  /**
   * Replaces the inputs by the outputs (slots from adoptOutput) in the manifest, in one durable
   * step. Call it after the outputs and the directory are durable, and after every move: then
   * inputs are unlinked as soon as no reader pins them.
   */
  switchManifest(inputs: readonly number[], outputs: readonly number[]): Promise<void>;
  /** Forgets and unlinks adopted outputs that were never switched to. Nothing may point there. */
  abandonOutputs(outputs: readonly number[]): Promise<void>;

  /**
   * Slows every write by this many milliseconds while the disk is nearly full; 0 = not at all. The
   * store only keeps the number for its owner (`store.writeDelayMs`).
   */
  setWriteDelay(delayMs: number): void;
  /** Bytes that may still be written before the store refuses writes (reserve excluded). */
  freeBytes(): number;
  /** An input could not be copied because it is damaged; it stays. */
  onDamage(file: string, offset: number, reason: string): void;
}
