/** What one database needs of the keyspace that it belongs to. Implemented by keyspace.ts. */

import type { ByteRange } from '../lib/byte-range.ts';
import type { AccessClock } from './access-clock.ts';
import type { CollectionChange } from './collection/collection-change.ts';
import type { KeyListeners } from './key-listeners.ts';
import type { Storage } from './storage.ts';

/** Counters that INFO reports; reset by CONFIG RESETSTAT. */
export interface KeyspaceStats {
  hits: number;
  misses: number;
  expired: number;
  /** Fields of hashes. */
  expiredFields: number;
}

export interface KeyspaceCore {
  /** Nothing may be changed now, not even by expiry: state changes only where it is ordered. */
  readonly isReadOnly: boolean;
  readonly storage: Storage;
  readonly stats: KeyspaceStats;
  readonly collections: CollectionChange;
  /** How many large collections have left their blocks to be removed. */
  leftOvers: number;
  readonly keyListeners: KeyListeners;
  readonly access: AccessClock;
  /** Milliseconds since the epoch as the running entry carries them. */
  readonly now: number;
  /** A key changed. */
  modified(key: ByteRange): void;
  /** A keyspace notification; `kind` is the letter of its class. */
  notify(kind: string, event: string, db: number, key: ByteRange): void;
}
