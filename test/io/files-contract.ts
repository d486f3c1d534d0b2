/** What every implementation of Files must do; run on the real disk and on the simulated one. */

import { afterEach, beforeEach, describe, expect, test } from 'vitest';

import { DirectoryLockedError, DiskError } from '../../src/io/files.ts';
import type { DiskOp, Files, ReadFile, WriteFile } from '../../src/io/files.ts';

export type World = {
  readonly files: Files;
  /** An empty directory. */
  readonly dir: string;
  end(): Promise<void>;
};

const utf8 = new TextDecoder();

export function bytesOf(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}

/** Writes `text` to a new file and closes it. */
export async function put(files: Files, path: string, text: string): Promise<void> {
  const file = await files.create(path);
  const bytes = bytesOf(text);
  await file.write(bytes, 0, bytes.length, 0);
  await file.close();
}

export async function textOf(files: Files, path: string): Promise<string> {
  return utf8.decode(await files.readAll(path));
}

/** Awaits a failure and checks that it says what failed, on which path and how. */
export async function expectDiskError(
  failing: Promise<unknown>, op: DiskOp, path: string, code: string,
): Promise<void> {
  const err: unknown = await failing.then(() => 'it succeeded', (thrown: unknown) => thrown);
  expect(err).toBeInstanceOf(DiskError);
  expect(err).toMatchObject({ op, path, code });
  expect((err as DiskError).message).toContain(path);
  expect((err as DiskError).cause).toBeInstanceOf(Error);
}

