/**
 * One connection of a simulated client: commands out, replies in. What it says of the requests is
 * only that replies come in their order, one for each.
 */

import type { Socket } from 'node:net';
import { ReplyDecoder } from '../model/reply-decoder.ts';
import type { Reply } from '../model/reply.ts';

export interface WireUser {
  onReply(reply: Reply): void;
  /** A push of RESP3, or a message of a subscriber; by default a fault. */
  onPush?(reply: Reply): void;
  /** Once, when nothing more comes. */
  onClosed(): void;
}

/** Commands are lists of strings in latin1. */
export type Command = readonly string[];

export class Wire {
  readonly #socket: Socket;
  readonly #user: WireUser;
  readonly #decoder = new ReplyDecoder();
  #isOver = false;

  constructor(connect: (onConnect: () => void) => Socket, onConnect: () => void, user: WireUser) {
    this.#user = user;
    const socket = connect(onConnect);
    this.#socket = socket;
    socket.on('data', (chunk: Buffer) => this.#onData(chunk));
    socket.on('error', () => this.#end());
    socket.on('end', () => this.#end());
    socket.on('close', () => this.#end());
  }

  get isOpen(): boolean {
    return !this.#isOver;
  }

  send(commands: readonly Command[]): void {
    this.#socket.write(Buffer.from(commands.map(encode).join(''), 'latin1'));
  }

  /** Bytes as they are, also of half a request. */
  sendRaw(bytes: string): void {
    this.#socket.write(Buffer.from(bytes, 'latin1'));
  }

  /** Ends its side; replies may still come. */
  end(): void {
    this.#socket.end();
  }

  /** Lets go at once, whatever is outstanding. */
  destroy(): void {
    this.#socket.destroy();
    this.#end();
  }

  /** Reads nothing until `resume`. */
  pause(): void {
    this.#socket.pause();
  }

  resume(): void {
    this.#socket.resume();
  }

  #onData(chunk: Buffer): void {
    if (this.#isOver) return;
    this.#decoder.feed(chunk);
    for (let reply = this.#decoder.next(); reply !== undefined; reply = this.#decoder.next()) {
      if (reply.kind === 'push' && this.#user.onPush !== undefined) this.#user.onPush(reply);
      else this.#user.onReply(reply);
      if (this.#isOver) return;
    }
  }

  #end(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#user.onClosed();
  }
}

export function encode(command: Command): string {
  const words = command.map((word) => `$${word.length}\r\n${word}\r\n`);
  return `*${command.length}\r\n${words.join('')}`;
}
