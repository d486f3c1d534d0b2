import { describe, expect, it } from 'vitest';
import { hashCommands } from '../../../src/commands/hash/hashes.ts';
import { hashExpiryCommands } from '../../../src/commands/hash/hashes-expiry.ts';
import { hashNumberCommands } from '../../../src/commands/hash/hashes-numbers.ts';
import { hashWalkCommands } from '../../../src/commands/hash/hashes-walks.ts';
import { keyCommands } from '../../../src/commands/key/keys.ts';
import { keyExpiryCommands } from '../../../src/commands/key/keys-expiry.ts';
import { keyMoveCommands } from '../../../src/commands/key/keys-moves.ts';
import { keyObjectCommands } from '../../../src/commands/key/keys-object.ts';
import { keyScanCommands } from '../../../src/commands/key/keys-scan.ts';
import { setCommands } from '../../../src/commands/set/sets.ts';
import { setChoiceCommands } from '../../../src/commands/set/set-choices.ts';
import { stringCommands } from '../../../src/commands/string/strings.ts';
import { keyDatabaseCommands } from '../../../src/commands/key/keys-databases.ts';
import type { ServerPort } from '../../../src/commands/server-port.ts';
import { Config } from '../../../src/config/config.ts';
import { LIVE_CODECS } from '../../../src/keyspace/codecs.ts';
import { HASH_EXPIRE, HASH_SET_EXPIRING } from '../../../src/keyspace/collection/hash/hash-delta.ts';
import { PACKED_BYTES_MAX } from '../../../src/keyspace/limits.ts';
import { ByteRange } from '../../../src/lib/byte-range.ts';
import { RecordedError } from '../../protocol/recording-reply.ts';
import { CommandsLayer } from '../commands-layer.ts';
import { factsFromPackage, factsOf } from '../redis-facts.ts';

const commands = [
  ...hashCommands, ...hashNumberCommands, ...hashExpiryCommands, ...hashWalkCommands,
  ...keyCommands, ...keyExpiryCommands, ...keyMoveCommands, ...keyScanCommands,
  ...keyObjectCommands, ...setCommands,
  ...setChoiceCommands, ...stringCommands, ...keyDatabaseCommands,
];

function start(protocol: 2 | 3 = 2): CommandsLayer {
  const config = new Config();
  const get = (name: string): string | undefined => config.get((each) => each === name)[0]?.[1];
  const server = { config: { get } } as unknown as ServerPort;
  return new CommandsLayer({ commands, codecs: LIVE_CODECS, server, protocol });
}

/** With a field that does not expire, and one that does, in a second. */
function withField(): CommandsLayer {
  const layer = start();
  layer.run('HSET', 'h', 'a', '1', 'b', '2');
  layer.run('HEXPIRE', 'h', 1, 'FIELDS', 1, 'a');
  layer.notified.length = 0;
  return layer;
}

function errorOf(layer: CommandsLayer, ...words: (string | number)[]): string {
  const reply = layer.run(...words);
  if (!(reply instanceof RecordedError)) throw new Error(`no error: ${JSON.stringify(reply)}`);
  return reply.message;
}

/** Without those of reads that find nothing. */
function told({ notified }: CommandsLayer): string[] {
  return notified.filter((each) => !each.startsWith('keymiss'));
}

const WRONG_TYPE = 'WRONGTYPE Operation against a key holding the wrong kind of value';

