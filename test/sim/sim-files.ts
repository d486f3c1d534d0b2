/**
 * A disk in memory that forgets what was not synced. It obeys the contract of Files and, within it,
 * does its worst: see sim-inode.ts (content), sim-directory.ts (names), sim-kernel.ts (order,
 * faults).
 *
 * A crash test:
 *
 *   const disk = new SimFiles({ seed });
 *   disk.onOperation = (op, path, n) => { if (n === k) throw new SimCrash(); };
 *   const end = await disk.runUntilCrash(() => workload(disk));   // 'crashed' or 'finished'
 *   const after = disk.crash(new Random(0, seed));                // what the next start finds
 *
 * With k from 1 to the `operations` of a whole run it crashes before every one of them; what an
 * operation leaves when the power goes during it is covered by the crash before the next.
 *
 * The root directory '/' is always there. Other directories are names like files, and need a
 * syncDir of their parent to last.
 */

import { DirectoryLockedError } from '../../src/io/files.ts';
import type { DiskOp, Files, Lock, ReadFile, WriteFile } from '../../src/io/files.ts';
import { readWholeFile, replaceWholeFile } from '../../src/io/whole-file.ts';
import { Random } from '../../src/lib/random.ts';
import { SimDirectory } from './sim-directory.ts';
import type { SimNode } from './sim-directory.ts';
import { dropReference, SimFile } from './sim-file.ts';
import type { SimSpace } from './sim-file.ts';
import { SimInode } from './sim-inode.ts';
import type { CrashMood } from './sim-inode.ts';
import { diskError, SimCrash, SimKernel } from './sim-kernel.ts';
import type { Effect, KernelHost, OperationHook, SimFault } from './sim-kernel.ts';

export { SimCrash } from './sim-kernel.ts';

export type SimFilesOptions = {
  /** Decides the order of completions and the length of torn writes. */
  readonly seed?: number;
  /** Bytes of content that fit; default unlimited. */
  readonly capacityBytes?: number;
  readonly onOperation?: OperationHook;
  readonly host?: KernelHost;
};

const MOODS: readonly CrashMood[] = ['forgetful', 'lucky', 'mixed', 'mixed'];

export class SimFiles implements Files {
  readonly #kernel: SimKernel;
  readonly #space: SimSpace;
  readonly #locks = new Map<SimDirectory, Lock>();
  #root = new SimDirectory();

  constructor({ seed = 1, capacityBytes = Infinity, onOperation, host }: SimFilesOptions = {}) {
    this.#kernel = new SimKernel(new Random(0, seed), onOperation ?? null, host);
    this.#space = { capacityBytes, usedBytes: 0 };
  }

  // ---- What a test does with the disk -----------------------------------------------------------

  /** Operations begun so far. */
  get operations(): number {
    return this.#kernel.operations;
  }

  set onOperation(hook: OperationHook | null) {
    this.#kernel.onOperation = hook;
  }

  set capacityBytes(bytes: number) {
    this.#space.capacityBytes = bytes;
  }

  get usedBytes(): number {
    return this.#space.usedBytes;
  }

  /** Plans a failure. A failed datasync loses its bytes for good, though they still read back. */
  fail(fault: SimFault): void {
    this.#kernel.fail(fault);
  }

  /** Forgets the failures that are planned. */
  heal(): void {
    this.#kernel.heal();
  }

  /** Runs `work` to its end or to the power loss; any other failure of `work` is thrown. */
  async runUntilCrash(work: () => Promise<void>): Promise<'finished' | 'crashed'> {
    const crashed = this.#kernel.crashed.then(() => 'crashed' as const);
    const worked = (async () => {
      try {
        await work();
        return 'finished' as const;
      } catch (err) {
        if (err instanceof SimCrash) return 'crashed' as const;
        throw err;
      }
    })();
    return await Promise.race([crashed, worked]);
  }

  /**
   * The process ends as by kill -9: its locks go, and what it wrote stays readable, synced or not.
   */
  killProcess(): void {
    this.#locks.clear();
  }

  /** Cuts the power, if it is still on, and returns the disk as the next start finds it. */
  crash(random: Random, mood: CrashMood = MOODS[random.below(MOODS.length)]!): SimFiles {
    this.#kernel.freeze(random);
    const survivor = new SimFiles({
      seed: random.next(), capacityBytes: this.#space.capacityBytes, host: this.#kernel.host,
    });
    survivor.#root = this.#root.crash(random, mood);
    survivor.#space.usedBytes = bytesBeneath(survivor.#root);
    return survivor;
  }

