/** Everything of a server that is below the commands: what the composition asks of the disk. */

import type { StoreFacts } from '../observe/info-source.ts';
import type { IndexReport } from '../keyspace/index-report.ts';
import type { Storage } from '../keyspace/storage.ts';
import type { OrderedSnapshot } from '../raft/core/total-order-broadcast.ts';
import type { DamageLog } from './damage-log.ts';
import type { WriteGate } from '../engine/write-gate.ts';

/** Why a server ends whose store is lost. */
export const STORE_LOST = 'the store could not be opened again';

export interface StorageSide {
  /** The open storage; another object after `reload`. */
  readonly storage: Storage;
  readonly gate: WriteGate;
  /** What could not be read. */
  readonly damage: DamageLog;
  /** Place in the total order of the last frame; 0 without peers. */
  readonly position: number;
  /** Why nothing is written any more; undefined while all is well. */
  readonly failure: string | undefined;
  /** It was closed and could not be opened again: nothing may touch it. */
  readonly isLost: boolean;
  /** Ends the open batch as one frame with this place in the total order. */
  commitAt(position: number): void;
  facts(): StoreFacts;
  /** Resolves when everything acknowledged so far is on disk. */
  sync(): Promise<void>;
  /** See OrderedState: the whole store as a stream, and another one in its place. */
  readonly snapshotMeta: Uint8Array | undefined;
  exportSnapshot(): Promise<OrderedSnapshot>;
  receiveSnapshot(chunks: AsyncIterable<Uint8Array>): Promise<number>;
  installSnapshot(meta: Uint8Array): Promise<void>;
  /** Starts the compactor unless it runs. */
  compact(): void;
  /** Checks the index against the log, while it serves; logs what it finds. */
  checkIndex(): Promise<IndexReport>;
  /** Writes everything out, closes, and recovers it from disk. */
  reload(): Promise<void>;
  /** Writes everything out, with a checkpoint of the index, and lets go of the directory. */
  close(): Promise<void>;
}
