import { describe, expect, it } from 'vitest';
import type { Command } from '../../../src/commands/command.ts';
import { hashCommands } from '../../../src/commands/hash/hashes.ts';
import { hashWalkCommands } from '../../../src/commands/hash/hashes-walks.ts';
import { keyCommands } from '../../../src/commands/key/keys.ts';
import { keyDatabaseCommands } from '../../../src/commands/key/keys-databases.ts';
import { keyExpiryCommands } from '../../../src/commands/key/keys-expiry.ts';
import { keyMoveCommands } from '../../../src/commands/key/keys-moves.ts';
import { keyObjectCommands } from '../../../src/commands/key/keys-object.ts';
import { keyScanCommands } from '../../../src/commands/key/keys-scan.ts';
import type { ServerPort } from '../../../src/commands/server-port.ts';
import type { SessionPort } from '../../../src/commands/session-port.ts';
import { stringCommands } from '../../../src/commands/string/strings.ts';
import { visitKeys } from '../../../src/commands/visit-keys.ts';
import { Config } from '../../../src/config/config.ts';
import { LIVE_CODECS } from '../../../src/keyspace/codecs.ts';
import { EXPIRE_AT_MS_MAX } from '../../../src/commands/limits.ts';
import { DATABASES_DEFAULT, DATABASES_MAX } from '../../../src/config/limits.ts';
import { Args } from '../../../src/protocol/args.ts';
import { RecordedError } from '../../protocol/recording-reply.ts';
import { CommandsLayer } from '../commands-layer.ts';

const commands: readonly Command[] = [
  ...keyCommands, ...keyExpiryCommands, ...keyMoveCommands, ...keyScanCommands,
  ...keyObjectCommands,
  ...keyDatabaseCommands, ...hashCommands, ...hashWalkCommands, ...stringCommands,
];

const START = 1_700_000_000_000;

function start(databases = DATABASES_DEFAULT) {
  const config = new Config();
  const get = (name: string): string | undefined =>
    (name === 'databases' ? `${databases}` : config.get((each) => each === name)[0]?.[1]);
  const session = { dbIndex: 0 };
  const layer = new CommandsLayer({
    commands, codecs: LIVE_CODECS,
    server: { config: { get }, startedAt: START } as unknown as ServerPort,
    session: session as unknown as SessionPort,
  });
  return { layer, session };
}

function find(name: string): Command {
  const command = commands.find((each) => each.name === name);
  if (command === undefined) throw new Error(`no command ${name}`);
  return command;
}

function keysOf(...words: string[]): (readonly [string, number | undefined])[] {
  const args = Args.of(...words);
  const visited: (readonly [string, number | undefined])[] = [];
  visitKeys(find(words[0]!.toLowerCase()), args, (i, db) => visited.push([args.text(i), db]));
  return visited;
}

describe('the keys of a request', () => {
  it('of COPY are in the database that it names last', () => {
    expect(keysOf('COPY', 'a', 'b')).toEqual([['a', undefined], ['b', undefined]]);
    expect(keysOf('COPY', 'a', 'b', 'REPLACE', 'db', '3')).toEqual([['a', undefined], ['b', 3]]);
    expect(keysOf('COPY', 'a', 'b', 'DB', '3', 'DB', '0')).toEqual([['a', undefined], ['b', 0]]);
    expect(keysOf('COPY', 'DB', 'DB', 'REPLACE')).toEqual([['DB', undefined], ['DB', undefined]]);
  });

  it('of MOVE are in both databases', () => {
    expect(keysOf('MOVE', 'a', '15')).toEqual([['a', undefined], ['a', 15]]);
  });

  it('never lie in a database that there cannot be', () => {
    for (const db of [`${DATABASES_MAX}`, '-1', 'x', '1.5', '99999999999', '']) {
      expect(keysOf('MOVE', 'a', db)).toEqual([['a', undefined]]);
      expect(keysOf('COPY', 'a', 'b', 'DB', db)).toEqual([['a', undefined], ['b', undefined]]);
    }
    expect(keysOf('COPY', 'a', 'b', 'DB')).toEqual([['a', undefined], ['b', undefined]]);
  });
});

describe('SELECT', () => {
  it('tells which database the keys of later commands are in', () => {
    const { selects } = find('select');
    expect(selects?.(Args.of('SELECT', '3'))).toEqual([3]);
    for (const db of [`${DATABASES_MAX}`, '-1', 'x']) {
      expect(selects?.(Args.of('SELECT', db))).toEqual([undefined]);
    }
    expect(find('swapdb').selects?.(Args.of('SWAPDB', '3', '0'))).toEqual([3, 0]);
  });

  it('changes the session, and only if there is such a database', () => {
    const { layer, session } = start(4);
    layer.limits = { ...layer.limits, databases: 4 };
    expect(layer.run('SELECT', '3')).toBe('OK');
    expect(session.dbIndex).toBe(3);
    expect(layer.run('SELECT', '4')).toEqual(new RecordedError('ERR DB index is out of range'));
    expect(session.dbIndex).toBe(3);
  });
});

