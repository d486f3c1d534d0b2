/** dkvs and a real redis-server side by side, for running the same script on both. */

import { join } from 'node:path';
import {
  notificationsOn, runOn, startRedisServer, type RedisServer,
} from '../commands/redis-server.ts';
import { TestServer } from '../server/test-server.ts';
import { elementsOf } from './differences.ts';
import type { Script } from './scripts/script.ts';
import { WireClient } from './wire-client.ts';

const OTHER_TYPES = new Set(['rpush', 'lpush', 'sadd', 'zadd', 'xadd']);

export interface Pair {
  readonly here: string;
  readonly there: string;
}

export class BesideRedis {
  readonly dkvs: TestServer;
  readonly redis: RedisServer;
  /** Commands that both know, in lower case. */
  readonly shared: ReadonlySet<string>;

  /** The Unix socket of dkvs. */
  readonly #socket: string;

  private constructor(
    dkvs: TestServer, redis: RedisServer, socket: string, shared: ReadonlySet<string>,
  ) {
    this.dkvs = dkvs;
    this.redis = redis;
    this.#socket = socket;
    this.shared = shared;
  }

  static async start(): Promise<BesideRedis> {
    const dkvs = new TestServer();
    const socket = join(dkvs.dir, 'socket');
    await dkvs.listen({ unixsocket: socket });
    const redis = await startRedisServer();
    const ours = await commandNames(await dkvs.connect());
    const theirs = new Set(await commandNames(await WireClient.connect({ path: redis.path })));
    const shared = new Set(ours.filter((name) => theirs.has(name)));
    return new BesideRedis(dkvs, redis, socket, shared);
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

  /** The keyspace notifications of database 0 while the script runs on an empty keyspace. */
  async notifications(
    script: Script,
  ): Promise<{ readonly here: readonly string[]; readonly there: readonly string[] }> {
    const played = async (path: string): Promise<string[]> => {
      await runOn(path, [['FLUSHALL']], 2);
      return notificationsOn(path, () => runOn(path, script, 2));
    };
    return { here: await played(this.#socket), there: await played(this.redis.path) };
  }

  /**
   * Scripts make a key of another type with RPUSH and the like. Where dkvs has no such type yet, a
   * hash takes its place, on both servers.
   */
  withKnownTypes(script: Script): Script {
    return script.map((words) => {
      const [name = '', key = ''] = words;
      const isMissing = OTHER_TYPES.has(name.toLowerCase()) &&
        !this.shared.has(name.toLowerCase());
      return isMissing ? ['HSET', key, 'field', 'value'] : words;
    });
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
