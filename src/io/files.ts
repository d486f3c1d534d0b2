/**
 * The disk as the store sees it. Everything durable goes through this seam, so that a test can put
 * under it a disk that forgets, lies, fills up and loses power (test/sim/sim-files.ts). Behind it
 * in production: node-files.ts.
 *
 * What the contract promises, on both:
 * - A read returns fewer bytes than asked for only at the end of the file. A write is whole or it
 *   fails; after a failure any prefix of it may be in the file.
 * - Bytes are durable after a datasync that began after their write ended. A name (create, rename,
 *   unlink) is durable after a syncDir of its directory. Nothing else is durable.
 * - After a failed write or datasync, what the disk holds is unknown, and a second datasync that
 *   succeeds proves nothing: the kernel may have marked the lost pages clean. Abandon the file.
 * - Calls on one file that are under way together may end in any order.
 * - A callback or a promise never runs before its call has returned.
 *
 * Every failure is a DiskError with Node's code. Buffers belong to the disk from the call to its
 * end: the caller neither changes nor reuses them meanwhile. Positions, offsets and lengths are in
 * bytes; a position may pass 4 GiB. Paths are absolute or relative to the process; '/' separates.
 */

/**
 * What was attempted; part of a DiskError, and the name by which a simulated fault picks its
 * victim.
 */
export type DiskOp =
  | 'open' | 'create' | 'close' | 'read' | 'write' | 'datasync' | 'truncate' | 'size'
  | 'rename' | 'unlink' | 'list' | 'mkdir' | 'syncDir' | 'exists' | 'freeBytes' | 'lock';

/**
 * The disk refused. `code` is the contract: ENOSPC, EIO, EACCES, ENOENT, EEXIST, EROFS, EMFILE ...
 */
export class DiskError extends Error {
  override readonly name = 'DiskError';
  readonly code: string;
  readonly op: DiskOp;
  readonly path: string;
  /** What the system says, its code first. */
  readonly reason: string;

  constructor(op: DiskOp, path: string, cause: Error & { code?: string | undefined }) {
    const code = cause.code ?? 'EUNKNOWN';
    // Node's messages begin with the code.
    const reason = cause.message.startsWith(code) ? cause.message : `${code}: ${cause.message}`;
    super(`cannot ${op} ${path}: ${reason}`, { cause });
    this.reason = reason;
    this.code = code;
    this.op = op;
    this.path = path;
  }
}

/** Who has a directory open, as far as its LOCK file tells. */
export type LockHolder = {
  readonly pid: number;
  readonly host: string;
  /** When the holder took the lock, ISO 8601. */
  readonly since: string;
};

/** Another server, or another one in this process, has the directory open. */
export class DirectoryLockedError extends Error {
  override readonly name = 'DirectoryLockedError';
  readonly code = 'ELOCKED';
  readonly dir: string;
  readonly holder: LockHolder | null;

  constructor(dir: string, holder: LockHolder | null) {
    const who = holder === null
      ? 'a process that did not say its pid'
      : `pid ${holder.pid} on ${holder.host}, since ${holder.since}`;
    super(`${dir} is open in another server (${who}); two at once would destroy it`);
    this.dir = dir;
    this.holder = holder;
  }
}

export type Done = (err: DiskError | null) => void;

/** `bytesRead` is 0 when `err` is not null. */
export type ReadDone = (err: DiskError | null, bytesRead: number) => void;

/** A file opened for reading. Safe to use after its name was unlinked, until it is closed. */
export interface ReadFile {
  readonly path: string;

  /** Reads `len` bytes at `pos` into `buf` from `off`; returns how many, fewer only at the end. */
  read(buf: Uint8Array, off: number, len: number, pos: number): Promise<number>;

  /** The same without a promise: the hot path of a cold GET. */
  readInto(buf: Uint8Array, off: number, len: number, pos: number, done: ReadDone): void;

  /** The same, blocking this thread. A serving thread takes its time (blocking-budget.ts). */
  readSync(buf: Uint8Array, off: number, len: number, pos: number): number;

  /** Length of the file in bytes. */
  size(): Promise<number>;

  /** Ends the use of the file. A call under way, or any call afterwards, is a bug and throws. */
  close(): Promise<void>;
}

/** A file opened for writing at positions. Writing past the end fills the gap with zeros. */
export interface WriteFile {
  readonly path: string;

  /** Writes `len` bytes of `buf` from `off` at `pos`, blocking; throws DiskError. */
  writeSync(buf: Uint8Array, off: number, len: number, pos: number): void;

  write(buf: Uint8Array, off: number, len: number, pos: number): Promise<void>;

  writeFrom(buf: Uint8Array, off: number, len: number, pos: number, done: Done): void;

  /** Makes durable every byte whose write ended before this call, and the length of the file. */
  datasync(): Promise<void>;

  datasyncThen(done: Done): void;

  datasyncSync(): void;

  /** Cuts the file, or grows it with zeros, to `len` bytes; durable after the next datasync. */
  truncate(len: number): Promise<void>;

  /** The same, blocking: to cut off what a failed write has left behind. */
  truncateSync(len: number): void;

  size(): Promise<number>;

  close(): Promise<void>;
}

/** Holds a directory against every other server until released or until the process ends. */
export interface Lock {
  /** Lets go; a second call does nothing. */
  release(): Promise<void>;
}

/** Calls of datasync, blocking ones included, by whatever opened the files with this object. */
export interface SyncCounts {
  begun: number;
  ended: number;
}

export interface Files {
  /** ENOENT when there is no such file. */
  openRead(path: string): Promise<ReadFile>;
  openReadSync(path: string): ReadFile;

  /** Makes a new, empty file; EEXIST when the name is taken. Its name needs a syncDir to last. */
  create(path: string): Promise<WriteFile>;

  /** The same, blocking: when a segment fills in the middle of a synchronous append. */
  createSync(path: string): WriteFile;

  /** Opens an existing file without touching its bytes; ENOENT when there is none. */
  openWrite(path: string): Promise<WriteFile>;

  /**
   * Replaces `to` if it exists. Both in one directory: a move across two needs two syncs to last.
   */
  rename(from: string, to: string): Promise<void>;

  /** Removes the name; ENOENT when there is none. Open files stay readable. */
  unlink(path: string): Promise<void>;

  /** The names in `dir`, sorted by code unit. Names starting with LOCK belong to `lock`. */
  list(dir: string): Promise<string[]>;

  /** Makes `dir` and its missing parents; succeeds when it is there already. */
  mkdir(dir: string): Promise<void>;

  /** Makes durable the names made, moved and removed in `dir` before this call. */
  syncDir(dir: string): Promise<void>;

  exists(path: string): Promise<boolean>;

  /** Bytes that this process may still write to the file system of `dir`. */
  freeBytes(dir: string): Promise<number>;

  /** The whole file in a fresh buffer that the caller owns. For small files. */
  readAll(path: string): Promise<Uint8Array>;

  /**
   * Replaces the content of `path` in one step that survives power loss: old or new, never a mix.
   * Goes through `path` + '.tmp', which a crash may leave behind; the next call overwrites it. One
   * call per path at a time.
   */
  writeWhole(path: string, data: Uint8Array): Promise<void>;

  /** Takes `dir`, which exists; throws DirectoryLockedError when someone alive holds it. */
  lock(dir: string): Promise<Lock>;
}