describe('expiry', () => {
  it('counts from the time of the entry', () => {
    const { layer } = start();
    layer.run('SET', 'k', 'v');
    layer.run('PEXPIRE', 'k', '1500');
    expect(layer.run('PEXPIRETIME', 'k')).toBe(layer.now + 1500);
    expect([layer.run('TTL', 'k'), layer.run('PTTL', 'k')]).toEqual([2, 1500]);
    layer.now += 1499;
    expect([layer.run('TTL', 'k'), layer.run('PTTL', 'k')]).toEqual([0, 1]);
    layer.now += 1;
    expect([layer.run('TTL', 'k'), layer.run('EXISTS', 'k')]).toEqual([-2, 0]);
    expect(layer.notified.at(-1)).toBe('keymiss k@0');
    expect(layer.notified).toContain('expired k@0');
  });

  it('beyond what a record can hold is refused, and the key keeps its expiry', () => {
    const { layer } = start();
    layer.run('SET', 'k', 'v');
    expect(layer.run('PEXPIREAT', 'k', `${EXPIRE_AT_MS_MAX}`)).toBe(1);
    const beyond = {
      PEXPIREAT: '281474976710656', EXPIREAT: '281474976711', PEXPIRE: `${EXPIRE_AT_MS_MAX}`,
      EXPIRE: '281474976710',
    };
    for (const [name, time] of Object.entries(beyond)) {
      const text = `ERR invalid expire time in '${name.toLowerCase()}' command`;
      expect(layer.run(name, 'k', time)).toEqual(new RecordedError(text));
    }
    expect(layer.run('PEXPIRETIME', 'k')).toBe(EXPIRE_AT_MS_MAX);
  });

  it('in the past removes the key and says so, as DEL does', () => {
    const { layer } = start();
    layer.run('HSET', 'h', 'f', 'v');
    expect(layer.run('EXPIRE', 'h', '-1')).toBe(1);
    expect(layer.notified.at(-1)).toBe('del h@0');
    expect(layer.run('EXISTS', 'h')).toBe(0);
  });

  it('is not set when the condition is not met, and then no one is told', () => {
    const { layer } = start();
    layer.run('SET', 'k', 'v');
    const { effects } = layer.storage;
    expect(layer.run('EXPIRE', 'k', '10', 'XX')).toBe(0);
    expect(layer.run('EXPIRE', 'k', '-1', 'GT')).toBe(0);
    expect(layer.run('PERSIST', 'k')).toBe(0);
    expect(layer.storage.effects).toBe(effects);
  });
});

describe('copies', () => {
  it('of a hash share nothing with the original', () => {
    const { layer } = start();
    layer.run('HSET', 'h', 'a', '1');
    layer.run('COPY', 'h', 'twin');
    layer.run('HSET', 'h', 'a', '2', 'b', '3');
    expect(layer.run('HGET', 'twin', 'a')).toBe('1');
    expect(layer.run('HLEN', 'twin')).toBe(1);
    expect(layer.run('COPY', 'twin', 'h', 'REPLACE')).toBe(1);
    expect(layer.run('HGETALL', 'h')).toEqual(['a', '1']);
  });

  it('in another database are told there', () => {
    const { layer } = start();
    layer.run('SET', 'k', 'v');
    layer.run('COPY', 'k', 'k', 'DB', '2');
    expect(layer.notified.slice(-2)).toEqual(['new k@2', 'copy_to k@2']);
    layer.run('MOVE', 'k', '3');
    expect(layer.notified.slice(-3)).toEqual(['new k@3', 'move_from k@0', 'move_to k@3']);
  });
});

describe('flushing and swapping', () => {
  it('reach the databases that they name, and no others', () => {
    const { layer } = start();
    for (const db of [0, 1, 2]) {
      layer.dbIndex = db;
      layer.run('SET', 'k', `${db}`);
    }
    layer.run('SWAPDB', '0', '2');
    layer.run('SWAPDB', '1', '1');
    layer.dbIndex = 1;
    layer.run('FLUSHDB');
    const values = [0, 1, 2].map((db) => {
      layer.dbIndex = db;
      return layer.run('GET', 'k');
    });
    expect(values).toEqual(['2', null, '0']);
    layer.run('FLUSHALL', 'ASYNC');
    expect(layer.keyspace.databases.map((db) => db.count())).toEqual(Array(DATABASES_MAX).fill(0));
  });
});

