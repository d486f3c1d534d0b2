/**
 * One running process on a simulated machine: its turns, its clocks, and whether it still lives.
 *
 * Whatever calls into a process (a timer, the disk, a socket) does so through `plan`. One that was
 * killed is never called again, so its promises stay where they are, as after a real kill -9.
 *
 * The processor: an event takes a little time, and each look at the clock a little more; now and
 * then an event takes long, as with a garbage collection. Meanwhile other events of the process
 * wait. So work that is cut in slices by the clock is cut in the simulator as well.
 */

import type { Clock, Timer } from '../../../src/io/clock.ts';
import type { Chance } from './chance.ts';
import type { Planned, Scheduler } from './scheduler.ts';

/** What the machine's clocks show; they may run fast, slow, or be set. */
export interface MachineClock {
  wallMs(): number;
  monotonicMs(): number;
  /** How long until its monotonic clock has gone on by `ms`, in virtual time. */
  untilMs(ms: number): number;
}

/** What a process has to do: at a time, or when its processor is free. */
export interface Work {
  /** Undefined once it was done or cancelled. */
  run: (() => void) | undefined;
  planned: Planned | undefined;
}

const EVENT_MS = 0.004;
const CLOCK_READ_MS = 0.002;
const SOON_MS = 0.02;
const TIMER_LATE_MS_MAX = 1;
const LONG_EVENT_ONE_IN = 4000;
const LONG_EVENT_MS_MAX = 60;

export class SimProcess implements Clock {
  isAlive = true;
  readonly scheduler: Scheduler;
  readonly chance: Chance;
  readonly #machine: MachineClock;
  readonly #onDeath: (() => void)[] = [];
  /** The processor is free for its next event. */
  #freeAtMs = 0;
  /** What the event that runs has taken so far. */
  #usedMs = 0;
  #isRunning = false;
  /** Due, and waiting for the processor, in this order. */
  readonly #waiting: Work[] = [];

  constructor(scheduler: Scheduler, chance: Chance, machine: MachineClock) {
    this.scheduler = scheduler;
    this.chance = chance;
    this.#machine = machine;
  }

  /** Runs `run` in the process, at `atMs` or when its processor is free. */
  plan(atMs: number, run: () => void): Work {
    const work: Work = { run, planned: undefined };
    work.planned = this.scheduler.at(atMs, () => this.#onDue(work));
    return work;
  }

  /** Runs `run` as part of the event that happens now, if the processor is free, or when it is. */
  enter(run: () => void): void {
    if (this.#isRunning) this.plan(this.scheduler.nowMs, run);
    else this.#onDue({ run, planned: undefined });
  }

  /** Nothing of it runs for so long, as with SIGSTOP or a machine that swaps. */
  pause(ms: number): void {
    this.#freeAtMs = Math.max(this.#freeAtMs, this.scheduler.nowMs + ms);
  }

  /** The event that runs takes so much longer. */
  spend(ms: number): void {
    this.#usedMs += ms;
  }

  onDeath(act: () => void): void {
    this.#onDeath.push(act);
  }

  /** Ends it without a word to itself. */
  kill(): void {
    if (!this.isAlive) return;
    this.isAlive = false;
    for (const act of this.#onDeath.splice(0)) act();
  }

  // ---- Clock ------------------------------------------------------------------------------------

  nowMs(): number {
    this.#usedMs += CLOCK_READ_MS;
    return Math.floor(this.#machine.wallMs() + this.#usedMs);
  }

  monotonicMs(): number {
    this.#usedMs += CLOCK_READ_MS;
    return this.#machine.monotonicMs() + this.#usedMs;
  }

  setTimer(delayMs: number, fn: () => void): Timer {
    const waitMs = this.#machine.untilMs(Math.max(0, delayMs));
    const lateMs = this.chance.between(0, TIMER_LATE_MS_MAX);
    return this.plan(this.scheduler.nowMs + waitMs + lateMs, fn) as unknown as Timer;
  }

  clearTimer(timer: Timer): void {
    const work = timer as unknown as Work;
    work.run = undefined;
    if (work.planned !== undefined) this.scheduler.cancel(work.planned);
  }

  soon(fn: () => void): void {
    this.plan(this.scheduler.nowMs + SOON_MS, fn);
  }

  // -----------------------------------------------------------------------------------------------

  #onDue(work: Work): void {
    if (!this.isAlive) return;
    if (this.#waiting.length === 0 && this.#freeAtMs <= this.scheduler.nowMs) {
      return this.#run(work);
    }
    this.#waiting.push(work);
    if (this.#waiting.length === 1) this.#awaitProcessor();
  }

  /** Each that waits has a turn of its own. */
  #awaitProcessor(): void {
    this.scheduler.at(this.#freeAtMs, () => {
      if (!this.isAlive) return;
      if (this.#freeAtMs > this.scheduler.nowMs) return this.#awaitProcessor();
      const work = this.#waiting.shift()!;
      this.#run(work);
      if (this.#waiting.length > 0) this.#awaitProcessor();
    });
  }

  #run(work: Work): void {
    const { run } = work;
    if (run === undefined) return;
    work.run = undefined;
    if (this.#isRunning) throw new Error('SimProcess: an event within an event');
    this.#isRunning = true;
    this.#usedMs = EVENT_MS;
    if (this.chance.oneIn(LONG_EVENT_ONE_IN)) {
      this.#usedMs += this.chance.between(0, LONG_EVENT_MS_MAX);
    }
    try {
      run();
    } catch (error) {
      // The power went in the middle of it.
      if (this.isAlive) throw error;
    } finally {
      this.#isRunning = false;
      this.#freeAtMs = Math.max(this.#freeAtMs, this.scheduler.nowMs + this.#usedMs);
    }
  }
}
