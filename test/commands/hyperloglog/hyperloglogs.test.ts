import { beforeEach, describe, expect, it } from 'vitest';
import { bitmapCommands } from '../../../src/commands/string/bitmaps.ts';
import { hyperLogLogCommands } from '../../../src/commands/hyperloglog/hyperloglogs.ts';
import { hyperLogLogDebugCommands } from '../../../src/commands/hyperloglog/hyperloglogs-debug.ts';
import { keyCommands } from '../../../src/commands/key/keys.ts';
import { stringCommands } from '../../../src/commands/string/strings.ts';
import { stringSliceCommands } from '../../../src/commands/string/strings-slices.ts';
import { ByteRange } from '../../../src/lib/byte-range.ts';
import { RecordedError } from '../../protocol/recording-reply.ts';
import { CommandsLayer } from '../commands-layer.ts';

const NOT_ONE = new RecordedError('WRONGTYPE Key is not a valid HyperLogLog string value.');
const DAMAGED = new RecordedError('INVALIDOBJ Corrupted HLL object detected');

let redis: CommandsLayer;

beforeEach(() => {
  redis = new CommandsLayer({
    commands: [...hyperLogLogCommands, ...hyperLogLogDebugCommands, ...stringCommands,
      ...stringSliceCommands, ...bitmapCommands, ...keyCommands],
  });
});

/** The bytes at a key. */
function bytesOf(key: string): Buffer {
  return Buffer.from(redis.run('GET', key) as string | Buffer);
}

function addMany(key: string, count: number, from = 0): void {
  const elements = Array.from({ length: count }, (_, i) => `visitor ${from + i}`);
  for (let at = 0; at < count; at += 500) redis.run('PFADD', key, ...elements.slice(at, at + 500));
}

/** Counts the changes that a command makes, and the bytes that they log. */
function logged(command: () => void): { puts: number; deltas: number; bytes: number } {
  const found = { puts: 0, deltas: 0, bytes: 0 };
  const { storage } = redis;
  const { change, put } = storage;
  storage.put = (space, key, value, ...rest) => {
    found.puts++;
    found.bytes += value.length;
    put.call(storage, space, key, value, ...rest);
  };
  storage.change = (space, key, delta) => {
    found.deltas++;
    found.bytes += delta.length;
    change.call(storage, space, key, delta);
  };
  command();
  Object.assign(storage, { change, put });
  return found;
}

