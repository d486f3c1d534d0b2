/** Stands for the clients of other peers while their requests are applied. No reply is read. */

import type { ClientFacts } from '../commands/session-port.ts';
import type { OutputPool } from '../protocol/output-pool.ts';
import { ReplyEncoder } from '../protocol/reply-encoder.ts';
import { RequestDecoder } from '../protocol/request-decoder.ts';
import { Session, type SessionLink, type SessionRealm } from '../session/session.ts';

const FACTS: ClientFacts = {
  id: 0, address: 'peer', localAddress: '', fd: -1, connectedAt: 0, lastCommandAt: 0,
  lastCommand: '', libraryName: '', libraryVersion: '', queryBufferBytes: 0,
  queryBufferFreeBytes: 0, requestBytes: 0, outputBytes: 0, bytesIn: 0, bytesOut: 0,
};

class ApplyLink implements SessionLink {
  readonly id = 0;
  readonly facts = FACTS;
  readonly isUnixSocket = false;
  readonly decoder = new RequestDecoder();
  readonly reply: ReplyEncoder;
  readonly arrivedBytes = 0;
  readonly mayTakeMore = true;

  constructor(pool: OutputPool) {
    this.reply = new ReplyEncoder(pool);
  }

  bytesThrough(): number {
    return 0;
  }

  wake(): void {
    // Nothing is sent.
  }

  lose(): void {
    // Likewise.
  }

  closeAfterReply(): void {
    // There is nothing to close.
  }
}

export function createApplySession(realm: SessionRealm, pool: OutputPool): Session {
  const session = new Session(new ApplyLink(pool), realm);
  // The peer that the client is connected to has let it in.
  session.authenticated = true;
  return session;
}
