import { beforeEach, describe, expect, it } from 'vitest';
import { stringCommands } from '../../../src/commands/string/strings.ts';
import { stringLcsCommands } from '../../../src/commands/string/strings-lcs.ts';
import { stringNumberCommands } from '../../../src/commands/string/strings-numbers.ts';
import { stringSliceCommands } from '../../../src/commands/string/strings-slices.ts';
import type { ServerPort } from '../../../src/commands/server-port.ts';
import { ByteRange } from '../../../src/lib/byte-range.ts';
import { RecordedError } from '../../protocol/recording-reply.ts';
import { CommandsLayer } from '../commands-layer.ts';
import { inertList } from '../inert-list.ts';

const WRONG_TYPE = new RecordedError(
  'WRONGTYPE Operation against a key holding the wrong kind of value');
const NOT_AN_INTEGER = new RecordedError('ERR value is not an integer or out of range');
const NOT_A_FLOAT = new RecordedError('ERR value is not a valid float');

let options: Map<string, string>;
let redis: CommandsLayer;

beforeEach(() => {
  options = new Map();
  const config = { get: (name: string) => options.get(name) } as ServerPort['config'];
  redis = new CommandsLayer({
    commands: [
      ...stringCommands, ...stringNumberCommands, ...stringSliceCommands, ...stringLcsCommands,
    ],
    server: { config },
  });
  const { space } = redis.keyspace.db(0);
  redis.storage.putLive(space, ByteRange.ofText('list'), inertList, 0);
});

function expiryOf(key: string): number | undefined {
  return redis.keyspace.db(0).find(ByteRange.ofText(key))?.expireAt;
}

describe('SET', () => {
  it('replaces any value and its expiry', () => {
    expect(redis.run('SET', 'k', 'v', 'EX', 10)).toBe('OK');
    expect(expiryOf('k')).toBe(redis.now + 10_000);
    expect(redis.run('SET', 'k', 'w')).toBe('OK');
    expect(expiryOf('k')).toBe(0);
    expect(redis.run('SET', 'list', 'v')).toBe('OK');
    expect(redis.run('GET', 'list')).toBe('v');
  });

  it('takes all four ways to tell a time, and KEEPTTL', () => {
    redis.run('SET', 'k', 'v', 'PX', 1500);
    expect(expiryOf('k')).toBe(redis.now + 1500);
    redis.run('SET', 'k', 'v', 'EXAT', 1_800_000_000);
    expect(expiryOf('k')).toBe(1_800_000_000_000);
    redis.run('SET', 'k', 'v', 'PXAT', 1_800_000_000_123);
    expect(expiryOf('k')).toBe(1_800_000_000_123);
    redis.run('SET', 'k', 'w', 'KEEPTTL');
    expect(expiryOf('k')).toBe(1_800_000_000_123);
  });

  it('judges conditions by keys that have not expired', () => {
    redis.run('SET', 'k', 'v', 'PX', 100);
    expect(redis.run('SET', 'k', 'w', 'NX')).toBeNull();
    redis.now += 100;
    expect(redis.run('SET', 'k', 'w', 'XX')).toBeNull();
    expect(redis.run('SET', 'k', 'w', 'NX')).toBe('OK');
    expect(redis.run('GET', 'k')).toBe('w');
  });

  it('replies the old value with GET, whether it sets or not', () => {
    redis.run('SET', 'k', '1');
    expect(redis.run('SET', 'k', '2', 'GET', 'NX')).toBe('1');
    expect(redis.run('SET', 'k', '3', 'GET')).toBe('1');
    expect(redis.run('SET', 'none', '3', 'GET', 'XX')).toBeNull();
    expect(redis.run('SET', 'list', 'v', 'GET')).toEqual(WRONG_TYPE);
    expect(redis.run('MGET', 'k', 'none', 'list')).toEqual(['3', null, null]);
  });

  it('refuses a time that a record cannot hold, and changes nothing', () => {
    expect(redis.run('SET', 'k', 'v', 'PXAT', `${2 ** 48 - 1}`)).toBe('OK');
    for (const time of [`${2 ** 48}`, '9223372036854775807']) {
      expect(redis.run('SET', 'k', 'w', 'PXAT', time))
        .toEqual(new RecordedError("ERR invalid expire time in 'set' command"));
    }
    expect([redis.run('GET', 'k'), expiryOf('k')]).toEqual(['v', 2 ** 48 - 1]);
  });

  it('changes the one key that it sets, and none when it does not', () => {
    const { changes } = redis.keyspace;
    redis.run('SET', 'k', 'v', 'XX');
    expect(redis.keyspace.changes).toBe(changes);
    redis.run('SET', 'k', 'v', 'EX', 5);
    expect(redis.keyspace.changes).toBe(changes + 1);
    expect(redis.notified).toEqual(['new k@0', 'set k@0', 'expire k@0']);
  });
});

