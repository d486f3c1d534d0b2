/**
 * The write gate of a server with peers, for replies: a write that was ordered is made on the other
 * peers whatever becomes of this one's log, so a reply that the log does not back says UNKNOWN, not
 * MISCONF. What is refused before it is ordered is asked of the gate behind this one.
 */

import type { WriteGate } from '../write-gate.ts';

export class OrderedGate implements WriteGate {
  readonly #gate: WriteGate;

  constructor(gate: WriteGate) {
    this.#gate = gate;
  }

  get refusal(): string | undefined {
    return this.#gate.refusal;
  }

  get memoryRefusal(): string | undefined {
    return this.#gate.memoryRefusal;
  }

  get writeDelayMs(): number {
    return this.#gate.writeDelayMs;
  }

  get acknowledged(): number {
    return this.#gate.acknowledged;
  }

  commit(): number {
    return this.#gate.commit();
  }

  onAcknowledged(listener: () => void): void {
    this.#gate.onAcknowledged(listener);
  }

  onFailure(listener: (text: string) => void): void {
    this.#gate.onFailure((text) => {
      const reason = text.replace(/^[A-Z]+ /, '');
      listener('UNKNOWN this was ordered, and is made or will be made by the other peers; this ' +
        `peer takes no part any more until it is started again: ${reason}`);
    });
  }
}
