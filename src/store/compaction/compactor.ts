/**
 * Drives compaction: decides when a round is due, runs it step by step, and paces it.
 *
 * A round:
 *   1. copy live records of the inputs to outputs (in another thread); outputs become durable
 *   2. sync the directory, adopt the outputs
 *   3. move index slots and chains, each only if it still points to the old place
 *   4. sync the log: a record that is dead because of a newer one must not go before that one is
 *      durable
 *   5. switch the manifest from inputs to outputs in one step; the store unlinks the inputs
 *
 * A crash before 5 leaves the inputs, and outputs that recovery deletes; after 5, the outputs. On
 * the main thread no piece of work takes longer than about COMPACTION_SLICE_MS.
 *
 * How it fails: a round that fails is tried again, with growing pauses. A failure before 3 abandons
 * the outputs; a damaged input is reported and never chosen again. After 3 slots point to the
 * outputs, so that they stay, and 4 and 5 are tried again before anything else: what the disk holds
 * as the manifest is the old or the new one until then, and the files of both are there.
 *
 * Changes that are taken back may bring records to life that were dead when the round began. Then
 * the inputs stay beside the outputs, for a later round.
 */

import type { Clock } from '../../io/clock.ts';
import { DiskError } from '../../io/files.ts';
import {
  COMPACTION_RETRY_MS_MAX, COMPACTION_RETRY_MS_MIN, COMPACTION_SLICE_MS, COMPACTION_SLICE_RECORDS,
  COMPACTION_TICK_MS, PACE_STATE_MS,
} from '../limits.ts';
import type { CompactionHost, SealedSegmentStats } from './compaction-host.ts';
import { hintFileName, SEGMENT_PACK, segmentFileName } from '../format/segment-header.ts';
import { choose, tombstoneFloor } from './choose.ts';
import type { Choice, ChoiceReason, SegmentFacts } from './choose.ts';
import { CopyStopped } from './copy-job.ts';
import type {
  CopyDamage, CopyJob, CopyResult, CopyRunner, Moves, QuestionTable,
} from './copy-job.ts';
import { factsOf, hintBytesOf, presentOf } from './facts.ts';
import { Pacer, writeDelayMs, type PaceState } from './pacer.ts';

/** The decisions of a compactor; tests put wrong ones in, to prove that they are noticed. */
export interface CompactionRules {
  readonly choose: typeof choose;
  readonly tombstoneFloor: typeof tombstoneFloor;
}

export interface CompactorOptions {
  readonly host: CompactionHost;
  readonly clock: Clock;
  readonly copier: CopyRunner;
  /** The log and its hints may take this many times the live bytes. */
  readonly diskRatioMax: number;
  /** A log smaller than this is compacted on demand only. */
  readonly minBytes: number;
  readonly reserveBytes: number;
  /** Lets the event loop serve everyone else once. */
  readonly yieldToLoop: () => Promise<void>;
  readonly rules?: CompactionRules;
  /** After each round, failed ones included. */
  readonly onRound?: (report: RoundReport) => void;
  /** Rounds fail from now on, and are tried again; and no longer. Once for each change. */
  readonly onTrouble?: (error: Error) => void;
  readonly onRecovered?: () => void;
}

export interface RoundReport {
  readonly reason: ChoiceReason;
  readonly inputs: number;
  readonly outputs: number;
  readonly readBytes: number;
  readonly writtenBytes: number;
  readonly durationMs: number;
  readonly error: Error | null;
}

/** For INFO; totals are since the start. */
export interface CompactionStatus {
  readonly running: boolean;
  readonly rounds: number;
  readonly writtenBytes: number;
  readonly lastDurationMs: number;
  /** Null once a round has succeeded again. */
  readonly lastError: string | null;
}

/** What a round has left to do: the records were moved, and the manifest has not followed. */
interface Unfinished {
  readonly inputs: readonly number[];
  /** Slots from adoptOutput. */
  readonly outputs: readonly number[];
  /** As `takenBack` of the host was when the round began. */
  readonly takenBack: number;
}

