import { describe, expect, it } from 'vitest';
import { keyDatabaseCommands } from '../../../src/commands/key/keys-databases.ts';
import { keyMoveCommands } from '../../../src/commands/key/keys-moves.ts';
import { keyObjectCommands } from '../../../src/commands/key/keys-object.ts';
import { keyCommands } from '../../../src/commands/key/keys.ts';
import { LIST_ELEMENTS_MAX } from '../../../src/commands/list/list-access.ts';
import { listChangeCommands } from '../../../src/commands/list/lists-changes.ts';
import { listMoveCommands } from '../../../src/commands/list/lists-moves.ts';
import { listCommands } from '../../../src/commands/list/lists.ts';
import type { ServerPort } from '../../../src/commands/server-port.ts';
import { visitKeys } from '../../../src/commands/visit-keys.ts';
import { Config } from '../../../src/config/config.ts';
import { LIVE_CODECS } from '../../../src/keyspace/codecs.ts';
import { LargeList } from '../../../src/keyspace/collection/list/large-list.ts';
import { NEED_VALUE, type Found } from '../../../src/keyspace/storage.ts';
import { ByteRange } from '../../../src/lib/byte-range.ts';
import { Args } from '../../../src/protocol/args.ts';
import { RecordedError } from '../../protocol/recording-reply.ts';
import { CommandsLayer } from '../commands-layer.ts';

const commands = [
  ...listCommands, ...listChangeCommands, ...listMoveCommands, ...keyCommands, ...keyMoveCommands,
  ...keyObjectCommands, ...keyDatabaseCommands,
];

function start(limit?: string): CommandsLayer {
  const config = new Config();
  if (limit !== undefined) config.set([['list-max-listpack-size', limit]]);
  const get = (name: string): string | undefined => config.get((each) => each === name)[0]?.[1];
  const server = { config: { get } } as unknown as ServerPort;
  return new CommandsLayer({ commands, codecs: LIVE_CODECS, server });
}

function texts(count: number, bytes: number): string[] {
  return Array.from({ length: count }, (_, i) => `${i}`.padEnd(bytes, 'x'));
}

function foundAt(layer: CommandsLayer, key: string): Found {
  const { space } = layer.keyspace.db(layer.dbIndex);
  return layer.storage.find(space, ByteRange.ofText(key), NEED_VALUE) as Found;
}

function deltasOf(layer: CommandsLayer): string[] {
  return [...layer.storage.spaces.values()]
    .flatMap((space) => space.get('l')?.deltas ?? []).map((delta) => delta.toString('latin1'));
}

