/**
 * A member's own linearizable reads. Each waits for a read index that was asked for after it came;
 * those that come while one is being asked for share the next request. A request that gets no
 * answer is sent again, until the reads' time is up.
 */

interface Waiter {
  readonly id: number;
  readonly deadlineMs: number;
}

interface Request {
  readonly number: number;
  readonly waiters: Waiter[];
  readonly sendAgainAtMs: number;
}

export interface ReadIndexReady {
  readonly id: number;
  /** The read may run once this much is applied. */
  readonly index: number;
}

export class ReadIndexRequests {
  readonly #retryMs: number;
  #ids = 0;
  #requests: number;
  #waiting: Waiter[] = [];
  #request: Request | undefined;

  /**
   * Requests have numbers behind `firstRequest`: others than those of an earlier start, answers
   * to which may still be under way.
   */
  constructor(retryMs: number, firstRequest = 0) {
    this.#retryMs = retryMs;
    this.#requests = firstRequest;
  }

  /** When `expire` has something to do. */
  get expiryMs(): number {
    const first = this.#request?.waiters[0] ?? this.#waiting[0];
    return first?.deadlineMs ?? Infinity;
  }

  /** When the request is to be sent again, if there is a leader. */
  get sendAgainAtMs(): number {
    return this.#request?.sendAgainAtMs ?? Infinity;
  }

  /** Deadlines must not go back. Returns the id by which the read is told. */
  add(deadlineMs: number): number {
    const id = ++this.#ids;
    this.#waiting.push({ id, deadlineMs });
    return id;
  }

  /** The number of a request to send now, if there is one. */
  nextRequest(nowMs: number): number | undefined {
    const old = this.#request;
    if (old !== undefined && nowMs < old.sendAgainAtMs) return undefined;
    const waiters = [...(old?.waiters ?? []), ...this.#waiting];
    if (waiters.length === 0) return undefined;
    this.#waiting = [];
    const request = ++this.#requests;
    this.#request = { number: request, waiters, sendAgainAtMs: nowMs + this.#retryMs };
    return request;
  }

  /** The answer to a request; to one that was sent again meanwhile it comes too late. */
  answered(request: number, index: number): ReadIndexReady[] {
    if (this.#request?.number !== request) return [];
    const { waiters } = this.#request;
    this.#request = undefined;
    return waiters.map(({ id }) => ({ id, index }));
  }

  /** There is a new leader to ask. */
  sendAgain(): void {
    if (this.#request !== undefined) this.#request = { ...this.#request, sendAgainAtMs: -1 };
  }

  /** Gives up reads whose time is up; returns their ids. */
  expire(nowMs: number): number[] {
    const asked = this.#request?.waiters ?? [];
    const expired = [...asked, ...this.#waiting].filter(({ deadlineMs }) => deadlineMs <= nowMs);
    if (expired.length === 0) return [];
    const stays = ({ deadlineMs }: Waiter): boolean => deadlineMs > nowMs;
    this.#waiting = this.#waiting.filter(stays);
    const left = asked.filter(stays);
    if (this.#request !== undefined) {
      this.#request = left.length > 0 ? { ...this.#request, waiters: left } : undefined;
    }
    return expired.map(({ id }) => id);
  }
}
