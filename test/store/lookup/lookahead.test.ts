/** What was looked for ahead is what is found, whatever happens between the two. */

import { afterEach, describe, expect, it, vi } from 'vitest';
import { LOOKAHEAD_KEYS_MAX } from '../../../src/keyspace/limits.ts';
import { HashBlock } from '../../../src/keyspace/collection/hash/hash-block.ts';
import { COLD, NEED_VALUE, type KeyToLoad } from '../../../src/keyspace/storage.ts';
import { ByteRange } from '../../../src/lib/byte-range.ts';
import type { Store } from '../../../src/store/store.ts';
import { SimClock } from '../../sim/sim-clock.ts';
import { SimFiles } from '../../sim/sim-files.ts';
import { MIB, open, put, range } from '../helpers.ts';
import { HASH } from '../../../src/keyspace/value-type.ts';

/** Keys of one request: side by side in one buffer. */
function keysIn(names: readonly string[]): ByteRange[] {
  const buf = Buffer.from(names.join(' '));
  let at = 0;
  return names.map((name) => {
    const start = at;
    at += name.length + 1;
    return new ByteRange(buf, start, start + name.length);
  });
}

function lookAhead(store: Store, keys: readonly ByteRange[], space = 1): void {
  store.lookahead.clear();
  for (const key of keys) store.lookahead.add(space, key);
  store.lookahead.run();
}

/** The value of a key that is in RAM, asked for without any memory of the last question. */
function valueOf(store: Store, key: ByteRange, space = 1): string | undefined {
  store.begin();
  const found = store.find(space, key, NEED_VALUE);
  if (found === COLD) throw new Error(`${key.text()} is cold`);
  return found?.value.text();
}

const openStore = (): Promise<Store> => open({ files: new SimFiles(), clock: new SimClock() });

const NAMES = Array.from({ length: 20 }, (_, i) => `key:${i}`);

