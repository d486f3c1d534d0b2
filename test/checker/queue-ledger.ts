/**
 * What became of each element of work queues, into which each is pushed once:
 *
 * - none is taken twice, or was refused and is taken all the same;
 * - what was pushed is taken, or still there, but for at most as many as consumers may have taken
 *   whose replies never came: those whose connection ended, or who were told UNKNOWN.
 */

/** Elements that are named in a failure. */
const SHOWN = 5;

export class QueueLedger {
  readonly #pushed = new Set<string>();
  readonly #maybe = new Set<string>();
  readonly #refused = new Set<string>();
  readonly #taken = new Set<string>();
  #elements = 0;
  /** What consumers may have taken whose replies never came. */
  lossesMax = 0;
  readonly #fail: (text: string) => void;

  constructor(fail: (text: string) => void) {
    this.#fail = fail;
  }

  get taken(): number {
    return this.#taken.size;
  }

  element(): string {
    this.#elements += 1;
    return `e${this.#elements}`;
  }

  onPushed(elements: readonly string[], outcome: 'made' | 'refused' | 'unknown'): void {
    const known = { made: this.#pushed, refused: this.#refused, unknown: this.#maybe }[outcome];
    for (const element of elements) {
      known.add(element);
      if (outcome === 'refused' && this.#taken.has(element)) {
        this.#fail(`${element} was refused and is taken`);
      }
    }
  }

  onTaken(element: string, by: string): void {
    if (this.#taken.has(element)) this.#fail(`${by} took ${element}, which was taken before`);
    if (this.#refused.has(element)) this.#fail(`${by} took ${element}, which was refused`);
    this.#taken.add(element);
  }

  /** `left`: all that the lists hold when nothing is on its way. */
  check(left: readonly string[]): void {
    const there = new Set(left);
    if (there.size < left.length) this.#fail('an element is in the lists twice');
    for (const element of left) {
      if (this.#taken.has(element)) this.#fail(`${element} was taken and is there`);
      if (this.#refused.has(element)) this.#fail(`${element} was refused and is there`);
    }
    const lost = [...this.#pushed].filter((each) => !this.#taken.has(each) && !there.has(each));
    if (lost.length <= this.lossesMax) return;
    this.#fail(`${lost.length} elements are lost, where consumers may have taken at most ` +
      `${this.lossesMax} without a reply: ${lost.slice(0, SHOWN).join(', ')}`);
  }
}
