/**
 * Ports of loopback that nobody uses, for servers that must know each other's addresses before they
 * listen. All are held at once, so that they differ, and then let go: the system gives a port anew
 * only after it has been through the others.
 */

import { createServer, type AddressInfo, type Server } from 'node:net';

export async function reservePorts(count: number): Promise<number[]> {
  const servers = Array.from({ length: count }, () => createServer());
  try {
    return await Promise.all(servers.map(listen));
  } finally {
    await Promise.all(servers.map(close));
  }
}

function listen(server: Server): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => resolve((server.address() as AddressInfo).port));
  });
}

function close(server: Server): Promise<void> {
  return new Promise((resolve) => void server.close(() => resolve()));
}
