/** Collects what one step wants done; see Update. */

import type { HardState, LogEntry, MemberId } from './entry.ts';
import type { LogRead, ReadReady, Update } from './event.ts';
import type { Message, Snapshot } from './message.ts';

/** A message without what every message carries. */
export type Letter = Message extends infer M
  ? M extends Message ? Omit<M, 'from' | 'to' | 'term'> & { readonly term?: number } : never
  : never;

export class Outbox {
  install: Snapshot | undefined;
  hardState: HardState | undefined;
  entries: LogEntry[] = [];
  messages: Message[] = [];
  logReads: LogRead[] = [];
  snapshots: MemberId[] = [];
  readsReady: ReadReady[] = [];
  dropped = 0;

  /** What has been collected; begins anew. */
  take(): Update {
    const { install, hardState, entries, messages, logReads, snapshots } = this;
    const { dropped } = this;
    this.install = undefined;
    this.hardState = undefined;
    this.entries = [];
    this.messages = [];
    this.logReads = [];
    this.snapshots = [];
    this.dropped = 0;
    return { install, hardState, entries, messages, logReads, snapshots, dropped };
  }

  takeReads(): readonly ReadReady[] {
    const { readsReady } = this;
    if (readsReady.length > 0) this.readsReady = [];
    return readsReady;
  }
}
