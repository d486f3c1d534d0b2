/** What a real Redis 7.0 cannot be asked: replies that are new in 7.2, chances, bounds, deltas. */

import { describe, expect, it } from 'vitest';
import { zsetAlgebraCommands } from '../../../src/commands/zset/zset-algebra.ts';
import { zsetCommands } from '../../../src/commands/zset/zsets.ts';
import { zsetRangeCommands } from '../../../src/commands/zset/zsets-ranges.ts';
import { zsetRemovalCommands } from '../../../src/commands/zset/zsets-removals.ts';
import { zsetScoreCommands } from '../../../src/commands/zset/zsets-scores.ts';
import { zsetWalkCommands } from '../../../src/commands/zset/zsets-walks.ts';
import { RANDOM_PICKS_MAX } from '../../../src/commands/random-picks.ts';
import type { ServerPort } from '../../../src/commands/server-port.ts';
import { Config } from '../../../src/config/config.ts';
import { LIVE_CODECS } from '../../../src/keyspace/codecs.ts';
import { CommandsLayer } from '../commands-layer.ts';

const config = new Config();
const get = (name: string): string | undefined => config.get((each) => each === name)[0]?.[1];

function start(protocol: 2 | 3 = 2): CommandsLayer {
  return new CommandsLayer({
    commands: [
      ...zsetCommands, ...zsetScoreCommands, ...zsetRangeCommands, ...zsetRemovalCommands,
      ...zsetWalkCommands, ...zsetAlgebraCommands,
    ],
    codecs: LIVE_CODECS, server: { config: { get } } as unknown as ServerPort, protocol,
  });
}

/** As of Redis 7.2: command, reply in RESP2, reply in RESP3. */
const NEW_IN_7_2: readonly (readonly [string, unknown, unknown])[] = [
  ['ZRANK z b', 1, 1],
  ['ZRANK z b WITHSCORE', [1, '2.5'], [1, 2.5]],
  ['ZREVRANK z b withscore', [1, '2.5'], [1, 2.5]],
  ['ZRANK z none WITHSCORE', null, null],
  ['ZRANK none b WITHSCORE', null, null],
  ['ZREVRANK z none', null, null],
];

describe('ranks as of Redis 7.2', () => {
  it.each(NEW_IN_7_2)('%s', (line, resp2, resp3) => {
    for (const [protocol, reply] of [[2, resp2], [3, resp3]] as const) {
      const layer = start(protocol);
      layer.run('ZADD', 'z', 1, 'a', 2.5, 'b', 3, 'c');
      expect(layer.run(...line.split(' '))).toEqual(reply);
    }
  });

  it('refuse other words and more of them', () => {
    const layer = start();
    expect(layer.run('ZRANK', 'z', 'a', 'WITHSCORES')).toMatchObject({ message: 'ERR syntax error' });
    expect(layer.run('ZREVRANK', 'z', 'a', 'WITHSCORE', 'x')).toMatchObject(
      { message: "ERR wrong number of arguments for 'zrevrank' command" });
  });
});

describe('scores', () => {
  it('are printed by their shortest digits, in ZSCAN of a skiplist by 17', () => {
    const layer = start();
    layer.run('ZADD', 'z', '0.1', 'a', '1e20', 'b', '3.0e-7', 'c', 'inf', 'd');
    expect(layer.run('ZRANGE', 'z', 0, -1, 'WITHSCORES')).toEqual(
      ['c', '3e-7', 'a', '0.1', 'b', '1e+20', 'd', 'inf']);
    expect(layer.run('ZSCAN', 'z', 0)).toEqual(
      ['0', ['c', '3e-7', 'a', '0.1', 'b', '1e+20', 'd', 'inf']]);
    layer.run('ZADD', 'z', 1, 'x'.repeat(65));
    layer.run('ZREM', 'z', 'x'.repeat(65));
    const [, page] = layer.run('ZSCAN', 'z', 0, 'COUNT', 100) as [string, string[]];
    const scores = new Map(page.flatMap((each, at) => at % 2 === 0 ? [[each, page[at + 1]]] : []));
    expect(Object.fromEntries(scores)).toEqual(
      { a: '0.10000000000000001', b: '1e+20', c: '2.9999999999999999e-07', d: 'inf' });
  });

  it('lose the sign of a zero', () => {
    const layer = start();
    layer.run('ZADD', 'z', '-0', 'a');
    expect(layer.run('ZSCORE', 'z', 'a')).toBe('0');
  });
});

describe('chances', () => {
  it('choose every member, once or again as asked', () => {
    const layer = start();
    for (const size of [10, 300]) {
      for (let at = 0; at < size; at++) layer.run('ZADD', `z${size}`, at % 7, `m${at}`);
      const chosen = layer.run('ZRANDMEMBER', `z${size}`, Math.floor(size / 2)) as string[];
      expect(new Set(chosen).size).toBe(Math.floor(size / 2));
      const again = layer.run('ZRANDMEMBER', `z${size}`, -20 * size) as string[];
      expect(again.length).toBe(20 * size);
      expect(new Set(again).size).toBeGreaterThan(0.9 * size);
      const all = layer.run('ZRANDMEMBER', `z${size}`, size + 5, 'WITHSCORES') as string[];
      expect(all.length).toBe(2 * size);
    }
  });

  it('refuse more than a reply may hold', () => {
    const layer = start();
    layer.run('ZADD', 'z', 1, 'a');
    expect(layer.run('ZRANDMEMBER', 'z', -RANDOM_PICKS_MAX - 1)).toMatchObject(
      { message: 'ERR value is out of range' });
  });
});

describe('pages', () => {
  it('give every member once while nothing changes, in each size', () => {
    const layer = start();
    for (const size of [150, 1000, 6000]) {
      for (let at = 0; at < size; at++) layer.run('ZADD', `z${size}`, at % 11, `member${at}`);
      const met: string[] = [];
      let cursor = '0';
      do {
        const [next, page] = layer.run('ZSCAN', `z${size}`, cursor, 'COUNT', 37) as
          [string, string[]];
        met.push(...page.filter((_, at) => at % 2 === 0));
        cursor = next;
      } while (cursor !== '0');
      expect([met.length, new Set(met).size]).toEqual([size, size]);
    }
  });
});

describe('effects', () => {
  it('are one delta or record for a command of any number of members', () => {
    const layer = start();
    const pairs = (count: number): (string | number)[] =>
      Array.from({ length: count }, (_, at) => [at, `m${at}`]).flat();
    layer.run('ZADD', 'z', ...pairs(100));
    const effects = layer.storage.effects;
    layer.run('ZADD', 'z', ...pairs(150));
    layer.run('ZINCRBY', 'z', 5, 'm3');
    layer.run('ZREM', 'z', 'm1', 'm2', 'none');
    layer.run('ZREMRANGEBYRANK', 'z', 5, 20);
    layer.run('ZPOPMAX', 'z', 7);
    expect(layer.storage.effects - effects).toBe(5);
    layer.run('ZADD', 'z', 'XX', 1, 'none');
    layer.run('ZADD', 'z', 'NX', 1, 'm4');
    layer.run('ZINCRBY', 'z', 0, 'm4');
    layer.run('ZREMRANGEBYSCORE', 'z', 500, 900);
    expect(layer.storage.effects - effects).toBe(5);
  });
});
