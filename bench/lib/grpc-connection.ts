/**
 * One HTTP/2 connection on which many clients make one sort of unary gRPC call, each with requests
 * of one length: little work for each call, so that what is measured is the server. node:http2
 * was tried: it took 120 µs of CPU for each put, as much as all three members of etcd together, and
 * on two cores etcd then answered little more than half as many. This takes less than 20.
 *
 * A call is HEADERS and DATA, and its reply HEADERS, DATA, HEADERS:
 *
 *   length 24 | type 8 | flags 8 | stream 32 | payload          a frame of HTTP/2 (RFC 9113)
 *   DATA's payload: compressed 8 (none) | length 32 | message   a message of gRPC
 *
 * The first call leaves its headers in the server's table, from which later ones name each by one
 * byte (RFC 7541), as gRPC's own clients do. Headers of replies are not read: a reply that has a
 * message has succeeded, one that ends without has not.
 *
 * Everything asked for in one turn leaves in one write. The server's window for the connection is
 * respected: calls beyond it wait. Its window for a stream (64 KiB) is far above a request.
 */

import type { Socket } from 'node:net';

export interface GrpcCalls {
  readonly socket: Socket;
  /** Such as /etcdserverpb.KV/Put. */
  readonly path: string;
  /** All requests have as many bytes. */
  readonly messageBytes: number;
  /** Writes a request's message at `at`. */
  readonly writeMessage: (into: Buffer, at: number, client: number) => void;
  /** `messageBytes` of the reply; 0 when the call has failed. */
  readonly onReply: (client: number, messageBytes: number) => void;
  readonly onFailure: (error: Error) => void;
}

const PREFACE = Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n');
const DATA = 0;
const HEADERS = 1;
const RST_STREAM = 3;
const SETTINGS = 4;
const PING = 6;
const GOAWAY = 7;
const WINDOW_UPDATE = 8;
const END_STREAM = 1;
const ACK = 1;
const END_HEADERS = 4;
const FRAME_HEAD_BYTES = 9;
const MESSAGE_HEAD_BYTES = 5;
const WINDOW_BYTES = 65_535;
const WINDOW_BYTES_MAX = 2 ** 31 - 1;
/** What the server may still send falls no lower before it gets a new window. */
const WINDOW_RENEWAL_BYTES = 2 ** 30;
const OUT_BYTES = 64 * 1024;

/**
 * :method POST and :scheme http by their numbers in the static table; the other four with
 * "incremental indexing", which gives the last of them number 62 and the first 65.
 */
function firstHeaders(path: string): Buffer {
  const literal = (text: string): Buffer => Buffer.concat([Buffer.of(text.length),
    Buffer.from(text)]);
  return Buffer.concat([
    Buffer.of(0x83, 0x86),
    Buffer.of(0x44), literal(path),
    Buffer.of(0x41), literal('127.0.0.1'),
    Buffer.of(0x5f), literal('application/grpc'),
    Buffer.of(0x40), literal('te'), literal('trailers'),
  ]);
}

const LATER_HEADERS = Buffer.of(0x83, 0x86, 0xc1, 0xc0, 0xbf, 0xbe);

export class GrpcConnection {
  readonly #calls: GrpcCalls;
  readonly #replies = new Map<number, { readonly client: number; messageBytes: number }>();
  /** Clients whose calls have no room in the server's window, first come first. */
  readonly #waiting: number[] = [];
  readonly #request: Buffer;
  #nextStream = 1;
  #windowBytes = WINDOW_BYTES;
  #receivedBytes = 0;
  #rest: Buffer = Buffer.alloc(0);
  #out = Buffer.allocUnsafe(OUT_BYTES);
  #outBytes = 0;

