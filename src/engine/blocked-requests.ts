/**
 * Requests of clients that wait for keys (BLPOP and the like).
 *
 * Such a request is an attempt, which takes the way of any write: alone it runs here, with peers it
 * goes through the total order. It replies, or says which keys it waits for; then it joins the
 * queues of those keys (key-queues.ts) and its connection waits. When a key has been changed, and
 * the request, EXEC or proposal that changed it has ended, the first in the queue attempts again.
 *
 * - Queues, timeouts, CLIENT UNBLOCK and disconnects are local; nothing of them is replicated. With
 *   peers each has its own queue for a key, and the order of their attempts decides who gets what.
 * - A request keeps its place while it attempts, and when it came too late. With peers several of
 *   one queue may attempt at a time: what comes between two of them goes to the one behind.
 * - A wait that ends while its attempt is on its way (at most `broadcast-timeout`) ends when that
 *   is applied: it may have taken something, and then that is the reply.
 * - A connection that has gone takes nothing, but for the attempt that was on its way. If that took
 *   something, nobody has it: it is counted (`undelivered`), at most one for a connection.
 *
 * How many attempts there are: for a change of a key at most as many as it then has elements, and
 * as requests wait for it, less those that are on their way; on each peer that has any waiting. An
 * attempt that finds nothing costs a proposal of its arguments, and a look-up of its keys on each
 * peer; the next one comes with the next change.
 *
 * What ends a wait: with peers, that this peer was removed or has stopped, because nothing comes
 * here any more. What does not: that there is no majority or another leader. Nothing can be pushed
 * meanwhile, and the timeout goes on; what is refused for that reason attempts again later.
 */

import type { KeyWait } from '../commands/command.ts';
import type { Unblocked } from '../commands/session-port.ts';
import type { TableEntry } from '../commands/table.ts';
import type { Clock } from '../io/clock.ts';
import type { Keyspace } from '../keyspace/keyspace.ts';
import type { Args } from '../protocol/args.ts';
import type { Session } from '../session/session.ts';
import type { Admit } from './admit.ts';
import { BlockedRequest } from './blocked-request.ts';
import type { Environment } from './environment.ts';
import { KeyQueues, type KeyQueue } from './key-queues.ts';
import type { Pause } from './pause.ts';
import type { RequestOrder } from './request-order.ts';
import type { Runner } from './runner.ts';

export interface BlockedParts {
  readonly clock: Clock;
  readonly keyspace: Keyspace;
  readonly pause: Pause;
  readonly runner: Runner;
  readonly admit: Admit;
  /**
   * Queues whose keys may have something since they were last served, in the order of the changes.
   */
  readonly ready: Set<KeyQueue<BlockedRequest>>;
  /** Undefined for a server that stands alone. */
  readonly order: () => RequestOrder | undefined;
  /** For a request of this client that runs now. */
  readonly environment: (session: Session) => Environment;
  /** The time of a request that runs now. */
  readonly nowMs: () => number;
}

export class BlockedRequests {
  readonly #parts: BlockedParts;
  readonly #queues: KeyQueues<BlockedRequest>;
  readonly #all = new Set<BlockedRequest>();
  /** Their first could not attempt for want of a majority. */
  readonly #postponed = new Set<KeyQueue<BlockedRequest>>();
  #isServing = false;
  #isScheduled = false;
  #isHeld = false;
  /** Why nothing comes here any more: the whole text of an error. */
  #closedText: string | undefined;
  /** Replies of attempts through the total order whose clients had gone when they were applied. */
  undelivered = 0;

  constructor(parts: BlockedParts) {
    this.#parts = parts;
    this.#queues = new KeyQueues(parts.keyspace.keyListeners, (queue) => this.#mark(queue));
  }

  /** Keys that are waited for. */
  get keys(): number {
    return this.#queues.size;
  }

