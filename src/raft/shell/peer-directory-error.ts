/**
 * The directory of a server cannot be used as it is asked to. `code` is the contract:
 *
 *   ENOTALONE   it belongs to a cluster, and the server has no peers
 *   EINCOMPLETE a part of what this peer has promised is missing, or is an older copy
 *   EFOREIGN    its keys are of a server that stood alone, and no other peer would get them
 *   EGIVENUP    its cluster went on without it, and it must not come back
 *   ELEVEL      its cluster has a feature level that this build does not know
 *   EALONE      `go-on-alone` does not name its cluster
 */

export type PeerDirectoryCode =
  | 'ENOTALONE' | 'EINCOMPLETE' | 'EFOREIGN' | 'EGIVENUP' | 'ELEVEL' | 'EALONE';

export class PeerDirectoryError extends Error {
  override readonly name = 'PeerDirectoryError';
  readonly code: PeerDirectoryCode;

  constructor(code: PeerDirectoryCode, message: string) {
    super(message);
    this.code = code;
  }
}
