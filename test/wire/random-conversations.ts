/** Random clients that wait for keys: dkvs and a real Redis must say the same to all of them. */

import { describe, expect, it } from 'vitest';
import { Random } from '../../src/lib/random.ts';
import { hasRedisServer } from '../commands/redis-server.ts';
import { testSeed } from '../lib/seeded.ts';
import { eventually, within } from './eventually.ts';
import { DKVS, REDIS, figure } from './subjects.ts';
import { WireClient, type Address } from './wire-client.ts';

const CLIENTS = 6;

/** Clients of one server: each step is over when everybody has a reply or waits. */
class Conversation {
  readonly #clients: readonly WireClient[];
  readonly #admin: WireClient;
  readonly #ids: readonly string[];
  readonly #isWaiting: boolean[] = [];
  readonly said: string[] = [];

  constructor(clients: readonly WireClient[], ids: readonly string[], admin: WireClient) {
    this.#clients = clients;
    this.#ids = ids;
    this.#admin = admin;
  }

  static async begin(address: Address): Promise<Conversation> {
    const clients: WireClient[] = [];
    const ids: string[] = [];
    for (let i = 0; i < CLIENTS; i += 1) {
      const client = await WireClient.connect(address);
      clients.push(client);
      ids.push((await client.call('CLIENT', 'ID')).trim().slice(1));
    }
    return new Conversation(clients, ids, await WireClient.connect(address));
  }

  isWaiting(client: number): boolean {
    return this.#isWaiting[client] === true;
  }

  async step(client: number, words: readonly string[]): Promise<void> {
    this.#clients[client]!.send(words);
    this.said.push(`${client}: ${words.join(' ')}`);
    this.#isWaiting[client] = true;
    await this.#settle();
  }

  async unblock(client: number, how: string): Promise<void> {
    this.said.push(await this.#admin.call('CLIENT', 'UNBLOCK', this.#ids[client]!, how));
    await this.#settle();
  }

  /** As many replies are outstanding as there are clients that wait. */
  async #settle(): Promise<void> {
    await eventually('all to be answered', async () => {
      const blocked = Number(await figure(this.#admin, 'blocked_clients'));
      for (const [i, client] of this.#clients.entries()) {
        const reply = this.#isWaiting[i] ? client.poll() : undefined;
        if (reply === undefined) continue;
        this.said.push(`${i}: ${reply}`);
        this.#isWaiting[i] = false;
      }
      return this.#isWaiting.filter(Boolean).length === blocked;
    });
    // Several that one step has served may answer in any order.
    const { said } = this;
    this.said.push('--');
    const from = said.lastIndexOf('--', said.length - 2) + 2;
    said.splice(from, said.length - 1 - from, ...said.slice(from, -1).toSorted());
  }

  async end(): Promise<string> {
    for (const client of this.#clients) client.close();
    await this.#admin.call('SELECT', '0');
    return this.#admin.call('DBSIZE');
  }
}

function randomRequest(random: Random): string[] {
  const pick = <T>(...from: readonly T[]): T => from[random.below(from.length)]!;
  const key = (): string => pick('a', 'b', 'c', 'd');
  // A key of another type is no one of several that a client waits for: Redis 7.0 does not look at
  // it then when another one is pushed to, and from 7.2 on it does, as the request runs again.
  const odd = (): string => pick('a', 'b', 'e');
  const end = (): string => pick('LEFT', 'RIGHT');
  const keys = (): string[] => Array.from({ length: 1 + random.below(3) }, key);
  const counted = (some: readonly string[]): string[] => [`${some.length}`, ...some];
  const value = (): string => `${random.below(1000)}`;
  const makers: (() => string[])[] = [
    () => [pick('BLPOP', 'BRPOP'), ...keys(), '0'], () => [pick('BLPOP', 'BRPOP'), key(), '0'],
    () => ['BLMOVE', key(), odd(), end(), end(), '0'], () => ['BRPOPLPUSH', key(), odd(), '0'],
    () => ['BLMOVE', odd(), key(), end(), end(), '0'], () => ['BLPOP', odd(), '0'],
    () => ['BLMPOP', '0', ...counted(keys()), end(), 'COUNT', `${1 + random.below(3)}`],
    () => [pick('LPUSH', 'RPUSH'), key(), value()],
    () => [pick('LPUSH', 'RPUSH'), key(), ...Array.from({ length: 1 + random.below(4) }, value)],
    () => [pick('RENAME', 'RENAMENX', 'COPY'), key(), key()],
    () => ['LMOVE', key(), key(), end(), end()],
    () => pick(['DEL', key()], ['DEL', 'e'], ['SET', 'e', 'v'],
      ['LRANGE', key(), '0', '-1'], ['LPOP', key()]),
    () => ['LINSERT', key(), 'BEFORE', value(), value()],
  ];
  return pick(...makers)();
}

export function describeConversations(steps: number): void {
  describe.skipIf(!hasRedisServer())('random conversations', () => {
    it(`are the same in dkvs and in Redis over ${steps} steps`, async () => {
      const servers = await Promise.all([DKVS.start(), REDIS.start()]);
      const random = new Random(6, testSeed());
      try {
        const [here, there] = await Promise.all(servers.map(({ address }) =>
          Conversation.begin(address))) as [Conversation, Conversation];
        for (let i = 0; i < steps; i += 1) {
          const client = random.below(CLIENTS);
          if (here.isWaiting(client)) {
            const how = random.below(3) === 0 ? 'ERROR' : 'TIMEOUT';
            // When nearly all wait, else seldom.
            if (random.below(4) === 0) await Promise.all([here, there].map((one) =>
              one.unblock(client, how)));
            continue;
          }
          const request = randomRequest(random);
          await Promise.all([here.step(client, request), there.step(client, request)]);
          if (here.said.join('') !== there.said.join('')) {
            expect.soft(here.said.slice(-8), `${request.join(' ')}, DKVS_TEST_SEED=${testSeed()}`)
              .toEqual(there.said.slice(-8));
            break;
          }
        }
        expect(here.said.filter((line) => line !== '--').length).toBeGreaterThan(steps / 3);
        expect(await here.end()).toBe(await there.end());
      } finally {
        for (const { stop } of servers) await within('a server to stop', stop());
      }
    }, 120_000);
  });
}
