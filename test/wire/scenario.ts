/**
 * Several clients of one server, one step after the other: who, what, and what comes back. The same
 * scenario is played on dkvs and, where one is installed, on a real redis-server, so that the
 * expectations are facts and not opinions.
 *
 *   ['a', 'INCR n', ':1']                 a reply; '|' stands for the end of a line
 *   ['b', ['SET', 'k', 'two words'], '+OK']
 *   ['b', undefined, '>3|$7|message|$1|c|$2|hi']        a message that comes by itself
 */

import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ServerOptions } from '../../src/server.ts';
import { hasRedisServer, startRedisServer, type RedisServer } from '../commands/redis-server.ts';
import { TestServer } from '../server/test-server.ts';
import { WireClient, type Address } from './wire-client.ts';

export type Step = readonly [
  client: string, command: string | readonly string[] | undefined, reply: string,
];

export type Scenarios = Readonly<Record<string, readonly Step[]>>;

export async function play(address: Address, steps: readonly Step[]): Promise<void> {
  const clients = new Map<string, WireClient>();
  try {
    for (const [index, [name, command, reply]] of steps.entries()) {
      const client = clients.get(name) ?? await WireClient.connect(address);
      clients.set(name, client);
      if (command !== undefined) client.send(wordsOf(command));
      const said = await client.reply();
      expect(said.replaceAll('\r\n', '|'), `step ${index}: ${name}: ${String(command)}`)
        .toBe(`${reply}|`);
    }
  } finally {
    for (const client of clients.values()) client.close();
  }
}

function wordsOf(command: string | readonly string[]): readonly string[] {
  return typeof command === 'string' ? command.split(' ') : command;
}

/** One test per scenario and server. Databases are emptied before each. */
export function describeScenarios(
  title: string, scenarios: Scenarios, options: ServerOptions = {},
): void {
  describe(title, () => {
    let dkvs: TestServer;
    beforeAll(async () => { dkvs = await TestServer.start(options); });
    afterAll(() => dkvs?.stop());
    for (const [name, steps] of Object.entries(scenarios)) {
      it(`${name}, in dkvs`, () => play({ port: dkvs.port }, [FLUSH, ...steps]));
    }
  });
  describe.skipIf(!hasRedisServer())(`${title} (the same in a real redis-server)`, () => {
    let redis: RedisServer;
    beforeAll(async () => { redis = await startRedisServer(); });
    afterAll(() => redis?.stop());
    for (const [name, steps] of Object.entries(scenarios)) {
      it(`${name}, in Redis`, () => play({ path: redis.path }, [FLUSH, ...steps]));
    }
  });
}

const FLUSH: Step = ['flush', 'FLUSHALL', '+OK'];
