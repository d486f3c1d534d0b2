/** The pause of a client before it does something next: one at a time, however often it is asked. */

import type { Chance } from './chance.ts';
import type { ClientHost } from './client-host.ts';

export class ThinkTime {
  readonly #host: ClientHost;
  readonly #chance: Chance;
  readonly #meanMs: number;
  readonly #act: () => void;
  #isThinking = false;

  constructor(host: ClientHost, chance: Chance, meanMs: number, act: () => void) {
    this.#host = host;
    this.#chance = chance;
    this.#meanMs = meanMs;
    this.#act = act;
  }

  begin(): void {
    if (this.#isThinking) return;
    this.#isThinking = true;
    this.#host.after(this.#chance.wait(this.#meanMs), () => {
      this.#isThinking = false;
      this.#act();
    });
  }
}
