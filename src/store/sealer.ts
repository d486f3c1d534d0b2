/**
 * Seals segments that the writer has left: waits until they are durable, makes their hints, lists
 * them as sealed in the manifest. One at a time, in the background, in short slices.
 *
 * A segment that cannot be sealed now (disk full) stays as it is: recovery reads it whole, like the
 * tail. A segment that turns out to be damaged is reported and sealed all
 * the same.
 *
 * When nothing waits to be sealed, it makes the hints that older segments lack, for the next start.
 *
 * A segment that is nearly dead when it is full gets none: the compactor takes it as soon as the
 * log is large enough to be compacted at all, and a hint names the dead records too. Where few keys
 * are overwritten all the time these hints took a tenth of the processor time. A start reads such a
 * segment whole.
 */

import type { Clock, Timer } from '../io/clock.ts';
import type { Files } from '../io/files.ts';
import type { KeyHashSeed } from '../lib/key-hash.ts';
import { SLICE_MS } from '../io/limits.ts';
import { COMPACTION_NEARLY_DEAD_SHARE, TOMBSTONE_BYTES_TYPICAL } from './limits.ts';
import { hintFileName } from './format/segment-header.ts';
import { inlineHintMaker, type HintMaker } from './hints/hint-maker.ts';
import type { LogWriter } from './log/log-writer.ts';
import type { ManifestKeeper } from './segments/manifest-keeper.ts';
import type { LogSegment, Segment } from './segments/segment.ts';
import type { SegmentTable } from './segments/segment-table.ts';
import { StoreError } from './store-error.ts';

/** How long sealing waits before it asks again whether a batch across segments has ended. */
const SEAL_WAIT_MS = 10;

/** After a start clients come first; then the hints that are missing are made. */
const LATE_HINTS_WAIT_MS = 1000;

export interface SealerOptions {
  readonly files: Files;
  readonly clock: Clock;
  readonly dir: string;
  readonly seed: KeyHashSeed;
  readonly segments: SegmentTable;
  readonly keeper: ManifestKeeper;
  /** By default hints are made on this thread. */
  readonly hints?: HintMaker | undefined;
  readonly onDamage: (error: StoreError) => void;
  readonly onProblem: (what: string, error: unknown) => void;
}

export class Sealer {
  readonly #options: SealerOptions;
  readonly #hints: HintMaker;
  readonly #queue: (() => Promise<void>)[] = [];
  /** Sealed segments without a hint. */
  readonly #hintless: Segment[] = [];
  #running: Promise<void> | undefined;
  /** What is under way. */
  #step: Promise<void> | undefined;
  #isStopping = false;
  #lateTimer: Timer | undefined;
  #sliceEndMs = 0;

  constructor(options: SealerOptions) {
    this.#options = options;
    const { files, hints } = options;
    this.#hints = hints ?? inlineHintMaker(files, () => this.#pause(false));
  }

  add(log: LogSegment, writer: LogWriter): void {
    this.#queue.push(() => this.#seal(log, writer).catch((error: unknown) => {
      this.#options.onProblem(`cannot seal ${log.segment.path}`, error);
    }));
    this.#start();
  }

  /** Makes the hints of segments that are sealed, later; what needs sealing goes before them. */
  makeLate(segments: readonly Segment[]): void {
    if (segments.length === 0) return;
    this.#lateTimer = this.#options.clock.setTimer(LATE_HINTS_WAIT_MS, () => {
      this.#hintless.push(...segments);
      this.#start();
    });
  }

  /**
   * Ends when every segment added so far is sealed, or cannot be, or when `isEnough` says so; after
   * `hurry` also when nothing is under way.
   */
  async idle(isEnough: () => boolean = () => false): Promise<void> {
    while (this.#queue.length > 0 && !isEnough()) await this.#step;
    if (this.#isStopping) await this.#running;
  }

  /** Hints are not made any more: a stop must be quick, and the checkpoint makes up for them. */
  hurry(): void {
    this.#isStopping = true;
    if (this.#lateTimer !== undefined) this.#options.clock.clearTimer(this.#lateTimer);
    this.#hintless.length = 0;
    void this.#hints.close();
  }

  #start(): void {
    this.#running ??= this.#run();
  }

  async #run(): Promise<void> {
    for (;;) {
      const seal = this.#queue[0];
      const segment = this.#hintless[0];
      if (seal !== undefined) {
        this.#step = seal();
        await this.#step;
        this.#queue.shift();
      } else if (segment !== undefined) {
        this.#hintless.shift();
        this.#step = this.#makeLateHint(segment);
        await this.#step;
      } else {
        // Before this promise settles: what is added then must start anew.
        this.#running = undefined;
        return;
      }
    }
  }

  /** The compactor may have been faster, and the segment is gone. */
  async #makeLateHint(segment: Segment): Promise<void> {
    const { segments } = this.#options;
    if (segment.state !== 'sealed') return;
    segments.pin(segment);
    try {
      await this.#pause(true);
      await this.#makeHint(segment);
    } finally {
      segments.unpin(segment);
    }
  }

  async #seal(log: LogSegment, writer: LogWriter): Promise<void> {
    await this.#pause(true);
    const end = (): number => Math.max(log.groupEndLsn, log.lsnBase + log.segment.bytes);
    while (writer.durableLsn < end()) {
      await writer.flushAndSync();
      if (writer.durableLsn < end()) await this.#sleep(SEAL_WAIT_MS);
    }
    await log.file.close();
    if (!this.#isStopping && !isNearlyDead(log.segment)) await this.#makeHint(log.segment);
    log.segment.state = 'sealed';
    // The keeper says that it failed, and tries again; until then a start reads the segment whole.
    await this.#options.keeper.changed().catch(() => undefined);
  }

  async #makeHint(segment: Segment): Promise<void> {
    const { dir, seed, onDamage, onProblem } = this.#options;
    try {
      await this.#hints.make({ dir, seed, path: segment.path, summary: segment.summary() });
    } catch (error) {
      if (error instanceof StoreError) return onDamage(error);
      if (!this.#isStopping) onProblem(`cannot write the hint of ${segment.path}`, error);
      // A disk that refused one would refuse all.
      this.#hintless.length = 0;
      await this.#removePiece(segment);
    }
  }

  /** A piece of a hint takes room, and its name would say that the segment has one. */
  async #removePiece({ id }: Segment): Promise<void> {
    const { files, dir } = this.#options;
    // Usually there is none.
    await files.unlink(`${dir}/${hintFileName(id)}`).catch(() => undefined);
  }

  /** Lets the event loop run if this slice has lasted long enough. */
  async #pause(always: boolean): Promise<void> {
    const { clock } = this.#options;
    if (!always && clock.monotonicMs() < this.#sliceEndMs) return;
    await this.#sleep(0);
    this.#sliceEndMs = clock.monotonicMs() + SLICE_MS;
  }

  #sleep(ms: number): Promise<void> {
    return new Promise((resolve) => this.#options.clock.setTimer(ms, resolve));
  }
}

/** What the compactor takes alone and at once (compaction/choose.ts). */
function isNearlyDead({ bytes, liveBytes, tombstones }: Segment): boolean {
  const keptBytes = liveBytes + tombstones * TOMBSTONE_BYTES_TYPICAL;
  return keptBytes <= bytes * (1 - COMPACTION_NEARLY_DEAD_SHARE);
}
