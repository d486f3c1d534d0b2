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
  const harness = new CommandsLayer({
    commands, codecs: LIVE_CODECS,
    server: { config: { get }, startedAt: START } as unknown as ServerPort,
    session: session as unknown as SessionPort,
  });
  return { harness, session };
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
    const { harness, session } = start(4);
    harness.limits = { ...harness.limits, databases: 4 };
    expect(harness.run('SELECT', '3')).toBe('OK');
    expect(session.dbIndex).toBe(3);
    expect(harness.run('SELECT', '4')).toEqual(new RecordedError('ERR DB index is out of range'));
    expect(session.dbIndex).toBe(3);
  });
});

describe('expiry', () => {
  it('counts from the time of the entry', () => {
    const { harness } = start();
    harness.run('SET', 'k', 'v');
    harness.run('PEXPIRE', 'k', '1500');
    expect(harness.run('PEXPIRETIME', 'k')).toBe(harness.now + 1500);
    expect([harness.run('TTL', 'k'), harness.run('PTTL', 'k')]).toEqual([2, 1500]);
    harness.now += 1499;
    expect([harness.run('TTL', 'k'), harness.run('PTTL', 'k')]).toEqual([0, 1]);
    harness.now += 1;
    expect([harness.run('TTL', 'k'), harness.run('EXISTS', 'k')]).toEqual([-2, 0]);
    expect(harness.notified.at(-1)).toBe('keymiss k@0');
    expect(harness.notified).toContain('expired k@0');
  });

  it('beyond what a record can hold is refused, and the key keeps its expiry', () => {
    const { harness } = start();
    harness.run('SET', 'k', 'v');
    expect(harness.run('PEXPIREAT', 'k', `${EXPIRE_AT_MS_MAX}`)).toBe(1);
    const beyond = {
      PEXPIREAT: '281474976710656', EXPIREAT: '281474976711', PEXPIRE: `${EXPIRE_AT_MS_MAX}`,
      EXPIRE: '281474976710',
    };
    for (const [name, time] of Object.entries(beyond)) {
      const text = `ERR invalid expire time in '${name.toLowerCase()}' command`;
      expect(harness.run(name, 'k', time)).toEqual(new RecordedError(text));
    }
    expect(harness.run('PEXPIRETIME', 'k')).toBe(EXPIRE_AT_MS_MAX);
  });

  it('in the past removes the key and says so, as DEL does', () => {
    const { harness } = start();
    harness.run('HSET', 'h', 'f', 'v');
    expect(harness.run('EXPIRE', 'h', '-1')).toBe(1);
    expect(harness.notified.at(-1)).toBe('del h@0');
    expect(harness.run('EXISTS', 'h')).toBe(0);
  });

  it('is not set when the condition is not met, and then no one is told', () => {
    const { harness } = start();
    harness.run('SET', 'k', 'v');
    const { effects } = harness.storage;
    expect(harness.run('EXPIRE', 'k', '10', 'XX')).toBe(0);
    expect(harness.run('EXPIRE', 'k', '-1', 'GT')).toBe(0);
    expect(harness.run('PERSIST', 'k')).toBe(0);
    expect(harness.storage.effects).toBe(effects);
  });
});

describe('copies', () => {
  it('of a hash share nothing with the original', () => {
    const { harness } = start();
    harness.run('HSET', 'h', 'a', '1');
    harness.run('COPY', 'h', 'twin');
    harness.run('HSET', 'h', 'a', '2', 'b', '3');
    expect(harness.run('HGET', 'twin', 'a')).toBe('1');
    expect(harness.run('HLEN', 'twin')).toBe(1);
    expect(harness.run('COPY', 'twin', 'h', 'REPLACE')).toBe(1);
    expect(harness.run('HGETALL', 'h')).toEqual(['a', '1']);
  });

  it('in another database are told there', () => {
    const { harness } = start();
    harness.run('SET', 'k', 'v');
    harness.run('COPY', 'k', 'k', 'DB', '2');
    expect(harness.notified.slice(-2)).toEqual(['new k@2', 'copy_to k@2']);
    harness.run('MOVE', 'k', '3');
    expect(harness.notified.slice(-3)).toEqual(['new k@3', 'move_from k@0', 'move_to k@3']);
  });
});

describe('flushing and swapping', () => {
  it('reach the databases that they name, and no others', () => {
    const { harness } = start();
    for (const db of [0, 1, 2]) {
      harness.dbIndex = db;
      harness.run('SET', 'k', `${db}`);
    }
    harness.run('SWAPDB', '0', '2');
    harness.run('SWAPDB', '1', '1');
    harness.dbIndex = 1;
    harness.run('FLUSHDB');
    const values = [0, 1, 2].map((db) => {
      harness.dbIndex = db;
      return harness.run('GET', 'k');
    });
    expect(values).toEqual(['2', null, '0']);
    harness.run('FLUSHALL', 'ASYNC');
    expect(harness.keyspace.databases.map((db) => db.count())).toEqual(Array(DATABASES_MAX).fill(0));
  });
});

