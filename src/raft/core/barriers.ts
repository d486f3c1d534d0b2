/**
 * A member's own linearizable reads. Each waits for a read index that was asked for after it came;
 * those that come while one is being asked for share the next question. A question that gets no
 * answer is asked again, until the reads' time is up.
 */

interface Waiter {
  readonly id: number;
  readonly deadlineMs: number;
}

interface Question {
  readonly request: number;
  readonly waiters: Waiter[];
  readonly askAgainAtMs: number;
}

export interface BarrierReady {
  readonly id: number;
  /** The read may run once this much is applied. */
  readonly index: number;
}

export class Barriers {
  readonly #retryMs: number;
  #ids = 0;
  #requests: number;
  #waiting: Waiter[] = [];
  #question: Question | undefined;

  /**
   * Questions have numbers behind `firstRequest`: others than those of an earlier start, answers
   * to which may still be under way.
   */
  constructor(retryMs: number, firstRequest = 0) {
    this.#retryMs = retryMs;
    this.#requests = firstRequest;
  }

  /** When `expire` has something to do. */
  get expiryMs(): number {
    const first = this.#question?.waiters[0] ?? this.#waiting[0];
    return first?.deadlineMs ?? Infinity;
  }

  /** When the question is to be asked again, if there is somebody to ask. */
  get askAgainAtMs(): number {
    return this.#question?.askAgainAtMs ?? Infinity;
  }

  /** Deadlines must not go back. Returns the id by which the read is told. */
  add(deadlineMs: number): number {
    const id = ++this.#ids;
    this.#waiting.push({ id, deadlineMs });
    return id;
  }

  /** The number of a question to ask now, if there is one. */
  nextRequest(nowMs: number): number | undefined {
    const old = this.#question;
    if (old !== undefined && nowMs < old.askAgainAtMs) return undefined;
    const waiters = [...(old?.waiters ?? []), ...this.#waiting];
    if (waiters.length === 0) return undefined;
    this.#waiting = [];
    const request = ++this.#requests;
    this.#question = { request, waiters, askAgainAtMs: nowMs + this.#retryMs };
    return request;
  }

  /** The answer to a question; of one that was asked again meanwhile it comes too late. */
  answered(request: number, index: number): BarrierReady[] {
    if (this.#question?.request !== request) return [];
    const { waiters } = this.#question;
    this.#question = undefined;
    return waiters.map(({ id }) => ({ id, index }));
  }

  /** There is somebody new to ask. */
  askAgain(): void {
    if (this.#question !== undefined) this.#question = { ...this.#question, askAgainAtMs: -1 };
  }

  /** Gives up reads whose time is up; returns their ids. */
  expire(nowMs: number): number[] {
    const asked = this.#question?.waiters ?? [];
    const expired = [...asked, ...this.#waiting].filter(({ deadlineMs }) => deadlineMs <= nowMs);
    if (expired.length === 0) return [];
    const stays = ({ deadlineMs }: Waiter): boolean => deadlineMs > nowMs;
    this.#waiting = this.#waiting.filter(stays);
    const left = asked.filter(stays);
    if (this.#question !== undefined) {
      this.#question = left.length > 0 ? { ...this.#question, waiters: left } : undefined;
    }
    return expired.map(({ id }) => id);
  }
}
