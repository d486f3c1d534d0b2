/** Rates for INFO: commands and bytes a second, over the last samples. */

/** Samples over which INFO's rates are taken: 1.6 seconds at the default `hz`, as in Redis. */
const RATE_SAMPLES = 16;

export interface RateCounters {
  readonly calls: number;
  readonly bytesIn: number;
  readonly bytesOut: number;
}

interface Sample extends RateCounters {
  readonly atMs: number;
}

export class Rates {
  readonly #read: () => RateCounters;
  #samples: Sample[] = [];

  constructor(read: () => RateCounters) {
    this.#read = read;
  }

  /** `nowMs` by a clock that never goes back. */
  sample(nowMs: number): void {
    const { calls, bytesIn, bytesOut } = this.#read();
    this.#samples.push({ atMs: nowMs, calls, bytesIn, bytesOut });
    if (this.#samples.length > RATE_SAMPLES) this.#samples.shift();
  }

  perSecond(): RateCounters {
    const first = this.#samples[0];
    const last = this.#samples.at(-1);
    if (first === undefined || last === undefined || last.atMs <= first.atMs) {
      return { calls: 0, bytesIn: 0, bytesOut: 0 };
    }
    const seconds = (last.atMs - first.atMs) / 1000;
    return {
      calls: Math.max(0, last.calls - first.calls) / seconds,
      bytesIn: Math.max(0, last.bytesIn - first.bytesIn) / seconds,
      bytesOut: Math.max(0, last.bytesOut - first.bytesOut) / seconds,
    };
  }
}
