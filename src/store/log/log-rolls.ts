/**
 * From one segment to the next: when the segment is full, and when others want a cut between what
 * is there and what comes.
 */

import type { LogAppender } from './log-appender.ts';
import type { LogFiles } from '../segments/log-files.ts';
import type { LogSegment } from '../segments/segment.ts';

export interface RollOwner {
  /** Throws if the log takes no more. */
  mustRun(): void;
  takeNext(): LogSegment;
}

export class LogRolls {
  readonly #files: LogFiles;
  readonly #appender: LogAppender;
  readonly #owner: RollOwner;
  readonly #atNextRoll: ((hasRolled: boolean) => void)[] = [];

  readonly #atFrameEnd: (() => void)[] = [];

  constructor(files: LogFiles, appender: LogAppender, owner: RollOwner) {
    this.#files = files;
    this.#appender = appender;
    this.#owner = owner;
  }

  /** A roll is waited for that only the end of a frame can bring. */
  get isAwaited(): boolean {
    return this.#atNextRoll.length > 0;
  }

  /** Goes on in the next segment at the next commit; false if this one has no record yet. */
  async roll(): Promise<boolean> {
    this.#owner.mustRun();
    const old = this.#appender.current;
    if (old.segment.records === 0) return false;
    while (old === this.#appender.current) {
      await this.#files.prepare(old);
      this.#owner.mustRun();
      if (old !== this.#appender.current) break;
      if (!this.#appender.isFrameOpen) this.#rollNow();
      else await this.#nextRoll();
      this.#owner.mustRun();
    }
    return true;
  }

  /**
   * Goes on in the next segment between two batches, and calls `atCut` in the same step: everything
   * that was committed by then, and nothing that comes later, is in the segments before `current`.
   * Rejects with the failure or the disk's error, or with CLOSED; then `atCut` was not called.
   */
  async cut(atCut: () => void): Promise<void> {
    const appender = this.#appender;
    for (;;) {
      this.#owner.mustRun();
      const isBetween = !appender.isFrameOpen;
      if (isBetween && appender.current.segment.records === 0) return atCut();
      if (!this.#files.isReady) {
        await this.#files.prepare(appender.current);
      } else if (isBetween) {
        this.#rollNow();
        return atCut();
      } else if (await this.#nextRoll(atCut)) return;
    }
  }

  /**
   * Rolls if the next segment is ready. If not, this one grows on: making a file here would block,
   * and on a full disk fail. Those who wait for the roll are called, and can make it ready.
   */
  maybeRoll(): void {
    if (this.#files.isReady) {
      this.#rollNow();
      return;
    }
    void this.#files.prepare(this.#appender.current).catch(() => undefined);
    this.endWaits(false);
  }

  /** Resolves at the end of the frame that is open. */
  frameEnd(): Promise<void> {
    return new Promise((resolve) => this.#atFrameEnd.push(resolve));
  }

  endFrameWaits(): void {
    if (this.#atFrameEnd.length === 0) return;
    for (const done of this.#atFrameEnd.splice(0)) done();
  }

  endWaits(hasRolled: boolean): void {
    for (const done of this.#atNextRoll.splice(0)) done(hasRolled);
  }

  #rollNow(): void {
    this.#appender.switchTo(this.#owner.takeNext());
    this.endWaits(true);
  }

  /** Waits for the open frame's end; `atRoll` is called in the step of the roll. False: no roll. */
  #nextRoll(atRoll: () => void = () => undefined): Promise<boolean> {
    return new Promise((resolve) => {
      this.#atNextRoll.push((hasRolled) => {
        if (hasRolled) atRoll();
        resolve(hasRolled);
      });
    });
  }
}