  /** `socket` is connected, and belongs to this from now on. */
  constructor(calls: GrpcCalls) {
    this.#calls = calls;
    this.#request = this.#makeRequest(LATER_HEADERS);
    calls.socket.setNoDelay(true);
    calls.socket.on('data', (data) => this.#onData(data));
    calls.socket.once('error', calls.onFailure);
    calls.socket.once('close', () => calls.onFailure(new Error('the server has hung up')));
    this.#write(PREFACE);
    // No pushes (setting 2 is 0), and a window for replies that never runs out.
    this.#write(makeFrame(SETTINGS, 0, 0, Buffer.of(0, 2, 0, 0, 0, 0)));
    this.#write(makeFrame(WINDOW_UPDATE, 0, 0, word(WINDOW_BYTES_MAX - WINDOW_BYTES)));
  }

  close(): void {
    this.#calls.socket.removeAllListeners();
    this.#calls.socket.on('error', () => {});
    this.#calls.socket.destroy();
  }

  /** Call `flush` when nothing is to be added for now. */
  call(client: number): void {
    const bytes = this.#calls.messageBytes + MESSAGE_HEAD_BYTES;
    if (this.#windowBytes < bytes) {
      this.#waiting.push(client);
      return;
    }
    this.#windowBytes -= bytes;
    const isFirst = this.#nextStream === 1;
    const request = isFirst ? this.#makeRequest(firstHeaders(this.#calls.path)) : this.#request;
    const start = this.#write(request);
    const dataAt = start + request.length - FRAME_HEAD_BYTES - bytes;
    this.#out.writeUInt32BE(this.#nextStream, start + 5);
    this.#out.writeUInt32BE(this.#nextStream, dataAt + 5);
    this.#calls.writeMessage(this.#out, dataAt + FRAME_HEAD_BYTES + MESSAGE_HEAD_BYTES, client);
    this.#replies.set(this.#nextStream, { client, messageBytes: 0 });
    this.#nextStream += 2;
  }

  /** The socket owns what was written; the next requests get a new buffer. */
  flush(): void {
    if (this.#outBytes === 0) return;
    this.#calls.socket.write(this.#out.subarray(0, this.#outBytes));
    this.#out = Buffer.allocUnsafe(OUT_BYTES);
    this.#outBytes = 0;
  }

  /** Both frames of a call; streams and message are written where they are sent. */
  #makeRequest(headers: Buffer): Buffer {
    const message = Buffer.alloc(MESSAGE_HEAD_BYTES + this.#calls.messageBytes);
    message.writeUInt32BE(this.#calls.messageBytes, 1);
    return Buffer.concat([
      makeFrame(HEADERS, END_HEADERS, 0, headers), makeFrame(DATA, END_STREAM, 0, message),
    ]);
  }

  /** Where the bytes begin. */
  #write(bytes: Buffer): number {
    if (this.#outBytes + bytes.length > this.#out.length) this.flush();
    const start = this.#outBytes;
    this.#outBytes += bytes.copy(this.#out, start);
    return start;
  }

  #onData(data: Buffer): void {
    const all = this.#rest.length === 0 ? data : Buffer.concat([this.#rest, data]);
    let at = 0;
    while (all.length - at >= FRAME_HEAD_BYTES) {
      const end = at + FRAME_HEAD_BYTES + all.readUIntBE(at, 3);
      if (end > all.length) break;
      this.#onFrame(all, at, end);
      at = end;
    }
    this.#rest = all.subarray(at);
    this.flush();
  }

  #onFrame(all: Buffer, at: number, end: number): void {
    const type = all[at + 3] as number;
    const isLast = ((all[at + 4] as number) & END_STREAM) !== 0;
    const stream = all.readUInt32BE(at + 5) & WINDOW_BYTES_MAX;
    const bytes = end - at - FRAME_HEAD_BYTES;
    if (type === DATA) this.#onMessageBytes(stream, bytes);
    if (type === DATA || type === HEADERS) {
      if (isLast) this.#onEnd(stream);
    } else if (type === RST_STREAM) this.#onEnd(stream, true);
    else this.#onConnectionFrame(type, stream, all.subarray(at, end));
  }

  #onConnectionFrame(type: number, stream: number, frame: Buffer): void {
    const payload = frame.subarray(FRAME_HEAD_BYTES);
    const isAnswer = ((frame[4] as number) & ACK) !== 0;
    if (type === SETTINGS && !isAnswer) this.#write(makeFrame(SETTINGS, ACK, 0, Buffer.alloc(0)));
    if (type === PING && !isAnswer) this.#write(makeFrame(PING, ACK, 0, payload));
    if (type === WINDOW_UPDATE && stream === 0) this.#onWindow(payload.readUInt32BE(0));
    if (type === GOAWAY) {
      const reason = payload.toString('latin1', 8);
      this.#calls.onFailure(new Error(`the server ends the connection: ${reason}`));
    }
  }

  #onMessageBytes(stream: number, bytes: number): void {
    const reply = this.#replies.get(stream);
    if (reply !== undefined) reply.messageBytes += bytes;
    this.#receivedBytes += bytes;
    if (this.#receivedBytes < WINDOW_RENEWAL_BYTES) return;
    this.#write(makeFrame(WINDOW_UPDATE, 0, 0, word(this.#receivedBytes)));
    this.#receivedBytes = 0;
  }

  #onEnd(stream: number, isReset = false): void {
    const reply = this.#replies.get(stream);
    if (reply === undefined) return;
    this.#replies.delete(stream);
    const bytes = isReset ? 0 : reply.messageBytes - MESSAGE_HEAD_BYTES;
    this.#calls.onReply(reply.client, Math.max(0, bytes));
  }

  #onWindow(bytes: number): void {
    this.#windowBytes += bytes;
    for (const client of this.#waiting.splice(0)) this.call(client);
  }
}

function makeFrame(type: number, flags: number, stream: number, payload: Buffer): Buffer {
  const head = Buffer.alloc(FRAME_HEAD_BYTES);
  head.writeUIntBE(payload.length, 0, 3);
  head[3] = type;
  head[4] = flags;
  head.writeUInt32BE(stream, 5);
  return Buffer.concat([head, payload]);
}

function word(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
}
