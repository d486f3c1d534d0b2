/**
 * Writes many keys as fast as a server takes them: what redis-cli --pipe does, from generated
 * commands. Every reply is counted; anything but +OK fails the fill.
 */

import { connect, type Socket } from 'node:net';
import { once } from 'node:events';
import type { SetCommands } from './set-commands.ts';

const CHUNK_BYTES = 64 * 1024;
const DEFAULTS: Required<FillOptions> = { connections: 4, unansweredMax: 4096 };
const REPLY = Buffer.from('+OK\r\n');

export interface FillOptions {
  readonly connections?: number;
  /** Commands of one connection that have no reply yet. */
  readonly unansweredMax?: number;
}

export interface FillReport {
  readonly seconds: number;
  readonly perSecond: number;
}

/** Writes keys 0 to `keys`, each once. */
export async function fill(
  port: number, commands: SetCommands, keys: number, options: FillOptions = {},
): Promise<FillReport> {
  const { connections, unansweredMax } = { ...DEFAULTS, ...options };
  const startedAt = performance.now();
  const share = Math.ceil(keys / connections);
  await Promise.all(Array.from({ length: connections }, (_, i) =>
    fillRange({
      port, commands, unansweredMax,
      from: Math.min(keys, i * share), to: Math.min(keys, (i + 1) * share),
    })));
  const seconds = (performance.now() - startedAt) / 1000;
  return { seconds, perSecond: keys / seconds };
}

interface Range {
  readonly port: number;
  readonly commands: SetCommands;
  readonly from: number;
  readonly to: number;
  readonly unansweredMax: number;
}

async function fillRange(range: Range): Promise<void> {
  if (range.from === range.to) return;
  const socket = connect(range.port, '127.0.0.1');
  await once(socket, 'connect');
  try {
    await new Promise<void>((done, fail) => {
      socket.once('error', fail);
      socket.once('close', () => fail(new Error('the server closed the connection')));
      new RangeFill(socket, range, done, fail).start();
    });
  } finally {
    socket.destroy();
  }
}

class RangeFill {
  readonly #socket: Socket;
  readonly #range: Range;
  readonly #done: () => void;
  readonly #fail: (error: Error) => void;
  #next: number;
  #repliedBytes = 0;

  constructor(socket: Socket, range: Range, done: () => void, fail: (error: Error) => void) {
    this.#socket = socket;
    this.#range = range;
    this.#next = range.from;
    this.#done = done;
    this.#fail = fail;
  }

  start(): void {
    this.#socket.on('data', (data) => this.#onReplies(data));
    this.#writeMore();
  }

  get #answered(): number {
    return Math.floor(this.#repliedBytes / REPLY.length);
  }

  #onReplies(data: Buffer): void {
    const misplaced = data[(REPLY.length - this.#repliedBytes % REPLY.length) % REPLY.length];
    if (data.includes('-') || (misplaced !== undefined && misplaced !== REPLY[0])) {
      const wrong = data.toString('latin1').split('\r\n').find((line) => !'+OK'.endsWith(line));
      this.#fail(new Error(`SET was answered with ${wrong?.slice(0, 200) ?? 'half a reply'}`));
      return;
    }
    this.#repliedBytes += data.length;
    if (this.#answered === this.#range.to - this.#range.from) this.#done();
    else this.#writeMore();
  }

  #writeMore(): void {
    const { commands, from, to, unansweredMax } = this.#range;
    const end = Math.min(to, from + this.#answered + unansweredMax);
    // A few large writes are cheaper, for both sides, than one for each reply.
    if (end < to && end - this.#next < unansweredMax / 4) return;
    while (this.#next < end) {
      const wantedBytes = (end - this.#next) * commands.bytesMax;
      const chunkBytes = Math.min(wantedBytes, CHUNK_BYTES);
      const chunk = Buffer.allocUnsafe(chunkBytes + commands.bytesMax);
      let at = 0;
      while (at < chunkBytes && this.#next < end) at = commands.writeSet(chunk, at, this.#next++);
      this.#socket.write(chunk.subarray(0, at));
    }
  }
}
