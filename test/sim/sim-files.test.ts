/** That the simulated disk forgets what a real one may forget, and nothing else. */

import { describe, expect, test } from 'vitest';

import { Random } from '../../src/lib/random.ts';
import { bytesOf, expectDiskError, put, textOf } from '../io/files-contract.ts';
import { testSeed } from '../lib/seeded.ts';
import { SimCrash, SimFiles } from './sim-files.ts';
import type { SimFilesOptions } from './sim-files.ts';
import { SECTOR_BYTES } from './sim-inode.ts';

const SEED = testSeed();
const CRASHES = 200;

async function makeDisk(options: SimFilesOptions = {}): Promise<SimFiles> {
  const disk = new SimFiles({ seed: SEED, ...options });
  await disk.mkdir('/data');
  await disk.syncDir('/');
  return disk;
}

/** Makes a file whose content and name are durable. */
async function putDurable(disk: SimFiles, path: string, bytes: Uint8Array): Promise<void> {
  const file = await disk.create(path);
  file.writeSync(bytes, 0, bytes.length, 0);
  file.datasyncSync();
  await file.close();
  await disk.syncDir('/data');
}

function filled(sectors: number, byte: number): Uint8Array {
  return new Uint8Array(sectors * SECTOR_BYTES).fill(byte);
}

/** The disks after many crashes of equal histories; their seed is in every failure. */
async function* crashes(history: (disk: SimFiles) => Promise<void>): AsyncGenerator<SimFiles> {
  for (let n = 0; n < CRASHES; n++) {
    const disk = await makeDisk({ seed: SEED + n });
    await history(disk);
    yield disk.crash(new Random(n, SEED));
  }
}

describe(`a disk that forgets (DKVS_TEST_SEED=${SEED}): content`, () => {
  test('what was synced, with its name, survives every crash', async () => {
    for await (const disk of crashes((d) => putDurable(d, '/data/a', filled(5, 7)))) {
      expect(Buffer.compare(await disk.readAll('/data/a'), filled(5, 7))).toBe(0);
    }
  });

  test('overwritten sectors are each old or new, in every mixture', async () => {
    const seen = new Set<string>();
    for await (const disk of crashes(async (d) => {
      await putDurable(d, '/data/a', filled(2, 1));
      (await d.openWrite('/data/a')).writeSync(filled(2, 2), 0, 2 * SECTOR_BYTES, 0);
    })) {
      const bytes = await disk.readAll('/data/a');
      for (const start of [0, SECTOR_BYTES]) {
        const sector = bytes.subarray(start, start + SECTOR_BYTES);
        expect(sector.every((byte) => byte === sector[0])).toBe(true);
      }
      seen.add(`${bytes[0]}${bytes[SECTOR_BYTES]}`);
    }
    expect([...seen].sort()).toEqual(['11', '12', '21', '22']);
  });

  test('unsynced growth is lost, kept, zero or garbage; what was synced stays', async () => {
    const seen = new Set<string>();
    for await (const disk of crashes(async (d) => {
      await putDurable(d, '/data/a', filled(1, 1));
      (await d.openWrite('/data/a')).writeSync(filled(1, 2), 0, SECTOR_BYTES, SECTOR_BYTES);
    })) {
      const bytes = await disk.readAll('/data/a');
      expect(Buffer.compare(bytes.subarray(0, SECTOR_BYTES), filled(1, 1))).toBe(0);
      const growth = bytes.subarray(SECTOR_BYTES);
      const isAll = (byte: number): boolean => growth.every((each) => each === byte);
      seen.add(growth.length === 0 ? 'lost' : isAll(0) ? 'zero' : isAll(2) ? 'kept' : 'garbage');
    }
    expect([...seen].sort()).toEqual(['garbage', 'kept', 'lost', 'zero']);
  });

  test('a sector written several times may come back as any of its versions', async () => {
    const seen = new Set<number | undefined>();
    for await (const disk of crashes(async (d) => {
      await putDurable(d, '/data/a', filled(1, 1));
      const file = await d.openWrite('/data/a');
      for (const byte of [2, 3]) file.writeSync(filled(1, byte), 0, SECTOR_BYTES, 0);
    })) seen.add((await disk.readAll('/data/a'))[0]);
    expect([...seen].sort()).toEqual([1, 2, 3]);
  });

  test('an unsynced truncation may be undone', async () => {
    const lengths = new Set<number>();
    for await (const disk of crashes(async (d) => {
      await putDurable(d, '/data/a', filled(2, 1));
      await (await d.openWrite('/data/a')).truncate(10);
    })) lengths.add((await disk.readAll('/data/a')).length);
    expect([...lengths].sort()).toEqual([10, 2 * SECTOR_BYTES]);
  });

  test('a datasync does not cover a write that had not ended when it began', async () => {
    let lost = 0;
    for await (const disk of crashes(async (d) => {
      await putDurable(d, '/data/a', filled(1, 1));
      const file = await d.openWrite('/data/a');
      const writing = file.write(filled(1, 2), 0, SECTOR_BYTES, 0);
      await Promise.all([writing, file.datasync()]);
    })) if ((await disk.readAll('/data/a'))[0] === 1) lost += 1;
    expect(lost).toBeGreaterThan(0);
  });

  test('a crash leaves the running view behind: the survivor reads the disk', async () => {
    const disk = await makeDisk();
    await putDurable(disk, '/data/a', bytesOf('old'));
    (await disk.openWrite('/data/a')).writeSync(bytesOf('new'), 0, 3, 0);
    expect(await textOf(disk, '/data/a')).toBe('new');
    expect(disk.isDurable('/data/a')).toBe(false);
    const after = disk.crash(new Random(0, SEED), 'forgetful');
    expect(await textOf(after, '/data/a')).toBe('old');
    expect(after.isDurable('/data/a')).toBe(true);
  });
});

