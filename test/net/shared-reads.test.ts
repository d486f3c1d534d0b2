import { once } from 'node:events';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { SharedReads } from '../../src/net/shared-reads.ts';

const sockets: Socket[] = [];
const servers: Server[] = [];

afterEach(() => {
  for (const socket of sockets.splice(0)) socket.destroy();
  for (const server of servers.splice(0)) server.close();
});

/** Accepts clients as the server does; `seen` is told of each 'data'. */
async function listen(
  seen: (chunk: Buffer, bytes: number | undefined, socket: Socket) => void,
  spoil: (accepted: Socket) => void = () => {},
): Promise<{ server: Server; port: number }> {
  const reads = new SharedReads();
  const server = createServer({ allowHalfOpen: true, pauseOnConnect: true }, (accepted) => {
    spoil(accepted);
    const socket = reads.adopt(accepted);
    sockets.push(socket);
    socket.on('data', (chunk: Buffer, bytes?: number) => seen(chunk, bytes, socket));
    socket.on('end', () => socket.end('bye'));
  });
  servers.push(server);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  return { server, port: address.port };
}

async function dial(port: number): Promise<Socket> {
  const socket = connect(port, '127.0.0.1');
  sockets.push(socket);
  await once(socket, 'connect');
  return socket;
}

describe('reads of all clients', () => {
  it('go into one buffer, with how many bytes came', async () => {
    const buffers = new Set<Buffer>();
    const { port } = await listen((chunk, bytes, socket) => {
      buffers.add(chunk);
      socket.write(chunk.toString('latin1', 0, bytes).toUpperCase());
    });
    for (const text of ['one', 'two, three']) {
      const client = await dial(port);
      client.write(text);
      expect(String((await once(client, 'data'))[0])).toBe(text.toUpperCase());
    }
    expect(buffers.size).toBe(1);
    expect([...buffers][0]?.length).toBe(64 * 1024);
  });

  it('bring every byte of what is larger than the buffer, in order', async () => {
    const sent = Buffer.from(Array.from({ length: 300_000 }, (_, i) => i * 7 % 251));
    const parts: Buffer[] = [];
    const { port } = await listen((chunk, bytes) => {
      parts.push(Buffer.from(chunk.subarray(0, bytes)));
    });
    const client = await dial(port);
    client.end(sent);
    expect(String((await once(client, 'data'))[0])).toBe('bye');
    expect(Buffer.concat(parts).equals(sent)).toBe(true);
  });

  it('stop while the socket is paused', async () => {
    let bytesSeen = 0;
    const { port } = await listen((_chunk, bytes, socket) => {
      if (bytesSeen === 0) socket.pause();
      bytesSeen += bytes ?? 0;
      socket.write('+');
    });
    const client = await dial(port);
    client.write('a');
    await once(client, 'data');
    client.write('bc');
    const other = await dial(port);
    // A round trip of another client: the server has looked at all of its sockets meanwhile.
    other.write('d');
    await once(other, 'data');
    const paused = sockets.find((socket) => socket.isPaused());
    expect(bytesSeen).toBe(2);
    paused?.resume();
    await once(client, 'data');
    expect(bytesSeen).toBe(4);
  });

  it('leave nothing for the listening socket to wait for', async () => {
    const { server, port } = await listen((_chunk, _bytes, socket) => socket.write('+'));
    const client = await dial(port);
    client.write('a');
    await once(client, 'data');
    const count = await new Promise((done) => server.getConnections((_, open) => done(open)));
    expect(count).toBe(0);
  });

  it('go on as Node has them where a socket hides its handle', async () => {
    const { port } = await listen((chunk, bytes, socket) => {
      expect(bytes).toBeUndefined();
      socket.write(chunk);
    }, (accepted) => {
      const handle: unknown = Reflect.get(accepted, '_handle');
      let isHidden = true;
      Object.defineProperty(accepted, '_handle', {
        configurable: true,
        get: () => (isHidden ? undefined : handle),
        set: () => {},
      });
      const { resume } = accepted;
      accepted.resume = () => {
        isHidden = false;
        return resume.call(accepted);
      };
    });
    const client = await dial(port);
    client.write('plain');
    expect(String((await once(client, 'data'))[0])).toBe('plain');
  });
});
