/**
 * Virtual time: it passes only when a test says so. Timers fire in the order of their times, equal
 * ones in the order in which they were set; while one runs, the clock stands at its time, or later
 * when the thread was stalled then.
 */

import type { Clock, Timer } from '../../src/io/clock.ts';

type SimTimer = { readonly dueMs: number; readonly number: number; readonly fn: () => void };

/** A wall time that no test should mean by accident: 2026-01-01T00:00:00Z. */
const DEFAULT_WALL_MS = Date.UTC(2026, 0, 1);

export class SimClock implements Clock {
  #monotonicMs = 0;
  #wallOffsetMs: number;
  #timersMade = 0;
  readonly #timers = new Set<SimTimer>();

  constructor(wallMs: number = DEFAULT_WALL_MS) {
    this.#wallOffsetMs = wallMs;
  }

  nowMs(): number {
    return Math.floor(this.#monotonicMs + this.#wallOffsetMs);
  }

  monotonicMs(): number {
    return this.#monotonicMs;
  }

  setTimer(delayMs: number, fn: () => void): Timer {
    this.#timersMade += 1;
    const dueMs = this.#monotonicMs + Math.max(0, delayMs);
    const timer: SimTimer = { dueMs, number: this.#timersMade, fn };
    this.#timers.add(timer);
    return timer as unknown as Timer;
  }

  clearTimer(timer: Timer): void {
    this.#timers.delete(timer as unknown as SimTimer);
  }

  soon(fn: () => void): void {
    setImmediate(fn);
  }

  /** How long until the next timer, or null when there is none. */
  nextTimerMs(): number | null {
    const next = this.#nextTimer();
    return next === null ? null : Math.max(0, next.dueMs - this.#monotonicMs);
  }

  /** Lets `ms` pass and fires what falls due, timers set meanwhile included. */
  advance(ms: number): void {
    const untilMs = this.#monotonicMs + ms;
    while (this.#fireNext(untilMs)) { /* one after the other */ }
    this.#monotonicMs = untilMs;
  }

  /** The same, and between two timers lets promises and simulated I/O go on. */
  async advanceGently(ms: number): Promise<void> {
    const untilMs = this.#monotonicMs + ms;
    await ticks();
    while (this.#fireNext(untilMs)) await ticks();
    this.#monotonicMs = untilMs;
  }

  /** Lets time pass, so many milliseconds at once, until the work has ended, and gives its result. */
  async passUntil<T>(work: Promise<T>, stepMs = 3): Promise<T> {
    const progress = { isDone: false };
    const end = (): void => void (progress.isDone = true);
    work.then(end, end);
    while (!progress.isDone) await this.advanceGently(stepMs);
    return await work;
  }

  /** Lets `ms` pass in which no timer can fire, as while a command runs; they are late then. */
  stall(ms: number): void {
    this.#monotonicMs += ms;
  }

  /** Somebody sets the machine's clock: the wall jumps, durations do not notice. */
  jumpWall(ms: number): void {
    this.#wallOffsetMs += ms;
  }

  #fireNext(untilMs: number): boolean {
    const timer = this.#nextTimer();
    if (timer === null || timer.dueMs > untilMs) return false;
    this.#timers.delete(timer);
    this.#monotonicMs = Math.max(this.#monotonicMs, timer.dueMs);
    timer.fn();
    return true;
  }

  #nextTimer(): SimTimer | null {
    let next: SimTimer | null = null;
    for (const timer of this.#timers) {
      if (next === null || isBefore(timer, next)) next = timer;
    }
    return next;
  }
}

function isBefore(a: SimTimer, b: SimTimer): boolean {
  return a.dueMs < b.dueMs || (a.dueMs === b.dueMs && a.number < b.number);
}

/** Turns of the event loop that a chain of a few simulated disk operations may need. */
const GENTLE_TURNS = 10;

async function ticks(): Promise<void> {
  for (let turn = 0; turn < GENTLE_TURNS; turn++) {
    await new Promise<void>((resolve) => {
      setImmediate(resolve);
    });
  }
}
