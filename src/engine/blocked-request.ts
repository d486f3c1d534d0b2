/** One request that waits for keys, or attempts. Only blocked-requests.ts changes it. */

import type { Unblocked } from '../commands/session-port.ts';
import type { TableEntry } from '../commands/table.ts';
import type { Timer } from '../io/clock.ts';
import type { Args } from '../protocol/args.ts';
import type { Session } from '../session/session.ts';
import type { KeyQueue, QueuedWait } from './key-queues.ts';

const NO_QUEUES: ReadonlySet<never> = new Set<never>();

export class BlockedRequest implements QueuedWait {
  readonly session: Session;
  readonly entry: TableEntry;
  /** Owned. */
  readonly args: Args;
  /** Lets its connection go on. */
  readonly resolve: () => void;
  /** When its first attempt began. */
  startedMs = 0;
  isAttempting = false;
  /** An attempt has found nothing: it is in the queues of its keys. */
  isWaiting = false;
  queues: ReadonlySet<KeyQueue<BlockedRequest>> = NO_QUEUES;
  timer: Timer | undefined;
  /** How its wait ends if the attempt that is on its way finds nothing. */
  ending: Unblocked | undefined;

  constructor(session: Session, entry: TableEntry, args: Args, resolve: () => void) {
    this.session = session;
    this.entry = entry;
    this.args = args;
    this.resolve = resolve;
  }
}
