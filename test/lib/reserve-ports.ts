/**
 * Ports of loopback for servers that must know each other's addresses before they listen, and that
 * end and start again at the same place.
 *
 * They lie below those that the kernel gives to whoever asks for any (32768 and up on Linux, 49152
 * elsewhere): one of the many clients of a test or bench would else, sooner or later, have the port
 * of a server that is down. Test files that run side by side have ranges of their own.
 */

import { createServer } from 'node:net';

const FIRST = 20_000;
const END = 32_000;
const RANGES = 8;
const RANGE_PORTS = (END - FIRST) / RANGES;
const TRIES_MAX = 1000;

/** vitest numbers its workers from 1; a bench has the first range. */
const range = Number(process.env['VITEST_POOL_ID'] ?? 0) % RANGES;

const given = new Set<number>();

/** Each that this process was given is another one. */
export async function reservePorts(count: number): Promise<number[]> {
  const ports: number[] = [];
  while (ports.length < count) ports.push(await reservePort());
  return ports;
}

export async function reservePort(): Promise<number> {
  const first = FIRST + range * RANGE_PORTS;
  for (let i = 0; i < TRIES_MAX; i++) {
    const port = first + Math.floor(Math.random() * RANGE_PORTS);
    if (given.has(port)) continue;
    given.add(port);
    if (await isFree(port)) return port;
  }
  throw new Error(`none of ${TRIES_MAX} ports from ${first} to ${first + RANGE_PORTS} is free`);
}

function isFree(port: number): Promise<boolean> {
  return new Promise((done) => {
    const probe = createServer();
    probe.once('error', () => done(false));
    probe.listen(port, '127.0.0.1', () => probe.close(() => done(true)));
  });
}
