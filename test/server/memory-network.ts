/**
 * A network inside the test: bytes go from one end of a connection to the other in a later turn of
 * the event loop, and an address is what the test says. Without packets, delays and losses: those
 * are in the network of whole servers in virtual time (test/sim/whole/sim-network.ts).
 */

import { EventEmitter } from 'node:events';
import type { Server, ServerOpts, Socket, TcpNetConnectOpts } from 'node:net';
import { Duplex } from 'node:stream';
import type { Network } from '../../src/io/network.ts';

/** 'host:port', or the path of a Unix socket. */
type Place = string;

type Address = { readonly address: string; readonly port: number } | string | null;

type Done = (error?: Error | null) => void;

const CLIENT_PORT_FIRST = 50_001;
/** What a server gets that asks for any port. */
const SERVER_PORT_FIRST = 40_001;

export class MemoryNetwork implements Network {
  readonly #listening = new Map<Place, MemoryListener>();
  #clientPort = CLIENT_PORT_FIRST;
  #serverPort = SERVER_PORT_FIRST;

  createServer(options: ServerOpts, onSocket: (socket: Socket) => void): Server {
    const listener = new MemoryListener(this, options, onSocket);
    return listener as unknown as Server;
  }

  connect(options: TcpNetConnectOpts, onConnect: () => void): Socket {
    const place = placeOf(options.host ?? '127.0.0.1', options.port);
    return this.#open(place, '127.0.0.1', options.allowHalfOpen ?? false, onConnect);
  }

  /** A client's connection from the address `from`. */
  dial(place: Place, from: string): Promise<Socket> {
    return new Promise((resolve, reject) => {
      const socket = this.#open(place, from, false, () => resolve(socket));
      socket.once('error', reject);
    });
  }

  /** False when something listens there. */
  listen(listener: MemoryListener, place: Place): boolean {
    if (this.#listening.has(place)) return false;
    this.#listening.set(place, listener);
    return true;
  }

  unlisten(place: Place): void {
    this.#listening.delete(place);
  }

  freePort(): number {
    return this.#serverPort++;
  }

  #open(place: Place, from: string, isHalfOpen: boolean, onConnect: () => void): Socket {
    const near = new MemorySocket(placeOf(from, this.#clientPort++), place, isHalfOpen);
    near.once('connect', onConnect);
    setImmediate(() => {
      const listener = this.#listening.get(place);
      if (listener === undefined) return near.destroy(failure('ECONNREFUSED', place));
      near.join(listener.accept(near));
      near.emit('connect');
    });
    return near as unknown as Socket;
  }
}

class MemoryListener extends EventEmitter {
  readonly #network: MemoryNetwork;
  readonly #options: ServerOpts;
  readonly #onSocket: (socket: Socket) => void;
  #place: Place | undefined;
  #at: Address = null;

  constructor(network: MemoryNetwork, options: ServerOpts, onSocket: (socket: Socket) => void) {
    super();
    this.#network = network;
    this.#options = options;
    this.#onSocket = onSocket;
  }

  listen(
    { host = '127.0.0.1', port, path }: { host?: string; port?: number; path?: string },
    onListening: () => void,
  ): this {
    const at = path ?? { address: host, port: port || this.#network.freePort() };
    const place = typeof at === 'string' ? at : placeOf(at.address, at.port);
    setImmediate(() => {
      if (!this.#network.listen(this, place)) {
        return void this.emit('error', failure('EADDRINUSE', place));
      }
      this.#at = at;
      this.#place = place;
      onListening();
    });
    return this;
  }

  address(): Address {
    return this.#at;
  }

  close(): this {
    if (this.#place !== undefined) this.#network.unlisten(this.#place);
    this.#place = undefined;
    return this;
  }

  /** The listener's end of a connection that `near` opens. */
  accept(near: MemorySocket): MemorySocket {
    const far = new MemorySocket(near.remote, near.local, this.#options.allowHalfOpen ?? false);
    far.join(near);
    if (this.#options.pauseOnConnect === true) far.pause();
    this.#onSocket(far as unknown as Socket);
    return far;
  }
}

/** One end of a connection, with the members of Socket that dkvs uses. */
class MemorySocket extends Duplex {
  readonly local: Place;
  readonly remote: Place;
  #other: MemorySocket | undefined;
  #hasAllRead = false;
  /** The other end's write waits until this one is read. */
  #onRoom: (() => void) | undefined;

  constructor(local: Place, remote: Place, isHalfOpen: boolean) {
    super({ allowHalfOpen: isHalfOpen });
    this.local = local;
    this.remote = remote;
  }

  join(other: MemorySocket): void {
    this.#other = other;
  }

  get remoteAddress(): string {
    return hostOf(this.remote);
  }

  get remotePort(): number {
    return portOf(this.remote);
  }

  get localAddress(): string {
    return hostOf(this.local);
  }

  get localPort(): number {
    return portOf(this.local);
  }

  setNoDelay(): this {
    return this;
  }

  setKeepAlive(): this {
    return this;
  }

  resetAndDestroy(): this {
    this.#other?.destroy(failure('ECONNRESET', this.local));
    return this.destroy();
  }

  override _read(): void {
    const onRoom = this.#onRoom;
    this.#onRoom = undefined;
    onRoom?.();
  }

  /** The bytes are copied just before `done`: a buffer that is used again too early shows. */
  override _write(chunk: Buffer, _encoding: BufferEncoding, done: Done): void {
    setImmediate(() => {
      const other = this.#other;
      if (other === undefined || other.destroyed) return done(failure('EPIPE', this.remote));
      if (other.push(Buffer.from(chunk))) done();
      else other.#onRoom = done;
    });
  }

  override _final(done: Done): void {
    setImmediate(() => {
      this.#other?.onOtherEnded();
      done();
    });
  }

  override _destroy(error: Error | null, done: Done): void {
    this.#onRoom?.();
    this.#other?.onOtherEnded();
    done(error);
  }

  /** Nothing more comes from the other end. */
  onOtherEnded(): void {
    if (this.#hasAllRead || this.destroyed) return;
    this.#hasAllRead = true;
    this.push(null);
  }
}

export function placeOf(host: string, port: number): Place {
  return `${host}:${port}`;
}

function hostOf(place: Place): string {
  return place.slice(0, place.lastIndexOf(':'));
}

function portOf(place: Place): number {
  return Number(place.slice(place.lastIndexOf(':') + 1));
}

function failure(code: string, place: Place): Error {
  return Object.assign(new Error(`in the test's network: ${code} ${place}`), { code });
}
