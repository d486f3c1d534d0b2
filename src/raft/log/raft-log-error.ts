/**
 * Operating errors of the replicated log. `code` is the contract:
 *
 *   DAMAGED   bytes on disk are not what was written, or a file is missing; `file` and `offset`
 *             tell where. Nothing was changed.
 *   FAILED    a write or datasync failed earlier; nothing is acknowledged until the log is opened
 *             again
 *   CLOSED    the log was closed
 */

export type RaftLogErrorCode = 'DAMAGED' | 'FAILED' | 'CLOSED';

export class RaftLogError extends Error {
  override readonly name = 'RaftLogError';
  readonly code: RaftLogErrorCode;
  readonly file: string | undefined;
  readonly offset: number | undefined;

  constructor(code: RaftLogErrorCode, message: string,
    place: { readonly file?: string; readonly offset?: number; readonly cause?: unknown } = {}) {
    super(message, place.cause === undefined ? {} : { cause: place.cause });
    this.code = code;
    this.file = place.file;
    this.offset = place.offset;
  }
}

export function damaged(file: string, offset: number, reason: string): RaftLogError {
  return new RaftLogError('DAMAGED', `${file} is damaged at byte ${offset}: ${reason}`,
    { file, offset });
}

/** Bugs are assertions, always on. */
export function mustBe(isSo: boolean, what: () => string): void {
  if (!isSo) throw new Error(`assertion failed: ${what()}`);
}
