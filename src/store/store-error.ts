/**
 * Operating errors of the store. `code` is the contract:
 *
 *   DAMAGED   bytes on disk are not what was written; `file`, `offset` and, if readable, `key` say
 *             where
 *   FAILED    a write or fsync failed; the store is read-only until it is opened again
 *   UNKNOWN   likewise, and what was to be written may be on disk all the same
 *   FULL      the disk is full, or full up to the reserve; writes are refused until there is room
 *   MISSING   a file that the manifest lists is not there
 *   INVALID   the directory is not a store of this version
 *   CLOSED    the store was closed
 */

export type StoreErrorCode = 'DAMAGED' | 'FAILED' | 'UNKNOWN' | 'FULL' | 'MISSING' | 'INVALID' |
  'CLOSED';

export interface StoreErrorPlace {
  readonly file?: string | undefined;
  readonly offset?: number | undefined;
  readonly key?: Buffer | undefined;
  readonly cause?: unknown;
}

export class StoreError extends Error {
  override readonly name = 'StoreError';
  readonly code: StoreErrorCode;
  readonly file: string | undefined;
  readonly offset: number | undefined;
  readonly key: Buffer | undefined;

  constructor(code: StoreErrorCode, message: string, place: StoreErrorPlace = {}) {
    super(message, place.cause === undefined ? {} : { cause: place.cause });
    this.code = code;
    this.file = place.file;
    this.offset = place.offset;
    this.key = place.key;
  }
}

/** Why a record is damaged whose key does not have the hash by which the index names it. */
export const WRONG_KEY = 'the key of the record is not the one that the index knows';

/** A record or frame that cannot be trusted. */
export function damaged(file: string, offset: number, reason: string, key?: Buffer): StoreError {
  return new StoreError('DAMAGED', `${file} is damaged at byte ${offset}: ${reason}`,
    { file, offset, key });
}
