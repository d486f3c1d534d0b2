/**
 * The socket on which a node hears its peers.
 *
 * Strangers, those who have not proved themselves, are bounded: one too many closes the oldest. An
 * attacker who holds connections open then loses them to peers that dial, not the other way round.
 * With TLS, its handshake is part of being a stranger.
 */

import type { Server, Socket } from 'node:net';
import { createServer as createTlsServer } from 'node:tls';
import type { Network } from '../../io/network.ts';
import { LINK_HANDSHAKE_MS_MAX } from '../limits.ts';
import { TLS_VERSION_MIN, explainError, type LinkTls, type OpenSockets } from './sockets.ts';
import type { TroubleLog } from './trouble-log.ts';

/**
 * Inbound connections that have not proved themselves; one more closes the oldest. Nine peers dial
 * a few at a time, and a stranger's 64 cost 2 MiB at most.
 */
export const LINK_STRANGERS_MAX = 64;

export interface LinkListenerParts {
  readonly network: Network;
  readonly tls: LinkTls | undefined;
  readonly sockets: OpenSockets;
  readonly troubles: TroubleLog;
  /** A stranger, ready to be talked to. */
  readonly onSocket: (socket: Socket) => void;
}

export class LinkListener {
  readonly #parts: LinkListenerParts;
  readonly #server: Server;
  /** By their end of the connection, the oldest first. With TLS, the sockets under it. */
  readonly #strangers = new Map<string, Socket>();

  constructor(parts: LinkListenerParts) {
    this.#parts = parts;
    const { network, tls, troubles } = parts;
    if (tls === undefined) {
      this.#server = network.createServer({ noDelay: true }, parts.onSocket);
    } else {
      this.#server = createTlsServer({
        ...tls, noDelay: true, requestCert: true, rejectUnauthorized: true,
        minVersion: TLS_VERSION_MIN, handshakeTimeout: LINK_HANDSHAKE_MS_MAX,
      }, parts.onSocket).on('tlsClientError', (error, socket) => {
        troubles.reportStranger(socket.remoteAddress ?? 'unknown', explainError(error));
        socket.destroy();
      });
    }
    this.#server.prependListener('connection', (socket: Socket) => this.#onStranger(socket));
  }

  /** Fails with Node's codes: EADDRINUSE, EACCES, EADDRNOTAVAIL ... Port 0 picks a free one. */
  async open(host: string, port: number): Promise<void> {
    await new Promise<void>((resolve, reject) => {
      const fail = (error: NodeJS.ErrnoException): void => {
        reject(cannotListen(host, port, error));
      };
      this.#server.once('error', fail);
      this.#server.listen({ host, port }, () => {
        this.#server.removeListener('error', fail);
        resolve();
      });
    });
    this.#server.on('error', (error) => this.#parts.troubles.report('peers', explainError(error)));
  }

  /** 0 while it does not listen. */
  get port(): number {
    const bound = this.#server.address();
    return bound !== null && typeof bound === 'object' ? bound.port : 0;
  }

  get strangers(): number {
    return this.#strangers.size;
  }

  /** It has proved itself. */
  trust(socket: Socket): void {
    this.#strangers.delete(endOf(socket));
  }

  /** Takes no more connections, at once. */
  close(): void {
    this.#server.close();
  }

  #onStranger(socket: Socket): void {
    this.#parts.sockets.add(socket);
    const end = endOf(socket);
    this.#strangers.set(end, socket);
    socket.once('close', () => {
      if (this.#strangers.get(end) === socket) this.#strangers.delete(end);
    });
    if (this.#strangers.size <= LINK_STRANGERS_MAX) return;
    for (const [oldest, first] of this.#strangers) {
      this.#strangers.delete(oldest);
      first.destroy();
      this.#parts.troubles.report('strangers', `more than ${LINK_STRANGERS_MAX} at a time`);
      return;
    }
  }
}

function endOf(socket: Socket): string {
  return `${socket.remoteAddress} ${socket.remotePort}`;
}

function cannotListen(host: string, port: number, error: NodeJS.ErrnoException): Error {
  const reason = error.code === 'EADDRINUSE' ? 'another process listens there' : error.message;
  const { code } = error;
  const text = `cannot listen for peers on ${host}:${port}: ${reason}`;
  return Object.assign(new Error(text, { cause: error }), { code });
}
