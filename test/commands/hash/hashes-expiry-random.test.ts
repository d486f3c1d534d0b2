import { describe, expect, it } from 'vitest';
import { hashCommands } from '../../../src/commands/hash/hashes.ts';
import { hashExpiryCommands } from '../../../src/commands/hash/hashes-expiry.ts';
import { hashNumberCommands } from '../../../src/commands/hash/hashes-numbers.ts';
import { hashWalkCommands } from '../../../src/commands/hash/hashes-walks.ts';
import { keyCommands } from '../../../src/commands/key/keys.ts';
import { keyMoveCommands } from '../../../src/commands/key/keys-moves.ts';
import { keyScanCommands } from '../../../src/commands/key/keys-scan.ts';
import type { ServerPort } from '../../../src/commands/server-port.ts';
import { Config } from '../../../src/config/config.ts';
import { FieldExpiry } from '../../../src/engine/field-expiry.ts';
import { LIVE_CODECS } from '../../../src/keyspace/codecs.ts';
import type { CollectionLimits } from '../../../src/keyspace/collection/limits.ts';
import { LargeHash } from '../../../src/keyspace/collection/hash/large-hash.ts';
import { NEED_VALUE, type Found } from '../../../src/keyspace/storage.ts';
import { ByteRange } from '../../../src/lib/byte-range.ts';
import { Random } from '../../../src/lib/random.ts';
import { CommandsLayer } from '../commands-layer.ts';
import { FieldModel } from './field-model.ts';

const commands = [
  ...hashCommands, ...hashNumberCommands, ...hashExpiryCommands, ...hashWalkCommands,
  ...keyCommands, ...keyMoveCommands, ...keyScanCommands,
];
const LIMITS: CollectionLimits = { mediumBytesMax: 1500, blockBytesMax: 900, blockBytesMin: 120 };
const KEYS = ['a', 'b'];
const CONDITIONS = [undefined, undefined, 'NX', 'XX', 'GT', 'LT'];

function start(): CommandsLayer {
  const config = new Config();
  const get = (name: string): string | undefined => config.get((each) => each === name)[0]?.[1];
  const server = { config: { get } } as unknown as ServerPort;
  return new CommandsLayer({ commands, codecs: LIVE_CODECS, server, collectionLimits: LIMITS });
}

class Run {
  readonly layer = start();
  readonly models = new Map<string, FieldModel>();
  readonly random: Random;
  readonly sizes = new Set<string>();
  /** How many different fields there are. */
  readonly names: number;

  constructor(seed: number) {
    this.random = new Random(3, seed);
    this.names = [6, 40, 300][seed % 3]!;
  }

  pick<T>(all: readonly T[]): T {
    return all[this.random.below(all.length)]!;
  }

  async step(): Promise<void> {
    const { layer, random } = this;
    const key = this.pick(KEYS);
    const model = this.models.get(key) ?? new FieldModel();
    this.models.set(key, model);
    const names = Array.from({ length: 1 + random.below(random.below(8) === 0 ? 40 : 4) }, () =>
      `f${random.below(this.names)}`);
    const count = names.length;
    const { now } = layer;
    switch (random.below(14)) {
      case 0: case 1: case 2: {
        const pairs = names.flatMap((name) => [name, `${random.below(10 ** (1 + random.below(9)))}`]);
        return expect(layer.run('HSET', key, ...pairs)).toBe(model.set(pairs, now));
      }
      case 3:
        return expect(layer.run('HDEL', key, ...names)).toBe(model.remove(names, now));
      case 4:
        return expect(layer.run('HINCRBY', key, names[0]!, 7)).toBe(
          model.increment(names[0]!, 7, now));
      case 5: case 6: case 7: {
        const at = now + random.below(400) - 20;
        const condition = this.pick(CONDITIONS);
        const options = condition === undefined ? [] : [condition];
        return expect(layer.run('HPEXPIREAT', key, at, ...options, 'FIELDS', count, ...names))
          .toEqual(model.expire(names, at, condition, now));
      }
      case 8:
        return expect(layer.run('HPERSIST', key, 'FIELDS', count, ...names))
          .toEqual(model.persist(names, now));
      case 9: return void (layer.now += random.below(120));
      case 10: return layer.restart();
      case 11: return await this.expireInBackground();
      case 12: return this.giveToOther(key);
      default: return this.check(key, model);
    }
  }

