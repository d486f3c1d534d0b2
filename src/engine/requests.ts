/**
 * Requests that run one after the other: a client's burst, a delivered proposal, EXEC's queue. Two
 * columns side by side, so that a burst makes no object for each request.
 */

import type { TableEntry } from '../commands/table.ts';
import type { Args } from '../protocol/args.ts';
import type { QueuedRequest } from '../session/transaction.ts';

export interface Requests {
  /** Undefined: there is no such command. */
  readonly entries: readonly (TableEntry | undefined)[];
  readonly args: readonly Args[];
}

export function requestsOf(queue: readonly QueuedRequest[]): Requests {
  return { entries: queue.map(({ entry }) => entry), args: queue.map(({ args }) => args) };
}
