/** A session without a client: in it run requests of other peers' clients. Nobody reads a reply. */

import type { ClientFacts } from '../../commands/session-port.ts';
import type { OutputPool } from '../../protocol/output-pool.ts';
import { ReplyEncoder } from '../../protocol/reply-encoder.ts';
import { RequestDecoder } from '../../protocol/request-decoder.ts';
import { Session, type SessionLink, type SessionRealm } from '../session.ts';

const FACTS: ClientFacts = {
  id: 0, address: 'peer', localAddress: '', fd: -1, connectedAt: 0, lastCommandAt: 0,
  lastCommand: '', libraryName: '', libraryVersion: '', queryBufferBytes: 0,
  queryBufferFreeBytes: 0, requestBytes: 0, outputBytes: 0, bytesIn: 0, bytesOut: 0,
};

class GhostLink implements SessionLink {
  readonly id = 0;
  readonly facts = FACTS;
  readonly isUnixSocket = false;
  readonly decoder = new RequestDecoder();
  readonly reply: ReplyEncoder;
  readonly arrivedBytes = 0;
  readonly takenBytes = 0;

  constructor(pool: OutputPool) {
    this.reply = new ReplyEncoder(pool);
  }

  wrote(): void {
    // Its log's failure is this peer's own.
  }

  wake(): void {
    // Nothing is sent.
  }

  closeAfterReply(): void {
    // There is nothing to close.
  }
}

export function createGhost(realm: SessionRealm, pool: OutputPool): Session {
  const ghost = new Session(new GhostLink(pool), realm);
  // Whoever asked was let in by the peer that it is connected to.
  ghost.authenticated = true;
  return ghost;
}