  giveToOther(key: string): void {
    const { layer, models } = this;
    const other = KEYS.find((each) => each !== key)!;
    if (this.random.below(4) > 0) return;
    const isThere = models.get(key)!.left(layer.now).size > 0;
    if (this.random.below(2) === 0) {
      expect(layer.run('COPY', key, other, 'REPLACE')).toBe(isThere ? 1 : 0);
      if (isThere) models.set(other, models.get(key)!.copy());
    } else if (isThere) {
      expect(layer.run('RENAME', key, other)).toBe('OK');
      models.set(other, models.get(key)!);
      models.delete(key);
    }
  }

  async expireInBackground(): Promise<void> {
    const { layer } = this;
    const { keyspace } = layer;
    const expiry = new FieldExpiry({
      keyspace, random: new Random(1, 1), expireFields: undefined, nowMs: () => layer.now,
      yieldToLoop: async () => {},
      runInternal: (work) => {
        keyspace.now = layer.now;
        work();
      },
    }, () => false);
    await expiry.cycle(0, 1);
    for (const key of KEYS) {
      const left = this.models.get(key)?.left(layer.now).size ?? 0;
      const found = this.found(key);
      expect(found === undefined ? 0 : sizeOf(layer, key)).toBe(left);
    }
    expect(await layer.keyspace.db(0).findExpiringHashes(layer.now, 10)).toEqual([]);
  }

  check(key: string, model: FieldModel): void {
    const { layer } = this;
    const left = model.left(layer.now);
    const all = layer.run('HGETALL', key) as Map<string, string> | string[];
    const pairs = Array.isArray(all) ? all : [...all].flat();
    const found = new Map<string, string>();
    for (let i = 0; i < pairs.length; i += 2) found.set(pairs[i]!, pairs[i + 1]!);
    expect(found).toEqual(new Map([...left].map(([name, { value }]) => [name, value])));
    expect(layer.run('HLEN', key)).toBe(left.size);
    expect(layer.run('EXISTS', key)).toBe(left.size === 0 ? 0 : 1);
    const names = Array.from({ length: 20 }, () => `f${this.random.below(this.names)}`);
    expect(layer.run('HPEXPIRETIME', key, 'FIELDS', 20, ...names))
      .toEqual(model.expiries(names, layer.now));
    expect(layer.run('HMGET', key, ...names)).toEqual(
      names.map((name) => left.get(name)?.value ?? null));
    expect(new Set(layer.run('HRANDFIELD', key, 1000) as string[])).toEqual(new Set(left.keys()));
    expect(this.scanned(key)).toEqual(new Set(left.keys()));
    const live = this.found(key)?.live;
    this.sizes.add(live instanceof LargeHash ? 'large' : live === undefined ? 'small' : 'medium');
  }

  scanned(key: string): Set<string> {
    const met = new Set<string>();
    let cursor = '0';
    do {
      const page = this.layer.run('HSCAN', key, cursor, 'NOVALUES') as [string, string[]];
      for (const name of page[1]) met.add(name);
      [cursor] = page;
    } while (cursor !== '0');
    return met;
  }

  found(key: string): Found | undefined {
    return this.layer.storage.find(1, ByteRange.ofText(key), NEED_VALUE) as Found | undefined;
  }
}

function sizeOf(layer: CommandsLayer, key: string): number {
  return layer.run('HLEN', key) as number;
}

describe('hashes with fields that expire', () => {
  it('are what the same commands make of a plain model, in all sizes, over restarts', async () => {
    const sizes = new Set<string>();
    for (let seed = 1; seed <= 24; seed++) {
      const run = new Run(seed);
      for (let i = 0; i < 500; i++) {
        try {
          await run.step();
        } catch (error) {
          throw new Error(`seed ${seed}, step ${i}`, { cause: error });
        }
      }
      for (const size of run.sizes) sizes.add(size);
    }
    expect([...sizes].toSorted()).toEqual(['large', 'medium', 'small']);
  });
});
