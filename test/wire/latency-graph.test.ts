/**
 * LATENCY GRAPH of the samples that a real redis-server has, beside what that one draws of them.
 */

import { describe, expect, it } from 'vitest';
import { hasRedisServer, startRedisServer } from '../commands/redis-server.ts';
import { TestServer } from '../server/test-server.ts';
import { elementsOf } from './differences.ts';
import { eventually } from './eventually.ts';

describe.skipIf(!hasRedisServer())('LATENCY GRAPH', () => {
  it('draws what Redis draws', async () => {
    const redis = await startRedisServer('--enable-debug-command', 'yes');
    await redis.run([['CONFIG', 'SET', 'latency-monitor-threshold', '2']]);
    for (const [index, seconds] of ['0.03', '0.005', '0.02'].entries()) {
      // Samples of one second are one sample.
      await eventually('a sample of its own', async () => {
        await redis.run([['DEBUG', 'SLEEP', seconds]]);
        const [history = ''] = await redis.run([['LATENCY', 'HISTORY', 'command']]);
        return elementsOf(history).length > index;
      });
    }
    const [history = '', graph = '', time = ''] = await redis.run([
      ['LATENCY', 'HISTORY', 'command'], ['LATENCY', 'GRAPH', 'command'], ['TIME'],
    ]);
    await redis.stop();
    const server = await TestServer.inMemory({
      'enable-debug-command': 'yes', 'latency-monitor-threshold': 2,
    });
    const client = await server.connect();
    for (const sample of elementsOf(history)) {
      const [at = 0, ms = 0] = elementsOf(sample).map((integer) => Number(integer.slice(1)));
      server.clock.jumpWall(at * 1000 - server.clock.nowMs());
      await client.run(`DEBUG SLEEP ${ms / 1000}`);
    }
    const now = Number(elementsOf(time)[0]?.split('\r\n')[1]) * 1000;
    server.clock.jumpWall(now - server.clock.nowMs());
    expect(await client.run('LATENCY GRAPH command')).toBe(graph);
  });
});
