/**
 * How far one connection's requests have come: those that were prefetched but not run, those that
 * were proposed but not answered. Requests that wait otherwise stay undecoded.
 */

export class RequestProgress {
  /** So many of the next requests need not wait for the disk any more. */
  #prefetched = 0;
  #release: (() => void) | undefined;
  /** The next write has been slowed already, because the disk is nearly full. */
  isDelayed = false;
  /** How often the next request has looked for a higher feature level. */
  levelLooks = 0;
  /** Requests that were proposed and have no reply yet, and when the last of them has it. */
  due = 0;
  replied: Promise<void> | undefined;
  /**
   * Nothing goes ahead of the reply of one of them: it decides in which database those behind it
   * run, or it may wait.
   */
  holdsBack = false;
  /** Why the next read may not be answered: the whole text of an error. */
  readFailure: string | undefined;

  get prefetched(): number {
    return this.#prefetched;
  }

  /** The keys of the next `count` requests are in RAM until `release` is called. */
  onPrefetched(count: number, release: (() => void) | undefined): void {
    this.#release?.();
    this.#prefetched = count;
    this.#release = release;
  }

  /** So many requests were taken. */
  took(count: number): void {
    this.isDelayed = false;
    this.levelLooks = 0;
    if (this.#prefetched === 0) return;
    this.#prefetched = Math.max(0, this.#prefetched - count);
    if (this.#prefetched === 0) this.forget();
  }

  /** What was prefetched may go: its requests ran, or never will. */
  forget(): void {
    this.#prefetched = 0;
    this.#release?.();
    this.#release = undefined;
  }
}
