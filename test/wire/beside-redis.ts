/** dkvs and a real redis-server side by side, for running the same script on both. */

import { startRedisServer, type RedisServer } from '../commands/redis-server.ts';
import { TestServer } from '../server/test-server.ts';
import { elementsOf } from './differences.ts';
import { WireClient } from './wire-client.ts';

export interface Pair {
  readonly here: string;
  readonly there: string;
}

export class BesideRedis {
  readonly dkvs: TestServer;
  readonly redis: RedisServer;
  /** Commands that both know, in lower case. */
  readonly shared: ReadonlySet<string>;

  private constructor(dkvs: TestServer, redis: RedisServer, shared: ReadonlySet<string>) {
    this.dkvs = dkvs;
    this.redis = redis;
    this.shared = shared;
  }

  static async start(): Promise<BesideRedis> {
    const dkvs = await TestServer.start();
    const redis = await startRedisServer();
    const ours = await commandNames(await dkvs.connect());
    const theirs = new Set(await commandNames(await WireClient.connect({ path: redis.path })));
    return new BesideRedis(dkvs, redis, new Set(ours.filter((name) => theirs.has(name))));
  }

  /**
   * Everything that each says to the script on a fresh connection and an empty keyspace, up to the
   * end of the connection.
   */
  async run(script: readonly (readonly string[])[], protocol: 2 | 3): Promise<Pair> {
    const here = await converse(await this.dkvs.connect(), script, protocol);
    const there = await converse(
      await WireClient.connect({ path: this.redis.path }), script, protocol,
    );
    return { here, there };
  }

  async stop(): Promise<void> {
    await this.redis.stop();
    await this.dkvs.stop();
  }
}

async function commandNames(client: WireClient): Promise<string[]> {
  const reply = await client.call('COMMAND', 'LIST');
  client.close();
  return elementsOf(reply).map((element) => element.split('\r\n')[1] ?? '');
}

async function converse(
  client: WireClient, script: readonly (readonly string[])[], protocol: 2 | 3,
): Promise<string> {
  await client.call('HELLO', `${protocol}`);
  await client.call('FLUSHALL');
  client.send(...script, ['QUIT']);
  return client.untilClosed();
}