describe('looking through keys', () => {
  function filled(count: number) {
    const { harness } = start();
    for (let i = 0; i < count; i++) harness.run('SET', `k${i}`, 'v', 'PXAT', `${START + i}`);
    return harness;
  }

  it('gathers KEYS from as many pages as it takes, without those that expired', async () => {
    const harness = filled(2500);
    harness.now = START + 499;
    const keys = await harness.runSteps('KEYS', 'k*') as string[];
    expect(new Set(keys)).toEqual(new Set(Array.from({ length: 2000 }, (_, i) => `k${i + 500}`)));
    expect(keys.length).toBe(2000);
    expect(harness.run('DBSIZE')).toBe(2500);
  });

  it('leaves no key twice in KEYS when a page repeats it because of a change meanwhile', () => {
    const harness = filled(2);
    harness.now = START - 1;
    const { steps } = find('keys');
    const replies: string[] = [];
    const db = harness.keyspace.db(0);
    const running = steps?.({
      args: Args.of('KEYS', '*'), db, keyspace: harness.keyspace, now: harness.now,
      reply: { array: () => {}, bulk: (key: Buffer) => replies.push(key.toString()) },
    } as unknown as Parameters<NonNullable<typeof steps>>[0]);
    const key = { key: Buffer.from('k0'), type: 1, expireAt: 0 } as const;
    expect(running?.next().value).toEqual({ kind: 'scan', db, cursor: 0, count: 1000 });
    harness.run('SET', 'other', 'v');
    expect(running?.next({ cursor: 7, keys: [key] }).value).toMatchObject({ cursor: 7 });
    running?.next({ cursor: 0, keys: [key] });
    expect(replies).toEqual(['k0']);
  });

  it('scans about COUNT keys a call and meets each', async () => {
    const harness = filled(2500);
    harness.now = START - 1;
    const met: string[] = [];
    let cursor = '0';
    let calls = 0;
    do {
      const reply = await harness.runSteps('SCAN', cursor, 'COUNT', '1200') as [string, string[]];
      cursor = reply[0];
      met.push(...reply[1]);
      calls++;
    } while (cursor !== '0');
    expect([calls, met.length, new Set(met).size]).toEqual([3, 2500, 2500]);
  });

  it('scans without expired keys, and can reply none though it is not at the end', async () => {
    const harness = filled(20);
    harness.now = START + 9;
    const [cursor, keys] = await harness.runSteps('SCAN', '0') as [string, string[]];
    expect(cursor).not.toBe('0');
    expect(keys).toEqual([]);
    const [end, rest] = await harness.runSteps('SCAN', cursor) as [string, string[]];
    expect([end, rest.length]).toEqual(['0', 10]);
  });

  it('finds a random key even if nearly all have expired, and none if all have', async () => {
    const harness = filled(3000);
    harness.now = START + 2998;
    expect(await harness.runSteps('RANDOMKEY')).toBe('k2999');
    harness.now += 1;
    expect(await harness.runSteps('RANDOMKEY')).toBeNull();
  });

  it('gives every key a chance in RANDOMKEY', async () => {
    const harness = filled(5);
    harness.now = START - 1;
    const met = new Set<unknown>();
    for (let i = 0; i < 200; i++) met.add(await harness.runSteps('RANDOMKEY'));
    expect(met.size).toBe(5);
  });
});

describe('OBJECT', () => {
  it('tells how long a key was not used; asking about a key is no use', () => {
    const { harness } = start();
    harness.run('SET', 'k', 'v');
    harness.now += 60_500;
    for (const words of [['TTL', 'k'], ['TYPE', 'k'], ['EXISTS', 'k'], ['OBJECT', 'ENCODING', 'k'],
      ['OBJECT', 'REFCOUNT', 'k']]) harness.run(...words);
    expect(harness.run('OBJECT', 'IDLETIME', 'k')).toBe(60);
    harness.run('TOUCH', 'k');
    expect(harness.run('OBJECT', 'IDLETIME', 'k')).toBe(0);
  });

  it('counts neither hits nor misses, while TTL, TYPE and EXISTS do', () => {
    const { harness } = start();
    harness.run('SET', 'k', 'v');
    harness.run('OBJECT', 'ENCODING', 'k');
    harness.run('OBJECT', 'IDLETIME', 'none');
    expect(harness.keyspace.stats).toMatchObject({ hits: 0, misses: 0 });
    harness.run('TTL', 'k');
    harness.run('TYPE', 'none');
    harness.run('EXISTS', 'k', 'none');
    expect(harness.keyspace.stats).toMatchObject({ hits: 2, misses: 2 });
  });

  it('lists its subcommands', () => {
    const { harness } = start();
    const lines = harness.run('OBJECT', 'HELP') as string[];
    for (const { name } of find('object').subcommands ?? []) {
      const word = name.slice('object|'.length).toUpperCase();
      expect(lines.some((line) => line.startsWith(word)), word).toBe(true);
    }
  });
});
