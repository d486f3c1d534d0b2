/** The lock between processes; files-contract.ts has what holds within one. */

import { execFile, spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs/promises';
import net from 'node:net';
import os from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';

import { lockDirectory } from '../../src/io/directory-lock.ts';
import { DirectoryLockedError } from '../../src/io/files.ts';

const REPO = join(import.meta.dirname, '../..');

let built: string;
let dir: string;
const children: ChildProcess[] = [];

/** Another process needs the lock as JavaScript. */
beforeAll(async () => {
  built = await fs.mkdtemp(join(os.tmpdir(), 'dkvs-built-'));
  const config = {
    extends: join(REPO, 'tsconfig.json'),
    compilerOptions: {
      outDir: built, rootDir: join(REPO, 'src'), incremental: false, declaration: false,
      typeRoots: [join(REPO, 'node_modules/@types')], tsBuildInfoFile: null,
    },
    include: [], files: [join(REPO, 'src/io/directory-lock.ts')],
  };
  await fs.writeFile(join(built, 'tsconfig.json'), JSON.stringify(config));
  await fs.writeFile(join(built, 'package.json'), '{ "type": "module" }');
  await promisify(execFile)(process.execPath,
    [join(REPO, 'node_modules/typescript/bin/tsc'), '-p', join(built, 'tsconfig.json')]);
}, 60_000);

afterAll(() => fs.rm(built, { recursive: true }));

beforeEach(async () => {
  dir = await fs.mkdtemp(join(os.tmpdir(), 'dkvs-lock-test-'));
});

afterEach(async () => {
  for (const child of children.splice(0)) await kill(child);
  await fs.rm(dir, { recursive: true });
});

/** Starts a process that tries to lock `dir`, then does `after`; resolves with the line it says. */
async function contend(after = 'setInterval(() => {}, 1000)'): Promise<[ChildProcess, string]> {
  const script = `
    const { lockDirectory } = await import(${JSON.stringify(join(built, 'io/directory-lock.js'))});
    let said = 'held';
    try { globalThis.lock = await lockDirectory(${JSON.stringify(dir)}); }
    catch (err) { said = err.code; }
    process.stdout.write(said + '\\n', () => { if (said === 'held') { ${after} } });`;
  const child = spawn(process.execPath, ['--input-type=module', '-e', script],
    { stdio: ['ignore', 'pipe', 'inherit'] });
  children.push(child);
  const [said] = await once(child.stdout, 'data') as [Buffer];
  return [child, String(said).trim()];
}

async function kill(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exit = once(child, 'exit');
  child.kill('SIGKILL');
  await exit;
}

describe('between processes', () => {
  test('a second server is refused and told who holds the directory', async () => {
    const [child, said] = await contend();
    expect(said).toBe('held');
    const refusal: unknown = await lockDirectory(dir).catch((err: unknown) => err);
    expect(refusal).toBeInstanceOf(DirectoryLockedError);
    expect((refusal as Error).message).toContain(`pid ${child.pid} on ${os.hostname()}`);
  });

  test('a killed server leaves nothing that blocks the next, and its claim is swept', async () => {
    const [child] = await contend();
    await kill(child);
    expect((await fs.readdir(dir)).length).toBe(2);
    const lock = await lockDirectory(dir);
    expect((await fs.readdir(dir)).length).toBe(2);
    await lock.release();
    expect(await fs.readdir(dir)).toEqual([]);
  });

  test('a server that is stopped still holds', async () => {
    const [child] = await contend();
    child.kill('SIGSTOP');
    await expect(lockDirectory(dir)).rejects.toThrow(DirectoryLockedError);
  }, 10_000);

  test('a server whose event loop is busy still holds', async () => {
    await contend('for (;;);');
    await expect(lockDirectory(dir)).rejects.toThrow(DirectoryLockedError);
  }, 10_000);

  test('the lock keeps no process alive', async () => {
    const [child, said] = await contend('');
    expect(said).toBe('held');
    if (child.exitCode === null) await once(child, 'exit');
    expect(child.exitCode).toBe(0);
  });

  test('of several that start together exactly one wins', async () => {
    const outcomes = await Promise.all(Array.from({ length: 4 }, () => contend()));
    const said = outcomes.map(([, line]) => line).sort();
    expect(said).toEqual(['ELOCKED', 'ELOCKED', 'ELOCKED', 'held']);
  }, 20_000);
});

describe('in the directory', () => {
  test('a path through a symbolic link is the same directory', async () => {
    const link = `${dir}-link`;
    await fs.symlink(dir, link);
    const lock = await lockDirectory(dir);
    await expect(lockDirectory(link)).rejects.toThrow(DirectoryLockedError);
    await lock.release();
    await fs.unlink(link);
  });

  test('a path longer than a socket address can be is locked all the same', async () => {
    const deep = join(dir, 'd'.repeat(120), 'e'.repeat(120));
    await fs.mkdir(deep, { recursive: true });
    const lock = await lockDirectory(deep);
    await expect(lockDirectory(deep)).rejects.toThrow(DirectoryLockedError);
    await lock.release();
    expect(await fs.readdir(deep)).toEqual([]);
  });

  test('claims that died half made are swept by the next holder', async () => {
    await fs.writeFile(join(dir, 'LOCK.0123456789abcdef.new'), '');
    const lock = await lockDirectory(dir);
    await lock.release();
    expect(await fs.readdir(dir)).toEqual([]);
  });

  test('a LOCK file of whatever content decides nothing', async () => {
    await fs.writeFile(join(dir, 'LOCK'), '{"pid":1,"host":"elsewhere","since":"ever"}');
    const lock = await lockDirectory(dir);
    await lock.release();
  });

  test('files that only look like part of the lock are left alone', async () => {
    await fs.writeFile(join(dir, 'LOCKSMITH'), 'mine');
    await (await lockDirectory(dir)).release();
    expect(await fs.readdir(dir)).toEqual(['LOCKSMITH']);
  });
});

describe('a claimant that meets a higher claim', () => {
  const HIGHEST = 'LOCK.ffffffffffffffff';

  /** A living claim with the highest id, answering as told. */
  async function rival(answer: (socket: net.Socket) => void): Promise<net.Server> {
    const server = net.createServer(answer);
    server.listen(join(dir, HIGHEST));
    await once(server, 'listening');
    return server;
  }

  test('goes on when the other withdraws', async () => {
    const server = await rival((socket) => socket.destroy());
    const lock = await lockDirectory(dir);
    await lock.release();
    server.close();
  });

  test('withdraws when the other says that it holds', async () => {
    const server = await rival((socket) => socket.end('held'));
    await expect(lockDirectory(dir)).rejects.toThrow(DirectoryLockedError);
    expect(await fs.readdir(dir)).toEqual([HIGHEST]);
    server.close();
  });

  test('withdraws when the other keeps silent for too long', async () => {
    const sockets: net.Socket[] = [];
    const server = await rival((socket) => sockets.push(socket));
    await expect(lockDirectory(dir)).rejects.toThrow(DirectoryLockedError);
    for (const socket of sockets) socket.destroy();
    server.close();
  }, 10_000);
});
