import { describe, expect, it } from 'vitest';
import { bitmapCommands } from '../../../src/commands/string/bitmaps.ts';
import { bitFieldCommands } from '../../../src/commands/string/bitmaps-fields.ts';
import { stringSliceCommands } from '../../../src/commands/string/strings-slices.ts';
import { NEED_VALUE, COLD, type Found } from '../../../src/keyspace/storage.ts';
import { ByteRange } from '../../../src/lib/byte-range.ts';
import { STRING_REWRITE_BYTES_MAX } from '../../../src/commands/string/strings-edit.ts';
import type { MemoryStorage } from '../../keyspace/memory-storage.ts';
import { withSeed } from '../../lib/seeded.ts';
import { CommandsLayer } from '../commands-layer.ts';

const commands = [...stringSliceCommands, ...bitmapCommands, ...bitFieldCommands];
const FIRST_SPACE = 1;

function entryOf(layer: CommandsLayer, key: string) {
  const entry = layer.storage.spaces.get(FIRST_SPACE)?.get(key);
  if (entry === undefined) throw new Error(`no key ${key}`);
  return entry;
}

function foundIn(storage: MemoryStorage, key: string): Found {
  const found = storage.find(FIRST_SPACE, ByteRange.ofText(key), NEED_VALUE);
  if (found === undefined || found === COLD) throw new Error(`no key ${key}`);
  return found;
}

describe('writing into a string', () => {
  it('writes a short one again in whole', () => {
    const layer = new CommandsLayer({ commands });
    layer.run('APPEND', 's', 'abc');
    layer.run('APPEND', 's', 'd');
    layer.run('SETBIT', 's', '7', '0');
    expect(entryOf(layer, 's')).toMatchObject({ live: undefined, deltas: [], raw: true });
  });

  it('logs only what is appended to a long one', () => {
    const layer = new CommandsLayer({ commands });
    layer.run('APPEND', 's', 'x'.repeat(STRING_REWRITE_BYTES_MAX));
    layer.run('APPEND', 's', 'tail');
    const { deltas } = entryOf(layer, 's');
    expect(deltas).toHaveLength(1);
    expect(deltas[0]).toHaveLength(2 + 'tail'.length);
    expect(foundIn(layer.storage, 's').raw).toBe(true);
  });

  it('logs a few bytes for a new string that begins with a long gap', () => {
    const layer = new CommandsLayer({ commands });
    layer.run('SETBIT', 's', '4000000', '1');
    layer.run('SETRANGE', 't', '500000', 'x');
    expect(foundIn(layer.storage, 's').value.length).toBe(500_001);
    for (const key of ['s', 't']) {
      const { base, deltas } = entryOf(layer, key);
      expect(base).toHaveLength(0);
      expect(Buffer.concat(deltas).length).toBeLessThan(10);
    }
  });

  it('logs one write for each operation that changed something in a long one', () => {
    const layer = new CommandsLayer({ commands });
    layer.run('SETRANGE', 's', '5000', 'x');
    const before = entryOf(layer, 's').deltas.length;
    layer.run('BITFIELD', 's', 'GET', 'u8', '0', 'SET', 'u8', '0', '0', 'SET', 'u8', '8', '7');
    expect(entryOf(layer, 's').deltas.slice(before)).toEqual([Buffer.from([1, 7])]);
  });

  it('keeps the raw mark off what APPEND made anew', () => {
    const layer = new CommandsLayer({ commands });
    layer.run('APPEND', 's', '12');
    expect(entryOf(layer, 's').raw).toBe(false);
  });

  it('leaves a log that replays to the same strings', () => {
    withSeed((random) => {
      const layer = new CommandsLayer({ commands });
      const keys = ['a', 'b', 'c'];
      for (let i = 0; i < 2000; i++) {
        const key = keys[random.below(3)]!;
        const offset = `${random.below(3) === 0 ? random.below(6000) : random.below(40)}`;
        const bit = `${Number(offset) * 8 + random.below(8)}`;
        const text = 'y'.repeat(random.below(9));
        const script = [
          ['APPEND', key, text], ['SETRANGE', key, offset, text], ['SETBIT', key, bit, '1'],
          ['BITFIELD', key, 'INCRBY', `u${1 + random.below(63)}`, bit, '77',
            'SET', 'i9', bit, '-5'],
        ];
        layer.run(...script[random.below(script.length)]!);
      }
      const replayed = layer.storage.reopened();
      for (const key of keys) {
        const before = foundIn(layer.storage, key).value.copy();
        expect(foundIn(replayed, key).value.copy().equals(before), key).toBe(true);
      }
    });
  });
});
