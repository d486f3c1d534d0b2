/**
 * What goes between the compactor and its copier: numbers and typed arrays only, because it may
 * cross to another thread.
 *
 * The question table is shared memory when the copier has a thread of its own. The two sides take
 * turns: the copier fills it and asks, the main thread reads it, writes the answer bits and
 * replies; nobody touches it out of turn, so it needs no atomics.
 */

import type { ReadFile, WriteFile } from '../../io/files.ts';
import type { KeyHashSeed } from '../../lib/key-hash.ts';
import { COMPACTION_QUESTION_RECORDS } from '../limits.ts';
import type { RecordColumns } from './compaction-host.ts';
import type { SealedSegment } from '../format/manifest.ts';
import type { SegmentKind } from '../format/segment-header.ts';

/** What the copier needs of the disk; Files has it, and the copier's thread a blocking twin. */
export interface CopierDisk {
  openRead(path: string): Promise<CopierInputFile>;
  create(path: string): Promise<CopierOutputFile>;
}
export type CopierInputFile = Pick<ReadFile, 'read' | 'close'>;
export type CopierOutputFile = Pick<WriteFile, 'write' | 'datasync' | 'close'>;

export interface CopyInput {
  readonly id: number;
  readonly kind: SegmentKind;
  readonly slot: number;
  /** The length that it was sealed with. */
  readonly bytes: number;
}

export interface CopyJob {
  readonly dir: string;
  readonly seed: KeyHashSeed;
  readonly segmentBytes: number;
  readonly inputs: readonly CopyInput[];
  /** Enough ids for any way in which the records may fall into outputs. */
  readonly outputIds: readonly number[];
  /** A tombstone with a value_index below this is not copied. */
  readonly tombstoneFloor: number;
  /** Goes into the outputs' entries of the manifest. */
  readonly cleanSince: number;
}

/** Records of one input that now also lie in one output. */
export interface Moves {
  readonly fromSlot: number;
  /** Place in CopyResult.outputs. */
  readonly output: number;
  readonly records: RecordColumns;
  readonly newOffset: Uint32Array;
}

/** A damaged input: the round must not go on, and the input must stay. */
export interface CopyDamage {
  readonly inputId: number;
  readonly path: string;
  readonly offset: number;
  readonly reason: string;
}

export interface CopyResult {
  /** Durable, but for their names. */
  readonly outputs: readonly SealedSegment[];
  readonly moves: readonly Moves[];
  readonly readBytes: number;
  /** Outputs and their hints. */
  readonly writtenBytes: number;
  /** Not null: the outputs are of no use. */
  readonly damage: CopyDamage | null;
}

/** The question that is being asked: records of the segment in `slot`, and the answer to them. */
export interface QuestionTable {
  readonly records: RecordColumns;
  /** Bit `row % 8` of byte `row >> 3`: the record is live. */
  readonly answer: Uint8Array;
}

/**
 * Asks which records of the question table are live; `bytes` is how much input the question covers.
 * Resolves when the answer is in the table, to false if the copier must stop.
 */
export type Ask = (slot: number, bytes: number) => Promise<boolean>;

/** Runs jobs, one at a time: in a thread of its own (thread-copier.ts) or inline. */
export interface CopyRunner {
  run(job: CopyJob, ask: AskMain): Promise<CopyResult>;
  /** Frees what it holds; no job may be running. */
  close(): Promise<void>;
}

/** `Ask` as the main thread sees it: it fills `question.answer` before it resolves. */
export type AskMain = (slot: number, bytes: number, question: QuestionTable) => Promise<boolean>;

/** The copier was told to stop, or its thread is gone. */
export class CopyStopped extends Error {
  override readonly name = 'CopyStopped';
  readonly code = 'STOPPED';
}

/** The memory behind a question table: one of these is handed to the copier's thread. */
export type QuestionMemory = ArrayBuffer | SharedArrayBuffer;

const WORD_COLUMNS = 4;
const ANSWER_BYTES = COMPACTION_QUESTION_RECORDS / 8;

export const QUESTION_BYTES = COMPACTION_QUESTION_RECORDS * (WORD_COLUMNS * 4 + 1) + ANSWER_BYTES;

/** Lays a question table over memory of QUESTION_BYTES bytes. `count` is not shared: it is sent. */
export function questionTable(memory: QuestionMemory): QuestionTable {
  const rows = COMPACTION_QUESTION_RECORDS;
  const words = (column: number): Uint32Array => new Uint32Array(memory, column * rows * 4, rows);
  const bytesAt = WORD_COLUMNS * rows * 4;
  return {
    records: {
      count: 0, space: words(0), hi: words(1), lo: words(2), offset: words(3),
      kind: new Uint8Array(memory, bytesAt, rows),
    },
    answer: new Uint8Array(memory, bytesAt + rows, ANSWER_BYTES),
  };
}

/** Moves while they are collected: columns that grow. */
export class MoveColumns implements Moves {
  readonly fromSlot: number;
  readonly output: number;
  readonly records = {
    count: 0,
    space: new Uint32Array(1024),
    hi: new Uint32Array(1024),
    lo: new Uint32Array(1024),
    offset: new Uint32Array(1024),
    kind: new Uint8Array(1024),
  };
  newOffset = new Uint32Array(1024);

  constructor(fromSlot: number, output: number) {
    this.fromSlot = fromSlot;
    this.output = output;
  }

  /** Adds row `row` of `from`, which lies at `newOffset` of the output. */
  add(from: RecordColumns, row: number, newOffset: number): void {
    const to = this.records;
    const at = to.count;
    if (at === this.newOffset.length) this.#grow();
    to.space[at] = from.space[row]!;
    to.hi[at] = from.hi[row]!;
    to.lo[at] = from.lo[row]!;
    to.offset[at] = from.offset[row]!;
    to.kind[at] = from.kind[row]!;
    this.newOffset[at] = newOffset;
    to.count++;
  }

  #grow(): void {
    const to = this.records;
    const length = this.newOffset.length * 2;
    to.space = grown(to.space, length);
    to.hi = grown(to.hi, length);
    to.lo = grown(to.lo, length);
    to.offset = grown(to.offset, length);
    this.newOffset = grown(this.newOffset, length);
    const kind = new Uint8Array(length);
    kind.set(to.kind);
    to.kind = kind;
  }
}

function grown(words: Uint32Array<ArrayBuffer>, length: number): Uint32Array<ArrayBuffer> {
  const larger = new Uint32Array(length);
  larger.set(words);
  return larger;
}
