/** Takes an inbound connection through the handshake, then hands it on. */

import type { Socket } from 'node:net';
import type { Clock } from '../../io/clock.ts';
import { CLOSED_BY_OTHER, Connection, noTraffic, type ConnectionUser } from './connection.ts';
import type { Agreement, Handshake } from './handshake.ts';
import type { PeerFacts } from './peer-facts.ts';
import type { TroubleLog } from './trouble-log.ts';

export interface GreeterHost {
  readonly clock: Clock;
  readonly troubles: TroubleLog;
  /** The other side has proved itself. Hand the connection over before returning. */
  onGreeted(greeter: Greeter, connection: Connection, agreement: Agreement): void;
  onGreeterOver(greeter: Greeter): void;
}

export class Greeter implements ConnectionUser {
  readonly #connection: Connection;
  readonly #host: GreeterHost;
  /** It has no name yet. */
  readonly #address: string;
  readonly #traffic = noTraffic();
  #isStopped = false;

  constructor(socket: Socket, handshake: Handshake, host: GreeterHost) {
    this.#host = host;
    this.#address = socket.remoteAddress ?? 'a stranger';
    this.#connection = new Connection(socket, handshake, host.clock, this, this.#traffic);
    this.#connection.begin();
  }

  get stated(): PeerFacts | undefined {
    return this.#connection.stated;
  }

  stop(reason: string): void {
    this.#isStopped = true;
    this.#connection.destroy(reason);
  }

  onAgreed(agreement: Agreement): void {
    this.#host.onGreeted(this, this.#connection, agreement);
  }

  onFrame(): void {
    throw new Error('Greeter: the connection was not handed over');
  }

  onClosed(reason: string): void {
    // A probe of a port, or a peer that dials anew: it has not tried to agree on anything.
    const isSilent = reason === CLOSED_BY_OTHER && this.#traffic.bytesIn === 0;
    if (!this.#isStopped && !isSilent) this.#host.troubles.reportStranger(this.#address, reason);
    this.#host.onGreeterOver(this);
  }
}
