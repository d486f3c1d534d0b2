/**
 * Seals segments that the writer has left: waits until they are durable, makes their hints, lists
 * them as sealed in the manifest. One at a time, in the background, in short slices.
 *
 * A segment that cannot be sealed now (disk full, manifest not written) stays as it is: recovery
 * reads it whole, like the tail. A segment that turns out to be damaged is reported and sealed all
 * the same.
 */

import type { Clock } from '../io/clock.ts';
import type { Files } from '../io/files.ts';
import type { KeyHashSeed } from '../lib/key-hash.ts';
import { SEAL_WAIT_MS, SLICE_MS } from '../limits.ts';
import { inlineHintMaker, type HintMaker } from './hint-maker.ts';
import type { LogWriter } from './log-writer.ts';
import type { ManifestKeeper } from './manifest-keeper.ts';
import type { LogSegment } from './segment.ts';
import { StoreError } from './store-error.ts';

export interface SealerOptions {
  readonly files: Files;
  readonly clock: Clock;
  readonly dir: string;
  readonly seed: KeyHashSeed;
  readonly keeper: ManifestKeeper;
  /** By default hints are made on this thread. */
  readonly hints?: HintMaker | undefined;
  readonly onDamage: (error: StoreError) => void;
  readonly onProblem: (what: string, error: unknown) => void;
}

export class Sealer {
  readonly #options: SealerOptions;
  readonly #hints: HintMaker;
  readonly #queue: LogSegment[] = [];
  #running: Promise<void> | undefined;
  #isStopping = false;
  #sliceEndMs = 0;

  constructor(options: SealerOptions) {
    this.#options = options;
    const { files, hints } = options;
    this.#hints = hints ?? inlineHintMaker(files, () => this.#pause(false));
  }

  add(log: LogSegment, writer: LogWriter): void {
    this.#queue.push(log);
    this.#running ??= this.#run(writer).finally(() => {
      this.#running = undefined;
    });
  }

  /** Ends when every segment added so far is sealed, or cannot be. */
  async idle(): Promise<void> {
    while (this.#running !== undefined) await this.#running;
  }

  /** Hints are not made any more: a stop must be quick, and the checkpoint makes up for them. */
  hurry(): void {
    this.#isStopping = true;
    void this.#hints.close();
  }

  async #run(writer: LogWriter): Promise<void> {
    for (let log = this.#queue[0]; log !== undefined; log = this.#queue[0]) {
      try {
        await this.#seal(log, writer);
      } catch (error) {
        this.#options.onProblem(`cannot seal ${log.segment.path}`, error);
      }
      this.#queue.shift();
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
    if (!this.#isStopping) await this.#makeHint(log);
    log.segment.state = 'sealed';
    await this.#options.keeper.changed();
  }

  async #makeHint({ segment }: LogSegment): Promise<void> {
    const { dir, seed, onDamage, onProblem } = this.#options;
    try {
      await this.#hints.make({ dir, seed, path: segment.path, summary: segment.summary() });
    } catch (error) {
      if (error instanceof StoreError) onDamage(error);
      else if (!this.#isStopping) onProblem(`cannot write the hint of ${segment.path}`, error);
    }
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
