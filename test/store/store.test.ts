import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { NodeClock } from '../../src/io/node-clock.ts';
import { NodeFiles } from '../../src/io/node-files.ts';
import type { Store } from '../../src/store/store.ts';
import { committed, fetch, open, put, range, set, text } from './helpers.ts';

let dir = '';
let store: Store | undefined;

async function reopen(options = {}): Promise<Store> {
  await store?.close();
  store = await open({ files: new NodeFiles(), clock: new NodeClock(), dir, options });
  return store;
}

beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'dkvs-store-'));
});

afterEach(async () => {
  await store?.close();
  store = undefined;
  await rm(dir, { recursive: true });
});

describe('a store on a real disk', () => {
  it('finds what was put, before and after a clean restart', async () => {
    let s = await reopen();
    put(s, 'a', '1');
    put(s, 'b', '2', 5000);
    await committed(s);
    expect(await text(s, 'a')).toBe('1');
    s = await reopen();
    expect(await text(s, 'a')).toBe('1');
    expect((await fetch(s, 'b'))?.expireAt).toBe(5000);
    expect(await text(s, 'c')).toBeUndefined();
    expect(s.count(1)).toBe(2);
  });

  it('keeps a dataset that is much larger than its in-memory tail and cache', async () => {
    let s = await reopen({ memoryBytes: 8 * 1024 * 1024, readCacheBytes: 2 * 1024 * 1024 });
    const value = 'x'.repeat(900);
    for (let i = 0; i < 20_000; i++) {
      put(s, `key:${i}`, `${i}:${value}`);
      if (i % 100 === 0) await committed(s);
    }
    await committed(s);
    for (let i = 0; i < 20_000; i += 37) expect(await text(s, `key:${i}`)).toBe(`${i}:${value}`);
    for (let i = 0; i < 20_000; i += 2) await set(s, `key:${i}`, `new ${i}`);
    await committed(s);
    s = await reopen();
    for (let i = 0; i < 20_000; i += 37) {
      expect(await text(s, `key:${i}`)).toBe(i % 2 === 0 ? `new ${i}` : `${i}:${value}`);
    }
    expect(s.count(1)).toBe(20_000);
  });

  it('forgets what was removed', async () => {
    let s = await reopen();
    put(s, 'a', '1');
    expect(s.remove(1, range('a'))).toBe(true);
    expect(s.remove(1, range('a'))).toBe(false);
    await committed(s);
    s = await reopen();
    expect(await text(s, 'a')).toBeUndefined();
  });
});