describe(`a disk that forgets (DKVS_TEST_SEED=${SEED}): names`, () => {
  test('a synced file without a synced name may be gone', async () => {
    const found = new Set<boolean>();
    for await (const disk of crashes(async (d) => {
      const file = await d.create('/data/a');
      file.writeSync(bytesOf('x'), 0, 1, 0);
      file.datasyncSync();
    })) found.add(await disk.exists('/data/a'));
    expect(found).toEqual(new Set([true, false]));
  });

  test('unsynced changes of names survive as a prefix, a rename never by half', async () => {
    const seen = new Set<string>();
    for await (const disk of crashes(async (d) => {
      await putDurable(d, '/data/old', bytesOf('1'));
      await put(d, '/data/a', '');
      await d.rename('/data/a', '/data/b');
      await d.unlink('/data/old');
    })) seen.add((await disk.list('/data')).join());
    expect([...seen].sort()).toEqual(['a,old', 'b', 'b,old', 'old']);
  });

  test('a renamed file without a sync of its content may be empty', async () => {
    const lengths = new Set<number>();
    for await (const disk of crashes(async (d) => {
      await put(d, '/data/m.tmp', 'content');
      await d.rename('/data/m.tmp', '/data/m');
      await d.syncDir('/data');
    })) lengths.add((await disk.readAll('/data/m')).length);
    expect(lengths).toContain(0);
    expect(lengths).toContain(7);
  });

  test('a directory whose parent was not synced may be gone with all that is in it', async () => {
    const found = new Set<boolean>();
    for await (const disk of crashes(async (d) => {
      await d.mkdir('/data/sub');
      await put(d, '/data/sub/a', 'x');
      await d.syncDir('/data/sub');
    })) found.add(await disk.exists('/data/sub/a'));
    expect(found).toEqual(new Set([true, false]));
  });

  test('a crash ends a lock', async () => {
    const disk = await makeDisk();
    await disk.lock('/data');
    await (await disk.crash(new Random(0, SEED)).lock('/data')).release();
  });
});

