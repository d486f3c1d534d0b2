/**
 * Writes many keys as fast as a server takes them: what redis-cli --pipe does, from generated
 * commands. Every reply is counted; anything but +OK fails the fill.
 */

import { connect, type Socket } from 'node:net';
import { once } from 'node:events';
import type { SetCommands } from './set-commands.ts';

const CONNECTIONS = 4;
const CHUNK_BYTES = 64 * 1024;
/** Commands of one connection that have no reply yet: enough to keep a server busy, no more. */
const UNANSWERED_MAX = 4096;
const REPLY = Buffer.from('+OK\r\n');

export interface FillReport {
  readonly seconds: number;
  readonly perSecond: number;
}

/** Writes keys 0 to `keys`, each once. */
export async function fill(port: number, commands: SetCommands, keys: number): Promise<FillReport> {
  const startedAt = performance.now();
  const share = Math.ceil(keys / CONNECTIONS);
  await Promise.all(Array.from({ length: CONNECTIONS }, (_, i) =>
    fillRange(port, commands, Math.min(keys, i * share), Math.min(keys, (i + 1) * share))));
  const seconds = (performance.now() - startedAt) / 1000;
  return { seconds, perSecond: keys / seconds };
}

async function fillRange(port: number, commands: SetCommands, from: number, to: number):
Promise<void> {
  if (from === to) return;
  const socket = connect(port, '127.0.0.1');
  await once(socket, 'connect');
  try {
    await new Promise<void>((done, fail) => {
      socket.once('error', fail);
      socket.once('close', () => fail(new Error('the server closed the connection')));
      new RangeFill(socket, commands, from, to, done, fail).start();
    });
  } finally {
    socket.destroy();
  }
}

class RangeFill {
  readonly #socket: Socket;
  readonly #commands: SetCommands;
  readonly #from: number;
  readonly #to: number;
  readonly #done: () => void;
  readonly #fail: (error: Error) => void;
  #next: number;
  #repliedBytes = 0;

  constructor(
    socket: Socket, commands: SetCommands, from: number, to: number,
    done: () => void, fail: (error: Error) => void,
  ) {
    this.#socket = socket;
    this.#commands = commands;
    this.#from = from;
    this.#next = from;
    this.#to = to;
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
      this.#fail(new Error(`SET was answered with ${data.toString('latin1').slice(0, 200)}`));
      return;
    }
    this.#repliedBytes += data.length;
    if (this.#answered === this.#to - this.#from) this.#done();
    else this.#writeMore();
  }

  #writeMore(): void {
    while (this.#next < this.#to && this.#next - this.#from - this.#answered < UNANSWERED_MAX) {
      const chunk = Buffer.allocUnsafe(CHUNK_BYTES + this.#commands.bytesMax);
      let at = 0;
      while (at < CHUNK_BYTES && this.#next < this.#to) {
        at = this.#commands.writeSet(chunk, at, this.#next++);
      }
      this.#socket.write(chunk.subarray(0, at));
    }
  }
}
