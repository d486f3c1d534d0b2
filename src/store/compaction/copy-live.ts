/**
 * Copies the live records of some segments into new ones. Runs in the compactor's thread
 * (compaction-worker.ts) or, in tests, inline; all it knows of the store is the answer to "which of
 * these are live?".
 *
 * Invariants: every record of an input is read and checked before the input may be dropped; a
 * damaged one ends the round with its place, and nothing of it is skipped. A live record is copied
 * as it is. A tombstone is copied unless its value_index is below the job's floor.
 */

import { KeyHash } from '../../lib/key-hash.ts';
import { COMPACTION_QUESTION_RECORDS } from '../limits.ts';
import {
  entryKeyBytesAt, entryKeyStartAt, entryKindAt, entrySpaceAt, entryValueIndexAt, KIND_DELETED,
  KIND_PAD,
} from '../format/data-entry.ts';
import type { SealedSegment } from '../format/manifest.ts';
import { segmentFileName } from '../format/segment-header.ts';
import { CopyStopped, MoveColumns } from './copy-job.ts';
import type {
  Ask, CopierDisk, CopyDamage, CopyInput, CopyJob, CopyResult, Moves, QuestionTable,
} from './copy-job.ts';
import { OutputWriter } from './output-writer.ts';
import { DAMAGED, END, MORE, RECORD, SegmentScan } from './segment-scan.ts';
import type { ScanDamage, ScanStep } from './segment-scan.ts';

/** Runs a job. Throws CopyStopped when told to stop, DiskError when the disk fails. */
export async function copyLive(
  disk: CopierDisk, job: CopyJob, question: QuestionTable, ask: Ask,
): Promise<CopyResult> {
  const copier = new Copier(disk, job, question, ask);
  try {
    return await copier.run();
  } catch (err) {
    await copier.abandon();
    throw err;
  }
}

class Copier {
  readonly #disk: CopierDisk;
  readonly #job: CopyJob;
  readonly #question: QuestionTable;
  readonly #ask: Ask;
  readonly #hash: KeyHash;

  /** Where the records of the question lie in the scan's window, and how long they are. */
  readonly #at = new Uint32Array(COMPACTION_QUESTION_RECORDS);
  readonly #bytes = new Uint32Array(COMPACTION_QUESTION_RECORDS);
  #questionBytes = 0;

  #writer: OutputWriter | null = null;
  /** Of the current input into the current output. */
  #moves: MoveColumns | null = null;
  readonly #allMoves: Moves[] = [];
  readonly #outputs: SealedSegment[] = [];
  #position = 0;
  #readBytes = 0;
  #writtenBytes = 0;

  constructor(disk: CopierDisk, job: CopyJob, question: QuestionTable, ask: Ask) {
    this.#disk = disk;
    this.#job = job;
    this.#question = question;
    this.#ask = ask;
    this.#hash = new KeyHash(job.seed);
  }

  async run(): Promise<CopyResult> {
    let damage: CopyDamage | null = null;
    for (const input of this.#job.inputs) {
      damage = await this.#copyInput(input);
      if (damage !== null) break;
    }
    if (damage === null) await this.#finishOutput();
    else await this.abandon();
    return {
      outputs: this.#outputs,
      moves: this.#allMoves,
      readBytes: this.#readBytes,
      writtenBytes: this.#writtenBytes,
      damage,
    };
  }

  async abandon(): Promise<void> {
    const writer = this.#writer;
    this.#writer = null;
    if (writer !== null) await writer.abandon();
  }

  async #copyInput(input: CopyInput): Promise<CopyDamage | null> {
    const path = `${this.#job.dir}/${segmentFileName(input.id, input.kind)}`;
    const file = await this.#disk.openRead(path);
    try {
      const scan = new SegmentScan(file, input.id, input.bytes);
      const damage = await this.#copyRecords(scan, input.slot);
      this.#readBytes += input.bytes;
      this.#moves = null;
      if (damage === null) return null;
      return { inputId: input.id, path, offset: damage.offset, reason: damage.reason };
    } finally {
      await file.close();
    }
  }

  async #copyRecords(scan: SegmentScan, slot: number): Promise<ScanDamage | null> {
    for (;;) {
      const step = this.#gather(scan);
      this.#position = Math.max(this.#position, scan.position);
      if (this.#question.records.count > 0) {
        if (!await this.#ask(slot, this.#questionBytes)) throw new CopyStopped('told to stop');
        await this.#copyLiveOnes(scan.buf, slot);
      }
      if (step === END) return null;
      if (step === DAMAGED) return scan.damage;
      if (step === MORE) await scan.fill();
    }
  }

  /** Fills the question table with the records that are whole in the window. */
  #gather(scan: SegmentScan): ScanStep {
    const { records } = this.#question;
    records.count = 0;
    this.#questionBytes = 0;
    while (records.count < COMPACTION_QUESTION_RECORDS) {
      const step = scan.advance();
      if (step !== RECORD) return step;
      const { buf, at } = scan;
      const kind = entryKindAt(buf, at);
      this.#questionBytes += scan.bytes;
      if (kind === KIND_PAD) continue;
      const key = entryKeyStartAt(buf, at);
      this.#hash.hash(buf, key, key + entryKeyBytesAt(buf, at));
      const row = records.count++;
      records.space[row] = entrySpaceAt(buf, at);
      records.hi[row] = this.#hash.hi & 0xffff;
      records.lo[row] = this.#hash.lo;
      records.offset[row] = scan.offset;
      records.kind[row] = kind;
      this.#at[row] = at;
      this.#bytes[row] = scan.bytes;
    }
    return RECORD;
  }

  async #copyLiveOnes(buf: Buffer, slot: number): Promise<void> {
    const { records, answer } = this.#question;
    for (let row = 0; row < records.count; row++) {
      const live = (answer[row >> 3]! & (1 << (row & 7))) !== 0;
      if (!live && !this.#mustKeep(buf, row)) continue;
      const bytes = this.#bytes[row]!;
      const writer = this.#writer?.hasRoom(bytes, this.#job.segmentBytes) === true
        ? this.#writer
        : await this.#nextOutput();
      const { hi, lo } = records;
      writer.position = this.#position;
      const newOffset = writer.append(buf, this.#at[row]!, bytes, hi[row]!, lo[row]!);
      if (live) this.#movesTo(slot).add(records, row, newOffset);
    }
    await this.#writer?.flushIfMuch();
  }

  /** A tombstone that may hide something outside the inputs. */
  #mustKeep(buf: Buffer, row: number): boolean {
    return this.#question.records.kind[row] === KIND_DELETED &&
      entryValueIndexAt(buf, this.#at[row]!) >= this.#job.tombstoneFloor;
  }

  #movesTo(slot: number): MoveColumns {
    if (this.#moves === null) {
      this.#moves = new MoveColumns(slot, this.#outputs.length);
      this.#allMoves.push(this.#moves);
    }
    return this.#moves;
  }

  async #nextOutput(): Promise<OutputWriter> {
    await this.#finishOutput();
    const { dir, outputIds, seed } = this.#job;
    const id = outputIds[this.#outputs.length];
    if (id === undefined) throw new Error(`compaction: ${outputIds.length} output ids are too few`);
    this.#writer = await OutputWriter.create(this.#disk, dir, id, seed);
    return this.#writer;
  }

  async #finishOutput(): Promise<void> {
    if (this.#writer === null) return;
    this.#outputs.push(await this.#writer.finish(this.#job.cleanSince));
    this.#writtenBytes += this.#writer.writtenBytes;
    this.#writer = null;
    this.#moves = null;
  }
}