describe('PFADD', () => {
  it('makes the same bytes as Redis', () => {
    expect(redis.run('PFADD', 'h', 'a', 'b', 'c')).toBe(1);
    expect(redis.run('PFDEBUG', 'DECODE', 'h'))
      .toBe('Z:8436 v:1,1 Z:4274 v:2,1 Z:3068 v:1,1 Z:603');
    expect(bytesOf('h').toString('latin1'))
      .toBe(`HYLL\x01${'\0'.repeat(10)}\x80\x60\xf3\x80\x50\xb1\x84\x4b\xfb\x80\x42\x5a`);
  });

  it('replies whether a register changed, and creates a key without elements', () => {
    expect(redis.run('PFADD', 'h')).toBe(1);
    expect(redis.run('PFADD', 'h')).toBe(0);
    expect(redis.run('PFADD', 'h', 'a')).toBe(1);
    expect(redis.run('PFADD', 'h', 'a', 'a')).toBe(0);
    expect(redis.notified).toEqual(['new h@0', 'pfadd h@0', 'pfadd h@0']);
  });

  it('changes nothing when nothing is new, in a sparse value and in a dense one', () => {
    addMany('sparse', 10);
    addMany('dense', 5000);
    const { changes } = redis.keyspace;
    expect(redis.run('PFADD', 'sparse', 'visitor 3')).toBe(0);
    expect(redis.run('PFADD', 'dense', 'visitor 3', 'visitor 4999')).toBe(0);
    expect(redis.keyspace.changes).toBe(changes);
  });

  it('becomes dense where hll-sparse-max-bytes says, keeps the expiry, and counts on', () => {
    redis.limits = { ...redis.limits, hllSparseBytes: 40 };
    redis.run('SET', 'h', Buffer.from(`HYLL\x01${'\0'.repeat(11)}\x7f\xff`, 'latin1'), 'EX', 100);
    const lengths = Array.from({ length: 12 }, (_, i) => {
      addMany('h', 1, i);
      return redis.run('STRLEN', 'h') as number;
    });
    expect(lengths.filter((length) => length <= 40).length).toBeGreaterThan(3);
    expect(lengths.at(-1)).toBe(12_304);
    expect(redis.keyspace.db(0).find(ByteRange.ofText('h'))?.expireAt).toBe(redis.now + 100_000);
    expect(redis.run('PFCOUNT', 'h')).toBe(12);
  });

  it('logs a few bytes for a change of a dense value', () => {
    addMany('h', 5000);
    let i = 0;
    const first = logged(() => { while (redis.run('PFADD', 'h', `new ${i++}`) === 0); });
    expect([first.puts, first.deltas]).toEqual([0, 1]);
    expect(first.bytes).toBeLessThan(10);
    redis.run('SETRANGE', 'h', 8, Buffer.alloc(8));
    const marking = logged(() => { while (redis.run('PFADD', 'h', `new ${i++}`) === 0); });
    expect([marking.puts, marking.deltas]).toEqual([0, 2]);
    expect(bytesOf('h')[15]).toBe(0x80);
  });

  it('logs at most the value for many elements at once', () => {
    addMany('h', 5000);
    const elements = Array.from({ length: 50_000 }, (_, i) => `more ${i}`);
    const { bytes } = logged(() => redis.run('PFADD', 'h', ...elements));
    expect(bytes).toBeLessThan(12_400);
    const single = new CommandsLayer({ commands: hyperLogLogCommands });
    for (let n = 0; n < 5000; n++) single.run('PFADD', 'h', `visitor ${n}`);
    for (const element of elements) single.run('PFADD', 'h', element);
    expect(single.run('PFCOUNT', 'h')).toBe(redis.run('PFCOUNT', 'h'));
  });

  it('logs the rest of a longer sparse value from the change on, not what is before', () => {
    redis.limits = { ...redis.limits, hllSparseBytes: 12_000 };
    addMany('h', 4000);
    const length = redis.run('STRLEN', 'h') as number;
    expect(length).toBeGreaterThan(4000);
    const twin = bytesOf('h');
    let total = 0;
    for (let i = 0; i < 100; i++) total += logged(() => addMany('h', 1, 4000 + i)).bytes;
    expect(total / 100).toBeLessThan(length * 0.75);
    redis.run('SET', 'twin', twin);
    addMany('twin', 100, 4000);
    expect(bytesOf('h').equals(bytesOf('twin'))).toBe(true);
  });

  it('leaves a damaged value as it was', () => {
    redis.run('PFADD', 'h', 'a', 'b', 'c');
    const cut = bytesOf('h').subarray(0, 20);
    redis.run('SET', 'h', cut);
    const elements = Array.from({ length: 50 }, (_, i) => `element ${i}`);
    expect(redis.run('PFADD', 'h', ...elements)).toEqual(DAMAGED);
    expect(bytesOf('h').equals(cut)).toBe(true);
  });
});

describe('PFCOUNT', () => {
  it('writes nothing, nor wakes who watches the key', () => {
    addMany('h', 3000);
    const [before, { changes }] = [bytesOf('h'), redis.keyspace];
    expect(Math.abs(redis.run('PFCOUNT', 'h') as number - 3000)).toBeLessThan(75);
    expect(bytesOf('h').equals(before)).toBe(true);
    expect(redis.keyspace.changes).toBe(changes);
  });

  it('replies the cached cardinality while it is valid, up to the largest integer', () => {
    redis.run('PFADD', 'h', 'a');
    redis.run('SETRANGE', 'h', 8, Buffer.from([0xff, 1, 0, 0, 0, 0, 0, 0]));
    expect(redis.run('PFCOUNT', 'h')).toBe(511);
    expect(redis.run('PFADD', 'h', 'a')).toBe(0);
    expect(redis.run('PFCOUNT', 'h')).toBe(511);
    expect(redis.run('PFADD', 'h', 'b')).toBe(1);
    expect(redis.run('PFCOUNT', 'h')).toBe(2);
    redis.run('SETRANGE', 'h', 8, Buffer.from([...Buffer.alloc(7, 0xff), 0x7f]));
    expect(redis.run('PFCOUNT', 'h')).toBe(2n ** 63n - 1n);
  });

  it('counts the union of several keys, absent ones as empty', () => {
    addMany('a', 100);
    addMany('b', 100, 50);
    expect(redis.run('PFCOUNT', 'none')).toBe(0);
    expect(redis.run('PFCOUNT', 'none', 'nothing')).toBe(0);
    expect(Math.abs(redis.run('PFCOUNT', 'a', 'none', 'b') as number - 150)).toBeLessThan(4);
  });
});

