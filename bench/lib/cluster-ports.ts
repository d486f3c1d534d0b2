/**
 * Ports for servers that end and start again: from below those that the kernel gives to clients
 * (32768 and up on Linux), or one of the many connections of a bench could have taken the port
 * while its server was down.
 */

import { createServer } from 'node:net';

const FIRST = 20_000;
const END = 32_000;
const TRIES_MAX = 1000;

const given = new Set<number>();

/** Each that this process was given is another. Another process may take it first, if seldom. */
export async function clusterPort(): Promise<number> {
  for (let i = 0; i < TRIES_MAX; i++) {
    const port = FIRST + Math.floor(Math.random() * (END - FIRST));
    if (given.has(port) || !await isFree(port)) continue;
    given.add(port);
    return port;
  }
  throw new Error(`none of ${TRIES_MAX} ports from ${FIRST} to ${END} is free`);
}

function isFree(port: number): Promise<boolean> {
  return new Promise((done) => {
    const probe = createServer();
    probe.once('error', () => done(false));
    probe.listen(port, '127.0.0.1', () => probe.close(() => done(true)));
  });
}
