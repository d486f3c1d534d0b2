/**
 * The real disk: descriptors and system calls of Node. See files.ts for the contract.
 *
 * Plain descriptors with callbacks instead of FileHandle: a cold GET must not make promises. Every
 * asynchronous call takes one thread of libuv's pool until it ends.
 *
 * The number of a closed descriptor is soon that of another file, so a late write would land in a
 * stranger. Each file therefore counts its calls under way and asserts that it closes once, idle.
 *
 * Durability on each system: fdatasync on Linux; libuv turns it into F_FULLFSYNC on macOS (plain
 * fsync there leaves the bytes in the drive) and FlushFileBuffers on Windows.
 */

import fs from 'node:fs';
import { dirname } from 'node:path';

import { lockDirectory } from './directory-lock.ts';
import { DiskError } from './files.ts';
import type {
  DiskOp, Done, Files, Lock, ReadDone, ReadFile, SyncCounts, WriteFile,
} from './files.ts';
import { makeDirectory } from './make-directory.ts';
import { readWholeFile, replaceWholeFile } from './whole-file.ts';
import { writeFully, writeFullyThen } from './write-fully.ts';

/** The log holds everyone's values: only the server's own user may read it. */
const FILE_MODE = 0o600;

type NodeDone<T> = (err: Error | null, value: T) => void;

/** One asynchronous call as a promise that fails with DiskError. */
function call<T>(op: DiskOp, path: string, start: (done: NodeDone<T>) => void): Promise<T> {
  return new Promise((resolve, reject) => {
    start((err, value) => {
      if (err === null) resolve(value);
      else reject(new DiskError(op, path, err));
    });
  });
}

/** For calls whose callback carries no value. */
function callVoid(op: DiskOp, path: string, start: (done: NodeDone<void>) => void): Promise<void> {
  return call<void>(op, path, start);
}

function callSync<T>(op: DiskOp, path: string, run: () => T): T {
  try {
    return run();
  } catch (err) {
    throw new DiskError(op, path, err as Error);
  }
}

/** What both kinds of file share: the descriptor, its calls under way, its end. */
class NodeFile {
  readonly path: string;
  #fd: number;
  #callsUnderWay = 0;

  constructor(path: string, fd: number) {
    this.path = path;
    this.#fd = fd;
  }

  async size(): Promise<number> {
    const fd = this.begin();
    const stats = await call<fs.Stats>('size', this.path, (done) => {
      fs.fstat(fd, (err, found) => {
        this.end();
        done(err, found);
      });
    });
    return stats.size;
  }

  async close(): Promise<void> {
    const fd = this.descriptor();
    if (this.#callsUnderWay !== 0) {
      throw new Error(`close of ${this.path} with ${this.#callsUnderWay} calls under way`);
    }
    this.#fd = -1;
    await callVoid('close', this.path, (done) => fs.close(fd, done));
  }

  protected descriptor(): number {
    if (this.#fd < 0) throw new Error(`use of ${this.path} after its close`);
    return this.#fd;
  }

  protected begin(): number {
    const fd = this.descriptor();
    this.#callsUnderWay += 1;
    return fd;
  }

  protected end(): void {
    this.#callsUnderWay -= 1;
  }
}

class NodeReadFile extends NodeFile implements ReadFile {
  read(buf: Uint8Array, off: number, len: number, pos: number): Promise<number> {
    return new Promise((resolve, reject) => {
      this.readInto(buf, off, len, pos, (err, bytesRead) => {
        if (err === null) resolve(bytesRead);
        else reject(err);
      });
    });
  }

  readInto(buf: Uint8Array, off: number, len: number, pos: number, done: ReadDone): void {
    const fd = this.begin();
    // An empty buffer is an error to fs.read, so nothing is read without it.
    if (len === 0) {
      process.nextTick(() => {
        this.end();
        done(null, 0);
      });
      return;
    }
    fs.read(fd, buf, off, len, pos, (err, bytesRead) => {
      this.end();
      if (err !== null) done(new DiskError('read', this.path, err), 0);
      else if (bytesRead === len || bytesRead === 0) done(null, bytesRead);
      else this.#readRest(buf, off + bytesRead, len - bytesRead, pos + bytesRead, bytesRead, done);
    });
  }

  /** The system may stop short anywhere; only a read of nothing proves the end of the file. */
  #readRest(
    buf: Uint8Array, off: number, len: number, pos: number, before: number, done: ReadDone,
  ): void {
    this.readInto(buf, off, len, pos, (err, bytesRead) => {
      done(err, err === null ? before + bytesRead : 0);
    });
  }

  readSync(buf: Uint8Array, off: number, len: number, pos: number): number {
    const fd = this.descriptor();
    let total = 0;
    while (total < len) {
      const now = callSync('read', this.path,
        () => fs.readSync(fd, buf, off + total, len - total, pos + total));
      if (now === 0) break;
      total += now;
    }
    return total;
  }
}

class NodeWriteFile extends NodeFile implements WriteFile {
  readonly #syncs: SyncCounts;

  constructor(path: string, fd: number, syncs: SyncCounts) {
    super(path, fd);
    this.#syncs = syncs;
  }

