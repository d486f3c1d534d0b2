/** The client of the README that knows several peers. */
import { Redis } from 'ioredis';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { eventually } from '../wire/eventually.ts';
import { PEER_NAMES, TestPeers } from '../server/test-peers.ts';

let peers: TestPeers;

beforeEach(async () => {
  peers = await TestPeers.start();
});

afterEach(() => peers.stop());

function clientOf(addresses: readonly { host: string; port: number }[]): Redis {
  let next = 0;
  const redis: Redis = new Redis({
    ...addresses[0],
    connectTimeout: 1000,
    commandTimeout: 2000,
    autoResendUnfulfilledCommands: false,
    retryStrategy: (times) => {
      Object.assign(redis.options, addresses[++next % addresses.length]);
      return times < addresses.length ? 20 : 500;
    },
    reconnectOnError: (error) => (error.message.startsWith('NOQUORUM') ? 2 : false),
  });
  return redis.on('error', () => {});
}

describe('an ioredis client that knows all peers', () => {
  it('goes on with another when its peer stays down', async () => {
    const redis = clientOf(PEER_NAMES.map((name) => ({ host: '127.0.0.1', port: peers.port(name) })));
    try {
      expect(await redis.set('before', '1')).toBe('OK');
      const underWay = redis.set('cut', '1');
      await peers.close('a');
      await underWay.catch((error: Error) => expect(error.message).toMatch(/timed out|closed/i));
      await eventually('a write to be taken by another peer', async () => {
        return await redis.set('after', '2').catch(() => undefined) === 'OK';
      });
      expect(await redis.mget('before', 'after')).toEqual(['1', '2']);
    } finally {
      redis.disconnect();
    }
  });
});
