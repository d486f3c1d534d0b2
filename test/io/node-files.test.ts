import { existsSync } from 'node:fs';
import fs from 'node:fs/promises';
import os from 'node:os';
import { join } from 'node:path';

import { expect, test } from 'vitest';

import { NodeFiles } from '../../src/io/node-files.ts';
import { bytesOf, describeFiles, expectDiskError, put } from './files-contract.ts';

async function makeDir(): Promise<string> {
  return fs.mkdtemp(join(os.tmpdir(), 'dkvs-files-'));
}

describeFiles('the real disk', async () => {
  const dir = await makeDir();
  return { files: new NodeFiles(), dir, end: () => fs.rm(dir, { recursive: true }) };
});

test('a new file is private to the user of the server', async () => {
  const dir = await makeDir();
  await put(new NodeFiles(), join(dir, 'a'), 'secret');
  const { mode } = await fs.stat(join(dir, 'a'));
  expect(mode & 0o077).toBe(0);
  await fs.rm(dir, { recursive: true });
});

test('a position beyond 4 GiB is not cut to 32 bits', async () => {
  const dir = await makeDir();
  const files = new NodeFiles();
  const pos = 2 ** 32 + 7;
  const writer = await files.create(join(dir, 'sparse'));
  writer.writeSync(bytesOf('far'), 0, 3, pos);
  expect(await writer.size()).toBe(pos + 3);
  await writer.close();
  const reader = await files.openRead(join(dir, 'sparse'));
  const buf = new Uint8Array(3);
  expect(await reader.read(buf, 0, 3, pos)).toBe(3);
  expect(buf).toEqual(bytesOf('far'));
  await reader.close();
  await fs.rm(dir, { recursive: true });
});

test.runIf(existsSync('/dev/full'))('a full device is ENOSPC in every form of write', async () => {
  const file = await new NodeFiles().openWrite('/dev/full');
  await expectDiskError((async () => file.writeSync(bytesOf('x'), 0, 1, 0))(),
    'write', '/dev/full', 'ENOSPC');
  await expectDiskError(file.write(bytesOf('x'), 0, 1, 0), 'write', '/dev/full', 'ENOSPC');
  await expectDiskError(file.datasync(), 'datasync', '/dev/full', 'EINVAL');
  await file.close();
});
