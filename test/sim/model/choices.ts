/**
 * Every way in which something can go that depends on what is not known: whether a key had expired
 * when a command ran, say. The code that depends on it asks `choose` and runs once for each way:
 *
 *     const choices = new Choices();
 *     do run(choices); while (choices.next());
 *
 * The code must ask the same questions as long as the answers were the same.
 */

/** Ways beyond this are not tried, and the answer is that too much is unknown. */
export const WAYS_MAX = 1024;

export class Choices {
  readonly #answers: boolean[] = [];
  #asked = 0;
  #ways = 1;

  choose(): boolean {
    const answer = this.#answers[this.#asked];
    this.#asked++;
    if (answer !== undefined) return answer;
    this.#answers.push(true);
    return true;
  }

  /** Prepares the next way; false when there is none. */
  next(): boolean {
    while (this.#answers.at(-1) === false) this.#answers.pop();
    if (this.#answers.length === 0) return false;
    this.#answers[this.#answers.length - 1] = false;
    this.#asked = 0;
    this.#ways++;
    return true;
  }

  get areTooMany(): boolean {
    return this.#ways > WAYS_MAX;
  }
}