export function describeFiles(name: string, makeWorld: () => Promise<World>): void {
  let world: World;
  const at = (file: string): string => `${world.dir}/${file}`;
  beforeEach(async () => {
    world = await makeWorld();
  });
  afterEach(() => world.end());

  describe(`${name}: writing`, () => {
    test('a new file is empty and a taken name is refused', async () => {
      const file = await world.files.create(at('a'));
      expect(await file.size()).toBe(0);
      await file.close();
      await expectDiskError(world.files.create(at('a')), 'create', at('a'), 'EEXIST');
      expect(() => world.files.createSync(at('a'))).toThrow(DiskError);
    });

    test('blocking, callback and promise writes land where they are told', async () => {
      const file = world.files.createSync(at('a'));
      const bytes = bytesOf('0123456789');
      file.writeSync(bytes, 0, 4, 0);
      await file.write(bytes, 4, 3, 4);
      await new Promise<void>((resolve, reject) => {
        file.writeFrom(bytes, 7, 3, 7, (err) => (err === null ? resolve() : reject(err)));
      });
      file.datasyncSync();
      await file.datasync();
      await new Promise((resolve) => {
        file.datasyncThen(resolve);
      });
      expect(await file.size()).toBe(10);
      await file.close();
      expect(await textOf(world.files, at('a'))).toBe('0123456789');
    });

    test('an existing file is opened without touching its bytes', async () => {
      await put(world.files, at('a'), 'hello world');
      const file = await world.files.openWrite(at('a'));
      file.writeSync(bytesOf('W'), 0, 1, 6);
      await file.close();
      expect(await textOf(world.files, at('a'))).toBe('hello World');
    });

    test('a gap before a write reads as zeros', async () => {
      const file = await world.files.create(at('a'));
      file.writeSync(bytesOf('end'), 0, 3, 1000);
      await file.close();
      const bytes = await world.files.readAll(at('a'));
      expect(bytes.length).toBe(1003);
      expect(bytes.subarray(0, 1000).every((byte) => byte === 0)).toBe(true);
    });

    test('truncate cuts, and grows with zeros', async () => {
      await put(world.files, at('a'), 'abcdef');
      const file = await world.files.openWrite(at('a'));
      await file.truncate(3);
      await file.truncate(5);
      await file.close();
      expect(await textOf(world.files, at('a'))).toBe('abc\0\0');
    });

    test('a write of nothing changes nothing', async () => {
      const file = await world.files.create(at('a'));
      file.writeSync(new Uint8Array(0), 0, 0, 100);
      await file.write(new Uint8Array(0), 0, 0, 100);
      expect(await file.size()).toBe(0);
      await file.close();
    });

    test('a callback does not run before its call has returned', async () => {
      const file = await world.files.create(at('a'));
      let hasReturned = false;
      const sawReturn = new Promise<boolean>((resolve) => {
        file.writeFrom(bytesOf('x'), 0, 1, 0, () => resolve(hasReturned));
      });
      hasReturned = true;
      expect(await sawReturn).toBe(true);
      await file.close();
    });
  });

  describe(`${name}: reading`, () => {
    const reads: Record<string, (f: ReadFile, b: Uint8Array, o: number, l: number, p: number) =>
      Promise<number>> = {
      promise: (file, buf, off, len, pos) => file.read(buf, off, len, pos),
      blocking: async (file, buf, off, len, pos) => file.readSync(buf, off, len, pos),
      callback: (file, buf, off, len, pos) => new Promise((resolve, reject) => {
        file.readInto(buf, off, len, pos, (err, n) => (err === null ? resolve(n) : reject(err)));
      }),
    };

    test.each(Object.keys(reads))('a %s read fills the range and nothing else', async (form) => {
      const read = reads[form]!;
      await put(world.files, at('a'), '0123456789');
      const file = await world.files.openRead(at('a'));
      const buf = bytesOf('........');
      expect(await read(file, buf, 2, 4, 3)).toBe(4);
      expect(utf8.decode(buf)).toBe('..3456..');
      expect(await read(file, buf, 0, 8, 7)).toBe(3);
      expect(utf8.decode(buf)).toBe('789456..');
      expect(await read(file, buf, 0, 8, 10)).toBe(0);
      expect(await read(file, buf, 0, 8, 99)).toBe(0);
      expect(await read(file, buf, 0, 0, 3)).toBe(0);
      await file.close();
    });

    test('what was written is read back before any sync', async () => {
      const writer = await world.files.create(at('a'));
      const reader = await world.files.openRead(at('a'));
      writer.writeSync(bytesOf('fresh'), 0, 5, 0);
      const buf = new Uint8Array(5);
      expect(await reader.read(buf, 0, 5, 0)).toBe(5);
      expect(utf8.decode(buf)).toBe('fresh');
      expect(await reader.size()).toBe(5);
      await writer.close();
      await reader.close();
    });

    test('an open file outlives its name', async () => {
      await put(world.files, at('a'), 'still here');
      const file = await world.files.openRead(at('a'));
      await world.files.unlink(at('a'));
      const buf = new Uint8Array(10);
      expect(await file.read(buf, 0, 10, 0)).toBe(10);
      expect(utf8.decode(buf)).toBe('still here');
      await file.close();
    });

    test('a missing file is ENOENT', async () => {
      await expectDiskError(world.files.openRead(at('no')), 'open', at('no'), 'ENOENT');
      await expectDiskError(world.files.openWrite(at('no')), 'open', at('no'), 'ENOENT');
      await expectDiskError(world.files.unlink(at('no')), 'unlink', at('no'), 'ENOENT');
      await expectDiskError(world.files.rename(at('no'), at('b')), 'rename', at('no'), 'ENOENT');
      await expectDiskError(world.files.list(at('no')), 'list', at('no'), 'ENOENT');
    });
  });

  describe(`${name}: the end of a file`, () => {
    const uses: Record<string, (file: WriteFile) => unknown> = {
      'a second close': (file) => file.close(),
      'a promise write': (file) => file.write(bytesOf('x'), 0, 1, 0),
      'a blocking write': (file) => file.writeSync(bytesOf('x'), 0, 1, 0),
      'a datasync': (file) => file.datasync(),
    };

    test.each(Object.keys(uses))('%s after the close is a bug', async (use) => {
      const file = await world.files.create(at('a'));
      await file.close();
      await expect((async () => uses[use]!(file))()).rejects.toThrow(/after its close/);
    });

    test('a close with a call under way is a bug, and the call still ends', async () => {
      await put(world.files, at('a'), 'abc');
      const file = await world.files.openRead(at('a'));
      const buf = new Uint8Array(3);
      const reading = file.read(buf, 0, 3, 0);
      await expect(file.close()).rejects.toThrow(/under way/);
      expect(await reading).toBe(3);
      await file.close();
    });
  });

  describe(`${name}: names`, () => {
    test('a rename replaces the target', async () => {
      await put(world.files, at('a'), 'new');
      await put(world.files, at('b'), 'old');
      await world.files.rename(at('a'), at('b'));
      await world.files.syncDir(world.dir);
      expect(await world.files.list(world.dir)).toEqual(['b']);
      expect(await textOf(world.files, at('b'))).toBe('new');
    });

    test('a rename across directories is a bug', async () => {
      await world.files.mkdir(at('sub'));
      await put(world.files, at('a'), 'x');
      await expect(world.files.rename(at('a'), at('sub/a'))).rejects.toThrow(/across/);
    });

    test('list gives the names sorted, directories among them', async () => {
      for (const name of ['b', 'B', 'a', '10', '9']) await put(world.files, at(name), '');
      await world.files.mkdir(at('d'));
      expect(await world.files.list(world.dir)).toEqual(['10', '9', 'B', 'a', 'b', 'd']);
    });

    test('mkdir makes the parents and accepts what is there', async () => {
      await world.files.mkdir(at('x/y/z'));
      await world.files.mkdir(at('x/y/z'));
      expect(await world.files.list(at('x/y'))).toEqual(['z']);
      await world.files.syncDir(at('x/y'));
      await expectDiskError(world.files.syncDir(at('w')), 'syncDir', at('w'), 'ENOENT');
    });

    test('exists tells files, directories and nothing apart', async () => {
      await put(world.files, at('a'), '');
      expect(await world.files.exists(at('a'))).toBe(true);
      expect(await world.files.exists(world.dir)).toBe(true);
      expect(await world.files.exists(at('b'))).toBe(false);
      expect(await world.files.exists(at('a/b'))).toBe(false);
    });

    test('the file system has room', async () => {
      expect(await world.files.freeBytes(world.dir)).toBeGreaterThan(0);
      await expectDiskError(world.files.freeBytes(at('no')), 'freeBytes', at('no'), 'ENOENT');
    });
  });

  describe(`${name}: whole files`, () => {
    test('writeWhole makes and replaces, and leaves nothing else behind', async () => {
      await world.files.writeWhole(at('m'), bytesOf('one, and rather long'));
      await world.files.writeWhole(at('m'), bytesOf('two'));
      expect(await textOf(world.files, at('m'))).toBe('two');
      expect(await world.files.list(world.dir)).toEqual(['m']);
    });

    test('a temporary file left by a crash is no obstacle', async () => {
      await put(world.files, at('m.tmp'), 'a long left-over of an earlier attempt');
      await world.files.writeWhole(at('m'), bytesOf('new'));
      expect(await textOf(world.files, at('m'))).toBe('new');
    });

    test('an empty file is read and written whole', async () => {
      await world.files.writeWhole(at('m'), new Uint8Array(0));
      expect((await world.files.readAll(at('m'))).length).toBe(0);
    });
  });

  describe(`${name}: the lock`, () => {
    test('a directory is open once, and again after its release', async () => {
      const lock = await world.files.lock(world.dir);
      await expect(world.files.lock(world.dir)).rejects.toThrow(DirectoryLockedError);
      await expect(world.files.lock(world.dir)).rejects.toThrow(/pid \d+/);
      await lock.release();
      await lock.release();
      const second = await world.files.lock(world.dir);
      await second.release();
      expect((await world.files.list(world.dir)).filter((n) => !n.startsWith('LOCK'))).toEqual([]);
    });

    test('two directories do not disturb each other', async () => {
      await world.files.mkdir(at('a'));
      await world.files.mkdir(at('b'));
      const locks = [await world.files.lock(at('a')), await world.files.lock(at('b'))];
      await Promise.all(locks.map((lock) => lock.release()));
    });

    test('a release of an earlier lock does not touch its successor', async () => {
      const first = await world.files.lock(world.dir);
      await first.release();
      const second = await world.files.lock(world.dir);
      await first.release();
      await expect(world.files.lock(world.dir)).rejects.toThrow(DirectoryLockedError);
      await second.release();
    });

    test('of many that start together exactly one wins', async () => {
      const starts = await Promise.allSettled(
        Array.from({ length: 8 }, () => world.files.lock(world.dir)));
      const won = starts.filter((start) => start.status === 'fulfilled');
      expect(won).toHaveLength(1);
      await won[0]!.value.release();
    });

    test('a missing directory is ENOENT', async () => {
      await expectDiskError(world.files.lock(at('no')), 'lock', at('no'), 'ENOENT');
    });
  });
}
