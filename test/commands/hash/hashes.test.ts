import { describe, expect, it } from 'vitest';
import { hashCommands } from '../../../src/commands/hash/hashes.ts';
import { hashNumberCommands } from '../../../src/commands/hash/hashes-numbers.ts';
import { hashWalkCommands } from '../../../src/commands/hash/hashes-walks.ts';
import { RANDOM_PICKS_MAX } from '../../../src/commands/random-picks.ts';
import type { ServerPort } from '../../../src/commands/server-port.ts';
import { Config } from '../../../src/config/config.ts';
import { LIVE_CODECS } from '../../../src/keyspace/codecs.ts';
import type { HashBlock } from '../../../src/keyspace/collection/hash/hash-block.ts';
import { PACKED_BYTES_MAX } from '../../../src/keyspace/limits.ts';
import { NEED_VALUE } from '../../../src/keyspace/storage.ts';
import { ByteRange } from '../../../src/lib/byte-range.ts';
import { HASH_FIELDS_MAX } from '../../../src/commands/hash/hash-access.ts';
import { RecordedError } from '../../protocol/recording-reply.ts';
import { pairsOf } from '../../keyspace/collection/hash-text.ts';
import { CommandsLayer } from '../commands-layer.ts';

const commands = [...hashCommands, ...hashNumberCommands, ...hashWalkCommands];

function start(protocol: 2 | 3 = 2): CommandsLayer {
  const config = new Config();
  const get = (name: string): string | undefined => config.get((each) => each === name)[0]?.[1];
  const server = { config: { get } } as unknown as ServerPort;
  return new CommandsLayer({ commands, codecs: LIVE_CODECS, server, protocol });
}

/** A value of a hash that is not small. */
const LONG = 'l'.repeat(PACKED_BYTES_MAX);

function fill(layer: CommandsLayer, size: number): void {
  const pairs = Array.from({ length: size }, (_, i) => [`f${i}`, `v${i}`]).flat();
  layer.run('HSET', 'h', ...pairs);
}

function liveOf(found: unknown): HashBlock {
  return (found as { live: HashBlock }).live;
}

function deltasOf(layer: CommandsLayer): Buffer[] {
  return [...layer.storage.spaces.values()].flatMap((space) => space.get('h')?.deltas ?? []);
}

describe('hashes', () => {
  it('make one effect of an HSET, whatever the number of its fields', () => {
    const layer = start();
    layer.run('HSET', 'h', 'a', '1', 'b', '2');
    expect(layer.storage.effects).toBe(1);
    layer.run('HSET', 'h', 'a', '3', 'b', '4', 'c', '5');
    expect(layer.storage.effects).toBe(2);
    layer.run('HSET', 'h', 'd', LONG);
    expect(layer.storage.effects).toBe(3);
    expect(deltasOf(layer)).toEqual([]);
    layer.run('HSET', 'h', 'a', '3', 'b', '4', 'c', '5');
    expect(layer.storage.effects).toBe(4);
    expect(deltasOf(layer)).toEqual([Buffer.from('\x01\x01a\x013\x01b\x014\x01c\x015')]);
  });

  it('log results: the number after an increment, and only fields that were there', () => {
    const layer = start();
    layer.run('HSET', 'h', 'n', '40');
    layer.run('HINCRBY', 'h', 'n', '2');
    layer.run('HINCRBYFLOAT', 'h', 'n', '0.5');
    layer.run('HDEL', 'h', 'x', 'n', 'y', 'n');
    expect(layer.notified).toEqual([
      'new h@0', 'hset h@0', 'hincrby h@0', 'hincrbyfloat h@0', 'hdel h@0', 'del h@0',
    ]);
    layer.run('HSET', 'h', 'n', '40', 'm', LONG);
    layer.run('HINCRBY', 'h', 'n', '2');
    layer.run('HDEL', 'h', 'x', 'n', 'n');
    expect(deltasOf(layer)).toEqual([Buffer.from('\x01\x01n\x0242'), Buffer.from('\x02\x01n')]);
  });

  it('change nothing and tell no one when nothing is to be done', () => {
    const layer = start();
    layer.run('HSET', 'h', 'a', '1');
    const { effects } = layer.storage;
    const told = layer.notified.length;
    expect(layer.run('HDEL', 'h', 'x', 'y')).toBe(0);
    expect(layer.run('HDEL', 'none', 'x')).toBe(0);
    expect(layer.run('HSETNX', 'h', 'a', '2')).toBe(0);
    expect(layer.run('HINCRBY', 'h', 'a', 'x')).toBeInstanceOf(RecordedError);
    expect(layer.run('HINCRBY', 'h', 'a', '9223372036854775807')).toBeInstanceOf(RecordedError);
    expect([layer.storage.effects, layer.notified.length]).toEqual([effects, told]);
  });

  it('keep the order of insertion and the expiry over a reload', () => {
    const layer = start();
    layer.run('HSET', 'h', 'b', LONG, 'a', '2');
    layer.run('HSET', 'h', 'c', '3', 'b', '4');
    layer.run('HDEL', 'h', 'a');
    const { space } = layer.keyspace.db(0);
    const found = layer.storage.reopened().find(space, ByteRange.ofText('h'), NEED_VALUE);
    const hash = liveOf(found);
    expect(pairsOf(hash)).toEqual([['b', '4'], ['c', '3']]);
  });

  it('reply maps in RESP3, and pairs of HRANDFIELD as arrays', () => {
    const layer = start(3);
    layer.run('HSET', 'h', 'a', '1', 'b', '2');
    expect(layer.run('HGETALL', 'h')).toEqual(new Map([['a', '1'], ['b', '2']]));
    expect(layer.run('HGETALL', 'none')).toEqual(new Map());
    expect(layer.run('HRANDFIELD', 'h', '2', 'WITHVALUES')).toEqual([['a', '1'], ['b', '2']]);
  });

  it('keep every byte of fields and values, also of long ones', () => {
    const layer = start();
    const bytes = Buffer.from(Array.from({ length: 10_000 }, (_, i) => i & 0xff));
    layer.run('HSET', 'h', bytes, bytes.subarray(1));
    expect(layer.run('HGET', 'h', bytes)).toEqual(bytes.subarray(1));
    expect(layer.run('HKEYS', 'h')).toEqual([bytes]);
  });

  it('refuse to grow beyond the number of fields that they can hold', () => {
    const layer = start();
    layer.run('HSET', 'h', 'a', LONG);
    const { space } = layer.keyspace.db(0);
    const found = layer.storage.find(space, ByteRange.ofText('h'), NEED_VALUE);
    const live = liveOf(found);
    Object.defineProperty(live, 'size', { value: HASH_FIELDS_MAX });
    for (const words of [['HSET', 'h', 'b', '1'], ['HSETNX', 'h', 'b', '1'],
      ['HINCRBY', 'h', 'b', '1'], ['HINCRBYFLOAT', 'h', 'b', '1']]) {
      expect(layer.run(...words), words[0])
        .toEqual(new RecordedError('ERR a hash holds at most 16000000 fields'));
    }
    expect(live.has(ByteRange.ofText('b'))).toBe(false);
  });
});