  /** Requests that wait for so long only. */
  get withTimeout(): number {
    let count = 0;
    for (const { timer } of this.#all) if (timer !== undefined) count += 1;
    return count;
  }

  /** The request has run and waits. Resolves when it has its reply, or needs none. */
  begin(session: Session, entry: TableEntry, args: Args, wait: KeyWait): Promise<void> {
    return new Promise((resolve) => {
      this.#wait(this.#create(session, entry, args, resolve), wait);
    });
  }

  /** The request is proposed. Resolves when it has its reply, or needs none. */
  propose(session: Session, entry: TableEntry, args: Args): Promise<void> {
    return new Promise((resolve) => {
      this.#propose(this.#create(session, entry, args, resolve));
    });
  }

  /** Has those attempt that are first in the queues of keys that have been changed. */
  serve(): void {
    const { ready } = this.#parts;
    if (ready.size === 0 || this.#isServing || this.#waitsForStore()) return;
    this.#isServing = true;
    this.#parts.keyspace.now = this.#parts.nowMs();
    try {
      while (ready.size > 0) {
        const queues = [...ready];
        ready.clear();
        for (const queue of queues) this.#serveQueue(queue);
      }
    } finally {
      this.#isServing = false;
    }
  }

  /** Peers have made progress: what was refused for want of them may be tried again. */
  onProgress(): void {
    for (const queue of this.#postponed) this.#mark(queue);
    this.#postponed.clear();
    this.serve();
  }

  /** Nothing comes here any more: all end with this error, those that come later too. */
  close(text: string): void {
    this.#closedText = text;
    for (const request of this.#all) {
      if (!request.isAttempting) this.#refuse(request, text);
    }
  }

  // ---- Queues -----------------------------------------------------------------------------------

  /**
   * Something may be there for its first. What changes keys has it served when it has ended; a
   * change that is no request's (a log that lost its writes, another store) at the next turn.
   */
  #mark(queue: KeyQueue<BlockedRequest>): void {
    if (queue.waiting.size === 0) return;
    this.#parts.ready.add(queue);
    if (this.#isScheduled) return;
    this.#isScheduled = true;
    this.#parts.clock.soon(() => {
      this.#isScheduled = false;
      this.serve();
    });
  }

  /** There may be no store now. */
  #waitsForStore(): boolean {
    const { held } = this.#parts.pause;
    if (held === undefined) return false;
    if (!this.#isHeld) {
      this.#isHeld = true;
      void held.then(() => {
        this.#isHeld = false;
        this.serve();
      });
    }
    return true;
  }

  /** Each request of it attempts at most once. */
  #serveQueue(queue: KeyQueue<BlockedRequest>): void {
    let attempting = 0;
    for (const request of queue.waiting) {
      if (!request.isAttempting) {
        if (attempting >= this.#countReady(queue)) return;
        if (!this.#attempt(request, queue)) return;
      }
      if (request.isAttempting) attempting += 1;
    }
  }

  /** How many attempts the key could serve now. One that cannot be read says so to its client. */
  #countReady({ db, key, countReady }: KeyQueue<BlockedRequest>): number {
    const { keyspace } = this.#parts;
    keyspace.isReadOnly = true;
    keyspace.storage.begin();
    try {
      return countReady(keyspace.db(db), key);
    } catch {
      return 1;
    }
  }