describe('reading strings', () => {
  it('counts hits and misses for reading commands only', () => {
    redis.run('SET', 'k', '1');
    redis.run('INCR', 'k');
    redis.run('APPEND', 'k', 'x');
    redis.run('SETNX', 'k', 'x');
    expect(redis.keyspace.stats).toMatchObject({ hits: 0, misses: 0 });
    redis.run('MGET', 'k', 'none');
    redis.run('GETRANGE', 'k', 0, -1);
    redis.run('SET', 'k', 'v', 'GET');
    expect(redis.keyspace.stats).toMatchObject({ hits: 3, misses: 1 });
  });

  it('gives every byte back', () => {
    const bytes = Buffer.from(Array.from({ length: 256 }, (_, i) => i));
    redis.run('SET', bytes, bytes);
    expect(redis.run('GET', bytes)).toEqual(bytes);
    expect(redis.run('STRLEN', bytes)).toBe(256);
  });

  it('refuses collections, and judges GETEX options before the key, its time after', () => {
    for (const name of ['GET', 'STRLEN', 'GETDEL', 'GETEX']) {
      expect(redis.run(name, 'list'), name).toEqual(WRONG_TYPE);
    }
    expect(redis.run('GETEX', 'none', 'EX', 'x')).toBeNull();
    expect(redis.run('GETEX', 'none', 'XX')).toEqual(new RecordedError('ERR syntax error'));
  });
});

describe('GETEX and GETDEL', () => {
  it('set, clear and keep the expiry', () => {
    redis.run('SET', 'k', 'v');
    expect(redis.run('GETEX', 'k', 'PX', 500)).toBe('v');
    expect(expiryOf('k')).toBe(redis.now + 500);
    redis.run('GETEX', 'k');
    expect(expiryOf('k')).toBe(redis.now + 500);
    redis.run('GETEX', 'k', 'PERSIST');
    expect(expiryOf('k')).toBe(0);
  });

  it('delete the key after replying it, if the time has passed', () => {
    redis.run('SET', 'k', 'v');
    redis.notified.length = 0;
    expect(redis.run('GETEX', 'k', 'PXAT', redis.now)).toBe('v');
    expect(redis.run('GETDEL', 'k')).toBeNull();
    expect(redis.notified).toEqual(['del k@0', 'keymiss k@0']);
  });
});

describe('MSETNX', () => {
  it('sets nothing if one key exists, of whatever type', () => {
    expect(redis.run('MSETNX', 'a', 1, 'list', 2)).toBe(0);
    expect(redis.run('MGET', 'a')).toEqual([null]);
    expect(redis.run('MSETNX', 'a', 1, 'b', 2)).toBe(1);
  });
});