describe('keys that were looked for ahead', () => {
  it('are found, and absent ones are not', async () => {
    const store = await openStore();
    for (const name of NAMES.slice(0, 10)) put(store, name, `value of ${name}`);
    const keys = keysIn(NAMES);
    lookAhead(store, keys);
    expect(keys.map((key) => valueOf(store, key))).toEqual(NAMES.map((name, i) =>
      (i < 10 ? `value of ${name}` : undefined)));
  });

  it('may all be absent, be one alone, or be of a database without any', async () => {
    const store = await openStore();
    const keys = keysIn(NAMES);
    lookAhead(store, keys, 9);
    expect(valueOf(store, keys[0]!, 9)).toBeUndefined();
    put(store, 'other', '1');
    for (const asked of [keys, keys.slice(0, 1), []]) {
      lookAhead(store, asked);
      expect(valueOf(store, keys[0]!)).toBeUndefined();
    }
  });

  it('are found as they are now, when they have changed since', async () => {
    const store = await openStore();
    for (const name of NAMES) put(store, name, 'old');
    const keys = keysIn(NAMES);
    lookAhead(store, keys);
    put(store, 'key:0', 'new');
    store.remove(1, range('key:1'));
    // Slots move when others come and go.
    for (let i = 0; i < 200; i += 1) put(store, `more:${i}`, 'm');
    for (let i = 0; i < 200; i += 1) store.remove(1, range(`more:${i}`));
    expect(keys.map((key) => valueOf(store, key)))
      .toEqual(['new', undefined, ...NAMES.slice(2).map(() => 'old')]);
  });

  it('are not taken for others of the same bytes, place or number', async () => {
    const store = await openStore();
    // A key and its end, which begin where the table of starts has one entry for both.
    const long = `${'x'.repeat(4 * LOOKAHEAD_KEYS_MAX)}end`;
    put(store, long, 'long');
    put(store, 'end', 'short');
    put(store, 'end', 'in another database', 0, 2);
    const buf = Buffer.from(`${long} and one more`);
    const whole = new ByteRange(buf, 0, long.length);
    const end = new ByteRange(buf, 4 * LOOKAHEAD_KEYS_MAX, long.length);
    const more = new ByteRange(buf, long.length + 1, buf.length);
    lookAhead(store, [whole, more]);
    expect([valueOf(store, whole), valueOf(store, end)]).toEqual(['long', 'short']);
    expect([valueOf(store, end, 2), valueOf(store, whole, 2)])
      .toEqual(['in another database', undefined]);
    expect(valueOf(store, new ByteRange(buf, 0, long.length - 1))).toBeUndefined();
    const other = Buffer.from('end'.padEnd(buf.length, '.'));
    expect(valueOf(store, new ByteRange(other, 0, 3))).toBe('short');
  });

  it('are forgotten when their buffer takes the next ones', async () => {
    const store = await openStore();
    put(store, 'a1', 'first');
    put(store, 'b2', 'second');
    const buf = Buffer.from('a1 b2');
    const [one, two] = [new ByteRange(buf, 0, 2), new ByteRange(buf, 3, 5)];
    lookAhead(store, [one, two]);
    store.lookahead.clear();
    buf.write('b2 a1');
    expect([valueOf(store, one), valueOf(store, two)]).toEqual(['second', 'first']);
  });

  it('may be more than are looked for', async () => {
    const store = await openStore();
    const names = Array.from({ length: LOOKAHEAD_KEYS_MAX + 50 }, (_, i) => `key:${i}`);
    for (const name of names) put(store, name, name);
    const keys = keysIn(names);
    lookAhead(store, keys);
    expect(keys.map((key) => valueOf(store, key))).toEqual(names);
  });

  it('are found in the read cache too', async () => {
    const disk = new SimFiles();
    const clock = new SimClock();
    const first = await open({ files: disk, clock });
    for (const name of NAMES) put(first, name, `value of ${name}`);
    await clock.passUntil(first.close());
    const store = await open({
      files: disk, clock, options: { memoryBytes: 8 * MIB, readCacheBytes: 2 * MIB },
    });
    const keys = keysIn(NAMES.slice(0, 10));
    const wanted = keys.map((key): KeyToLoad => ({ space: 1, key: key.copy(), need: NEED_VALUE }));
    (await store.load(wanted))();
    lookAhead(store, keysIn(NAMES));
    expect(keys.map((key) => valueOf(store, key)))
      .toEqual(NAMES.slice(0, 10).map((name) => `value of ${name}`));
  });
});

describe('elements of collections that were looked for ahead', () => {
  afterEach(() => void vi.restoreAllMocks());

  class Asked extends HashBlock {
    lookAhead(_buf: Buffer, _starts: Int32Array, _ends: Int32Array, _count: number): void {}
  }

  async function withHashes(): Promise<Store> {
    const store = await openStore();
    for (const name of ['h1', 'h2']) store.putLive(1, range(name), new Asked(HASH), 0);
    put(store, 'plain', 'a string');
    return store;
  }

  it('are fetched together, those of each collection', async () => {
    const store = await withHashes();
    const asked = vi.spyOn(Asked.prototype, 'lookAhead');
    const names = [
      'h1', 'f1', 'f2', 'f3', 'h2', 'f4', 'f5', 'plain', 'f6', 'f7', 'none', 'f8', 'f9',
    ];
    const ranges = keysIn(names);
    store.lookahead.clear();
    names.forEach((name, i) => {
      if (name.startsWith('f')) store.lookahead.addElement(ranges[i]!);
      else store.lookahead.add(1, ranges[i]!);
    });
    store.lookahead.run();
    const fields = asked.mock.calls.map(([buf, starts, ends, count]) =>
      Array.from({ length: count }, (_, i) => buf.toString('latin1', starts[i], ends[i])));
    expect(fields).toEqual([['f1', 'f2', 'f3'], ['f4', 'f5']]);
  });
});
