import { USUAL_LIMITS } from '../../../src/cluster/proposal-body.ts';
import { beforeEach, describe, expect, it } from 'vitest';
import { bitmapCommands } from '../../../src/commands/string/bitmaps.ts';
import { bitFieldCommands } from '../../../src/commands/string/bitmaps-fields.ts';
import { stringCommands } from '../../../src/commands/string/strings.ts';
import type { ServerPort } from '../../../src/commands/server-port.ts';
import { RecordedError } from '../../protocol/recording-reply.ts';
import { CommandsLayer } from '../commands-layer.ts';

const OUT_OF_RANGE = new RecordedError('ERR bit offset is not an integer or out of range');

let options: Map<string, string>;
let redis: CommandsLayer;

beforeEach(() => {
  options = new Map();
  const config = { get: (name: string) => options.get(name) } as ServerPort['config'];
  redis = new CommandsLayer({
    commands: [...stringCommands, ...bitmapCommands, ...bitFieldCommands], server: { config },
  });
});

describe('SETBIT and GETBIT', () => {
  it('count bits from the highest of byte 0 and grow the string with zeros', () => {
    expect(redis.run('SETBIT', 'b', 9, 1)).toBe(0);
    expect(redis.run('GET', 'b')).toBe('\0@');
    expect(redis.run('SETBIT', 'b', 9, 0)).toBe(1);
    expect(redis.run('GETBIT', 'b', 9)).toBe(0);
    expect(redis.run('GETBIT', 'b', 4_000_000_000)).toBe(0);
  });

  it('change and tell only when a bit changes or is new', () => {
    redis.run('SETBIT', 'b', 9, 1);
    const { changes } = redis.keyspace;
    redis.notified.length = 0;
    redis.run('SETBIT', 'b', 9, 1);
    expect([redis.keyspace.changes, redis.notified]).toEqual([changes, []]);
    redis.run('SETBIT', 'b', 16, 0);
    expect(redis.keyspace.changes).toBe(changes + 1);
    expect(redis.notified).toEqual(['setbit b@0']);
  });

  it('end where proto-max-bulk-len ends', () => {
    redis.limits = { ...redis.limits, stringBytes: 2 };
    expect(redis.run('SETBIT', 'b', 15, 1)).toBe(0);
    expect(redis.run('SETBIT', 'b', 16, 1)).toEqual(OUT_OF_RANGE);
    expect(redis.run('BITFIELD', 'b', 'GET', 'u8', 16)).toEqual(OUT_OF_RANGE);
    redis.limits = USUAL_LIMITS;
    expect(redis.run('GETBIT', 'b', 2 ** 32)).toEqual(OUT_OF_RANGE);
    expect(redis.run('GETBIT', 'b', 2 ** 32 - 1)).toBe(0);
  });
});

describe('BITCOUNT and BITPOS', () => {
  it('take ranges in bytes or bits', () => {
    redis.run('SET', 's', Buffer.from([0xff, 0xf0, 0x00]));
    expect(redis.run('BITCOUNT', 's')).toBe(12);
    expect(redis.run('BITCOUNT', 's', 1, -1)).toBe(4);
    expect(redis.run('BITCOUNT', 's', 5, 30, 'BIT')).toBe(7);
    expect(redis.run('BITPOS', 's', 0)).toBe(12);
    expect(redis.run('BITPOS', 's', 1, 2)).toBe(-1);
    expect(redis.run('BITPOS', 's', 0, 13, 14, 'BIT')).toBe(13);
  });

  it('find the first zero behind a string of ones, unless they were told where to stop', () => {
    redis.run('SET', 's', Buffer.from([0xff, 0xff]));
    expect(redis.run('BITPOS', 's', 0)).toBe(16);
    expect(redis.run('BITPOS', 's', 0, 1)).toBe(16);
    expect(redis.run('BITPOS', 's', 0, 0, -1)).toBe(-1);
    expect(redis.run('BITPOS', 's', 0, 5)).toBe(-1);
  });
});

describe('BITOP', () => {
  it('pads shorter strings with zeros and deletes the destination of an empty result', () => {
    redis.run('MSET', 'a', 'abc', 'b', 'a');
    expect(redis.run('BITOP', 'AND', 'd', 'a', 'b')).toBe(3);
    expect(redis.run('GET', 'd')).toBe('a\0\0');
    expect(redis.run('BITOP', 'OR', 'd', 'none')).toBe(0);
    expect(redis.run('GET', 'd')).toBeNull();
  });

  it('may overwrite one of its sources', () => {
    redis.run('MSET', 'a', 'abc', 'b', '\x01\x02\x03');
    expect(redis.run('BITOP', 'XOR', 'a', 'a', 'b')).toBe(3);
    expect(redis.run('GET', 'a')).toBe('```');
  });
});

describe('BITFIELD', () => {
  it('runs its operations in order, each seeing the ones before', () => {
    const reply = redis.run('BITFIELD', 'f', 'SET', 'u8', '#1', 250, 'INCRBY', 'u8', 8, 10,
      'OVERFLOW', 'SAT', 'INCRBY', 'u8', 8, 300, 'OVERFLOW', 'FAIL', 'INCRBY', 'u8', 8, 1,
      'GET', 'i8', 8);
    expect(reply).toEqual([0, 4, 255, null, -1]);
    expect(redis.run('GET', 'f')).toEqual(Buffer.from([0, 255]));
  });

  it('is exact in 64 bits', () => {
    const max = '9223372036854775807';
    expect(redis.run('BITFIELD', 'f', 'SET', 'i64', 3, max, 'INCRBY', 'i64', 3, 1))
      .toEqual([0, -9223372036854775808n]);
  });

  it('changes nothing when one of its operations is wrong', () => {
    redis.run('BITFIELD', 'f', 'SET', 'u8', 0, 1, 'SET', 'u64', 0, 1);
    expect(redis.run('GET', 'f')).toBeNull();
    expect(redis.notified).toEqual(['keymiss f@0']);
  });

  it('makes the string long enough for a write that it then gives up, and says nothing', () => {
    redis.run('SET', 'f', 'a');
    redis.notified.length = 0;
    expect(redis.run('BITFIELD', 'f', 'OVERFLOW', 'FAIL', 'INCRBY', 'u8', 24, 300)).toEqual([null]);
    expect(redis.run('GET', 'f')).toBe('a\0\0\0');
    expect(redis.notified).toEqual([]);
  });

  it('does not create a key to read from, nor write with BITFIELD_RO', () => {
    expect(redis.run('BITFIELD', 'f', 'GET', 'u8', 0)).toEqual([0]);
    expect(redis.run('BITFIELD_RO', 'f', 'SET', 'u8', 0, 1))
      .toEqual(new RecordedError('ERR BITFIELD_RO only supports the GET subcommand'));
    expect(redis.keyspace.db(0).count()).toBe(0);
  });
});
