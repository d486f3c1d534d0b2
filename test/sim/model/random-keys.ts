/** The names of one client's keys: a few of each kind, so that commands collide. */

import type { RandomValues } from './random-values.ts';

export type KeyKind = 's' | 'h' | 'l' | 'm' | 'z' | 'x' | 'f' | 'p';

const COUNTS: Readonly<Record<KeyKind, number>> = {
  s: 7, h: 5, l: 5, m: 5, z: 5, x: 3, f: 2, p: 4,
};
const OTHER_KIND_PERCENT = 6;

export class RandomKeys {
  readonly #prefix: string;
  readonly #values: RandomValues;
  readonly #names = new Map<KeyKind, string[]>();
  #replaced = 0;

  constructor(prefix: string, values: RandomValues) {
    this.#prefix = prefix;
    this.#values = values;
    for (const [kind, count] of Object.entries(COUNTS)) {
      const names = Array.from({ length: count }, (_, i) => `${prefix}${kind}${i}`);
      this.#names.set(kind as KeyKind, names);
    }
  }

  get prefix(): string {
    return this.#prefix;
  }

  /** Mostly a key of this kind. One for floats or HyperLogLogs never stands in for another. */
  key(kind: KeyKind): string {
    if (kind === 'f' || kind === 'p' || !this.#values.chance(OTHER_KIND_PERCENT)) return this.#of(kind);
    return this.any();
  }

  /** A key that may have any value but those two. */
  any(): string {
    return this.#of(this.#values.pick(['s', 's', 'h', 'l', 'm', 'z', 'x']));
  }

  replace(name: string): void {
    for (const [kind, names] of this.#names) {
      const at = names.indexOf(name);
      if (at >= 0) names[at] = this.#fresh(kind);
    }
  }

  replaceAll(): void {
    for (const [kind, names] of this.#names) {
      this.#names.set(kind, names.map(() => this.#fresh(kind)));
    }
  }

  #of(kind: KeyKind): string {
    return this.#values.pick(this.#names.get(kind)!);
  }

  #fresh(kind: KeyKind): string {
    return `${this.#prefix}${kind}-${++this.#replaced}`;
  }
}
