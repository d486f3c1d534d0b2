/**
 * The rows of segments that recovery read whole, for want of a hint. They go into the index from
 * RAM, and hints are made of them while the server serves: writing hints first took a third of a
 * start after kill -9.
 *
 * Bound: RECOVERY_ROWS_BYTES_MAX; beyond it a hint is written and read back. If the disk is too
 * full for that, the rows stay in RAM after all: starting matters more.
 */

import type { Files } from '../../io/files.ts';
import type { HintRows } from '../format/hint-rows.ts';
import type { SegmentSummary } from '../format/hint.ts';
import { hintFileName } from '../format/segment-header.ts';
import { writeHint } from '../hints/hint-writer.ts';
import { isDiskFull } from '../segments/room.ts';
import { MiB } from '../../lib/size-units.ts';

/**
 * Rows of segments without a hint that recovery holds in RAM (32 bytes a record, so some eight
 * million records); beyond that it writes hints and reads them back.
 */
const RECOVERY_ROWS_BYTES_MAX = 256 * MiB;

const noPause = (): Promise<void> => Promise.resolve();

export class ScannedRows {
  readonly #files: Files;
  readonly #dir: string;
  readonly #rows = new Map<number, HintRows>();
  #bytes = 0;

  constructor(files: Files, dir: string) {
    this.#files = files;
    this.#dir = dir;
  }

  /** The rows of a segment if they are in RAM. */
  get(id: number): HintRows | undefined {
    return this.#rows.get(id);
  }

  /** Keeps the rows in RAM, or as the segment's hint on disk. They are not copied. */
  async add(summary: SegmentSummary, rows: HintRows): Promise<void> {
    const bytes = rows.words.buffer.byteLength;
    const isMuch = this.#bytes + bytes > RECOVERY_ROWS_BYTES_MAX;
    if (isMuch && await this.#writeHint(summary, rows)) return;
    this.#bytes += bytes;
    this.#rows.set(summary.id, rows);
  }

  /** False if the disk is full; then nothing is left of the hint. */
  async #writeHint(summary: SegmentSummary, rows: HintRows): Promise<boolean> {
    try {
      await writeHint(this.#files, this.#dir, summary, rows, noPause);
      return true;
    } catch (error) {
      if (!isDiskFull(error)) throw error;
      const path = `${this.#dir}/${hintFileName(summary.id)}`;
      if (await this.#files.exists(path)) await this.#files.unlink(path);
      return false;
    }
  }
}