describe('commands that set when fields expire', () => {
  it('have the facts that Redis tells', () => {
    const names = hashExpiryCommands.map(({ name }) => name);
    expect(hashExpiryCommands.map(factsOf)).toEqual(factsFromPackage(names));
  });

  it('reply for each field, and tell of it once', () => {
    const layer = start();
    layer.run('HSET', 'h', 'a', '1', 'b', '2', 'c', '3');
    layer.notified.length = 0;
    expect(layer.run('HEXPIRE', 'h', 10, 'FIELDS', 3, 'a', 'none', 'a')).toEqual([1, -2, 1]);
    expect(layer.run('HTTL', 'h', 'FIELDS', 3, 'a', 'b', 'none')).toEqual([10, -1, -2]);
    expect(layer.run('HPEXPIRE', 'h', 1500, 'FIELDS', 1, 'b')).toEqual([1]);
    expect(layer.run('HPTTL', 'h', 'FIELDS', 2, 'a', 'b')).toEqual([10_000, 1500]);
    expect(layer.run('HTTL', 'h', 'FIELDS', 1, 'b')).toEqual([2]);
    expect(layer.notified).toEqual(['hexpire h@0', 'hexpire h@0']);
    const at = Math.ceil(layer.now / 1000) + 5;
    expect(layer.run('HEXPIREAT', 'h', at, 'FIELDS', 1, 'c')).toEqual([1]);
    expect(layer.run('HPEXPIRETIME', 'h', 'FIELDS', 1, 'c')).toEqual([at * 1000]);
    expect(layer.run('HPEXPIREAT', 'h', at * 1000 + 1, 'fields', 1, 'c')).toEqual([1]);
    expect(layer.run('HEXPIRETIME', 'h', 'FIELDS', 2, 'c', 'd')).toEqual([at + 1, -2]);
    expect(layer.run('HEXPIRE', 'none', 10, 'FIELDS', 2, 'a', 'b')).toEqual([-2, -2]);
    expect(layer.run('HTTL', 'none', 'FIELDS', 2, 'a', 'b')).toEqual([-2, -2]);
    expect(layer.run('HPERSIST', 'none', 'FIELDS', 2, 'a', 'b')).toEqual([-2, -2]);
  });

  it('remove fields whose time has passed, and the key with the last of them', () => {
    const layer = start();
    layer.run('HSET', 'h', 'a', '1', 'b', '2', 'c', '3');
    layer.notified.length = 0;
    expect(layer.run('HEXPIRE', 'h', 0, 'FIELDS', 3, 'a', 'a', 'none')).toEqual([2, -2, -2]);
    expect(layer.run('HPEXPIREAT', 'h', layer.now, 'FIELDS', 2, 'b', 'c')).toEqual([2, 2]);
    expect(layer.notified).toEqual(['hdel h@0', 'hdel h@0', 'del h@0']);
    expect(layer.run('EXISTS', 'h')).toBe(0);
  });

  it.each([
    // Of a field without expiry, one that expires sooner, at the same time, and later.
    ['NX', [1, 0, 0, 0]], ['XX', [0, 1, 1, 1]], ['GT', [0, 1, 0, 0]], ['LT', [1, 0, 0, 1]],
  ])('set an expiry with %s where that is met', (condition, replies) => {
    const layer = start();
    layer.run('HSET', 'h', 'never', '1', 'sooner', '1', 'same', '1', 'later', '1');
    layer.run('HEXPIRE', 'h', 5, 'FIELDS', 1, 'sooner');
    layer.run('HEXPIRE', 'h', 10, 'FIELDS', 1, 'same');
    layer.run('HEXPIRE', 'h', 20, 'FIELDS', 1, 'later');
    const names = ['never', 'sooner', 'same', 'later'];
    expect(layer.run('HEXPIRE', 'h', 10, condition, 'FIELDS', 4, ...names)).toEqual(replies);
    // The second time meets what the first one set.
    const isLess = condition === 'XX';
    layer.run('HPERSIST', 'h', 'FIELDS', 4, ...names);
    expect(layer.run('HEXPIRE', 'h', 10, condition, 'FIELDS', 2, 'never', 'never')).toEqual(
      condition === 'GT' || isLess ? [0, 0] : [1, 0]);
  });

  it('reply the errors of Redis, in its order', () => {
    const layer = withField();
    layer.run('SET', 's', 'x');
    expect(errorOf(layer, 'HEXPIRE', 's', 'abc', 'FIELDS', 1, 'a')).toBe(WRONG_TYPE);
    expect(errorOf(layer, 'HTTL', 's', 'FIELDS', 0, 'a')).toBe(WRONG_TYPE);
    expect(errorOf(layer, 'HPERSIST', 's', 'FIELDS', 0, 'a')).toBe(WRONG_TYPE);
    expect(errorOf(layer, 'HEXPIRE', 'h', 'abc', 'NO', 1, 'a')).toBe(
      'ERR value is not an integer or out of range');
    expect(errorOf(layer, 'HEXPIRE', 'none', -1, 'FIELDS', 1, 'a')).toBe(
      'ERR invalid expire time, must be >= 0');
    for (const [name, time] of [
      ['HEXPIRE', 2 ** 46 / 1000], ['HPEXPIRE', 2 ** 46 - layer.now], ['HEXPIREAT', 2 ** 46 / 1000],
      ['HPEXPIREAT', 2 ** 46], ['HPEXPIREAT', '9223372036854775807'],
    ] as const) {
      const text = typeof time === 'string' ? time : `${Math.ceil(time)}`;
      expect(errorOf(layer, name, 'h', text, 'FIELDS', 1, 'a')).toBe(
        `ERR invalid expire time in '${name.toLowerCase()}' command`);
    }
    expect(layer.run('HPEXPIREAT', 'h', 2 ** 46 - 1, 'FIELDS', 1, 'a')).toEqual([1]);
    const missing = 'ERR Mandatory argument FIELDS is missing or not at the right position';
    expect(errorOf(layer, 'HEXPIRE', 'h', 1, 'NX', 'XX', 'FIELDS', 1, 'a')).toBe(missing);
    expect(errorOf(layer, 'HEXPIRE', 'h', 1, 'FIELD', 1, 'a')).toBe(missing);
    expect(errorOf(layer, 'HTTL', 'h', 'a', 'FIELDS', 1)).toBe(missing);
    for (const count of ['0', '-1', 'x', '1.5']) {
      expect(errorOf(layer, 'HEXPIRE', 'h', 1, 'FIELDS', count, 'a')).toBe(
        'ERR Parameter `numFields` should be greater than 0');
      for (const name of ['HTTL', 'HPERSIST', 'HPEXPIRETIME']) {
        expect(errorOf(layer, name, 'h', 'FIELDS', count, 'a')).toBe(
          'ERR Number of fields must be a positive integer');
      }
    }
    const unequal = 'ERR The `numfields` parameter must match the number of arguments';
    expect(errorOf(layer, 'HEXPIRE', 'h', 1, 'GT', 'FIELDS', 2, 'a')).toBe(unequal);
    expect(errorOf(layer, 'HPERSIST', 'h', 'FIELDS', 1, 'a', 'b')).toBe(unequal);
    expect(layer.notified).toEqual(['new s@0', 'set s@0', 'hexpire h@0']);
  });

  it('take an expiry away', () => {
    const layer = withField();
    expect(layer.run('HPERSIST', 'h', 'FIELDS', 4, 'a', 'a', 'b', 'none')).toEqual([1, -1, -1, -2]);
    expect(layer.run('HPERSIST', 'h', 'FIELDS', 1, 'a')).toEqual([-1]);
    expect(layer.notified).toEqual(['hpersist h@0']);
    layer.now += 10_000;
    expect(layer.run('HGET', 'h', 'a')).toBe('1');
  });

  it('log results: times, never what remains', () => {
    const layer = start();
    layer.run('HSET', 'h', 'n', '1', 'long', 'l'.repeat(PACKED_BYTES_MAX));
    layer.run('HEXPIRE', 'h', 1, 'FIELDS', 2, 'n', 'none');
    layer.run('HINCRBY', 'h', 'n', 41);
    const deltas = layer.storage.spaces.get(1)!.get('h')!.deltas;
    expect(deltas.map((delta) => delta[0])).toEqual([HASH_EXPIRE, HASH_SET_EXPIRING]);
    expect(deltas[1]!.toString('latin1')).toContain('\x01n\x0242');
  });
});