describe('PFMERGE', () => {
  it('stays sparse unless a source is dense, and always notifies', () => {
    addMany('a', 100);
    addMany('b', 3000);
    redis.notified.length = 0;
    expect(redis.run('PFMERGE', 'm', 'a', 'a')).toBe('OK');
    expect(redis.run('PFDEBUG', 'ENCODING', 'm')).toBe('sparse');
    expect(redis.run('PFMERGE', 'm', 'b')).toBe('OK');
    expect(redis.run('PFDEBUG', 'ENCODING', 'm')).toBe('dense');
    expect(redis.run('PFCOUNT', 'm')).toBe(redis.run('PFCOUNT', 'a', 'b'));
    const { changes } = redis.keyspace;
    redis.run('PFMERGE', 'm');
    expect(redis.keyspace.changes).toBeGreaterThan(changes);
    expect(redis.notified.filter((each) => each.endsWith(' m@0')))
      .toEqual(['keymiss m@0', 'new m@0', 'pfadd m@0', 'pfadd m@0', 'pfadd m@0']);
  });

  it('logs what it changes of a dense value', () => {
    addMany('m', 5000);
    addMany('few', 20, 10_000);
    addMany('many', 5000, 20_000);
    const few = logged(() => redis.run('PFMERGE', 'm', 'few'));
    expect([few.puts, few.bytes < 200]).toEqual([0, true]);
    expect(logged(() => redis.run('PFMERGE', 'm', 'many')).bytes).toBe(12_304);
    expect(redis.run('PFCOUNT', 'm')).toBe(redis.run('PFCOUNT', 'm', 'few', 'many'));
  });
});

describe('keys that hold something else', () => {
  it('are refused with their errors, and stay as they are', () => {
    redis.run('SET', 's', 'abc');
    redis.run('SET', 'n', '12');
    redis.run('PFADD', 'h', 'a');
    for (const key of ['s', 'n']) {
      for (const request of [['PFADD', key, 'a'], ['PFADD', key], ['PFCOUNT', key],
        ['PFCOUNT', 'h', key], ['PFMERGE', 'h', key], ['PFMERGE', key, 'h'],
        ['PFDEBUG', 'NOSUCH', key]]) expect(redis.run(...request)).toEqual(NOT_ONE);
    }
    expect([redis.run('GET', 's'), redis.run('GET', 'n'), redis.run('PFCOUNT', 'h')])
      .toEqual(['abc', '12', 1]);
  });
});

describe('PFDEBUG and PFSELFTEST', () => {
  it('show runs and registers', () => {
    redis.run('PFADD', 'h');
    expect(redis.run('PFDEBUG', 'decode', 'h')).toBe('Z:16384');
    expect(redis.run('PFDEBUG', 'TODENSE', 'h')).toBe(1);
    expect(redis.run('PFDEBUG', 'TODENSE', 'h')).toBe(0);
    expect(redis.run('PFDEBUG', 'GETREG', 'h')).toEqual(Array.from({ length: 16384 }, () => 0));
    expect(redis.run('PFDEBUG', 'DECODE', 'h'))
      .toEqual(new RecordedError('ERR HLL encoding is not sparse'));
    expect(redis.run('PFDEBUG', 'no such', 'h'))
      .toEqual(new RecordedError("ERR Unknown PFDEBUG subcommand 'no such'"));
    expect(redis.run('PFDEBUG', 'DECODE', 'none'))
      .toEqual(new RecordedError('ERR The specified key does not exist'));
  });

  it('make a long sparse value dense as a whole, also where most of its bytes stay', () => {
    const runs = Buffer.concat([Buffer.alloc(10_000), Buffer.from([0x58, 0xef])]);
    redis.run('SET', 'h', Buffer.concat([Buffer.from(`HYLL\x01${'\0'.repeat(11)}`), runs]));
    expect(redis.run('PFDEBUG', 'TODENSE', 'h')).toBe(1);
    expect(bytesOf('h').equals(Buffer.from(`HYLL${'\0'.repeat(12_300)}`))).toBe(true);
  });

  it('test themselves in slices', async () => {
    expect(await redis.runSteps('PFSELFTEST')).toBe('OK');
  });
});