describe('lists', () => {
  it('make one effect of a command, whatever the number of elements', () => {
    const layer = start();
    const effects = (...command: string[]): number => {
      const before = layer.storage.effects;
      layer.run(...command);
      return layer.storage.effects - before;
    };
    for (const size of [3, 100]) {
      layer.run('DEL', 'l');
      expect(effects('RPUSH', 'l', ...texts(size, 10))).toBe(1);
      expect(effects('LPUSH', 'l', 'a', 'b', 'a', 'c')).toBe(1);
      expect(effects('LREM', 'l', '0', 'a')).toBe(1);
      expect(effects('LPOP', 'l', '2')).toBe(1);
      expect(effects('LSET', 'l', '1', 'x')).toBe(1);
      expect(effects('LINSERT', 'l', 'BEFORE', 'x', 'y')).toBe(1);
      expect(effects('LTRIM', 'l', '0', '-2')).toBe(1);
      expect(effects('LMOVE', 'l', 'm', 'LEFT', 'LEFT')).toBe(2);
      expect(effects('RPOP', 'l', '1000')).toBe(1);
    }
  });

  it('make none of a command that changes nothing', () => {
    const layer = start();
    layer.run('RPUSH', 'l', 'a', 'b');
    const { effects } = layer.storage;
    for (const command of ['LTRIM l 0 -1', 'LREM l 0 x', 'LPOP l 0', 'LPOP none', 'LPUSHX none a',
      'LINSERT l BEFORE x y', 'LSET l 2 x', 'RPOPLPUSH none l', 'LMPOP 1 none LEFT', 'LREM none 0 a']) {
      layer.run(...command.split(' '));
    }
    expect(layer.storage.effects).toBe(effects);
  });

  it('log what a command made, never what it asked for', () => {
    const layer = start();
    layer.run('RPUSH', 'l', ...texts(100, 10));
    layer.run('LPUSH', 'l', 'a', 'b');
    layer.run('LPOP', 'l', '99999999999');
    layer.run('RPUSH', 'l', ...texts(100, 10));
    expect(deltasOf(layer)).toEqual([]);
    layer.run('LPUSH', 'l', 'a', 'b');
    layer.run('LSET', 'l', '-1', 'z');
    layer.run('LINSERT', 'l', 'AFTER', 'a', 'c');
    layer.run('LREM', 'l', '-2', 'z');
    layer.run('LTRIM', 'l', '1', '-100');
    layer.run('RPOP', 'l');
    expect(deltasOf(layer)).toEqual([
      '\x01\x01a\x01b', '\x04\x65\x01z', '\x05\x02\x01c', '\x06\x66', '\x03\x01\x63',
      '\x03\x00\x01',
    ]);
  });

  it('keep the expiry of a list of one element that is moved to itself', () => {
    const layer = start();
    layer.run('RPUSH', 'l', 'only');
    layer.keyspace.db(0).setExpiry(ByteRange.ofText('l'), layer.now + 1000);
    layer.notified.length = 0;
    expect(layer.run('RPOPLPUSH', 'l', 'l')).toBe('only');
    expect(foundAt(layer, 'l').expireAt).toBe(layer.now + 1000);
    expect(layer.notified).toEqual(['lpush l@0', 'rpop l@0']);
  });

  it('refuse more elements than there may be', () => {
    const layer = start();
    layer.run('RPUSH', 'l', ...texts(100, 10));
    layer.run('RPUSH', 'm', 'a');
    const { live } = foundAt(layer, 'l');
    Object.defineProperty(live, 'size', { value: LIST_ELEMENTS_MAX - 1, configurable: true });
    const refused = new RecordedError(`ERR a list holds at most ${LIST_ELEMENTS_MAX} elements`);
    expect(layer.run('RPUSH', 'l', 'a', 'b')).toEqual(refused);
    Object.defineProperty(live, 'size', { value: LIST_ELEMENTS_MAX });
    for (const command of ['LPUSHX l a', 'LMOVE m l LEFT LEFT', `LINSERT l BEFORE ${'0'.padEnd(10, 'x')} a`]) {
      expect(layer.run(...command.split(' ')), command).toEqual(refused);
    }
    expect(layer.run('LLEN', 'm')).toBe(1);
  });
});

describe('a large list', () => {
  const fill = (layer: CommandsLayer, key = 'l'): void => {
    layer.run('RPUSH', key, ...texts(2000, 50));
    expect(foundAt(layer, key).live).toBeInstanceOf(LargeList);
  };

  it('is copied, renamed and moved, and leaves no blocks but its own', () => {
    const layer = start();
    fill(layer);
    const all = texts(2000, 50);
    layer.run('COPY', 'l', 'm');
    layer.run('LPOP', 'l', '1990');
    expect(layer.run('LRANGE', 'm', '0', '-1')).toEqual(all);
    expect(layer.run('LRANGE', 'l', '0', '-1')).toEqual(all.slice(1990));
    layer.run('RENAME', 'm', 'n');
    layer.run('MOVE', 'n', '1');
    layer.dbIndex = 1;
    expect(layer.run('LRANGE', 'n', '0', '-1')).toEqual(all);
    layer.run('RPUSH', 'n', 'more');
    layer.run('COPY', 'n', 'l', 'DB', '0', 'REPLACE');
    layer.dbIndex = 0;
    expect(layer.run('LINDEX', 'l', '-1')).toBe('more');
    expect(layer.run('TYPE', 'l')).toBe('list');
  });

  it('is taken whole without a step for each block', () => {
    const layer = start();
    for (const command of ['LTRIM l 1 0', 'LPOP l 5000', 'RPOP l 2000', 'LMPOP 1 l LEFT COUNT 2000']) {
      fill(layer);
      const { effects } = layer.storage;
      layer.run(...command.split(' '));
      expect(layer.storage.effects - effects, command).toBeLessThan(4);
      expect(layer.run('EXISTS', 'l')).toBe(0);
    }
  });
});