describe('a field that expires', () => {
  it('is there until its time, and gone from then on, while nothing is written', () => {
    const layer = withField();
    layer.now += 999;
    expect(layer.run('HGET', 'h', 'a')).toBe('1');
    layer.now += 1;
    const { effects } = layer.storage;
    expect(layer.run('HGET', 'h', 'a')).toBe(null);
    expect(layer.run('HMGET', 'h', 'a', 'b')).toEqual([null, '2']);
    expect(layer.run('HEXISTS', 'h', 'a')).toBe(0);
    expect(layer.run('HSTRLEN', 'h', 'a')).toBe(0);
    expect(layer.run('HLEN', 'h')).toBe(1);
    expect(layer.run('HKEYS', 'h')).toEqual(['b']);
    expect(layer.run('HVALS', 'h')).toEqual(['2']);
    expect(layer.run('HRANDFIELD', 'h')).toBe('b');
    expect(layer.run('HRANDFIELD', 'h', 5, 'WITHVALUES')).toEqual(['b', '2']);
    expect(layer.run('HSCAN', 'h', 0)).toEqual(['0', ['b', '2']]);
    expect(layer.run('HSCAN', 'h', 0, 'NOVALUES')).toEqual(['0', ['b']]);
    expect(layer.run('HTTL', 'h', 'FIELDS', 1, 'a')).toEqual([-2]);
    expect(layer.storage.effects).toBe(effects);
    expect(layer.notified).toEqual([]);
  });

  it('is removed by a write that meets it, which takes it for one that is not there', () => {
    const writes: [unknown, string[], ...(string | number)[]][] = [
      [1, ['hexpired h@0', 'hset h@0'], 'HSET', 'h', 'b', 'new', 'a', 'x'],
      [1, ['hexpired h@0', 'hset h@0'], 'HSETNX', 'h', 'a', 'x'],
      [7, ['hexpired h@0', 'hincrby h@0'], 'HINCRBY', 'h', 'a', 7],
      ['7', ['hexpired h@0', 'hincrbyfloat h@0'], 'HINCRBYFLOAT', 'h', 'a', 7],
      [0, ['hexpired h@0'], 'HDEL', 'h', 'a'],
      [[-2], ['hexpired h@0'], 'HEXPIRE', 'h', 10, 'FIELDS', 1, 'a'],
      [[-2], ['hexpired h@0'], 'HPERSIST', 'h', 'FIELDS', 1, 'a'],
    ];
    for (const [reply, notified, ...words] of writes) {
      const layer = withField();
      layer.now += 1000;
      expect(layer.run(...words), `${words[0]}`).toEqual(reply);
      expect(layer.notified).toEqual(notified);
      expect(layer.keyspace.stats.expiredFields).toBe(1);
      layer.now -= 1000;
      const isSet = !['HDEL', 'HEXPIRE', 'HPERSIST'].includes(`${words[0]}`);
      expect(layer.run('HTTL', 'h', 'FIELDS', 1, 'a')).toEqual([isSet ? -1 : -2]);
    }
  });

  it('loses its expiry when it is set, and keeps it when it is added to', () => {
    const layer = withField();
    layer.run('HINCRBY', 'h', 'a', 5);
    layer.run('HINCRBYFLOAT', 'h', 'a', '0.5');
    expect(layer.run('HMGET', 'h', 'a')).toEqual(['6.5']);
    expect(layer.run('HPTTL', 'h', 'FIELDS', 1, 'a')).toEqual([1000]);
    layer.run('HSET', 'h', 'a', '1');
    expect(layer.run('HTTL', 'h', 'FIELDS', 1, 'a')).toEqual([-1]);
    layer.now += 5000;
    expect(layer.run('HGET', 'h', 'a')).toBe('1');
  });

  it('goes along when its hash is renamed, copied and moved', () => {
    const layer = withField();
    layer.run('RENAME', 'h', 'renamed');
    layer.run('COPY', 'renamed', 'copied');
    layer.run('MOVE', 'copied', 3);
    expect(layer.run('HPTTL', 'renamed', 'FIELDS', 2, 'a', 'b')).toEqual([1000, -1]);
    layer.dbIndex = 3;
    expect(layer.run('HPTTL', 'copied', 'FIELDS', 2, 'a', 'b')).toEqual([1000, -1]);
    layer.run('HDEL', 'copied', 'b');
    layer.now += 1000;
    expect(layer.run('TYPE', 'copied')).toBe('none');
    layer.run('SWAPDB', 3, 4);
    layer.dbIndex = 4;
    expect(layer.run('EXISTS', 'copied')).toBe(0);
  });
});

