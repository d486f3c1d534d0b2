/**
 * A simulated TCP socket: the members of node:net's Socket that dkvs uses, over two pipes.
 *
 * The kernel's end (SimEnd) outlives the process: when that is killed, the kernel closes its
 * connections; when the machine loses power, they are forgotten, and what arrives for one of them
 * after the next start is answered with a reset.
 *
 * As strict as the real one allows: what is written is read from the caller's buffer only shortly
 * before the write's callback, so a buffer that is used again too early shows; and a server's
 * sockets may hand out one shared buffer, which is overwritten as soon as the listener returns
 * (net/shared-reads.ts).
 */

import { Duplex } from 'node:stream';
import type { SimPipe, Segment, PipeEnd } from './sim-pipe.ts';
import { WINDOW_BYTES } from './sim-pipe.ts';
import type { SimProcess } from './sim-process.ts';

export interface SocketAddress {
  readonly host: string;
  readonly port: number;
}

type Done = (error?: Error | null) => void;

const LATE_WRITE_ONE_IN = 4;
const LATE_WRITE_MS_MAX = 0.5;
const SHARED_BYTES = 64 * 1024;
const SCRIBBLE = 0xdb;

/** What a machine's kernel knows of one connection. */
export class SimEnd implements PipeEnd {
  readonly process: SimProcess;
  readonly local: SocketAddress;
  readonly remote: SocketAddress;
  readonly #isMachineOn: () => boolean;
  out: SimPipe | undefined;
  /** The other direction, from which this end takes. */
  into: SimPipe | undefined;
  socket: SimSocket | undefined;
  #hasEnded = false;
  #isOver = false;
  #isForgotten = false;

  constructor(
    process: SimProcess, local: SocketAddress, remote: SocketAddress, isMachineOn: () => boolean,
  ) {
    this.process = process;
    this.local = local;
    this.remote = remote;
    this.#isMachineOn = isMachineOn;
    process.onDeath(() => this.onProcessDeath());
  }

  get canHear(): boolean {
    return this.#isMachineOn();
  }

  get isOver(): boolean {
    return this.#isOver;
  }