  writeSync(buf: Uint8Array, off: number, len: number, pos: number): void {
    const fd = this.descriptor();
    callSync('write', this.path, () => {
      writeFully((o, l, p) => fs.writeSync(fd, buf, o, l, p), off, len, pos);
    });
  }

  write(buf: Uint8Array, off: number, len: number, pos: number): Promise<void> {
    return new Promise((resolve, reject) => {
      this.writeFrom(buf, off, len, pos, (err) => (err === null ? resolve() : reject(err)));
    });
  }

  writeFrom(buf: Uint8Array, off: number, len: number, pos: number, done: Done): void {
    const fd = this.begin();
    writeFullyThen((o, l, p, taken) => fs.write(fd, buf, o, l, p, taken), off, len, pos, (err) => {
      this.end();
      done(err === null ? null : new DiskError('write', this.path, err));
    });
  }

  datasync(): Promise<void> {
    return new Promise((resolve, reject) => {
      this.datasyncThen((err) => (err === null ? resolve() : reject(err)));
    });
  }

  datasyncThen(done: Done): void {
    const fd = this.begin();
    this.#syncs.begun++;
    fs.fdatasync(fd, (err) => {
      this.#syncs.ended++;
      this.end();
      done(err === null ? null : new DiskError('datasync', this.path, err));
    });
  }

  datasyncSync(): void {
    const fd = this.descriptor();
    this.#syncs.begun++;
    try {
      callSync('datasync', this.path, () => fs.fdatasyncSync(fd));
    } finally {
      this.#syncs.ended++;
    }
  }

  async truncate(len: number): Promise<void> {
    const fd = this.begin();
    await callVoid('truncate', this.path, (done) => {
      fs.ftruncate(fd, len, (err) => {
        this.end();
        done(err);
      });
    });
  }

  truncateSync(len: number): void {
    const fd = this.descriptor();
    callSync('truncate', this.path, () => fs.ftruncateSync(fd, len));
  }
}

export class NodeFiles implements Files {
  readonly #syncs: SyncCounts;

  constructor(syncs: SyncCounts = { begun: 0, ended: 0 }) {
    this.#syncs = syncs;
  }

  async openRead(path: string): Promise<ReadFile> {
    return new NodeReadFile(path, await this.#open('open', path, 'r'));
  }

  openReadSync(path: string): ReadFile {
    return new NodeReadFile(path, callSync('open', path, () => fs.openSync(path, 'r')));
  }

  async create(path: string): Promise<WriteFile> {
    return new NodeWriteFile(path, await this.#open('create', path, 'wx'), this.#syncs);
  }

  createSync(path: string): WriteFile {
    const fd = callSync('create', path, () => fs.openSync(path, 'wx', FILE_MODE));
    return new NodeWriteFile(path, fd, this.#syncs);
  }

  async openWrite(path: string): Promise<WriteFile> {
    return new NodeWriteFile(path, await this.#open('open', path, 'r+'), this.#syncs);
  }

  #open(op: DiskOp, path: string, flags: string): Promise<number> {
    return call<number>(op, path, (done) => fs.open(path, flags, FILE_MODE, done));
  }

  async rename(from: string, to: string): Promise<void> {
    if (dirname(from) !== dirname(to)) {
      throw new Error(`rename across directories: ${from} to ${to}`);
    }
    await callVoid('rename', from, (done) => fs.rename(from, to, done));
  }

  unlink(path: string): Promise<void> {
    return callVoid('unlink', path, (done) => fs.unlink(path, done));
  }

  async list(dir: string): Promise<string[]> {
    const names = await call<string[]>('list', dir, (done) => fs.readdir(dir, done));
    return names.sort();
  }

  async mkdir(dir: string): Promise<void> {
    try {
      await makeDirectory(dir);
    } catch (error) {
      throw new DiskError('mkdir', dir, error as Error);
    }
  }

  /**
   * Two refusals count as done. Windows cannot open a directory to flush it; NTFS journals names by
   * itself. EINVAL is a file system that has no such operation, and so no way to be asked for more.
   */
  async syncDir(dir: string): Promise<void> {
    if (process.platform === 'win32') return;
    const fd = await this.#open('syncDir', dir, 'r');
    try {
      await callVoid('syncDir', dir, (done) => {
        fs.fsync(fd, (err) => done(err !== null && err.code !== 'EINVAL' ? err : null));
      });
    } finally {
      await callVoid('close', dir, (done) => fs.close(fd, done));
    }
  }

  exists(path: string): Promise<boolean> {
    return call<boolean>('exists', path, (done) => {
      fs.stat(path, (err) => {
        const absent = err !== null && (err.code === 'ENOENT' || err.code === 'ENOTDIR');
        done(absent ? null : err, !absent);
      });
    });
  }

  /** What is left to an ordinary user: the reserve of root does not count. */
  async freeBytes(dir: string): Promise<number> {
    const stats = await call<fs.StatsFs>('freeBytes', dir, (done) => fs.statfs(dir, done));
    return stats.bavail * stats.bsize;
  }

  readAll(path: string): Promise<Uint8Array> {
    return readWholeFile(this, path);
  }

  writeWhole(path: string, data: Uint8Array): Promise<void> {
    return replaceWholeFile(this, dirname(path), path, data);
  }

  lock(dir: string): Promise<Lock> {
    return lockDirectory(dir);
  }
}
