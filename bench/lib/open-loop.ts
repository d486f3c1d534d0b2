/**
 * Requests at a fixed rate, whatever the server does: each has a time at which it is due, and its
 * latency counts from then, not from when it could be sent. A server that stands still for 100 ms
 * thus gets 100 ms of late requests in its percentiles, not one (the mistake called coordinated
 * omission).
 *
 * Requests fall due in one bunch every millisecond, spread over the connections; finer timers would
 * take a core from the server. The lag of the generator itself is part of every latency and is
 * measured too, so that a reader can tell one from the other.
 *
 * Every key must exist and have values of one size: replies are told apart by counting bytes.
 */

import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { Histogram } from '../../src/lib/histogram.ts';
import type { SetCommands } from './set-commands.ts';

export interface OpenLoopOptions {
  readonly port: number;
  readonly commands: SetCommands;
  readonly keys: number;
  /** Requests a second: SET and GET in turn. */
  readonly rate: number;
  readonly connections: number;
  /** Not counted. */
  readonly warmUpMs: number;
  /** At most so long, if `isOver` does not end it before. */
  readonly measureMs: number;
  readonly isOver?: () => boolean;
}

/** All in microseconds. */
export interface OpenLoopReport {
  readonly set: Histogram;
  readonly get: Histogram;
  /** How late requests were sent. */
  readonly lag: Histogram;
  /** Requests of a second that got their reply. */
  readonly perSecond: number;
}

const TICK_MS = 1;
/** Unanswered requests of one connection; a server further behind than this has failed. */
const RING = 1 << 17;
/** An answer that does not come in this time after the last request never will. */
const DRAIN_MS = 30_000;
const PLUS = 0x2b;
const DOLLAR = 0x24;

export async function runOpenLoop(options: OpenLoopOptions): Promise<OpenLoopReport> {
  const loop = new OpenLoop(options);
  await loop.open();
  try {
    await loop.run();
  } finally {
    loop.close();
  }
  return loop.report();
}

class OpenLoop {
  readonly #options: OpenLoopOptions;
  readonly #set = new Histogram();
  readonly #get = new Histogram();
  readonly #lag = new Histogram();
  #lanes: readonly Lane[] = [];
  #countFromMs = 0;
  #endMs = 0;
  #sent = 0;
  #version = 1;

  constructor(options: OpenLoopOptions) {
    this.#options = options;
  }

