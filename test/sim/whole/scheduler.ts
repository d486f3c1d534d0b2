/**
 * Virtual time and the one queue of everything that will happen. Events run in the order of their
 * times, equal ones in the order in which they were planned. Time stands while one runs.
 *
 * Each event has a turn of the real event loop to itself, so all promises that it settles go on
 * before the next one. No other real timer, socket or file is used.
 */

export interface Planned {
  readonly atMs: number;
  readonly number: number;
  /** Undefined once it has run or was cancelled. */
  run: (() => void) | undefined;
}

/** Events that are handed to the real event loop at once; one by one would poll it each time. */
const TURNS_AT_ONCE = 256;

export class Scheduler {
  nowMs = 0;
  /** Events run so far. */
  steps = 0;
  readonly #heap: Planned[] = [];
  #planned = 0;

  /** Runs `run` at `atMs`, or now if that is past; never before returning. */
  at(atMs: number, run: () => void): Planned {
    const planned = { atMs: Math.max(atMs, this.nowMs), number: this.#planned++, run };
    push(this.#heap, planned);
    return planned;
  }

  after(delayMs: number, run: () => void): Planned {
    return this.at(this.nowMs + Math.max(0, delayMs), run);
  }

  cancel(planned: Planned): void {
    planned.run = undefined;
  }

  async sleep(ms: number): Promise<void> {
    await new Promise<void>((resolve) => void this.after(ms, resolve));
  }

  /**
   * Runs what there is until `isOver` says so, or nothing is planned any more. What an event throws
   * is thrown here.
   */
  run(isOver: () => boolean): Promise<void> {
    return new Promise((resolve, reject) => {
      let isEnded = false;
      let turnsLeft = 0;
      const turn = (): void => {
        turnsLeft -= 1;
        if (isEnded) return;
        try {
          if (isOver() || !this.#step()) {
            isEnded = true;
            return resolve();
          }
        } catch (error) {
          isEnded = true;
          return reject(error as Error);
        }
        if (turnsLeft === 0) more();
      };
      const more = (): void => {
        turnsLeft = TURNS_AT_ONCE;
        for (let i = 0; i < TURNS_AT_ONCE; i++) setImmediate(turn);
      };
      more();
    });
  }

  #step(): boolean {
    for (;;) {
      const next = pop(this.#heap);
      if (next === undefined) return false;
      const { run } = next;
      if (run === undefined) continue;
      next.run = undefined;
      this.nowMs = next.atMs;
      this.steps += 1;
      run();
      return true;
    }
  }
}

function isBefore(a: Planned, b: Planned): boolean {
  return a.atMs < b.atMs || (a.atMs === b.atMs && a.number < b.number);
}

/** A binary heap: the next event is first. */
function push(heap: Planned[], planned: Planned): void {
  let at = heap.length;
  heap.push(planned);
  while (at > 0) {
    const above = (at - 1) >> 1;
    if (!isBefore(planned, heap[above]!)) break;
    heap[at] = heap[above]!;
    at = above;
  }
  heap[at] = planned;
}

function pop(heap: Planned[]): Planned | undefined {
  const first = heap[0];
  const last = heap.pop();
  if (first === undefined || last === undefined || heap.length === 0) return first;
  let at = 0;
  for (;;) {
    let below = at * 2 + 1;
    if (below >= heap.length) break;
    if (below + 1 < heap.length && isBefore(heap[below + 1]!, heap[below]!)) below += 1;
    if (!isBefore(heap[below]!, last)) break;
    heap[at] = heap[below]!;
    at = below;
  }
  heap[at] = last;
  return first;
}
