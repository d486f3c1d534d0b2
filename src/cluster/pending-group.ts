/** Requests of one connection that went into the order together and wait for their replies. */

import type { TableEntry } from '../commands/table.ts';
import type { Session } from '../session/session.ts';

export interface PendingGroup {
  /** Undefined: the waiter only wants to know when the batch is applied. */
  readonly session: Session | undefined;
  /** Of each request, in order. */
  readonly entries: readonly TableEntry[];
  readonly resolve: () => void;
}
