/**
 * A client without a library: bytes out, whole replies in, as latin1. Every wait has a deadline
 * that says what had come by then.
 */

import { connect, type Socket } from 'node:net';
import { encodeRequest, replyEnd } from '../commands/redis-server.ts';
import { RecordingReply } from '../protocol/recording-reply.ts';
import { decodeReplies } from '../protocol/resp-decoder.ts';
import { DEADLINE_MS, within } from './eventually.ts';

export type Address = { readonly port: number } | { readonly path: string };

export class WireClient {
  readonly socket: Socket;
  readonly #closed: Promise<void>;
  #isClosed = false;
  #chunks: Buffer[] = [];
  #bytes = 0;
  /** No reply can be whole with fewer bytes: big values are not looked at again and again. */
  #bytesNeeded = 1;
  #text = '';
  #wake: () => void = () => {};

  constructor(socket: Socket) {
    this.socket = socket;
    socket.setNoDelay(true);
    socket.on('data', (chunk: Buffer) => {
      this.#chunks.push(chunk);
      this.#bytes += chunk.length;
      this.#wake();
    });
    // A server may close before it has read everything; `closed` tells the end.
    socket.on('error', () => {});
    this.#closed = new Promise((resolve) => {
      socket.on('close', () => {
        this.#isClosed = true;
        this.#wake();
        resolve();
      });
    });
  }

  static async connect(address: Address): Promise<WireClient> {
    const socket = 'path' in address ? connect(address.path) : connect(address.port, '127.0.0.1');
    await within('connecting', new Promise<void>((resolve, reject) => {
      socket.once('connect', resolve);
      socket.once('error', reject);
    }));
    return new WireClient(socket);
  }

  get isClosed(): boolean {
    return this.#isClosed;
  }

  /** The server, or `close`, ended the connection. */
  closed(): Promise<void> {
    return within('the connection to be closed', this.#closed);
  }

  /** Sends one command and gives the bytes of its reply. */
  async call(...args: readonly string[]): Promise<string> {
    this.send(args);
    return this.reply();
  }

  /** The same; a line of words stands for its words. */
  run(command: string | readonly string[]): Promise<string> {
    return this.call(...(typeof command === 'string' ? command.split(' ') : command));
  }

  /** The reply as a tree of JS values (test/protocol/recording-reply.ts). */
  async ask(command: string | readonly string[]): Promise<unknown> {
    const recorded = new RecordingReply(3);
    decodeReplies(Buffer.from(await this.run(command), 'latin1'), recorded);
    return recorded.value;
  }

  /** Sends a line as a person types it. */
  async type(line: string): Promise<string> {
    this.write(`${line}\r\n`);
    return this.reply();
  }

  /** Sends the commands in one write. */
  send(...commands: readonly (readonly string[])[]): void {
    this.write(commands.map(encodeRequest).join(''));
  }

  write(bytes: string | Buffer): void {
    this.socket.write(typeof bytes === 'string' ? Buffer.from(bytes, 'latin1') : bytes);
  }

  async reply(deadlineMs = DEADLINE_MS): Promise<string> {
    for (;;) {
      const reply = this.#take();
      if (reply !== undefined) return reply;
      if (this.#isClosed) throw new Error(`closed instead of a reply; ${this.#shown()}`);
      const more = new Promise<void>((resolve) => { this.#wake = resolve; });
      await within(() => `a reply; ${this.#shown()}`, more, deadlineMs);
    }
  }

  /** A whole reply that has come, if there is one. */
  poll(): string | undefined {
    return this.#take();
  }

  async replies(count: number): Promise<string[]> {
    const replies: string[] = [];
    while (replies.length < count) replies.push(await this.reply());
    return replies;
  }

  /** Everything that the server says until it closes the connection. */
  async untilClosed(): Promise<string> {
    await this.closed();
    const said = this.#text + Buffer.concat(this.#chunks).toString('latin1');
    this.#chunks = [];
    this.#bytes = 0;
    this.#text = '';
    return said;
  }

  close(): void {
    this.socket.destroy();
  }

  #take(): string | undefined {
    if (this.#text.length + this.#bytes < this.#bytesNeeded) return undefined;
    if (this.#bytes > 0) {
      this.#text += Buffer.concat(this.#chunks).toString('latin1');
      this.#chunks = [];
      this.#bytes = 0;
    }
    const end = replyEnd(this.#text, 0);
    if (end === undefined) {
      this.#bytesNeeded = bytesOfBulk(this.#text) ?? this.#text.length + 1;
      return undefined;
    }
    const reply = this.#text.slice(0, end);
    this.#text = this.#text.slice(end);
    this.#bytesNeeded = 1;
    return reply;
  }

  #shown(): string {
    const said = this.#text + Buffer.concat(this.#chunks).toString('latin1');
    return `it said ${JSON.stringify(said.slice(0, 200))}`;
  }
}

/** What a reply that begins like a bulk string takes in all; undefined for others. */
function bytesOfBulk(text: string): number | undefined {
  const lineEnd = text.indexOf('\r\n');
  if (!text.startsWith('$') || lineEnd < 0) return undefined;
  return lineEnd + 2 + Number(text.slice(1, lineEnd)) + 2;
}
