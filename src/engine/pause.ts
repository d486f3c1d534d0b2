/**
 * CLIENT PAUSE, and times in which the server itself can run nothing: requests that arrive
 * meanwhile wait, and none is lost.
 */

import type { TableEntry } from '../commands/table.ts';
import type { Clock, Timer } from '../io/clock.ts';
import type { Session } from '../session/session.ts';

export class Pause {
  readonly #clock: Clock;
  #untilMs = 0;
  #writesOnly = false;
  #timer: Timer | undefined;
  #wait: Promise<void> | undefined;
  #end = (): void => {};
  #held: Promise<void> | undefined;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Milliseconds since the epoch; a pause under way is only ever lengthened, as in Redis. */
  begin(untilMs: number, writesOnly: boolean): void {
    const lasting = this.#wait !== undefined;
    this.#writesOnly = lasting ? this.#writesOnly && writesOnly : writesOnly;
    this.#untilMs = Math.max(lasting ? this.#untilMs : 0, untilMs);
    this.#wait ??= new Promise((resolve) => (this.#end = resolve));
    if (this.#timer !== undefined) this.#clock.clearTimer(this.#timer);
    const delayMs = this.#untilMs - this.#clock.nowMs();
    this.#timer = this.#clock.setTimer(delayMs, () => this.finish());
  }

  finish(): void {
    if (this.#timer !== undefined) this.#clock.clearTimer(this.#timer);
    this.#timer = undefined;
    this.#wait = undefined;
    this.#end();
  }

  /** Holds everything, whatever pauses there are, until the returned function is called. */
  hold(): () => void {
    if (this.#held !== undefined) throw new Error('assertion failed: it is held already');
    let release = (): void => {};
    this.#held = new Promise((resolve) => (release = resolve));
    return () => {
      this.#held = undefined;
      release();
    };
  }

  /** Everything is held until then; see `hold`. */
  get held(): Promise<void> | undefined {
    return this.#held;
  }

  /** What this command has to wait for, or undefined. */
  waitFor(entry: TableEntry, session: Session): Promise<void> | undefined {
    if (this.#held !== undefined) return this.#held;
    if (this.#wait === undefined) return undefined;
    if (!this.#writesOnly) return this.#wait;
    const writes = entry.mayReplicate || (entry.runsQueued && queuesWrites(session));
    return writes ? this.#wait : undefined;
  }
}

function queuesWrites(session: Session): boolean {
  return session.transaction.queue.some(({ entry }) => entry.mayReplicate);
}
