/**
 * Which fields of hashes one execution sees. All its lookups have one time, so fields with one
 * expiry are there or gone together.
 */

import type { Choices } from './choices.ts';
import type { Window } from './execution.ts';
import type { Expiry, Field, Hash } from './value.ts';

export class Lifetimes {
  readonly #choices: Choices;
  readonly #window: Window;
  readonly #isDeathFinal: boolean;
  /** Of expiries that this execution has asked for: what they are known to be since. */
  readonly #settled = new Map<Expiry, Expiry>();
  readonly #over = new Set<Expiry>();

  constructor(choices: Choices, window: Window, isDeathFinal: boolean) {
    this.#choices = choices;
    this.#window = window;
    this.#isDeathFinal = isDeathFinal;
  }

  /** The hash with what is known now of when its fields expire; the same if nothing is new. */
  settle(hash: Hash): Hash {
    let settled: Map<string, Field> | undefined;
    for (const [name, field] of hash) {
      if (field.expiry === undefined) continue;
      const expiry = this.#settle(field.expiry);
      if (expiry === field.expiry) continue;
      settled ??= new Map(hash);
      settled.set(name, { ...field, expiry });
    }
    return settled ?? hash;
  }

  /** The fields of a settled hash that are there. */
  left(hash: Hash): Hash {
    const isOver = ({ expiry }: Field): boolean => expiry !== undefined && this.#isOver(expiry);
    if (![...hash.values()].some(isOver)) return hash;
    return new Map([...hash].filter(([, field]) => !isOver(field)));
  }

  #isOver(expiry: Expiry): boolean {
    return this.#over.has(expiry) || expiry.latestMs < this.#window.earliestMs;
  }

  #settle(expiry: Expiry): Expiry {
    const { earliestMs, latestMs } = this.#window;
    if (latestMs < expiry.earliestMs || earliestMs > expiry.latestMs) return expiry;
    const known = this.#settled.get(expiry);
    if (known !== undefined) return known;
    const isThere = this.#choices.choose();
    const settled = isThere
      ? { ...expiry, earliestMs: Math.max(expiry.earliestMs, earliestMs) }
      : { ...expiry, latestMs: this.#isDeathFinal ? -Infinity : Math.min(expiry.latestMs, latestMs) };
    if (!isThere) this.#over.add(settled);
    this.#settled.set(expiry, settled);
    this.#settled.set(settled, settled);
    return settled;
  }
}
