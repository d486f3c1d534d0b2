/**
 * The connections of a server: takes new ones in up to `maxclients`, sweeps idle ones out, and
 * closes all of them at the end.
 */

import type { Socket } from 'node:net';
import type { ClientPort, ClientsPort } from '../commands/server-port.ts';
import { CLOSE_LINGER_MS } from '../io/limits.ts';
import type { Pause } from '../engine/pause.ts';
import { Connection } from './connection.ts';
import type { ConnectionHost } from './connection-host.ts';

/** What may change while the server runs. */
export interface ClientsPolicy {
  readonly maxClients: number;
  /** Seconds without a request after which a client is closed; 0 = never. */
  readonly timeoutSeconds: number;
  /** Seconds between TCP keepalive probes; 0 = none. */
  readonly keepAliveSeconds: number;
  /** The text of the error that turns this client away, or undefined to let it in. */
  refusal(socket: Socket, isUnixSocket: boolean): string | undefined;
}

const TOO_MANY = 'ERR max number of clients reached';

export class Clients implements ClientsPort {
  readonly #connections = new Map<number, Connection>();
  readonly #host: ConnectionHost;
  readonly #policy: () => ClientsPolicy;
  readonly #pause: Pause;
  #nextId = 1;

  constructor(host: ConnectionHost, policy: () => ClientsPolicy, pause: Pause) {
    this.#host = host;
    this.#policy = policy;
    this.#pause = pause;
  }

  get count(): number {
    return this.#connections.size;
  }

  get connections(): Iterable<Connection> {
    return this.#connections.values();
  }

  /** A socket was accepted. */
  admit(socket: Socket, unixPath: string | undefined): void {
    const policy = this.#policy();
    const full = this.#connections.size >= policy.maxClients ? TOO_MANY : undefined;
    const text = full ?? policy.refusal(socket, unixPath !== undefined);
    if (text !== undefined) return this.#turnAway(socket, text);
    socket.setNoDelay(true);
    const { keepAliveSeconds } = policy;
    if (keepAliveSeconds > 0) socket.setKeepAlive(true, keepAliveSeconds * 1000);
    const connection = new Connection(socket, this.#nextId++, this.#host, unixPath);
    // It may have gone for good, and a wait without a timeout would then never end.
    socket.on('end', () => connection.session.blocking.forbid());
    this.#connections.set(connection.id, connection);
    this.#host.counters.connections++;
  }

  /** The connection's socket is closed. */
  forget(id: number): void {
    this.#connections.delete(id);
  }

  /**
   * Closes idle clients, those over their output limits, and those that do not let go after we did;
   * call it about once a second.
   */
  sweep(nowMs: number): void {
    const { timeoutSeconds } = this.#policy();
    this.#host.limitedLog.flush();
    for (const connection of this.#connections.values()) {
      connection.sweep(nowMs);
      const isExempt = connection.session.isSubscriber || connection.session.monitoring;
      if (timeoutSeconds === 0 || isExempt) continue;
      if (connection.idleMs(nowMs) > timeoutSeconds * 1000) connection.destroy();
    }
  }

  /** Lets every client have the replies so far, then closes them all. */
  closeAll(): void {
    for (const connection of this.#connections.values()) {
      connection.session.blocking.forbid('closing');
      connection.closeAfterReply();
    }
  }

  destroyAll(): void {
    for (const connection of this.#connections.values()) connection.destroy();
  }

  all(): readonly ClientPort[] {
    return [...this.#connections.values()].map((connection) => ({
      session: connection.session,
      kind: connection.session.isSubscriber ? 'pubsub' : 'normal',
      kill: () => connection.kill(),
    }));
  }

  pause(untilMs: number, writesOnly: boolean): void {
    this.#pause.begin(untilMs, writesOnly);
  }

  unpause(): void {
    this.#pause.finish();
  }

  /** Says why and closes, even if the client does not. What it sends meanwhile is dropped. */
  #turnAway(socket: Socket, text: string): void {
    this.#host.counters.rejected++;
    const { clock } = this.#host;
    const timer = clock.setTimer(CLOSE_LINGER_MS, () => socket.destroy());
    socket.on('close', () => clock.clearTimer(timer));
    socket.on('error', () => socket.destroy());
    socket.end(`-${text}\r\n`);
    socket.resume();
  }
}