describe('planned faults', () => {
  test('after a failed datasync the bytes read back, but no later one saves them', async () => {
    const disk = await makeDisk();
    await putDurable(disk, '/data/a', filled(2, 1));
    const file = await disk.openWrite('/data/a');
    file.writeSync(filled(1, 2), 0, SECTOR_BYTES, 0);
    disk.fail({ op: 'datasync', code: 'EIO' });
    await expectDiskError(file.datasync(), 'datasync', '/data/a', 'EIO');
    await file.datasync();
    expect((await disk.readAll('/data/a'))[0]).toBe(2);
    expect(disk.isDurable('/data/a')).toBe(false);
    const after = disk.crash(new Random(0, SEED), 'forgetful');
    expect((await after.readAll('/data/a'))[0]).toBe(1);
  });

  test('writes after a failed datasync leave a hole where the lost ones were', async () => {
    const disk = await makeDisk();
    await putDurable(disk, '/data/a', filled(1, 1));
    const file = await disk.openWrite('/data/a');
    file.writeSync(filled(1, 2), 0, SECTOR_BYTES, SECTOR_BYTES);
    disk.fail({ op: 'datasync', code: 'EIO' });
    expect(() => file.datasyncSync()).toThrow('EIO');
    file.writeSync(filled(1, 3), 0, SECTOR_BYTES, 2 * SECTOR_BYTES);
    file.datasyncSync();
    const bytes = await disk.crash(new Random(0, SEED), 'forgetful').readAll('/data/a');
    expect([bytes[0], bytes[SECTOR_BYTES], bytes[2 * SECTOR_BYTES]]).toEqual([1, 0, 3]);
  });

  test('the n-th operation of a kind on a path fails, and as many as planned', async () => {
    const disk = await makeDisk();
    disk.fail({ op: 'write', path: '/a', nth: 2, times: 2, code: 'EIO' });
    const a = await disk.create('/data/a');
    const b = await disk.create('/data/b');
    const outcome = (file: typeof a): string => {
      try {
        file.writeSync(bytesOf('x'), 0, 1, 0);
        return 'ok';
      } catch (err) {
        return (err as { code: string }).code;
      }
    };
    expect([a, b, a, b, a, a].map(outcome)).toEqual(['ok', 'ok', 'EIO', 'ok', 'EIO', 'ok']);
  });

  test('a full disk takes what fits and refuses the rest', async () => {
    const disk = await makeDisk({ capacityBytes: 10 });
    const file = await disk.create('/data/a');
    file.writeSync(bytesOf('1234567'), 0, 7, 0);
    await expectDiskError(file.write(bytesOf('abcdef'), 0, 6, 7), 'write', '/data/a', 'ENOSPC');
    expect(await textOf(disk, '/data/a')).toBe('1234567abc');
    expect(await disk.freeBytes('/data')).toBe(0);
    file.writeSync(bytesOf('0'), 0, 1, 0);
  });

  test('an unlinked file gives its room back when it is closed', async () => {
    const disk = await makeDisk({ capacityBytes: 10 });
    const file = await disk.create('/data/a');
    file.writeSync(bytesOf('12345678'), 0, 8, 0);
    await disk.unlink('/data/a');
    expect(await disk.freeBytes('/data')).toBe(2);
    await file.close();
    expect(await disk.freeBytes('/data')).toBe(10);
  });

  test('damage is silent and lasts', async () => {
    const disk = await makeDisk();
    await putDurable(disk, '/data/a', bytesOf('abc'));
    disk.damage('/data/a', 1, 0x20);
    expect(await textOf(disk, '/data/a')).toBe('aBc');
    expect(await textOf(disk.crash(new Random(0, SEED)), '/data/a')).toBe('aBc');
  });

  test('damage can be mended, before and after a power loss', async () => {
    for (const isCrashed of [false, true]) {
      let disk = await makeDisk();
      await putDurable(disk, '/data/a', bytesOf('abcdef'));
      disk.damage('/data/a', 1, 0x20);
      disk.zero('/data/a', 3, 5);
      expect(await textOf(disk, '/data/a')).toBe('aBc\0\0f');
      if (isCrashed) disk = disk.crash(new Random(0, SEED));
      disk.mend();
      expect(await textOf(disk, '/data/a')).toBe('abcdef');
      expect(await textOf(disk.crash(new Random(0, SEED)), '/data/a')).toBe('abcdef');
    }
  });

  test('what is written over damage is not mended', async () => {
    const disk = await makeDisk();
    await putDurable(disk, '/data/a', bytesOf('abc'));
    disk.zero('/data/a', 0, 3);
    (await disk.openWrite('/data/a')).writeSync(bytesOf('xy'), 0, 2, 0);
    disk.mend();
    expect(await textOf(disk, '/data/a')).toBe('xyc');
  });

  test('an exchanged file lasts, and goes when it is mended', async () => {
    for (const isCrashed of [false, true]) {
      let disk = await makeDisk({ capacityBytes: 20 });
      await putDurable(disk, '/data/a', bytesOf('abc'));
      disk.exchange('/data/a', bytesOf('longer'));
      if (isCrashed) disk = disk.crash(new Random(0, SEED), 'forgetful');
      expect(await textOf(disk, '/data/a')).toBe('longer');
      expect(await disk.freeBytes('/data')).toBe(14);
      disk.mend();
      expect(await textOf(disk, '/data/a')).toBe('abc');
      expect(await disk.freeBytes('/data')).toBe(17);
    }
  });

  test('an exchanged file that was written to stays', async () => {
    const disk = await makeDisk();
    await putDurable(disk, '/data/a', bytesOf('abc'));
    disk.exchange('/data/a', bytesOf('xyz'));
    (await disk.openWrite('/data/a')).writeSync(bytesOf('1'), 0, 1, 0);
    disk.mend();
    expect(await textOf(disk, '/data/a')).toBe('1yz');
  });
});