/** The outcome of one round's copying, when it may go on. */
type Copied = Pick<CopyResult, 'outputs' | 'moves' | 'readBytes' | 'writtenBytes'>;

const NOTHING_COPIED: Copied = { outputs: [], moves: [], readBytes: 0, writtenBytes: 0 };

/** An input is damaged; its place has been reported. */
class InputDamaged extends Error {
  override readonly name = 'InputDamaged';
  readonly code = 'DAMAGED';

  constructor(damage: CopyDamage) {
    super(`compaction: ${damage.path} is damaged at byte ${damage.offset}: ${damage.reason}`);
  }
}

export class Compactor {
  readonly #options: CompactorOptions;
  readonly #host: CompactionHost;
  readonly #clock: Clock;
  readonly #rules: CompactionRules;
  readonly #pacer: Pacer;

  /** Ids of inputs that turned out to be damaged; they stay as they are. */
  readonly #damaged = new Set<number>();
  #running: Promise<void> | null = null;
  #stopping = false;
  /** A bug in the middle of a move, after which nothing may be tried again. */
  #broken: Error | null = null;
  #isMoving = false;
  #unfinished: Unfinished | null = null;
  /** BGREWRITEAOF: segments up to this id are compacted whatever the ratio; 0 = no demand. */
  #demandedUpTo = 0;
  #notBeforeMs = 0;
  #retryMs = COMPACTION_RETRY_MS_MIN;

  /** What was looked at when there was last nothing to do: while it is the same, nor is there. */
  #idleStamp = '';

  #paced: PaceState | null = null;
  #pacedAtMs = 0;

  #rounds = 0;
  #writtenBytes = 0;
  #lastDurationMs = 0;
  #lastError: Error | null = null;

  constructor(options: CompactorOptions) {
    this.#options = options;
    this.#host = options.host;
    this.#clock = options.clock;
    this.#rules = options.rules ?? { choose, tombstoneFloor };
    this.#pacer = new Pacer(options.clock.monotonicMs(), options.host.appendedBytes());
  }

  // ---- What the owner calls ---------------------------------------------------------------------

