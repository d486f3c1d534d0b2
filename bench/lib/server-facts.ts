/** What a server says about itself, asked over the wire. */

import { setTimeout as delay } from 'node:timers/promises';
import { Redis } from 'ioredis';

const SETTLED_BYTES = 1 << 20;
const SETTLE_MS = 250;
const SETTLE_TRIES = 40;

/** Asks with a connection of its own. Rejects with the server's error. */
export async function ask(port: number, command: string, ...args: readonly string[]):
Promise<unknown> {
  const client = connect(port);
  try {
    return await client.call(command, ...args);
  } finally {
    client.disconnect();
  }
}

/** The fields of INFO by name. */
export async function readInfo(port: number): Promise<ReadonlyMap<string, string>> {
  const text = String(await ask(port, 'INFO', 'everything'));
  const fields = text.split('\r\n').filter((line) => line.includes(':') && !line.startsWith('#'));
  return new Map(fields.map((line) => {
    const colon = line.indexOf(':');
    return [line.slice(0, colon), line.slice(colon + 1)];
  }));
}

/** A field of INFO that is a number; throws when it is missing. */
export function numberOf(info: ReadonlyMap<string, string>, field: string): number {
  const value = Number.parseFloat(info.get(field) ?? '');
  if (Number.isNaN(value)) throw new Error(`INFO has no number called ${field}`);
  return value;
}

export async function readRssBytes(port: number): Promise<number> {
  return numberOf(await readInfo(port), 'used_memory_rss');
}

/** RSS once it no longer falls: after a load, garbage and buffers go back in their own time. */
export async function readSettledRssBytes(port: number): Promise<number> {
  let before = await readRssBytes(port);
  for (let i = 0; i < SETTLE_TRIES; i++) {
    await delay(SETTLE_MS);
    const now = await readRssBytes(port);
    if (before - now < SETTLED_BYTES) return now;
    before = now;
  }
  return before;
}

/** Asks until `isDone`, ten times a second. */
export async function waitForInfo(
  port: number, isDone: (info: ReadonlyMap<string, string>) => boolean, timeoutMs = 300_000,
): Promise<void> {
  for (const end = performance.now() + timeoutMs; performance.now() < end;) {
    if (isDone(await readInfo(port))) return;
    await delay(100);
  }
  throw new Error(`the server on port ${port} was not done within ${timeoutMs} ms`);
}

/** A client for questions: no pool, no retries, nothing sent that was not asked for. */
export function connect(port: number): Redis {
  return new Redis(port, '127.0.0.1', {
    enableReadyCheck: false,
    disableClientInfo: true,
    maxRetriesPerRequest: 0,
    retryStrategy: () => null,
  });
}
