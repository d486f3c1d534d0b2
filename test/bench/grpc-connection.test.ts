/**
 * The hand-written client side of gRPC, against Node's own HTTP/2 on the other side: what Node
 * takes for whole requests and what it sends as replies.
 */
import { once } from 'node:events';
import { createServer, type Http2Server, type ServerHttp2Stream } from 'node:http2';
import { connect, createServer as createTcpServer, type AddressInfo, type Socket }
  from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { makePutRequest, makeRangeRequest, PUT_PATH, writeNumber }
  from '../../bench/lib/etcd-requests.ts';
import { GrpcConnection } from '../../bench/lib/grpc-connection.ts';

interface Seen {
  readonly path: string;
  readonly contentType: string;
  readonly te: string;
  readonly body: Buffer;
}

type Answer = (stream: ServerHttp2Stream, n: number) => void;

let server: Http2Server | undefined;
let connection: GrpcConnection | undefined;

afterEach(() => {
  connection?.close();
  server?.close();
  connection = undefined;
  server = undefined;
});

const REPLY = Buffer.from([0, 0, 0, 0, 3, 0x61, 0x62, 0x63]);

const succeed: Answer = (stream) => {
  stream.respond({ ':status': 200, 'content-type': 'application/grpc' }, { waitForTrailers: true });
  stream.on('wantTrailers', () => stream.sendTrailers({ 'grpc-status': '0' }));
  stream.end(REPLY);
};

/** Collects what arrives; `answer` gets each whole request and its number. */
async function listen(answer: Answer): Promise<{ readonly port: number; readonly seen: Seen[] }> {
  const seen: Seen[] = [];
  const made = createServer();
  server = made;
  made.on('stream', (stream, headers) => {
    const chunks: Buffer[] = [];
    stream.on('error', () => {});
    stream.on('data', (chunk: Buffer) => chunks.push(chunk));
    stream.on('end', () => {
      seen.push({
        path: String(headers[':path']), contentType: String(headers['content-type']),
        te: String(headers['te']), body: Buffer.concat(chunks),
      });
      answer(stream, seen.length - 1);
    });
  });
  made.listen(0, '127.0.0.1');
  await once(made, 'listening');
  return { port: (made.address() as AddressInfo).port, seen };
}

/** Has the listeners of the socket see every byte by itself. */
function splitReads(socket: Socket): void {
  const on = socket.on.bind(socket) as (event: string, listener: unknown) => Socket;
  socket.on = ((event: string, listener: (data: Buffer) => void) => on(event,
    event !== 'data' ? listener : (data: Buffer) => {
      for (const byte of data) listener(Buffer.of(byte));
    })) as typeof socket.on;
}

/** The bytes of each client's reply, once all have come. */
async function callAll(
  port: number, clients: number, message: Buffer, prepare: (socket: Socket) => void = () => {},
): Promise<ReadonlyMap<number, number>> {
  const socket = connect(port, '127.0.0.1');
  prepare(socket);
  await once(socket, 'connect');
  const replies = new Map<number, number>();
  return new Promise((done, fail) => {
    const made = new GrpcConnection({
      socket, path: PUT_PATH, messageBytes: message.length, onFailure: fail,
      writeMessage: (into, at, client) => {
        message.copy(into, at);
        writeNumber(into, at, client);
      },
      onReply: (client, bytes) => {
        replies.set(client, bytes);
        if (replies.size === clients) done(replies);
      },
    });
    connection = made;
    for (let client = 0; client < clients; client++) made.call(client);
    made.flush();
  });
}

/**
 * Makes calls to a server that never answers, but says `once`. How many have arrived when at least
 * `wanted` have and nothing has followed for a while.
 */
async function countCalls(
  clients: number, messageBytes: number, once: Buffer, wanted: number,
): Promise<number> {
  let received = Buffer.alloc(0);
  const silent = createTcpServer((socket) => {
    socket.on('error', () => {});
    socket.write(once);
    socket.on('data', (data) => { received = Buffer.concat([received, data]); });
  });
  await new Promise<void>((done) => silent.listen(0, '127.0.0.1', done));
  const { port } = silent.address() as AddressInfo;
  callAll(port, clients, makePutRequest(messageBytes - 5 - makePutRequest(0).length))
    .catch(() => {});
  const count = (): number => countData(received);
  for (let quiet = 0; quiet < 5 || count() < wanted; quiet++) {
    const before = count();
    await new Promise((done) => setTimeout(done, 20));
    if (count() !== before) quiet = 0;
  }
  connection?.close();
  silent.close();
  return count();
}

