import type { Socket } from 'node:net';
import { describe, expect, it } from 'vitest';
import { NODE_NETWORK, type Network } from '../../src/io/network.ts';
import { eventually } from '../wire/eventually.ts';
import { MemoryNetwork } from './memory-network.ts';

interface Ends {
  readonly near: Socket;
  readonly far: Socket;
  readonly close: () => void;
}

const networks: readonly (readonly [string, () => Network])[] = [
  ['a network in memory', () => new MemoryNetwork()], ['Node’s', () => NODE_NETWORK],
];

async function listen(network: Network, onSocket: (socket: Socket) => void, port = 0) {
  const server = network.createServer({ allowHalfOpen: true, pauseOnConnect: true }, onSocket);
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen({ host: '127.0.0.1', port }, resolve);
  });
  const at = server.address();
  if (at === null || typeof at === 'string') throw new Error('it does not listen on a port');
  return { server, port: at.port };
}

async function connected(network: Network): Promise<Ends> {
  const accepted: Socket[] = [];
  const { server, port } = await listen(network, (socket) => void accepted.push(socket));
  const near = await new Promise<Socket>((resolve) => {
    const socket = network.connect({ host: '127.0.0.1', port }, () => resolve(socket));
  });
  near.on('error', () => {});
  const [far] = await eventually('the other end', () => accepted.length > 0 && accepted);
  far!.on('error', () => {});
  const close = (): void => {
    for (const end of [near, far!]) end.destroy();
    server.close();
  };
  return { near, far: far!, close };
}

function textFrom(socket: Socket): () => string {
  let text = '';
  socket.on('data', (chunk: Buffer) => { text += chunk.toString('latin1'); });
  return () => text;
}

describe.each(networks)('the tests rely on what %s does:', (_name, create) => {
  it('bytes arrive in order, and each end knows the other', async () => {
    const { near, far, close } = await connected(create());
    const heard = textFrom(far);
    for (const part of ['a', 'b', 'c'.repeat(100_000), 'd']) near.write(part);
    far.resume();
    await eventually('all bytes', () => heard().length === 100_003);
    expect(heard()).toBe(`ab${'c'.repeat(100_000)}d`);
    expect([far.remoteAddress, far.remotePort]).toEqual(['127.0.0.1', near.localPort]);
    expect(near.remotePort).toBe(far.localPort);
    close();
  });

  it('an end that has ended its side still hears', async () => {
    const { near, far, close } = await connected(create());
    const heard = textFrom(near);
    let hasEnded = false;
    far.on('end', () => (hasEnded = true)).resume();
    near.end();
    await eventually('the end', () => hasEnded);
    far.end('answer');
    await eventually('the answer', () => heard() === 'answer');
    close();
  });

  it('one that does not read holds the writer', async () => {
    const { near, far, close } = await connected(create());
    let isTaken = false;
    // More than the system's own buffers take.
    near.write(Buffer.alloc(16 * 1024 * 1024), () => (isTaken = true));
    near.write(Buffer.from('x'));
    expect(near.writableNeedDrain).toBe(true);
    const drained = new Promise<void>((resolve) => void near.once('drain', () => resolve()));
    far.resume();
    await drained;
    expect(isTaken).toBe(true);
    close();
  });

  it('one that is destroyed ends the other', async () => {
    const { near, far, close } = await connected(create());
    let hasEnded = false;
    near.on('end', () => (hasEnded = true)).resume();
    far.destroy();
    await eventually('the end', () => hasEnded);
    close();
  });

  it('nothing listens where nothing listens, and nobody listens twice', async () => {
    const network = create();
    const { server, port } = await listen(network, () => {});
    await expect(listen(network, () => {}, port)).rejects.toMatchObject({ code: 'EADDRINUSE' });
    server.close();
    const refused = new Promise((resolve) => {
      network.connect({ host: '127.0.0.1', port }, () => {}).once('error', resolve);
    });
    expect(await refused).toMatchObject({ code: 'ECONNREFUSED' });
  });
});