  onSegment(segment: Segment): void {
    if (this.#isForgotten || (this.#isOver && segment.kind === 'data')) {
      if (segment.kind !== 'reset') this.out?.send({ kind: 'reset' });
      return;
    }
    if (this.#isOver) return;
    const { process } = this;
    if (segment.kind === 'reset') this.#isOver = true;
    // A connection that was just accepted may have no socket yet, but will by then.
    process.enter(() => this.socket?.onSegment(segment));
  }

  /** The sender's kernel gave up. */
  onGivenUp(): void {
    this.#isOver = true;
    const { socket, process } = this;
    if (socket !== undefined) {
      process.plan(process.scheduler.nowMs, () => socket.fail('ETIMEDOUT'));
    }
  }

  end(): void {
    if (this.#hasEnded || this.#isOver || this.#isForgotten) return;
    this.#hasEnded = true;
    this.out?.send({ kind: 'end' });
  }

  /** The process lets go. Bytes that it has not read make this a reset. */
  close(hasUnread: boolean): void {
    if (this.#isOver || this.#isForgotten) return;
    if (hasUnread) this.out?.send({ kind: 'reset' });
    else this.end();
    this.#isOver = true;
  }

  onProcessDeath(): void {
    this.socket = undefined;
    if (this.#isMachineOn()) this.close(false);
    else this.#isForgotten = true;
  }
}

export class SimSocket extends Duplex {
  readonly #process: SimProcess;
  readonly #end: SimEnd;
  readonly #shared: Buffer | undefined;
  #arrived: Segment[] = [];
  #wantsMore = true;
  #isConnected: boolean;
  #waiting: (() => void) | undefined;

  /** `shared`: hand out this one buffer, as net/shared-reads.ts makes a server's sockets do. */
  constructor(end: SimEnd, isConnected: boolean, allowHalfOpen: boolean, shared?: Buffer) {
    super({ allowHalfOpen, autoDestroy: true, emitClose: true });
    this.#process = end.process;
    this.#end = end;
    this.#isConnected = isConnected;
    this.#shared = shared;
    end.socket = this;
  }

  get remoteAddress(): string {
    return this.#end.remote.host;
  }

  get remotePort(): number {
    return this.#end.remote.port;
  }

  get localAddress(): string {
    return this.#end.local.host;
  }

  get localPort(): number {
    return this.#end.local.port;
  }

  setNoDelay(): this {
    return this;
  }

  setKeepAlive(): this {
    return this;
  }

  /** The dialled side: bytes may be sent from now on. */
  onConnected(): void {
    if (this.destroyed) return;
    this.#isConnected = true;
    this.emit('connect');
    const waiting = this.#waiting;
    this.#waiting = undefined;
    waiting?.();
  }

  fail(code: string): void {
    if (this.destroyed) return;
    const { host, port } = this.#end.remote;
    this.destroy(Object.assign(new Error(`simulated ${code} ${host}:${port}`), { code }));
  }

  onSegment(segment: Segment): void {
    if (this.destroyed) {
      if (segment.kind === 'data') this.#end.into?.take(segment.bytes.length);
      return;
    }
    if (segment.kind === 'reset') return this.fail('ECONNRESET');
    this.#arrived.push(segment);
    this.#deliver();
  }

  override emit(event: string | symbol, ...given: unknown[]): boolean {
    const [chunk] = given;
    if (event !== 'data' || this.#shared === undefined) return super.emit(event, ...given);
    const bytes = chunk as Buffer;
    for (let at = 0; at < bytes.length; at += SHARED_BYTES) {
      const piece = bytes.subarray(at, at + SHARED_BYTES);
      this.#shared.set(piece);
      super.emit('data', this.#shared, piece.length);
      this.#shared.fill(SCRIBBLE, 0, piece.length);
    }
    return true;
  }

  override _read(): void {
    this.#wantsMore = true;
    this.#deliver();
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: Done): void {
    this.#whenConnected(() => this.#send([chunk], done));
  }

  override _writev(chunks: readonly { chunk: Buffer }[], done: Done): void {
    this.#whenConnected(() => this.#send(chunks.map(({ chunk }) => chunk), done));
  }

  override _final(done: Done): void {
    this.#whenConnected(() => {
      this.#end.end();
      done();
    });
  }

  override _destroy(error: Error | null, done: Done): void {
    const hasUnread = this.readableLength > 0 ||
      this.#arrived.some(({ kind }) => kind === 'data');
    this.#end.close(hasUnread);
    for (const segment of this.#arrived.splice(0)) {
      if (segment.kind === 'data') this.#end.into?.take(segment.bytes.length);
    }
    done(error);
  }

  #whenConnected(act: () => void): void {
    if (this.#isConnected) act();
    else this.#waiting = act;
  }

  /** Usually the kernel takes it at once; else it is still the writer's for a while. */
  #send(chunks: readonly Buffer[], done: Done): void {
    const { scheduler, chance } = this.#process;
    if (!chance.oneIn(LATE_WRITE_ONE_IN)) return this.#handOver(chunks, done);
    const takenAtMs = scheduler.nowMs + chance.between(0, LATE_WRITE_MS_MAX);
    this.#process.plan(takenAtMs, () => this.#handOver(chunks, done));
  }

  #handOver(chunks: readonly Buffer[], done: Done): void {
    const process = this.#process;
    const { out } = this.#end;
    if (this.#end.isOver || out === undefined) {
      return done(Object.assign(new Error('simulated EPIPE'), { code: 'EPIPE' }));
    }
    out.send({ kind: 'data', bytes: Buffer.concat(chunks) });
    if (out.bytes < WINDOW_BYTES) return done();
    out.onRoom = () => void process.plan(process.scheduler.nowMs, done);
  }

  #deliver(): void {
    while (this.#wantsMore && this.#arrived.length > 0) {
      const segment = this.#arrived.shift()!;
      if (segment.kind !== 'data') {
        this.push(null);
        return;
      }
      this.#end.into?.take(segment.bytes.length);
      this.#wantsMore = this.push(segment.bytes);
    }
  }
}

export function sharedBuffer(): Buffer {
  return Buffer.alloc(SHARED_BYTES);
}
