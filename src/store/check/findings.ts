/** The findings of one check of the index: each once, and not more than INDEX_FINDINGS_MAX. */

import { textOfBytes } from '../../lib/escaped-text.ts';
import { SHOWN_ARG_BYTES_MAX } from '../../commands/limits.ts';
import type { IndexFault, IndexFinding } from '../../keyspace/index-report.ts';

/** A check stops after so many findings: they have one cause, and the first ones show it. */
export const INDEX_FINDINGS_MAX = 100;

export class Findings {
  readonly #byText = new Map<string, IndexFinding>();

  get isFull(): boolean {
    return this.#byText.size >= INDEX_FINDINGS_MAX;
  }

  get all(): readonly IndexFinding[] {
    return [...this.#byText.values()];
  }

  add(fault: IndexFault, text: string): void {
    if (!this.isFull) this.#byText.set(text, { fault, text });
  }
}

/** A key as findings show it. */
export function shownKey(key: Buffer): string {
  return `'${textOfBytes(key, 0, Math.min(key.length, SHOWN_ARG_BYTES_MAX))}'`;
}
