/** A fastify application that gets its clients by @fastify/redis. */

import { fastifyRedis } from '@fastify/redis';
import { fastify, type FastifyInstance, type FastifyRequest } from 'fastify';
import { Redis } from 'ioredis';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { TestServer } from '../server/test-server.ts';
import { eventually } from '../wire/eventually.ts';

let dkvs: TestServer;
let application: FastifyInstance;
let address: string;

/** A note is kept for a while, its readers are counted in another database. */
async function startNotes(port: number): Promise<void> {
  application = fastify();
  const place = { host: '127.0.0.1', port };
  await application.register(fastifyRedis, { ...place, namespace: 'notes' });
  await application.register(fastifyRedis, { ...place, namespace: 'counts', db: 1 });
  const { notes, counts } = application.redis as unknown as Record<'notes' | 'counts', Redis>;
  for (const client of [notes, counts]) client.on('error', () => {});
  await notes.flushall();
  const read = async (name: string): Promise<object> => {
    const [note, reads] = await Promise.all([notes.get(name), counts.hincrby('reads', name, 1)]);
    return { note: JSON.parse(note ?? 'null') as unknown, reads };
  };
  const nameOf = (request: FastifyRequest): string => (request.params as { name: string }).name;
  application.put('/notes/:name', (request) =>
    notes.set(nameOf(request), JSON.stringify(request.body), 'EX', 600));
  application.get('/notes/:name', (request) => read(nameOf(request)));
  application.delete('/notes', () => notes.flushdb());
  address = await application.listen({ host: '127.0.0.1', port: 0 });
}

beforeAll(async () => {
  dkvs = await TestServer.start({ maxmemory: '64mb' });
});
afterAll(() => dkvs.stop());
beforeEach(() => startNotes(dkvs.port));
afterEach(() => application.close());

async function ask(method: string, path: string, body?: unknown): Promise<unknown> {
  const response = await fetch(`${address}${path}`, body === undefined ? { method } : {
    method, body: JSON.stringify(body), headers: { 'content-type': 'application/json' },
  });
  const text = await response.text();
  return text.startsWith('{') ? JSON.parse(text) : text;
}

describe('an application with @fastify/redis', () => {
  it('keeps what it is given over requests and over a restart of the server', async () => {
    await ask('PUT', '/notes/a', { text: 'first' });
    expect(await ask('GET', '/notes/a')).toEqual({ note: { text: 'first' }, reads: 1 });
    const { port } = dkvs;
    await dkvs.close();
    await dkvs.listen({ port, maxmemory: '64mb' });
    expect(await ask('GET', '/notes/a')).toEqual({ note: { text: 'first' }, reads: 2 });
    expect(await ask('GET', '/notes/b')).toEqual({ note: null, reads: 1 });
  });

  it('gives times to live and clears one database', async () => {
    await ask('PUT', '/notes/a', { text: 'first' });
    const redis = new Redis({ port: dkvs.port, host: '127.0.0.1' });
    expect(await redis.ttl('a')).toBeGreaterThan(500);
    await ask('GET', '/notes/a');
    expect(await ask('DELETE', '/notes')).toBe('OK');
    expect(await ask('GET', '/notes/a')).toEqual({ note: null, reads: 2 });
    redis.disconnect();
  });

  it('closes its clients when it is closed', async () => {
    const redis = new Redis({ port: dkvs.port, host: '127.0.0.1' });
    const clients = async (): Promise<number> => (await redis.call('CLIENT', 'LIST') as string)
      .split('\n').filter((line) => line.startsWith('id=')).length;
    expect(await clients()).toBe(3);
    await application.close();
    await eventually('its clients to be gone', async () => await clients() === 1);
    redis.disconnect();
  });
});
