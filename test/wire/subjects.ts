/** Servers that are told the same: dkvs, and a real redis-server where one is installed. */

import { hasRedisServer, startRedisServer } from '../commands/redis-server.ts';
import { TestServer } from '../server/test-server.ts';
import type { Address, WireClient } from './wire-client.ts';

export interface Running {
  readonly address: Address;
  stop(): Promise<void>;
}

export interface Subject {
  readonly name: string;
  start(): Promise<Running>;
}

export const DKVS: Subject = {
  name: 'dkvs',
  start: async () => {
    const dkvs = await TestServer.start();
    return { address: { port: dkvs.port }, stop: () => dkvs.stop() };
  },
};

export const REDIS: Subject = {
  name: 'Redis',
  start: async () => {
    const redis = await startRedisServer();
    return { address: { path: redis.path }, stop: () => redis.stop() };
  },
};

export const subjects = hasRedisServer() ? [DKVS, REDIS] : [DKVS];

/** A figure of INFO. */
export async function figure(client: WireClient, name: string): Promise<string> {
  return new RegExp(`${name}:(\\S+)`).exec(await client.call('INFO', 'everything'))?.[1] ?? '';
}
