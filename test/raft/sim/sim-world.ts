/**
 * Virtual time and chance for a simulated cluster: a queue of what happens when, run in order.
 * Nothing in the simulation looks at a real clock, so a seed decides everything.
 */

import { Random } from '../../../src/lib/random.ts';

interface Happening {
  readonly atMs: number;
  readonly number: number;
  readonly run: () => void;
}

/** So much at one moment means that something sets itself going again and again. */
const SAME_TIME_MAX = 20_000;

export class SimWorld {
  readonly random: Random;
  nowMs = 0;
  /** Happenings so far. */
  steps = 0;
  #heap: Happening[] = [];
  #made = 0;
  #sameTime = 0;

  constructor(seed: number) {
    this.random = new Random(0x51b0, seed);
  }

  /** `run` happens `delayMs` from now; of two at one time, the one that was set first. */
  after(delayMs: number, run: () => void): void {
    const heap = this.#heap;
    const one: Happening = { atMs: this.nowMs + delayMs, number: this.#made++, run };
    let at = heap.length;
    heap.push(one);
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if (!isBefore(one, heap[parent]!)) break;
      heap[at] = heap[parent]!;
      at = parent;
    }
    heap[at] = one;
  }

  /** Lets time pass up to `untilMs`, or until `isDone`. */
  run(untilMs: number, isDone: () => boolean = () => false): void {
    while (!isDone()) {
      const next = this.#heap[0];
      if (next === undefined || next.atMs > untilMs) {
        this.nowMs = untilMs;
        return;
      }
      this.#pop();
      this.#sameTime = next.atMs === this.nowMs ? this.#sameTime + 1 : 0;
      if (this.#sameTime > SAME_TIME_MAX) throw new Error('virtual time stands still');
      this.nowMs = next.atMs;
      this.steps++;
      next.run();
    }
  }

  // ---- Chance -----------------------------------------------------------------------------------

  chance(probability: number): boolean {
    return this.random.float() < probability;
  }

  /** Uniform from `min` to `max`. */
  between(min: number, max: number): number {
    return min + (max - min) * this.random.float();
  }

  /** Exponential, with this mean. */
  around(mean: number): number {
    return -Math.log(1 - this.random.float()) * mean;
  }

  pick<T>(choices: readonly T[]): T {
    const choice = choices[this.random.below(choices.length)];
    if (choice === undefined) throw new Error('assertion failed: nothing to pick from');
    return choice;
  }

  #pop(): void {
    const heap = this.#heap;
    const last = heap.pop()!;
    if (heap.length === 0) return;
    let at = 0;
    for (;;) {
      let child = 2 * at + 1;
      if (child >= heap.length) break;
      if (child + 1 < heap.length && isBefore(heap[child + 1]!, heap[child]!)) child++;
      if (!isBefore(heap[child]!, last)) break;
      heap[at] = heap[child]!;
      at = child;
    }
    heap[at] = last;
  }
}

function isBefore(a: Happening, b: Happening): boolean {
  return a.atMs < b.atMs || (a.atMs === b.atMs && a.number < b.number);
}