  /** Another disk with what is on this one now, all of it durable. Damage is not known as such. */
  copy(seed: number): SimFiles {
    const { capacityBytes } = this.#space;
    const copy = new SimFiles({ seed, capacityBytes, host: this.#kernel.host });
    copy.#root = this.#root.copy();
    copy.#space.usedBytes = bytesBeneath(copy.#root);
    return copy;
  }

  /** Flips bits of one byte, durably and silently. */
  damage(path: string, pos: number, xor: number): void {
    this.#inode('read', path).damage(pos, xor);
  }

  /** Fills a range with zeros, as `damage` does. */
  zero(path: string, from: number, to: number): void {
    for (const [i, byte] of this.contentOf(path).subarray(from, to).entries()) {
      this.damage(path, from + i, byte);
    }
  }

  /** Puts another file with `bytes` in the place of `path`, durably. Handles keep the old one. */
  exchange(path: string, bytes: Uint8Array): void {
    const old = this.#inode('rename', path);
    this.#place(path, SimInode.inPlaceOf(old, bytes), old);
  }

  /**
   * Takes back all damage and exchanges, except of what was written since. While no process has
   * the exchanged files open.
   */
  mend(): void {
    for (const path of this.paths()) {
      const inode = this.#inode('read', path);
      const { original } = inode;
      if (original !== undefined) this.#place(path, original, inode);
      (original ?? inode).mend();
    }
  }

  /** All files. */
  paths(): string[] {
    return pathsBeneath(this.#root, '');
  }

  /** A copy of what a read would see, without being an operation. */
  contentOf(path: string): Uint8Array {
    const inode = this.#inode('read', path);
    const bytes = new Uint8Array(inode.length);
    inode.read(bytes, 0, bytes.length, 0);
    return bytes;
  }

  /** What `list` would give, without being an operation; nothing when there is no directory. */
  namesIn(dir: string): string[] {
    let node: SimNode | undefined = this.#root;
    for (const part of dir.split('/').filter((each) => each !== '')) {
      node = node instanceof SimDirectory ? node.live.get(part) : undefined;
    }
    return node instanceof SimDirectory ? [...node.live.keys()].sort() : [];
  }

  /** Whether the content of `path` and all names on the way to it would survive a crash now. */
  isDurable(path: string): boolean {
    const parts = path.split('/').filter((part) => part !== '');
    let node: SimNode = this.#root;
    for (const part of parts) {
      if (!(node instanceof SimDirectory) || !node.durable) return false;
      const next: SimNode | undefined = node.live.get(part);
      if (next === undefined) return false;
      node = next;
    }
    return node.durable;
  }

  // ---- Files ------------------------------------------------------------------------------------

  openRead(path: string): Promise<ReadFile> {
    return this.#promise('open', path, () => this.#opened(path));
  }

  openReadSync(path: string): ReadFile {
    return this.#kernel.sync('open', path, unlessFault(() => this.#opened(path)));
  }

  create(path: string): Promise<WriteFile> {
    return this.#promise('create', path, () => this.#created(path));
  }

  createSync(path: string): WriteFile {
    return this.#kernel.sync('create', path, unlessFault(() => this.#created(path)));
  }

  openWrite(path: string): Promise<WriteFile> {
    return this.#promise('open', path, () => this.#opened(path));
  }

  async rename(from: string, to: string): Promise<void> {
    if (dirOf(from) !== dirOf(to)) throw new Error(`rename across directories: ${from} to ${to}`);
    await this.#promise('rename', from, () => {
      const node = this.#find('rename', from);
      const replaced = this.#directory('rename', dirOf(to)).live.get(nameOf(to));
      if (replaced instanceof SimDirectory) throw diskError('rename', from, 'EISDIR');
      if (replaced === node) return;
      this.#directory('rename', dirOf(to)).change([
        { name: nameOf(from), node: null }, { name: nameOf(to), node },
      ]);
      if (replaced !== undefined) dropReference(replaced, this.#space);
    });
  }

