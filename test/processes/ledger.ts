/**
 * A hash to which every field is added once: what it must hold, and must not hold, is known without
 * a search. It catches what histories of short-lived keys may miss, a lost write of long ago.
 */

import type { Outcome } from './asking.ts';

export const LEDGER_KEY = 'ledger';

/** Fields that are named in a failure. */
const SHOWN = 5;

export class Ledger {
  #fields = 0;
  readonly #acknowledged = new Set<string>();
  readonly #unknown = new Set<string>();

  /** The next request, and the field that it adds. */
  next(): readonly [field: string, words: readonly string[]] {
    const field = String(++this.#fields);
    return [field, ['HSET', LEDGER_KEY, field, '']];
  }

  record(field: string, outcome: Outcome): void {
    if (outcome.kind === 'unknown') this.#unknown.add(field);
    if (outcome.kind !== 'answered') return;
    if (outcome.reply !== 1) throw new Error(`field ${field} was added twice`);
    this.#acknowledged.add(field);
  }

  get acknowledged(): number {
    return this.#acknowledged.size;
  }

  /** Once no request is under way: all acknowledged are there, and nothing that was refused. */
  mustAgreeWith(fields: readonly string[]): void {
    const held = new Set(fields);
    const lost = [...this.#acknowledged].filter((field) => !held.has(field));
    if (lost.length > 0) throw new Error(`${lost.length} acknowledged are lost: ${show(lost)}`);
    const known = (field: string): boolean => {
      return this.#acknowledged.has(field) || this.#unknown.has(field);
    };
    const wrong = fields.filter((field) => !known(field));
    if (wrong.length > 0) throw new Error(`${wrong.length} refused are there: ${show(wrong)}`);
  }
}

function show(fields: readonly string[]): string {
  return fields.slice(0, SHOWN).join(', ');
}
