/** The commands that were sent and have no reply yet, oldest first. */

export interface AskedCommand {
  readonly command: readonly string[];
  readonly sentMs: number;
}

export class InFlight {
  #asked: AskedCommand[] = [];
  #taken = 0;

  get count(): number {
    return this.#asked.length - this.#taken;
  }

  add(command: readonly string[], sentMs: number): void {
    this.#asked.push({ command, sentMs });
  }

  take(): AskedCommand | undefined {
    const asked = this.#asked[this.#taken];
    if (asked === undefined) return undefined;
    this.#taken++;
    if (this.#taken === this.#asked.length) {
      this.#asked = [];
      this.#taken = 0;
    }
    return asked;
  }

  takeAll(): AskedCommand[] {
    const all = this.#asked.slice(this.#taken);
    this.#asked = [];
    this.#taken = 0;
    return all;
  }
}