describe('a copy of a disk', () => {
  test('has what was read there, synced or not, and all of it lasts', async () => {
    const disk = await makeDisk({ capacityBytes: 20 });
    await putDurable(disk, '/data/a', bytesOf('abc'));
    (await disk.openWrite('/data/a')).writeSync(bytesOf('xy'), 0, 2, 0);
    await disk.mkdir('/data/empty');
    await disk.create('/data/new');
    const after = disk.copy(SEED).crash(new Random(0, SEED), 'forgetful');
    expect(after.namesIn('/data')).toEqual(['a', 'empty', 'new']);
    expect(await textOf(after, '/data/a')).toBe('xyc');
    expect(await after.freeBytes('/data')).toBe(17);
  });

  test('does not change with the disk, nor the disk with it', async () => {
    const disk = await makeDisk();
    await putDurable(disk, '/data/a', bytesOf('abc'));
    const copy = disk.copy(SEED);
    (await disk.openWrite('/data/a')).writeSync(bytesOf('x'), 0, 1, 0);
    (await copy.openWrite('/data/a')).writeSync(bytesOf('y'), 0, 1, 1);
    await copy.unlink('/data/a');
    const again = disk.copy(SEED);
    await disk.unlink('/data/a');
    expect(await textOf(again, '/data/a')).toBe('xbc');
    expect([disk, copy].map((each) => each.namesIn('/data'))).toEqual([[], []]);
  });
});