  async open(): Promise<void> {
    const { port, connections } = this.#options;
    this.#lanes = await Promise.all(Array.from({ length: connections }, async () => {
      const socket = connect(port, '127.0.0.1');
      await once(socket, 'connect');
      socket.setNoDelay(true);
      return new Lane(socket, this.#options.commands, (isSet, dueMs) => this.#count(isSet, dueMs));
    }));
  }

  close(): void {
    for (const lane of this.#lanes) lane.close();
  }

  /** Rejects when a reply is an error, or never comes. */
  async run(): Promise<void> {
    const { warmUpMs, measureMs } = this.#options;
    const startMs = performance.now();
    this.#countFromMs = startMs + warmUpMs;
    const failed = Promise.race(this.#lanes.map(({ failed }) => failed));
    await Promise.race([this.#sendAll(startMs, warmUpMs + measureMs), failed]);
    this.#endMs = performance.now();
    await Promise.race([this.#drained(), failed]);
  }

  report(): OpenLoopReport {
    const seconds = (this.#endMs - this.#countFromMs) / 1000;
    const perSecond = (this.#set.count + this.#get.count) / seconds;
    return { set: this.#set, get: this.#get, lag: this.#lag, perSecond };
  }

  #sendAll(startMs: number, durationMs: number): Promise<void> {
    return new Promise((done) => {
      // Ticks are counted, not added up: a sum of times rounds, and once lost the last request.
      let elapsedMs = 0;
      const tick = (): void => {
        const nowMs = performance.now();
        for (; elapsedMs < durationMs && startMs + elapsedMs <= nowMs; elapsedMs += TICK_MS) {
          this.#send(startMs, elapsedMs, nowMs);
        }
        for (const lane of this.#lanes) lane.flush();
        if (elapsedMs >= durationMs || this.#options.isOver?.() === true) done();
        else setTimeout(tick, TICK_MS);
      };
      tick();
    });
  }

  /** Everything that falls due `elapsedMs` (whole ticks) after the start. */
  #send(startMs: number, elapsedMs: number, nowMs: number): void {
    const { rate, keys } = this.#options;
    const dueMs = startMs + elapsedMs;
    const dueRequests = Math.floor((elapsedMs + TICK_MS) * rate / 1000);
    for (; this.#sent < dueRequests; this.#sent++) {
      const lane = this.#lanes[this.#sent % this.#lanes.length] as Lane;
      const n = Math.floor(Math.random() * keys);
      if ((this.#sent / this.#lanes.length & 1) === 0) lane.addSet(n, this.#version++, dueMs);
      else lane.addGet(n, dueMs);
      if (dueMs >= this.#countFromMs) this.#lag.record((nowMs - dueMs) * 1000);
    }
  }

  #count(isSet: boolean, dueMs: number): void {
    if (dueMs < this.#countFromMs) return;
    (isSet ? this.#set : this.#get).record((performance.now() - dueMs) * 1000);
  }

  async #drained(): Promise<void> {
    const deadline = performance.now() + DRAIN_MS;
    while (this.#lanes.some(({ isIdle }) => !isIdle)) {
      if (performance.now() > deadline) throw new Error(`no reply within ${DRAIN_MS} ms`);
      await new Promise((done) => setTimeout(done, TICK_MS));
    }
  }
}

/** One connection with its unanswered requests, oldest first. */
class Lane {
  /** Rejects when the connection or a request fails. */
  readonly failed: Promise<never>;
  readonly #socket: Socket;
  readonly #commands: SetCommands;
  readonly #onReply: (isSet: boolean, dueMs: number) => void;
  readonly #setReplyBytes = 5;
  readonly #getReplyBytes: number;
  readonly #dueMs = new Float64Array(RING);
  readonly #isSet = new Uint8Array(RING);
  #first = 0;
  #end = 0;
  /** Bytes of the oldest request's reply that are still to come; 0 before its first. */
  #missingBytes = 0;
  #out = Buffer.allocUnsafe(64 * 1024);
  #outBytes = 0;
  #fail: (error: Error) => void = () => {};

  constructor(
    socket: Socket, commands: SetCommands, onReply: (isSet: boolean, dueMs: number) => void,
  ) {
    this.#socket = socket;
    this.#commands = commands;
    this.#onReply = onReply;
    const { valueBytes } = commands.shape;
    this.#getReplyBytes = `$${valueBytes}\r\n\r\n`.length + valueBytes;
    this.failed = new Promise((_, fail) => {
      this.#fail = fail;
    });
    this.failed.catch(() => {});
    socket.on('data', (data) => this.#onData(data));
    socket.once('error', (error) => this.#fail(error));
    socket.once('close', () => this.#fail(new Error('the server closed the connection')));
  }

  get isIdle(): boolean {
    return this.#first === this.#end;
  }

  close(): void {
    this.#socket.removeAllListeners('close');
    this.#socket.destroy();
  }

  addSet(n: number, version: number, dueMs: number): void {
    this.#reserve();
    this.#outBytes = this.#commands.writeSet(this.#out, this.#outBytes, n, version);
    this.#push(1, dueMs);
  }

  addGet(n: number, dueMs: number): void {
    this.#reserve();
    this.#outBytes = this.#commands.writeGet(this.#out, this.#outBytes, n);
    this.#push(0, dueMs);
  }

  /** The socket owns what was written; the next requests get a new buffer. */
  flush(): void {
    if (this.#outBytes === 0) return;
    this.#socket.write(this.#out.subarray(0, this.#outBytes));
    this.#out = Buffer.allocUnsafe(64 * 1024);
    this.#outBytes = 0;
  }

  #reserve(): void {
    if (this.#outBytes + this.#commands.bytesMax > this.#out.length) this.flush();
  }

  #push(isSet: number, dueMs: number): void {
    if (this.#end - this.#first === RING) {
      this.#fail(new Error(`the server is ${RING} requests behind on one connection`));
      return;
    }
    this.#dueMs[this.#end % RING] = dueMs;
    this.#isSet[this.#end % RING] = isSet;
    this.#end++;
  }

  #onData(data: Buffer): void {
    let at = 0;
    while (at < data.length) {
      const slot = this.#first % RING;
      const isSet = this.#isSet[slot] === 1;
      if (this.#missingBytes === 0) {
        if (data[at] !== (isSet ? PLUS : DOLLAR) || data[at + 1] === 0x2d) {
          this.#fail(new Error(`unexpected reply ${data.toString('latin1', at, at + 200)}`));
          return;
        }
        this.#missingBytes = isSet ? this.#setReplyBytes : this.#getReplyBytes;
      }
      const taken = Math.min(this.#missingBytes, data.length - at);
      at += taken;
      this.#missingBytes -= taken;
      if (this.#missingBytes > 0) return;
      this.#onReply(isSet, this.#dueMs[slot] as number);
      this.#first++;
    }
  }
}
