/**
 * Every family of commands through node-redis, in RESP2 and RESP3. What it gives is the same, and
 * the same as with a real Redis.
 */

import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { hasRedisServer, startRedisServer, type RedisServer } from '../commands/redis-server.ts';
import { TestServer } from '../server/test-server.ts';
import type { Family } from './families/family.ts';
import { createNodeRedis, type NodeRedis, type Place } from './families/node-redis.ts';
import { OTHER_FAMILIES } from './families/node-redis-others.ts';
import { VALUE_FAMILIES } from './families/node-redis-values.ts';

const FAMILIES: readonly Family<NodeRedis>[] = [...VALUE_FAMILIES, ...OTHER_FAMILIES];

let dkvs: TestServer;
let real: RedisServer | undefined;

beforeAll(async () => {
  dkvs = await TestServer.start({ maxmemory: '64mb' });
  if (hasRedisServer()) real = await startRedisServer();
});
afterAll(async () => {
  await real?.stop();
  await dkvs.stop();
});

for (const RESP of [2, 3] as const) {
  describe(`node-redis in RESP${RESP}`, () => {
    const onEmpty = async (place: Place, { run }: Family<NodeRedis>): Promise<unknown> => {
      const client = await createNodeRedis(place, RESP).connect();
      try {
        await client.flushAll();
        return await run(client);
      } finally {
        client.destroy();
      }
    };

    it.each(FAMILIES)('runs $name', async (family) => {
      expect(await onEmpty({ port: dkvs.port, host: '127.0.0.1' }, family)).toEqual(family.gives);
    });

    it.skipIf(!hasRedisServer())('gives the same with a real Redis', async () => {
      for (const family of FAMILIES) {
        expect(await onEmpty({ path: real!.path, tls: false }, family), family.name).toEqual(family.gives);
      }
    });
  });
}
