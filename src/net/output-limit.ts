/**
 * Whether a client's unsent replies pass its limits: the hard one at once, the soft one in time.
 */

export interface OutputLimits {
  /** Bytes; 0 = no limit. */
  readonly hardBytes: number;
  readonly softBytes: number;
  /** How long the soft limit may be passed without a break. */
  readonly softSeconds: number;
}

export class OutputLimit {
  /** When the soft limit was passed, ms since the epoch; -1 = it is not. */
  #softSince = -1;

  /** `clock` is read only when it matters. */
  isPassed(bytes: number, limits: OutputLimits, clock: { nowMs(): number }): boolean {
    if (limits.hardBytes > 0 && bytes > limits.hardBytes) return true;
    if (limits.softBytes === 0 || bytes <= limits.softBytes) {
      this.#softSince = -1;
      return false;
    }
    const nowMs = clock.nowMs();
    if (this.#softSince < 0 || this.#softSince > nowMs) this.#softSince = nowMs;
    return nowMs - this.#softSince > limits.softSeconds * 1000;
  }
}