  unlink(path: string): Promise<void> {
    return this.#promise('unlink', path, () => {
      const inode = this.#inode('unlink', path);
      this.#directory('unlink', dirOf(path)).change([{ name: nameOf(path), node: null }]);
      dropReference(inode, this.#space);
    });
  }

  list(dir: string): Promise<string[]> {
    return this.#promise('list', dir, () => [...this.#directory('list', dir).live.keys()].sort());
  }

  mkdir(dir: string): Promise<void> {
    return this.#promise('mkdir', dir, () => {
      let at = this.#root;
      for (const name of dir.split('/').filter((part) => part !== '')) {
        if (!at.live.has(name)) at.change([{ name, node: new SimDirectory() }]);
        const next = at.live.get(name);
        if (!(next instanceof SimDirectory)) throw diskError('mkdir', dir, 'ENOTDIR');
        at = next;
      }
    });
  }

  /** The mark is taken at the call: a name changed later is not covered. */
  async syncDir(dir: string): Promise<void> {
    const found = this.#lookUp(dir);
    const mark = found instanceof SimDirectory ? found.stepCount : 0;
    await this.#promise('syncDir', dir, () => {
      this.#directory('syncDir', dir);
      (found as SimDirectory).syncTo(mark);
    });
  }

  exists(path: string): Promise<boolean> {
    return this.#promise('exists', path, () => this.#lookUp(path) !== undefined);
  }

  freeBytes(dir: string): Promise<number> {
    return this.#promise('freeBytes', dir, () => {
      this.#directory('freeBytes', dir);
      return Math.max(0, this.#space.capacityBytes - this.#space.usedBytes);
    });
  }

  readAll(path: string): Promise<Uint8Array> {
    return readWholeFile(this, path);
  }

  writeWhole(path: string, data: Uint8Array): Promise<void> {
    return replaceWholeFile(this, dirOf(path), path, data);
  }

  lock(dir: string): Promise<Lock> {
    return this.#promise('lock', dir, () => {
      const node = this.#directory('lock', dir);
      if (this.#locks.has(node)) {
        throw new DirectoryLockedError(dir, { pid: 1, host: 'simulated', since: 'the start' });
      }
      const lock: Lock = {
        release: async () => {
          if (this.#locks.get(node) === lock) this.#locks.delete(node);
        },
      };
      this.#locks.set(node, lock);
      return lock;
    });
  }

  // ---- Inside -----------------------------------------------------------------------------------

  #promise<T>(op: DiskOp, path: string, run: () => T): Promise<T> {
    return this.#kernel.promise(op, path, unlessFault(run));
  }

  #opened(path: string): SimFile {
    return new SimFile(path, this.#inode('open', path), this.#kernel, this.#space);
  }

  #created(path: string): SimFile {
    const dir = this.#directory('create', dirOf(path));
    if (dir.live.has(nameOf(path))) throw diskError('create', path, 'EEXIST');
    const inode = new SimInode();
    inode.references = 1;
    dir.change([{ name: nameOf(path), node: inode }]);
    return new SimFile(path, inode, this.#kernel, this.#space);
  }

  /** `inode` has the name from now on, durably, and `old` has not. */
  #place(path: string, inode: SimInode, old: SimInode): void {
    const dir = this.#directory('rename', dirOf(path));
    dir.change([{ name: nameOf(path), node: inode }]);
    dir.syncTo(dir.stepCount);
    this.#space.usedBytes += inode.length - old.length;
  }

  #lookUp(path: string): SimNode | undefined {
    let node: SimNode | undefined = this.#root;
    for (const part of path.split('/').filter((name) => name !== '')) {
      node = node instanceof SimDirectory ? node.live.get(part) : undefined;
    }
    return node;
  }

  #find(op: DiskOp, path: string): SimNode {
    const node = this.#lookUp(path);
    if (node === undefined) throw diskError(op, path, 'ENOENT');
    return node;
  }

  #directory(op: DiskOp, path: string): SimDirectory {
    const node = this.#find(op, path);
    if (!(node instanceof SimDirectory)) throw diskError(op, path, 'ENOTDIR');
    return node;
  }

  #inode(op: DiskOp, path: string): SimInode {
    const node = this.#find(op, path);
    if (node instanceof SimDirectory) throw diskError(op, path, 'EISDIR');
    return node;
  }
}

function unlessFault<T>(run: () => T): Effect<T> {
  return (fault) => {
    if (fault !== null) throw fault;
    return run();
  };
}

function dirOf(path: string): string {
  return path.slice(0, Math.max(0, path.lastIndexOf('/'))) || '/';
}

function nameOf(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1);
}

function pathsBeneath(dir: SimDirectory, path: string): string[] {
  return [...dir.live].flatMap(([name, node]) =>
    (node instanceof SimDirectory ? pathsBeneath(node, `${path}/${name}`) : `${path}/${name}`));
}

function bytesBeneath(dir: SimDirectory): number {
  let bytes = 0;
  for (const node of dir.live.values()) {
    bytes += node instanceof SimDirectory ? bytesBeneath(node) : node.length;
  }
  return bytes;
}
