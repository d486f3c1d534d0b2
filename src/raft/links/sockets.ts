/**
 * The sockets under the links: dialling, with TLS or without, and the set of those that are open.
 *
 * With TLS both sides show a certificate that the configured CA signed. Host names are not compared
 * with certificates: peers are often dialled by address, and who the other side is follows from the
 * handshake. So the CA should be one for this cluster alone.
 */

import type { Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import type { Network } from '../../io/network.ts';

/** In PEM. */
export interface LinkTls {
  readonly key: string | Buffer;
  readonly cert: string | Buffer;
  readonly ca: string | Buffer;
}

export const TLS_VERSION_MIN = 'TLSv1.3';

const PORT_MAX = 65_535;

export interface PeerAddress {
  readonly host: string;
  readonly port: number;
}

/** 'host:port' or '[::1]:port'. */
export function parsePeerAddress(text: string): PeerAddress | undefined {
  const found = /^(?:\[([^\]]+)\]|([^:[\]]+)):(\d{1,5})$/.exec(text);
  const host = found?.[1] ?? found?.[2];
  const port = Number(found?.[3]);
  return host !== undefined && port >= 1 && port <= PORT_MAX ? { host, port } : undefined;
}

/** Calls `onReady` when bytes may be sent: the handshake of TLS is done. */
export function dialSocket(
  network: Network, address: PeerAddress, tls: LinkTls | undefined, onReady: () => void,
): Socket {
  const { host, port } = address;
  if (tls === undefined) return network.connect({ host, port, noDelay: true }, onReady);
  const socket = connectTls({
    ...tls, host, port, minVersion: TLS_VERSION_MIN, checkServerIdentity: () => undefined,
  }, onReady);
  return socket.setNoDelay(true);
}

/** What went wrong, for a log. One error for several addresses of a name has no text of its own. */
export function explainError(error: NodeJS.ErrnoException): string {
  return error.message !== '' ? error.message : error.code ?? error.name;
}

/** Sockets that are not closed yet, so that a shutdown can wait for the last. */
export class OpenSockets {
  readonly #sockets = new Set<Socket>();
  #onEmpty: (() => void) | undefined;

  get size(): number {
    return this.#sockets.size;
  }

  add(socket: Socket): void {
    if (this.#sockets.has(socket)) return;
    this.#sockets.add(socket);
    socket.once('close', () => {
      this.#sockets.delete(socket);
      if (this.#sockets.size === 0) this.#onEmpty?.();
    });
  }

  /** Destroys all; settles when the last is closed. Add none afterwards. */
  async destroy(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    if (this.#sockets.size === 0) return;
    await new Promise<void>((resolve) => {
      this.#onEmpty = resolve;
    });
  }
}