  /** Admits, routes and runs it once more. False when it could not attempt now. */
  #attempt(request: BlockedRequest, queue: KeyQueue<BlockedRequest>): boolean {
    const { admit, order } = this.#parts;
    const { session, entry, args } = request;
    const noMajority = order()?.refusal(session, entry, args) !== undefined;
    if (noMajority && order()?.notServing === undefined) return this.#postpone(queue);
    const verdict = admit.ask(session, entry, args);
    switch (verdict) {
      case 'wait': return this.#retryAfter(queue, admit.until);
      case 'refuse': this.#refuse(request, admit.refusal); break;
      case 'propose': this.#propose(request); break;
      case 'run': this.#run(request); break;
      default: throw new Error(`assertion failed: a request that waits for keys is to ${verdict}`);
    }
    session.progress.took(0);
    return true;
  }

  #postpone(queue: KeyQueue<BlockedRequest>): false {
    this.#postponed.add(queue);
    return false;
  }

  #retryAfter(queue: KeyQueue<BlockedRequest>, until: Promise<void>): false {
    if (queue.isPaused) return false;
    queue.isPaused = true;
    void until.then(() => {
      queue.isPaused = false;
      this.#mark(queue);
    });
    return false;
  }

  #run(request: BlockedRequest): void {
    const { environment, runner } = this.#parts;
    const { session, entry, args } = request;
    const requests = { entries: [entry], args: [args] };
    runner.run(requests, 0, 1, { ...environment(session), prefetchedTo: 1, isRetry: true });
    if (runner.wait === undefined) this.#end(request);
  }

  // ---- One request ------------------------------------------------------------------------------

  #create(
    session: Session, entry: TableEntry, args: Args, resolve: () => void,
  ): BlockedRequest {
    const request = new BlockedRequest(session, entry, args.detach(), resolve);
    request.startedMs = this.#parts.clock.monotonicMs();
    this.#all.add(request);
    return request;
  }

  #propose(request: BlockedRequest): void {
    const { session, entry, args } = request;
    request.isAttempting = true;
    this.#parts.order()!.attempt(session, entry, args, {
      isRetry: request.isWaiting,
      onApplied: (wait, isDelivered) => this.#onApplied(request, wait, isDelivered),
      onRefused: (text, isSurelyNotMade) => this.#onRefused(request, text, isSurelyNotMade),
    });
    // It leaves at the end of this turn.
    session.link.wake();
  }

  /** Called in the middle of a batch: what is behind it in there must find the request waiting. */
  #onApplied(request: BlockedRequest, wait: KeyWait | undefined, isDelivered: boolean): void {
    request.isAttempting = false;
    if (wait === undefined) {
      if (!isDelivered) this.undelivered += 1;
      return this.#end(request);
    }
    if (!request.isWaiting) return this.#wait(request, wait);
    if (this.#closedText !== undefined) return this.#refuse(request, this.#closedText);
    if (request.ending !== undefined) this.#endWith(request, request.ending);
  }

  #onRefused(request: BlockedRequest, text: string, isSurelyNotMade: boolean): void {
    request.isAttempting = false;
    if (!isSurelyNotMade || !request.isWaiting) return this.#refuse(request, text);
    if (request.ending !== undefined) return this.#endWith(request, request.ending);
    for (const queue of request.queues) this.#postpone(queue);
  }

  #wait(request: BlockedRequest, wait: KeyWait): void {
    const { session, args } = request;
    if (session.isEnded) return this.#end(request);
    const refusal = this.#closedText ?? this.#queues.refusal(wait);
    if (refusal !== undefined) return this.#refuse(request, refusal);
    request.queues = this.#queues.join(request, session.dbIndex, args, wait);
    request.isWaiting = true;
    this.#startTimer(request, wait.timeoutMs);
    session.blocking.begin((how) => this.#onUnblocked(request, how));
  }

  /** The time counts from the first attempt on. */
  #startTimer(request: BlockedRequest, timeoutMs: number): void {
    if (timeoutMs === 0) return;
    const { clock } = this.#parts;
    const leftMs = request.startedMs + timeoutMs - clock.monotonicMs();
    request.timer = clock.setTimer(leftMs, () => {
      request.timer = undefined;
      request.session.blocking.end('timeout');
    });
  }

  #onUnblocked(request: BlockedRequest, how: Unblocked): void {
    if (request.isAttempting) request.ending = how;
    else this.#endWith(request, how);
  }

  /** From now on it takes nothing. CLIENT UNBLOCK calls this, so the reply is written behind it. */
  #endWith(request: BlockedRequest, how: Unblocked): void {
    const { session, entry, args } = request;
    this.#leave(request);
    if (how === 'closing' && !session.isEnded) closeSilently(session);
    if (how === 'closing' || session.isEnded) return this.#end(request);
    void Promise.resolve().then(() => {
      const { environment, runner } = this.#parts;
      if (!session.isEnded) runner.endWait(entry, args, environment(session), how);
      this.#end(request);
    });
  }

  #refuse(request: BlockedRequest, text: string): void {
    const { session, entry } = request;
    if (!session.isEnded) this.#parts.runner.refuse(session, entry, text);
    this.#end(request);
  }

  /** It has its reply, or needs none. */
  #end(request: BlockedRequest): void {
    this.#leave(request);
    request.session.link.wake();
    request.resolve();
  }

  #leave(request: BlockedRequest): void {
    const { queues, session, timer } = request;
    this.#all.delete(request);
    if (timer !== undefined) this.#parts.clock.clearTimer(timer);
    if (!request.isWaiting) return;
    request.isWaiting = false;
    this.#queues.leave(request, queues);
    session.blocking.clear();
    // An element may be left that another one waited for, because this one was in front of it.
    for (const queue of queues) this.#mark(queue);
  }
}

/**
 * As Redis does when it stops: a reply would say that the time is over, or that something went
 * wrong, where a client library had better ask the next server that it connects to.
 */
function closeSilently(session: Session): void {
  session.beginReply();
  session.link.closeAfterReply();
  session.endReply();
}
