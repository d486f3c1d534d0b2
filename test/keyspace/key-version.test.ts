import { describe, expect, it } from 'vitest';
import { isSameVersion } from '../../src/keyspace/database.ts';
import type { KeyVersion } from '../../src/keyspace/database.ts';
import { Keyspace } from '../../src/keyspace/keyspace.ts';
import { ByteRange } from '../../src/lib/byte-range.ts';
import { MemoryStorage } from './memory-storage.ts';

const at = (text: string): ByteRange => ByteRange.ofText(text);

function open(): { storage: MemoryStorage; keyspace: Keyspace } {
  const storage = new MemoryStorage();
  storage.logIndex = 10;
  return { storage, keyspace: new Keyspace(storage, { notify() {} }) };
}

function versionOf(keyspace: Keyspace, db: number, key = 'k'): KeyVersion {
  return keyspace.db(db).version(at(key));
}

describe('the version of a key of a database', () => {
  it('notices SWAPDB, also when one entry changed both keys', () => {
    const { storage, keyspace } = open();
    keyspace.db(0).put(at('k'), at('zero'));
    keyspace.db(1).put(at('k'), at('one'));
    const before = versionOf(keyspace, 0);
    expect(before.version).toBe(versionOf(keyspace, 1).version);
    storage.logIndex = 11;
    keyspace.swap(0, 1);
    expect(isSameVersion(before, versionOf(keyspace, 0))).toBe(false);
    expect(isSameVersion(before, versionOf(keyspace, 1))).toBe(true);
  });

  it('notices SWAPDB with a database that lacks the key, and not when both do', () => {
    const { keyspace } = open();
    keyspace.db(0).put(at('k'), at('zero'));
    const [present, absent] = [versionOf(keyspace, 0), versionOf(keyspace, 0, 'none')];
    keyspace.swap(0, 1);
    expect(isSameVersion(present, versionOf(keyspace, 0))).toBe(false);
    expect(isSameVersion(absent, versionOf(keyspace, 0, 'none'))).toBe(true);
  });

  it('notices FLUSHDB, and a key that is set again behind it in the same entry', () => {
    const { keyspace } = open();
    keyspace.db(0).put(at('k'), at('zero'));
    const before = versionOf(keyspace, 0);
    keyspace.flush(0);
    expect(versionOf(keyspace, 0)).toEqual({ space: 0, version: 0 });
    keyspace.db(0).put(at('k'), at('zero'));
    expect(isSameVersion(before, versionOf(keyspace, 0))).toBe(false);
  });

  it('is that of an absent key once its time is over, removed or not', () => {
    const { keyspace } = open();
    keyspace.now = 1000;
    keyspace.db(0).put(at('k'), at('zero'), 2000);
    expect(versionOf(keyspace, 0).version).toBe(10);
    keyspace.now = 2000;
    const expired = versionOf(keyspace, 0);
    expect(keyspace.db(0).count()).toBe(1);
    keyspace.db(0).find(at('k'));
    expect(keyspace.db(0).count()).toBe(0);
    expect(isSameVersion(expired, versionOf(keyspace, 0))).toBe(true);
  });

  it('is read from disk when the key is only there', () => {
    const { storage, keyspace } = open();
    keyspace.db(0).put(at('k'), at('zero'));
    const before = versionOf(keyspace, 0);
    storage.coldKeys.add('k');
    expect(versionOf(keyspace, 0)).toEqual(before);
  });
});
