import { existsSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { makeDirectory } from '../../src/io/make-directory.ts';

let root: string;

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'dkvs-mkdir-'));
});

afterEach(() => rmSync(root, { recursive: true }));

describe('a directory', () => {
  it('is made with those above it, or is there already', async () => {
    const dir = join(root, 'a', 'b', 'c');
    await makeDirectory(dir, 0o700);
    await makeDirectory(dir);
    expect(statSync(dir).isDirectory()).toBe(true);
  });

  it('may be made by several at once', async () => {
    const dir = join(root, 'a', 'b', 'c');
    await Promise.all(Array.from({ length: 20 }, () => makeDirectory(dir)));
    expect(statSync(dir).isDirectory()).toBe(true);
  });

  it('is not made where a file is in its place, or above it', async () => {
    writeFileSync(join(root, 'file'), '');
    await expect(makeDirectory(join(root, 'file'))).rejects.toMatchObject({ code: 'EEXIST' });
    await expect(makeDirectory(join(root, 'file', 'a'))).rejects.toMatchObject({ code: 'ENOTDIR' });
  });

  it.skipIf(!existsSync('/proc/self'))('is refused where the system makes none', async () => {
    await expect(makeDirectory('/proc/dkvs')).rejects.toMatchObject({ code: 'ENOENT' });
    await expect(makeDirectory('/proc/dkvs/a/b')).rejects.toMatchObject({ code: 'ENOENT' });
  });
});
