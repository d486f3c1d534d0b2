/**
 * What requests run in: whose they are, their time, and, if the total order delivered them, what
 * their proposal says. The same loop (runner.ts) runs requests in every environment.
 */

import type { RequestLimits } from '../commands/command.ts';
import type { Session } from '../session/session.ts';

export interface Environment {
  /** Whose database, protocol and reply: a client's, or the stand-in for one of another peer. */
  readonly session: Session;
  /** Milliseconds since the epoch, the same for all requests that run together. */
  readonly nowMs: number;
  readonly limits: RequestLimits;
  /**
   * Of the proposal that the total order delivered; undefined for requests that run where they
   * arrived. Request i gets `seed[0] ^ (firstIndex + i), seed[1]`.
   */
  readonly seed: readonly [number, number] | undefined;
  readonly firstIndex: number;
  /** A client waits for the replies. If not, what only reads does not run. */
  readonly isAwaited: boolean;
  /** Up to this request nothing is asked for that the disk has to be waited for. */
  readonly prefetchedTo: number;
  /** The requests are EXEC's queue: they are one, so none of them may wait or fail alone. */
  readonly isInTransaction: boolean;
  /** The request has attempted before and waited for keys since: MONITOR has shown it. */
  readonly isRetry: boolean;
}