describe('HRANDFIELD', () => {
  it('picks different fields, each as often as any other', () => {
    const layer = start();
    fill(layer, 10);
    const times = new Map<string, number>();
    for (let i = 0; i < 5000; i++) {
      const picked = layer.run('HRANDFIELD', 'h', '3') as string[];
      expect(new Set(picked).size).toBe(3);
      for (const field of picked) times.set(field, (times.get(field) ?? 0) + 1);
    }
    // 1500 expected, standard deviation 32.
    expect(times.size).toBe(10);
    for (const [field, count] of times) expect(Math.abs(count - 1500), field).toBeLessThan(200);
  });

  it('picks one field, or many with repetitions, as often as any other', () => {
    const layer = start();
    fill(layer, 600);
    const one = new Set<unknown>();
    for (let i = 0; i < 10_000; i++) one.add(layer.run('HRANDFIELD', 'h'));
    expect(one.size).toBe(600);
    const many = layer.run('HRANDFIELD', 'h', '-6000') as string[];
    expect(many.length).toBe(6000);
    expect(new Set(many).size).toBeGreaterThan(580);
  });

  it('refuses to reply more than the bound for one call, before it picks any', () => {
    const layer = start();
    fill(layer, 1);
    const refused = new RecordedError('ERR value is out of range');
    expect(layer.run('HRANDFIELD', 'h', `${-RANDOM_PICKS_MAX - 1}`)).toEqual(refused);
    expect(layer.run('HRANDFIELD', 'h', '-9223372036854775807')).toEqual(refused);
    expect(layer.run('HRANDFIELD', 'h', '9223372036854775807')).toEqual(['f0']);
  });
});

describe('HSCAN', () => {
  it('goes through a large hash page by page and meets every field once', () => {
    const layer = start();
    fill(layer, 2000);
    const met: string[] = [];
    let cursor = '0';
    let calls = 0;
    do {
      const [next, page] = layer.run('HSCAN', 'h', cursor, 'COUNT', '100') as [string, string[]];
      met.push(...page.filter((_, i) => i % 2 === 0));
      cursor = next;
      calls++;
    } while (cursor !== '0');
    expect(calls).toBe(20);
    expect(met.length).toBe(2000);
    expect(new Set(met).size).toBe(2000);
  });

  it('visits COUNT fields whether they match or not', () => {
    const layer = start();
    fill(layer, 1000);
    expect(layer.run('HSCAN', 'h', '0', 'COUNT', '999')).toEqual(['1', expect.any(Array)]);
    expect(layer.run('HSCAN', 'h', '1', 'COUNT', '999')).toEqual(['0', ['f0', 'v0']]);
    expect(layer.run('HSCAN', 'h', '0', 'MATCH', 'f0', 'COUNT', '999')).toEqual(['1', []]);
    expect(layer.run('HSCAN', 'h', '1', 'MATCH', 'f0')).toEqual(['0', ['f0', 'v0']]);
  });

  it('takes cursors from before the hash shrank', () => {
    const layer = start();
    fill(layer, 1000);
    const [cursor] = layer.run('HSCAN', 'h', '0') as [string];
    layer.run('HDEL', 'h', ...Array.from({ length: 998 }, (_, i) => `f${i}`));
    expect(layer.run('HSCAN', 'h', cursor)).toEqual(['0', expect.any(Array)]);
    expect(layer.run('HSCAN', 'h', '281474976710656')).toEqual(['0', expect.any(Array)]);
    expect(layer.run('HSCAN', 'h', '281474976710657'))
      .toEqual(new RecordedError('ERR invalid cursor'));
  });
});