describe('counters', () => {
  it('are exact to the ends of 64 bits', () => {
    redis.run('SET', 'n', '9007199254740991');
    expect(redis.run('INCRBY', 'n', 2)).toBe(9007199254740993n);
    expect(redis.run('INCRBY', 'n', -2)).toBe(9007199254740991);
    redis.run('SET', 'n', '9223372036854775806');
    expect(redis.run('INCR', 'n')).toBe(9223372036854775807n);
    const overflow = new RecordedError('ERR increment or decrement would overflow');
    expect(redis.run('INCR', 'n')).toEqual(overflow);
    expect(redis.run('GET', 'n')).toBe('9223372036854775807');
  });

  it('do not share memory: the number of one key survives that of the next', () => {
    redis.run('INCRBY', 'a', 11);
    redis.run('INCRBY', 'b', 222222);
    expect(redis.run('MGET', 'a', 'b')).toEqual(['11', '222222']);
  });

  it('keep the expiry, refuse what is not an integer and collections', () => {
    redis.run('SET', 'n', '1', 'PX', 100);
    redis.run('INCR', 'n');
    expect(expiryOf('n')).toBe(redis.now + 100);
    redis.run('SET', 'n', '1.5');
    expect(redis.run('INCR', 'n')).toEqual(NOT_AN_INTEGER);
    expect(redis.run('INCR', 'list')).toEqual(WRONG_TYPE);
    expect(redis.run('INCRBY', 'list', 'x')).toEqual(NOT_AN_INTEGER);
  });

  it('add floats as Redis does, not as doubles', () => {
    redis.run('SET', 'f', '0.1');
    expect(redis.run('INCRBYFLOAT', 'f', '0.2')).toBe('0.3');
    expect(redis.run('INCRBYFLOAT', 'f', '5e3')).toBe('5000.29999999999999982');
    expect(redis.run('INCRBYFLOAT', 'f', 'nan')).toEqual(NOT_A_FLOAT);
    expect(redis.run('GET', 'f')).toBe('5000.29999999999999982');
  });
});

describe('parts of strings', () => {
  it('are cut to what is there', () => {
    redis.run('SET', 's', 'Hello World');
    expect(redis.run('GETRANGE', 's', -5, 100)).toBe('World');
    expect(redis.run('SUBSTR', 's', 0, 4)).toBe('Hello');
    expect(redis.run('GETRANGE', 's', 3, 1)).toBe('');
    expect(redis.run('GETRANGE', 's', '-9223372036854775807', '-9223372036854775808')).toBe('');
  });

  it('grow a string to proto-max-bulk-len and not beyond', () => {
    const tooLong = new RecordedError(
      'ERR string exceeds maximum allowed size (proto-max-bulk-len)');
    redis.limits = { ...redis.limits, stringBytes: 10 };
    expect(redis.run('SETRANGE', 's', 9, 'x')).toBe(10);
    expect(redis.run('SETRANGE', 's', 10, 'x')).toEqual(tooLong);
    expect(redis.run('APPEND', 's', 'x')).toEqual(tooLong);
    expect(redis.run('SETRANGE', 's', 536870912, '')).toBe(10);
    expect(redis.run('STRLEN', 's')).toBe(10);
  });
});

describe('LCS', () => {
  it('refuses a table that would exceed proto-max-bulk-len, before it is made', () => {
    redis.limits = { ...redis.limits, stringBytes: 400 };
    redis.run('MSET', 'a', '123456789', 'b', '123456789', 'c', '1234567890');
    expect(redis.run('LCS', 'a', 'b')).toBe('123456789');
    expect(redis.run('LCS', 'a', 'c', 'LEN')).toEqual(new RecordedError(
      'ERR Insufficient memory, transient memory for LCS exceeds proto-max-bulk-len'));
  });

  it('lists its matches as a map in RESP3', () => {
    redis.protocol = 3;
    redis.run('MSET', 'a', 'xaby', 'b', 'abz');
    expect(redis.run('LCS', 'a', 'b', 'IDX', 'WITHMATCHLEN')).toEqual(
      new Map<string, unknown>([['matches', [[[1, 2], [0, 1], 2]]], ['len', 2]]));
  });
});