describe('a hash whose fields have all expired', () => {
  function expired(): CommandsLayer {
    const layer = start();
    layer.run('HSET', 'h', 'a', '1', 'b', '2');
    layer.run('HEXPIRE', 'h', 1, 'FIELDS', 2, 'a', 'b');
    layer.run('HSET', 'other', 'a', '1');
    layer.notified.length = 0;
    layer.now += 1000;
    return layer;
  }

  it('is absent for all that read, which change nothing where nothing may be changed', async () => {
    const layer = expired();
    layer.keyspace.isReadOnly = true;
    const { effects } = layer.storage;
    expect(layer.run('EXISTS', 'h')).toBe(0);
    expect(layer.run('TYPE', 'h')).toBe('none');
    expect(layer.run('TTL', 'h')).toBe(-2);
    expect(layer.run('TOUCH', 'h')).toBe(0);
    expect(layer.run('HGETALL', 'h')).toEqual([]);
    expect(layer.run('HLEN', 'h')).toBe(0);
    expect(layer.run('GET', 'h')).toBe(null);
    expect(layer.run('SMEMBERS', 'h')).toEqual([]);
    expect(await layer.runSteps('KEYS', '*')).toEqual(['other']);
    expect(await layer.runSteps('SCAN', 0)).toEqual(['0', ['other']]);
    for (let i = 0; i < 20; i++) expect(await layer.runSteps('RANDOMKEY')).toBe('other');
    expect(layer.keyspace.db(0).version(ByteRange.ofText('h'))).toEqual({ space: 0, version: 0 });
    expect(layer.storage.effects).toBe(effects);
    expect(layer.run('DBSIZE')).toBe(2);
    layer.keyspace.isReadOnly = false;
    expect(layer.run('EXISTS', 'h')).toBe(0);
    expect(layer.run('DBSIZE')).toBe(1);
    expect(told(layer)).toEqual(['hexpired h@0', 'del h@0']);
  });

  it('is absent for all that write', () => {
    const writes: [unknown, ...(string | number)[]][] = [
      [0, 'DEL', 'h'], [0, 'EXPIRE', 'h', 10], [0, 'PERSIST', 'h'], [1, 'SADD', 'h', 'x'],
      [1, 'HSET', 'h', 'a', 'x'], [0, 'HDEL', 'h', 'a'], [1, 'SETNX', 'h', 'x'],
      [null, 'SET', 'h', 'x', 'XX'], [1, 'COPY', 'other', 'h'], [1, 'RENAMENX', 'other', 'h'],
      [0, 'COPY', 'h', 'new'], [[-2], 'HEXPIRE', 'h', 1, 'FIELDS', 1, 'a'],
    ];
    for (const [reply, ...words] of writes) {
      const layer = expired();
      expect(layer.run(...words), words.join(' ')).toEqual(reply);
      expect(told(layer).slice(0, 2)).toEqual(['hexpired h@0', 'del h@0']);
    }
    const layer = expired();
    expect(errorOf(layer, 'RENAME', 'h', 'new')).toBe('ERR no such key');
  });

  it('may have a field that a removal left, and goes when it is looked at', () => {
    const layer = start();
    layer.run('HSET', 'h', 'a', '1', 'b', '2');
    layer.run('HEXPIRE', 'h', 1, 'FIELDS', 1, 'a');
    layer.notified.length = 0;
    layer.now += 1000;
    expect(layer.run('HDEL', 'h', 'b')).toBe(1);
    expect(layer.run('EXISTS', 'h')).toBe(0);
    expect(told(layer)).toEqual(['hdel h@0', 'hexpired h@0', 'del h@0']);
  });
});

