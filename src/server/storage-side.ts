/** Everything of a server that is below the commands: what the composition asks of the disk. */

import type { StoreFacts } from '../observe/info-source.ts';
import type { Storage } from '../keyspace/storage.ts';
import type { WriteGate } from '../session/write-gate.ts';

export interface StorageSide {
  /** The open storage; another object after `reload`. */
  readonly storage: Storage;
  readonly gate: WriteGate;
  facts(): StoreFacts;
  /** Resolves when everything acknowledged so far is on disk. */
  sync(): Promise<void>;
  /** Starts the compactor unless it runs. */
  compact(): void;
  /** Writes everything out, closes, and recovers it from disk. */
  reload(): Promise<void>;
  /** Writes everything out, with a checkpoint of the index, and lets go of the directory. */
  close(): Promise<void>;
}