describe('OBJECT ENCODING of a list', () => {
  /** The names after each command. */
  function names(layer: CommandsLayer, lines: readonly (readonly string[])[]): unknown[] {
    return lines.map((line) => {
      layer.run(...line);
      return layer.run('OBJECT', 'ENCODING', 'l');
    });
  }

  it('goes by bytes with a negative limit: up beyond it, back at half of it', () => {
    const sizes = [['-1', 4096], ['-2', 8192], ['-3', 16_384], ['-4', 32_768], ['-5', 65_536]] as const;
    for (const [limit, bytes] of sizes) {
      const layer = start(limit);
      // Seven bytes of an empty listpack, then an element with its length in front and behind.
      const first = 'x'.repeat(bytes / 2 - 7 - 10);
      const second = 'y'.repeat(bytes / 2);
      expect(names(layer, [['RPUSH', 'l', first], ['RPUSH', 'l', second], ['RPUSH', 'l', 'w'.repeat(20)],
        ['LPOP', 'l'], ['LPOP', 'l'], ['RPUSH', 'l', 'z'.repeat(bytes)], ['LSET', 'l', '-1', 'a']]), limit)
        .toEqual(['listpack', 'listpack', 'quicklist', 'quicklist', 'listpack', 'quicklist', 'listpack']);
    }
  });

  it('goes by elements with another limit, and by 8 KB beside', () => {
    expect(names(start('4'), [
      ['RPUSH', 'l', 'a', 'b', 'c', 'd'], ['LPUSH', 'l', 'e'], ['LPOP', 'l'], ['LPOP', 'l', '2'],
      ['LINSERT', 'l', 'BEFORE', 'd', 'x'], ['RPUSH', 'l', 'f'], ['LSET', 'l', '0', 'y'],
      ['LTRIM', 'l', '0', '1'], ['RPUSH', 'l', 'x'.repeat(9000)], ['LREM', 'l', '1', 'x'.repeat(9000)],
    ])).toEqual([
      'listpack', 'quicklist', 'quicklist', 'listpack', 'listpack', 'listpack', 'quicklist',
      'listpack', 'quicklist', 'listpack',
    ]);
    expect(names(start('0'), [['RPUSH', 'l', 'a'], ['RPUSH', 'l', 'b']]))
      .toEqual(['listpack', 'quicklist']);
  });

  it('is known of a list in blocks, and of one that was in blocks', () => {
    const layer = start('-5');
    expect(names(layer, [['RPUSH', 'l', ...texts(2000, 50)], ['LTRIM', 'l', '0', '9']]))
      .toEqual(['quicklist', 'listpack']);
    expect(foundAt(layer, 'l').live).not.toBeInstanceOf(LargeList);
  });
});

describe('LMPOP', () => {
  it('names the keys that it may touch, as many as it says', () => {
    const lmpop = listMoveCommands.find(({ name }) => name === 'lmpop')!;
    const keysOf = (line: string): number[] => {
      const keys: number[] = [];
      visitKeys(lmpop, Args.of(...line.split(' ')), (arg) => keys.push(arg));
      return keys;
    };
    expect(keysOf('LMPOP 2 a b LEFT')).toEqual([2, 3]);
    expect(keysOf('LMPOP 1 a LEFT COUNT 2')).toEqual([2]);
    for (const bad of ['LMPOP 0 a LEFT', 'LMPOP x a LEFT', 'LMPOP 9 a LEFT', 'LMPOP -1 a LEFT',
      'LMPOP 9223372036854775807 a LEFT']) {
      expect(keysOf(bad), bad).toEqual([]);
    }
  });
});
