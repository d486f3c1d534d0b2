/**
 * The network, behind an interface, so that a test can put a simulated one under a server
 * (test/sim). It is what dkvs uses of node:net: behind it in production is Node itself.
 *
 * A simulated socket has only the members of Socket that dkvs uses. TLS goes over Node's alone.
 */

import { connect, createServer } from 'node:net';
import type { Server, ServerOpts, Socket, TcpNetConnectOpts } from 'node:net';

export interface Network {
  /** A server that does not listen yet; `onSocket` is called with each accepted connection. */
  createServer(options: ServerOpts, onSocket: (socket: Socket) => void): Server;

  /** Dials; `onConnect` is called when bytes may be sent. A failure is an 'error' of the socket. */
  connect(options: TcpNetConnectOpts, onConnect: () => void): Socket;
}

export const NODE_NETWORK: Network = { createServer, connect };
