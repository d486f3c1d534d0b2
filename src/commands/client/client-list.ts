/** A line about a connection, as CLIENT LIST prints it: fields of Redis 7.2 in Redis's order. */

import type { ClientPort } from '../server-port.ts';
import type { SessionPort } from '../session-port.ts';

export type ClientKind = ClientPort['kind'];

/** The kind for a name in any case, or undefined. */
export function kindOfName(name: string): ClientKind | undefined {
  switch (name.toLowerCase()) {
    case 'normal': return 'normal';
    case 'pubsub': return 'pubsub';
    case 'master': return 'master';
    case 'replica':
    case 'slave': return 'replica';
    default: return undefined;
  }
}

/**
 * What a connection takes in memory: what came and is not read, what waits, what MULTI queued, and
 * replies. `running` is the size of the request that it runs at this moment.
 */
export function clientBytes(session: SessionPort, running = 0): number {
  const { facts, transaction } = session;
  const { queryBufferBytes, queryBufferFreeBytes, requestBytes, outputBytes } = facts;
  return queryBufferBytes + queryBufferFreeBytes + requestBytes + running +
    transaction.queuedBytes + outputBytes;
}

/** Without a line end. `now` in ms since the epoch; `running` as for `clientBytes`. */
export function clientLine(session: SessionPort, now: number, running = 0): string {
  return Object.entries(fieldsOf(session, now, running))
    .map(([name, value]) => `${name}=${value}`)
    .join(' ');
}

function fieldsOf(
  session: SessionPort, now: number, running: number,
): Record<string, string | number> {
  const { facts, transaction, subscriptions } = session;
  const { queryBufferBytes, queryBufferFreeBytes, requestBytes, outputBytes } = facts;
  return {
    id: facts.id,
    addr: facts.address,
    laddr: facts.localAddress,
    fd: facts.fd,
    name: session.name,
    age: secondsBetween(facts.connectedAt, now),
    idle: secondsBetween(facts.lastCommandAt, now),
    flags: session.flagLetters,
    db: session.dbIndex,
    sub: subscriptions.channels.size,
    psub: subscriptions.patterns.size,
    ssub: subscriptions.shardChannels.size,
    multi: session.inTransaction ? transaction.queued : -1,
    qbuf: queryBufferBytes,
    'qbuf-free': queryBufferFreeBytes,
    'argv-mem': requestBytes + running,
    'multi-mem': transaction.queuedBytes,
    rbs: 0,
    rbp: 0,
    obl: outputBytes,
    oll: 0,
    omem: outputBytes,
    'tot-mem': clientBytes(session, running),
    events: 'r',
    cmd: facts.lastCommand,
    user: session.user,
    redir: -1,
    resp: session.protocol,
    'lib-name': session.library.name,
    'lib-ver': session.library.version,
  };
}

function secondsBetween(from: number, to: number): number {
  return Math.max(0, Math.floor((to - from) / 1000));
}