  /**
   * To be called every COMPACTION_TICK_MS. Resolves when nothing is left to do; nothing that a
   * round waits for (a roll, a sync) may wait for it.
   */
  tick(): Promise<void> {
    const nowMs = this.#clock.monotonicMs();
    this.#pacer.observe(nowMs, this.#host.appendedBytes());
    this.#host.setWriteDelay(writeDelayMs(this.#host.freeBytes(), this.#options.reserveBytes));
    if (this.#running !== null) return this.#running;
    const mayRun = !this.#stopping && this.#broken === null && nowMs >= this.#notBeforeMs;
    if (!mayRun) return Promise.resolve();
    const hasWork = this.#unfinished !== null || this.#hasChoice();
    return hasWork ? this.#start() : Promise.resolve();
  }

  /** BGREWRITEAOF: compacts what is there now. Resolves when done; failures are in `status`. */
  async compactAll(): Promise<void> {
    if (this.#stopping || this.#broken !== null) return;
    await this.#running;
    this.#demandedUpTo = Infinity;
    await this.#start();
  }

  /** Ends the running round as soon as it can be ended; no other begins. For a clean stop. */
  async stop(): Promise<void> {
    this.#stopping = true;
    await this.#running;
    await this.#options.copier.close();
  }

  status(): CompactionStatus {
    return {
      running: this.#running !== null,
      rounds: this.#rounds,
      writtenBytes: this.#writtenBytes,
      lastDurationMs: this.#lastDurationMs,
      lastError: this.#lastError?.message ?? null,
    };
  }

  // ---- Rounds -----------------------------------------------------------------------------------

  #start(): Promise<void> {
    this.#running ??= this.#runRounds().finally(() => {
      this.#running = null;
      this.#demandedUpTo = 0;
      this.#idleStamp = '';
    });
    return this.#running;
  }

  async #runRounds(): Promise<void> {
    if (this.#unfinished !== null && !await this.#tryFinish(this.#unfinished)) return;
    if (this.#demandedUpTo > 0 && !await this.#beginDemand()) return;
    for (;;) {
      const choice = this.#stopping ? null : this.#choose();
      if (choice === null || !await this.#runRound(choice)) return;
    }
  }

  /** What was written so far becomes eligible; what comes later does not. */
  async #beginDemand(): Promise<boolean> {
    try {
      await this.#host.rollActive();
      this.#demandedUpTo = Math.max(0, ...this.#host.sealedSegments().map(({ id }) => id));
      return true;
    } catch (err) {
      this.#noteFailure(err);
      return false;
    }
  }

  /** Whether another round may follow at once. */
  async #runRound(choice: Choice): Promise<boolean> {
    const startMs = this.#clock.monotonicMs();
    let copied = NOTHING_COPIED;
    let error: Error | null = null;
    try {
      const isDrop = choice.inputs.length === 0;
      copied = isDrop ? await this.#dropOnly(choice) : await this.#compact(choice);
      this.#noteSuccess();
    } catch (err) {
      error = this.#noteFailure(err);
    }
    this.#rounds++;
    this.#writtenBytes += copied.writtenBytes;
    this.#lastDurationMs = this.#clock.monotonicMs() - startMs;
    this.#options.onRound?.({
      reason: choice.reason,
      inputs: choice.inputs.length + choice.drop.length,
      outputs: copied.outputs.length,
      readBytes: copied.readBytes,
      writtenBytes: copied.writtenBytes,
      durationMs: this.#lastDurationMs,
      error,
    });
    return error === null;
  }

  /** Whatever made these segments dead must be durable before they go. */
  async #dropOnly(choice: Choice): Promise<Copied> {
    const takenBack = this.#host.takenBack();
    // What killed them may be in a frame that is still open; the owner commits it in this turn.
    await this.#options.yieldToLoop();
    await this.#host.syncLog();
    if (this.#host.takenBack() !== takenBack) return NOTHING_COPIED;
    await this.#host.switchManifest(slotsOf(this.#find(choice.drop)), []);
    return NOTHING_COPIED;
  }

  async #compact(choice: Choice): Promise<Copied> {
    const host = this.#host;
    const takenBack = host.takenBack();
    const inputs = this.#find(choice.inputs);
    const job = this.#jobFor(inputs);
    let copied: Copied;
    let slots: number[];
    try {
      copied = await this.#copy(job);
      await host.files.syncDir(host.dir);
      slots = copied.outputs.map((output) => host.adoptOutput(output));
    } catch (err) {
      await this.#unlinkOutputs(job.outputIds);
      throw err;
    }
    this.#isMoving = true;
    for (const moves of copied.moves) await this.#move(moves, slots[moves.output]!);
    this.#isMoving = false;
    this.#unfinished = { inputs: choice.inputs, outputs: slots, takenBack };
    await this.#finish(this.#unfinished);
    return copied;
  }

  async #finish({ inputs, outputs, takenBack }: Unfinished): Promise<void> {
    const host = this.#host;
    await host.syncLog();
    const leaving = host.takenBack() === takenBack ? slotsOf(this.#find(inputs)) : [];
    await host.switchManifest(leaving, outputs);
    this.#unfinished = null;
  }

  /** Goes on with what an earlier round could not finish; false if that fails again. */
  async #tryFinish(unfinished: Unfinished): Promise<boolean> {
    try {
      await this.#finish(unfinished);
      this.#noteSuccess();
      return true;
    } catch (err) {
      this.#noteFailure(err);
      return false;
    }
  }

  #jobFor(inputs: readonly SealedSegmentStats[]): CopyJob {
    const host = this.#host;
    const inputIds = new Set(inputs.map(({ id }) => id));
    const sealed = host.sealedSegments();
    const inputBytes = inputs.reduce((sum, input) => sum + input.bytes, 0);
    // Any two outputs in a row hold more than one segment together, so twice as many are enough.
    const outputsMax = 2 * Math.ceil(inputBytes / host.segmentBytes) + 1;
    return {
      dir: host.dir,
      seed: host.seed,
      segmentBytes: host.segmentBytes,
      inputs: inputs.map(({ id, kind, slot, bytes }) => ({ id, kind, slot, bytes })),
      outputIds: host.reserveSegmentIds(outputsMax),
      tombstoneFloor: this.#rules.tombstoneFloor(this.#facts(sealed), inputIds),
      cleanSince: presentOf(sealed),
    };
  }

  async #copy(job: CopyJob): Promise<Copied> {
    const result = await this.#options.copier.run(job, (slot, bytes, question) => (
      this.#answer(slot, bytes, question)
    ));
    if (result.damage === null) return result;
    const { inputId, path, offset, reason } = result.damage;
    this.#damaged.add(inputId);
    this.#host.onDamage(path, offset, reason);
    throw new InputDamaged(result.damage);
  }

  /** Answers the copier's question in slices, then holds it back for as long as pacing wants. */
  async #answer(slot: number, bytes: number, question: QuestionTable): Promise<boolean> {
    const { records, answer } = question;
    answer.fill(0);
    await this.#inSlices(records.count, (from, to) => {
      this.#host.markLive(slot, records, from, to, answer);
    });
    const nowMs = this.#clock.monotonicMs();
    this.#pacer.observe(nowMs, this.#host.appendedBytes());
    const delayMs = this.#pacer.delayFor(nowMs, bytes, this.#paceState(nowMs));
    if (delayMs >= 1 && !this.#stopping) await this.#sleep(delayMs);
    return !this.#stopping;
  }

  async #move(moves: Moves, toSlot: number): Promise<void> {
    const { fromSlot, records, newOffset } = moves;
    await this.#inSlices(records.count, (from, to) => {
      this.#host.moveRecords(fromSlot, toSlot, records, newOffset, from, to);
    });
  }

  /** Calls `work` on pieces of [0, count), and lets the event loop run after each slice of time. */
  async #inSlices(count: number, work: (from: number, to: number) => void): Promise<void> {
    let sliceStartMs = this.#clock.monotonicMs();
    for (let from = 0; from < count; from += COMPACTION_SLICE_RECORDS) {
      work(from, Math.min(count, from + COMPACTION_SLICE_RECORDS));
      if (this.#clock.monotonicMs() - sliceStartMs < COMPACTION_SLICE_MS) continue;
      await this.#options.yieldToLoop();
      sliceStartMs = this.#clock.monotonicMs();
    }
  }

  #sleep(delayMs: number): Promise<void> {
    return new Promise((resolve) => this.#clock.setTimer(delayMs, resolve));
  }

  // ---- Failures ---------------------------------------------------------------------------------

  #noteSuccess(): void {
    this.#retryMs = COMPACTION_RETRY_MS_MIN;
    // Damage stays.
    if (this.#lastError === null || this.#lastError instanceof InputDamaged) return;
    this.#lastError = null;
    this.#options.onRecovered?.();
  }

  #noteFailure(err: unknown): Error {
    const error = err instanceof Error ? err : new Error(String(err));
    if (error instanceof CopyStopped) return error;
    if (this.#lastError === null) this.#options.onTrouble?.(error);
    this.#lastError = error;
    if (this.#isMoving) this.#broken = error;
    if (error instanceof InputDamaged) return error;
    this.#notBeforeMs = this.#clock.monotonicMs() + this.#retryMs;
    this.#retryMs = Math.min(2 * this.#retryMs, COMPACTION_RETRY_MS_MAX);
    return error;
  }

  /** Of a round that failed. What cannot be unlinked is an orphan for recovery to delete. */
  async #unlinkOutputs(ids: readonly number[]): Promise<void> {
    for (const id of ids) {
      for (const name of [segmentFileName(id, SEGMENT_PACK), hintFileName(id)]) {
        try {
          await this.#host.files.unlink(`${this.#host.dir}/${name}`);
        } catch (err) {
          if (!(err instanceof DiskError)) throw err;
        }
      }
    }
  }

  // ---- What is known ----------------------------------------------------------------------------

  /** A choice looks at every segment, so ticks ask for one only when something has changed. */
  #hasChoice(): boolean {
    const { diskRatioMax, minBytes } = this.#options;
    const stamp = `${this.#host.stamp()} ${diskRatioMax} ${minBytes}`;
    if (stamp === this.#idleStamp) return false;
    const hasChoice = this.#choose() !== null;
    if (!hasChoice) this.#idleStamp = stamp;
    return hasChoice;
  }

  #choose(): Choice | null {
    const { diskRatioMax, minBytes } = this.#options;
    const sealed = this.#host.sealedSegments();
    const aheadMs = this.#lastDurationMs + COMPACTION_TICK_MS;
    const choice = this.#rules.choose(this.#facts(sealed), {
      diskRatioMax,
      besideBytes: hintBytesOf(sealed),
      minBytes,
      segmentBytes: this.#host.segmentBytes,
      slackBytes: (this.#pacer.writeBytesPerSecond * aheadMs) / 1000,
      nextValueIndex: presentOf(sealed),
    });
    if (choice !== null || this.#demandedUpTo === 0) return choice;
    return this.#chooseDemanded(sealed);
  }

  #chooseDemanded(sealed: readonly SealedSegmentStats[]): Choice | null {
    return this.#rules.choose(this.#facts(sealed, this.#demandedUpTo), {
      diskRatioMax: Infinity,
      besideBytes: 0,
      minBytes: 0,
      segmentBytes: this.#host.segmentBytes,
      slackBytes: 0,
      nextValueIndex: presentOf(sealed),
    }, true);
  }

  /** Damaged segments and those above `idMax` count but cannot be chosen. */
  #facts(sealed: readonly SealedSegmentStats[], idMax = Infinity): SegmentFacts[] {
    const host = this.#host;
    let openBytes = host.logBytes();
    let openLiveBytes = host.liveBytes();
    for (const segment of sealed) {
      openBytes -= segment.bytes;
      openLiveBytes -= segment.liveBytes;
    }
    const open = {
      bytes: Math.max(0, openBytes),
      liveBytes: Math.max(0, openLiveBytes),
      minValueIndex: host.minOpenValueIndex(),
    };
    return factsOf(sealed, open, ({ id }) => id <= idMax && !this.#damaged.has(id));
  }

  #find(ids: readonly number[]): SealedSegmentStats[] {
    const wanted = new Set(ids);
    const found = this.#host.sealedSegments().filter(({ id }) => wanted.has(id));
    if (found.length !== wanted.size) {
      throw new Error(`compaction: of segments ${ids.join(', ')} only ${found.length} are sealed`);
    }
    return found;
  }

  /** Summed over all segments, so not for every question anew. */
  #paceState(nowMs: number): PaceState {
    if (this.#paced !== null && nowMs - this.#pacedAtMs < PACE_STATE_MS) return this.#paced;
    this.#pacedAtMs = nowMs;
    this.#paced = {
      logBytes: this.#host.logBytes(),
      liveBytes: this.#host.liveBytes(),
      diskRatioMax: this.#options.diskRatioMax,
      roomBytes: this.#host.freeBytes(),
      reserveBytes: this.#options.reserveBytes,
    };
    return this.#paced;
  }
}

function slotsOf(segments: readonly SealedSegmentStats[]): number[] {
  return segments.map(({ slot }) => slot);
}