describe('looking through keys', () => {
  function filled(count: number) {
    const { layer } = start();
    for (let i = 0; i < count; i++) layer.run('SET', `k${i}`, 'v', 'PXAT', `${START + i}`);
    return layer;
  }

  it('gathers KEYS from as many pages as it takes, without those that expired', async () => {
    const layer = filled(2500);
    layer.now = START + 499;
    const keys = await layer.runSteps('KEYS', 'k*') as string[];
    expect(new Set(keys)).toEqual(new Set(Array.from({ length: 2000 }, (_, i) => `k${i + 500}`)));
    expect(keys.length).toBe(2000);
    expect(layer.run('DBSIZE')).toBe(2500);
  });

  it('leaves no key twice in KEYS when a page repeats it because of a change meanwhile', () => {
    const layer = filled(2);
    layer.now = START - 1;
    const { steps } = find('keys');
    const replies: string[] = [];
    const db = layer.keyspace.db(0);
    const running = steps?.({
      args: Args.of('KEYS', '*'), db, keyspace: layer.keyspace, now: layer.now,
      reply: { array: () => {}, bulk: (key: Buffer) => replies.push(key.toString()) },
    } as unknown as Parameters<NonNullable<typeof steps>>[0]);
    const key = { key: Buffer.from('k0'), type: 1, expireAt: 0 } as const;
    expect(running?.next().value).toEqual({ kind: 'scan', db, cursor: 0, count: 1000 });
    layer.run('SET', 'other', 'v');
    expect(running?.next({ cursor: 7, keys: [key] }).value).toMatchObject({ cursor: 7 });
    running?.next({ cursor: 0, keys: [key] });
    expect(replies).toEqual(['k0']);
  });

  it('scans about COUNT keys a call and meets each', async () => {
    const layer = filled(2500);
    layer.now = START - 1;
    const met: string[] = [];
    let cursor = '0';
    let calls = 0;
    do {
      const reply = await layer.runSteps('SCAN', cursor, 'COUNT', '1200') as [string, string[]];
      cursor = reply[0];
      met.push(...reply[1]);
      calls++;
    } while (cursor !== '0');
    expect([calls, met.length, new Set(met).size]).toEqual([3, 2500, 2500]);
  });

  it('scans without expired keys, and can reply none though it is not at the end', async () => {
    const layer = filled(20);
    layer.now = START + 9;
    const [cursor, keys] = await layer.runSteps('SCAN', '0') as [string, string[]];
    expect(cursor).not.toBe('0');
    expect(keys).toEqual([]);
    const [end, rest] = await layer.runSteps('SCAN', cursor) as [string, string[]];
    expect([end, rest.length]).toEqual(['0', 10]);
  });

  it('finds a random key even if nearly all have expired, and none if all have', async () => {
    const layer = filled(3000);
    layer.now = START + 2998;
    expect(await layer.runSteps('RANDOMKEY')).toBe('k2999');
    layer.now += 1;
    expect(await layer.runSteps('RANDOMKEY')).toBeNull();
  });

  it('gives every key a chance in RANDOMKEY', async () => {
    const layer = filled(5);
    layer.now = START - 1;
    const met = new Set<unknown>();
    for (let i = 0; i < 200; i++) met.add(await layer.runSteps('RANDOMKEY'));
    expect(met.size).toBe(5);
  });
});

describe('OBJECT', () => {
  it('tells how long a key was not used; asking about a key is no use', () => {
    const { layer } = start();
    layer.run('SET', 'k', 'v');
    layer.now += 60_500;
    for (const words of [['TTL', 'k'], ['TYPE', 'k'], ['EXISTS', 'k'], ['OBJECT', 'ENCODING', 'k'],
      ['OBJECT', 'REFCOUNT', 'k']]) layer.run(...words);
    expect(layer.run('OBJECT', 'IDLETIME', 'k')).toBe(60);
    layer.run('TOUCH', 'k');
    expect(layer.run('OBJECT', 'IDLETIME', 'k')).toBe(0);
  });

  it('counts neither hits nor misses, while TTL, TYPE and EXISTS do', () => {
    const { layer } = start();
    layer.run('SET', 'k', 'v');
    layer.run('OBJECT', 'ENCODING', 'k');
    layer.run('OBJECT', 'IDLETIME', 'none');
    expect(layer.keyspace.stats).toMatchObject({ hits: 0, misses: 0 });
    layer.run('TTL', 'k');
    layer.run('TYPE', 'none');
    layer.run('EXISTS', 'k', 'none');
    expect(layer.keyspace.stats).toMatchObject({ hits: 2, misses: 2 });
  });

  it('lists its subcommands', () => {
    const { layer } = start();
    const lines = layer.run('OBJECT', 'HELP') as string[];
    for (const { name } of find('object').subcommands ?? []) {
      const word = name.slice('object|'.length).toUpperCase();
      expect(lines.some((line) => line.startsWith(word)), word).toBe(true);
    }
  });
});