/** Frames of DATA behind the 24 bytes with which a client begins. */
function countData(bytes: Buffer): number {
  let count = 0;
  for (let at = 24; at + 9 <= bytes.length; at += 9 + bytes.readUIntBE(at, 3)) {
    if (bytes[at + 3] === 0) count++;
  }
  return count;
}

const keysOf = (seen: readonly Seen[]): string[] =>
  seen.map(({ body }) => body.toString('latin1', 7, 23)).sort();
const keysTo = (count: number): string[] =>
  Array.from({ length: count }, (_, n) => `key:${String(n).padStart(12, '0')}`);

describe('a gRPC connection', () => {
  it('makes calls that arrive whole, with the headers of the first on all of them', async () => {
    const { port, seen } = await listen(succeed);
    const replies = await callAll(port, 3, makePutRequest(64));
    expect([...replies]).toEqual([[0, 3], [1, 3], [2, 3]]);
    expect(keysOf(seen)).toEqual(keysTo(3));
    for (const { path, contentType, te, body } of seen) {
      expect([path, contentType, te]).toEqual([PUT_PATH, 'application/grpc', 'trailers']);
      expect(body.subarray(0, 5)).toEqual(Buffer.from([0, 0, 0, 0, 84]));
      expect(body.length).toBe(5 + 84);
    }
  });

  it('makes more calls at once than one buffer holds', async () => {
    const { port, seen } = await listen(succeed);
    const replies = await callAll(port, 2000, makePutRequest(127));
    expect(replies.size).toBe(2000);
    expect(keysOf(seen)).toEqual(keysTo(2000));
  });

  it('sends no more than the server has a window for, and the rest when it grows', async () => {
    const messageBytes = 5 + makePutRequest(127).length;
    const fitting = Math.floor(65_535 / messageBytes);
    const first = await countCalls(2000, messageBytes, Buffer.alloc(0), fitting);
    expect(first).toBe(fitting);
    // A frame of 4 bytes, WINDOW_UPDATE, for the connection: ten messages more.
    const more = Buffer.from([0, 0, 4, 8, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
    more.writeUInt32BE(10 * messageBytes, 9);
    const then = await countCalls(2000, messageBytes, more, fitting + 10);
    expect(then).toBe(fitting + 10);
  });

  it('understands replies that come byte by byte', async () => {
    const { port } = await listen(succeed);
    const replies = await callAll(port, 20, makePutRequest(64), splitReads);
    expect([...replies.values()]).toEqual(Array.from({ length: 20 }, () => 3));
  });

  it('counts a call as failed that ends without a message or is reset', async () => {
    const { port } = await listen((stream, n) => {
      if (n === 0) stream.respond({ ':status': 200, 'grpc-status': '14' }, { endStream: true });
      else if (n === 1) stream.close(8);
      else succeed(stream, n);
    });
    const replies = await callAll(port, 3, makeRangeRequest());
    expect([...replies.values()].sort()).toEqual([0, 0, 3]);
  });

  it('fails when the server ends the connection', async () => {
    const { port } = await listen((stream) => stream.session?.goaway(2));
    await expect(callAll(port, 1, makeRangeRequest())).rejects.toThrow('ends the connection');
    connection?.close();
    server?.close();
    const cut = await listen((stream) => stream.session?.destroy());
    await expect(callAll(cut.port, 1, makeRangeRequest())).rejects.toThrow();
  });
});

describe("requests of etcd's key-value service", () => {
  it('are the fields that its protocol names, key first', () => {
    const request = makePutRequest(64);
    writeNumber(request, 0, 120_042);
    expect(request.toString('latin1')).toBe(`\n\x10key:000000120042\x12\x40${'x'.repeat(64)}`);
    expect(makeRangeRequest().toString('latin1')).toBe('\n\x10key:000000000000');
  });

  it('have no room for a value whose length takes two bytes', () => {
    expect(() => makePutRequest(128)).toThrow(RangeError);
  });
});
