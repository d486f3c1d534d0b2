/**
 * A stream between peers failed. `code` is the contract:
 *
 *   UNREACHABLE  no such peer, or it could not be reached, or one side refused
 *   LOST         the connection broke, or what came was damaged
 *   IDLE         nothing moved for LINK_STREAM_IDLE_MS
 *   ABORTED      one of the two sides gave up; the message has its reason
 *   CLOSED       this node is shutting down its links
 */

export type LinkErrorCode = 'UNREACHABLE' | 'LOST' | 'IDLE' | 'ABORTED' | 'CLOSED';

export class LinkError extends Error {
  override readonly name = 'LinkError';
  readonly code: LinkErrorCode;

  constructor(code: LinkErrorCode, message: string) {
    super(message);
    this.code = code;
  }
}