describe('what is noted of hashes with fields that expire', () => {
  it('goes with the hash, the fields, and the database', async () => {
    const notedIn = (layer: CommandsLayer): number => layer.keyspace.db(0).countExpiringHashes();
    const endings: (string | number)[][] = [
      ['DEL', 'h'], ['SET', 'h', 'x'], ['HDEL', 'h', 'a', 'b'], ['RENAME', 'h', 'g'],
      ['HEXPIRE', 'h', 0, 'FIELDS', 2, 'a', 'b'], ['FLUSHDB'], ['MOVE', 'h', 2],
      ['COPY', 'other', 'h', 'REPLACE'], ['EXPIRE', 'h', 0],
    ];
    for (const words of endings) {
      const layer = withField();
      layer.run('HSET', 'other', 'a', '1');
      expect(notedIn(layer)).toBe(1);
      layer.run(...words);
      expect(notedIn(layer), words.join(' ')).toBe(words[0] === 'RENAME' ? 1 : 0);
    }
    const layer = withField();
    layer.run('EXPIRE', 'h', 1);
    layer.now += 1000;
    layer.run('EXISTS', 'h');
    expect(notedIn(layer)).toBe(0);
  });
});

describe('OBJECT ENCODING of a small hash', () => {
  it('tells whether fields of it expire', () => {
    const layer = withField();
    expect(layer.run('OBJECT', 'ENCODING', 'h')).toBe('listpackex');
    expect(layer.run('HSCAN', 'h', 0, 'COUNT', 1, 'NOVALUES')).toEqual(['0', ['a', 'b']]);
    layer.run('HPERSIST', 'h', 'FIELDS', 1, 'a');
    expect(layer.run('OBJECT', 'ENCODING', 'h')).toBe('listpack');
    layer.run('HEXPIRE', 'h', 1, 'FIELDS', 1, 'a');
    for (let i = 0; i < 600; i++) layer.run('HSET', 'h', `f${i}`, `v${i}`);
    expect(layer.run('OBJECT', 'ENCODING', 'h')).toBe('hashtable');
  });
});

describe('HSCAN with NOVALUES', () => {
  it('replies fields alone, and is refused by the others that scan', async () => {
    const layer = start();
    for (let i = 0; i < 600; i++) layer.run('HSET', 'h', `f${i}`, `v${i}`);
    const [, names] = layer.run('HSCAN', 'h', 0, 'MATCH', 'f1*', 'novalues', 'COUNT', 1000) as
      [string, string[]];
    expect(names.length).toBe(111);
    expect(names.every((name) => name.startsWith('f1'))).toBe(true);
    layer.run('SADD', 's', 'a');
    const refused = 'ERR NOVALUES option can only be used in HSCAN';
    expect(errorOf(layer, 'SSCAN', 's', 0, 'NOVALUES')).toBe(refused);
    expect(await layer.runSteps('SCAN', 0, 'NOVALUES')).toMatchObject({ message: refused });
    expect(errorOf(layer, 'HSCAN', 'h', 0, 'NOVALUES', 'COUNT')).toBe('ERR syntax error');
  });
});
