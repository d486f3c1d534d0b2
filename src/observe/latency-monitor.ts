/**
 * LATENCY: for each kind of event that took longer than a threshold, its last samples.
 *
 * Bounded by LATENCY_EVENTS_MAX kinds of LATENCY_SAMPLES_MAX samples. Several samples in one second
 * are one, with the longest time. Times are passed in.
 */

import type { LatencyEvent, LatencyPort } from '../commands/server-port.ts';

/**
 * Kinds of events that LATENCY tells apart: the code names each, so this only catches a mistake.
 */
export const LATENCY_EVENTS_MAX = 64;

/** Samples that LATENCY keeps of each; as Redis. */
export const LATENCY_SAMPLES_MAX = 160;

interface Sample {
  /** Seconds since the epoch. */
  readonly at: number;
  readonly ms: number;
}

interface History {
  samples: Sample[];
  maxMs: number;
}

export class LatencyMonitor implements LatencyPort {
  /** Events that took at least so long are recorded; 0 = none. */
  thresholdMs = 0;
  readonly #events = new Map<string, History>();

  isSlow(ms: number): boolean {
    return this.thresholdMs > 0 && ms >= this.thresholdMs;
  }

  /** `nowMs` since the epoch. The caller has asked isSlow. */
  record(event: string, nowMs: number, ms: number): void {
    let history = this.#events.get(event);
    if (history === undefined) {
      if (this.#events.size >= LATENCY_EVENTS_MAX) return;
      this.#events.set(event, (history = { samples: [], maxMs: 0 }));
    }
    const { samples } = history;
    const at = Math.floor(nowMs / 1000);
    const last = samples.at(-1);
    if (last?.at === at) samples[samples.length - 1] = { at, ms: Math.max(ms, last.ms) };
    else samples.push({ at, ms });
    if (samples.length > LATENCY_SAMPLES_MAX) samples.shift();
    history.maxMs = Math.max(history.maxMs, ms);
  }

  /** All events, each with its samples; the newest sample is the last. */
  latest(): readonly LatencyEvent[] {
    return [...this.#events].map(([event, history]) => ({ event, ...history }));
  }

  history(event: string): LatencyEvent | undefined {
    const history = this.#events.get(event);
    return history === undefined ? undefined : { event, ...history };
  }

  reset(events: readonly string[]): number {
    let removed = 0;
    const names = events.length === 0 ? [...this.#events.keys()] : events;
    for (const name of names) if (this.#events.delete(name)) removed++;
    return removed;
  }
}
