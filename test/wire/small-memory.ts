/**
 * dkvs beside a real redis-server while most of the data is only on disk: pipelines of any depth,
 * on several connections at once, with segments so small that the compactor always has work. What
 * a request finds may be in the tail, in the cache, on disk, or on its way between them.
 */

import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Random } from '../../src/lib/random.ts';
import { hasRedisServer, startRedisServer, type RedisServer } from '../commands/redis-server.ts';
import { testSeed } from '../lib/seeded.ts';
import { TestServer } from '../server/test-server.ts';
import { WireClient } from './wire-client.ts';

const OPTIONS = {
  maxmemory: '16mb', 'hot-tail-bytes': '1mb', 'segment-bytes': '1mb', 'compaction-min-bytes': '4mb',
};
const CONNECTIONS = 4;
const KEYS = 2500;

type Request = readonly string[];

/** Draws requests about the keys of one connection. */
class Draw {
  readonly #random: Random;
  readonly #prefix: string;

  constructor(random: Random, prefix: string) {
    this.#random = random;
    this.#prefix = prefix;
  }

  pipeline(): Request[] {
    const depth = 1 + this.#random.below(this.#random.below(3) === 0 ? 200 : 20);
    const requests = Array.from({ length: depth }, () => this.#request());
    return this.#random.below(8) === 0 ? [['MULTI'], ...requests, ['EXEC']] : requests;
  }

  #request(): Request {
    const field = `f${this.#random.below(200)}`;
    switch (this.#random.below(19)) {
      case 0: case 1: case 2: case 3: return ['SET', this.#key(), this.#value()];
      case 4: case 5: case 6: return ['GET', this.#key()];
      case 7: return ['DEL', this.#key()];
      case 8: return ['MSET', ...this.#pairs()];
      case 9: return ['MGET', ...Array.from({ length: 12 }, () => this.#key())];
      case 10: return ['INCR', this.#named('n', 100)];
      case 11: return ['APPEND', this.#named('s', 20), this.#value().slice(0, 300)];
      case 12: return ['GETSET', this.#key(), this.#value()];
      case 13: return ['HSET', this.#named('h', 15), field, this.#value()];
      case 14: return ['HGET', this.#named('h', 15), field];
      case 15: return ['SET', this.#key(), this.#value(), this.#random.below(2) > 0 ? 'NX' : 'XX'];
      case 16: return ['RENAME', this.#key(), this.#key()];
      case 17: return ['EXPIRE', this.#named(this.#random.below(2) === 0 ? 'h' : 's', 15), '10000'];
      default: return ['INCR', this.#key()];
    }
  }

  #pairs(): string[] {
    return Array.from({ length: 8 }, () => [this.#key(), this.#value()]).flat();
  }

  #key(): string {
    return this.#named('k', KEYS);
  }

  #named(kind: string, count: number): string {
    return `${this.#prefix}:${kind}${this.#random.below(count)}`;
  }

  #value(): string {
    const length = this.#random.below(this.#random.below(40) === 0 ? 70_000 : 4000);
    return String.fromCharCode(97 + this.#random.below(26)).repeat(length);
  }
}

function repliesTo(client: WireClient, requests: readonly Request[]): Promise<string[]> {
  client.send(...requests);
  return client.replies(requests.length);
}

export function describeSmallMemory({ pipelines, fromDiskMin }: {
  /** On each connection. */
  readonly pipelines: number;
  /** So many records at least must have been read from disk. */
  readonly fromDiskMin: number;
}): void {
  describe.skipIf(!hasRedisServer())('with most of the data on disk (needs redis-server)', () => {
    let dkvs: TestServer;
    let redis: RedisServer;

    beforeAll(async () => {
      dkvs = await TestServer.start(OPTIONS);
      redis = await startRedisServer();
    });

    afterAll(async () => {
      await redis.stop();
      await dkvs.stop();
    });

    async function compare(requests: readonly Request[], here: WireClient, there: WireClient,
    ): Promise<void> {
      const [ours, theirs] = await Promise.all(
        [repliesTo(here, requests), repliesTo(there, requests)]);
      const at = ours.findIndex((reply, i) => reply !== theirs[i]);
      if (at < 0) return;
      const shown = requests[at]?.map((arg) => arg.slice(0, 60));
      expect({ seed: testSeed(), request: shown, reply: ours[at]?.slice(0, 500) }).toEqual(
        { seed: testSeed(), request: shown, reply: theirs[at]?.slice(0, 500) });
    }

    it('replies as Redis does, whatever is read, moved and overwritten meanwhile', async () => {
      await Promise.all(Array.from({ length: CONNECTIONS }, async (_, n) => {
        const draw = new Draw(new Random(n, testSeed()), `c${n}`);
        const here = await dkvs.connect();
        const there = await WireClient.connect({ path: redis.path });
        for (let i = 0; i < pipelines; i++) await compare(draw.pipeline(), here, there);
        there.close();
      }));
      const info = await (await dkvs.connect()).call('INFO', 'all');
      const fromDisk = Number(/read_cache_misses:(\d+)/.exec(info)?.[1]);
      expect(fromDisk).toBeGreaterThan(fromDiskMin);
    }, 120_000);

    it('has all of it after a restart', async () => {
      await dkvs.close();
      await dkvs.listen(OPTIONS);
      const here = await dkvs.connect();
      const there = await WireClient.connect({ path: redis.path });
      await compare([['DBSIZE']], here, there);
      for (let n = 0; n < CONNECTIONS; n++) {
        const keys = Array.from({ length: KEYS }, (_, k) => ['GET', `c${n}:k${k}`]);
        for (let k = 0; k < KEYS; k += 500) await compare(keys.slice(k, k + 500), here, there);
      }
      there.close();
    }, 120_000);
  });
}