describe('asynchronous operations', () => {
  async function orderOf(seed: number): Promise<string> {
    const disk = await makeDisk({ seed });
    const file = await disk.create('/data/a');
    const order: number[] = [];
    await Promise.all([0, 1, 2, 3, 4].map((n) =>
      file.write(bytesOf('x'), 0, 1, n).then(() => order.push(n))));
    return order.join('');
  }

  test('end in an order that the seed decides', async () => {
    const orders = await Promise.all([1, 2, 3, 4, 5, 6].map((n) => orderOf(n)));
    expect(new Set(orders).size).toBeGreaterThan(1);
    expect(await orderOf(3)).toBe(orders[2]);
  });

  test('see what the caller does to the buffer before they end', async () => {
    const disk = await makeDisk();
    const file = await disk.create('/data/a');
    const buf = bytesOf('right');
    const writing = file.write(buf, 0, 5, 0);
    buf.set(bytesOf('WRONG'));
    await writing;
    expect(await textOf(disk, '/data/a')).toBe('WRONG');
  });

  test('that a crash cuts off happened or did not', async () => {
    const seen = new Set<string>();
    for (let n = 0; n < CRASHES; n++) {
      const disk = await makeDisk();
      await putDurable(disk, '/data/a', bytesOf('old'));
      const file = await disk.openWrite('/data/a');
      void file.write(bytesOf('new'), 0, 3, 0);
      seen.add(await textOf(disk.crash(new Random(n, SEED), 'lucky'), '/data/a'));
    }
    expect([...seen].sort()).toEqual(['new', 'old']);
  });
});

describe(`crashing at every operation (DKVS_TEST_SEED=${SEED})`, () => {
  /** Crashes `work` before each of its operations and gives what was found to `check`. */
  async function crashEverywhere(
    work: (disk: SimFiles) => Promise<void>, check: (disk: SimFiles) => Promise<void>,
  ): Promise<number> {
    for (let number = 1; ; number++) {
      const disk = await makeDisk();
      await putDurable(disk, '/data/m', bytesOf('old'));
      const last = disk.operations + number;
      disk.onOperation = (_op, _path, n) => {
        if (n === last) throw new SimCrash();
      };
      const end = await disk.runUntilCrash(() => work(disk));
      for (let n = 0; n < 20; n++) await check(disk.crash(new Random(n, SEED)));
      if (end === 'finished') return number - 1;
    }
  }

  test('writeWhole leaves the old content or the new, never a mix', async () => {
    const found = new Set<string>();
    const steps = await crashEverywhere(
      (disk) => disk.writeWhole('/data/m', bytesOf('new, and longer')),
      async (disk) => {
        found.add(await textOf(disk, '/data/m'));
      });
    expect([...found].sort()).toEqual(['new, and longer', 'old']);
    // exists, create, write, datasync, close, rename, syncDir
    expect(steps).toBe(7);
  });

  test('a replacement without its datasync is caught', async () => {
    const found = new Set<string>();
    await crashEverywhere(
      async (disk) => {
        await put(disk, '/data/n', 'new');
        await disk.rename('/data/n', '/data/m');
        await disk.syncDir('/data');
      },
      async (disk) => {
        found.add(await textOf(disk, '/data/m'));
      });
    expect([...found].filter((text) => text !== 'old' && text !== 'new')).not.toEqual([]);
  });

  test('after the crash every call fails and nothing under way ends', async () => {
    const disk = await makeDisk();
    const file = await disk.create('/data/a');
    let hasEnded = false;
    file.datasyncThen(() => {
      hasEnded = true;
    });
    disk.crash(new Random(0, SEED));
    expect(() => file.writeSync(bytesOf('x'), 0, 1, 0)).toThrow(SimCrash);
    expect(() => file.datasyncThen(() => {})).toThrow(SimCrash);
    await expect(disk.list('/data')).rejects.toThrow(SimCrash);
    await new Promise((resolve) => {
      setImmediate(() => setImmediate(resolve));
    });
    expect(hasEnded).toBe(false);
  });

  test('work that waits for something that died with the power ends as crashed', async () => {
    const disk = await makeDisk();
    const file = await disk.create('/data/a');
    const end = await disk.runUntilCrash(async () => {
      const syncing = file.datasync();
      disk.crash(new Random(0, SEED));
      await syncing;
    });
    expect(end).toBe('crashed');
  });

  test('a failure of the work itself is not taken for a crash', async () => {
    const disk = await makeDisk();
    await expect(disk.runUntilCrash(async () => {
      await disk.openRead('/data/none');
    })).rejects.toThrow('ENOENT');
  });
});
