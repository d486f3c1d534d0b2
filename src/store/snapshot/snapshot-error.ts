/**
 * Why a snapshot could not be made, sent or taken in. `code` is the contract:
 *
 *   INVALID    the bytes are no snapshot, or one that does not fit together
 *   DAMAGED    a checksum is wrong
 *   TRUNCATED  the stream ended too early
 *   FULL       the disk has no room for it
 *   TOO_LARGE  the store has more files than a snapshot may
 *   RELEASED   it was released, or its store closed
 */

export type SnapshotErrorCode =
  'INVALID' | 'DAMAGED' | 'TRUNCATED' | 'FULL' | 'TOO_LARGE' | 'RELEASED';

export class SnapshotError extends Error {
  override readonly name = 'SnapshotError';
  readonly code: SnapshotErrorCode;

  constructor(code: SnapshotErrorCode, message: string, options?: { readonly cause: unknown }) {
    super(message, options);
    this.code = code;
  }
}
