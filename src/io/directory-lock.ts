/**
 * One server per directory, with nothing to clean up after kill -9.
 *
 * Context. Node has no flock. A pid file alone is wrong both ways: after a crash its pid belongs to
 * someone else (in a container every server is pid 1), and two servers in two containers on one
 * volume cannot see each other's processes.
 *
 * Choice. A claim is a listening Unix socket inside the directory. The kernel ends it with its
 * process, so a claim that refuses a connection is dead, whatever its pid has become; one that
 * accepts is alive, even when its process is busy or stopped. Sockets are found through the file
 * system, so this holds between containers, network namespaces and users that share the directory
 * on one machine.
 *
 *   LOCK.<16 hex>.new   bound, perhaps not listening yet: says nothing
 *   LOCK.<16 hex>       a claim: renamed to this only once it listens, so never mistaken for dead
 *   LOCK                text, for people and messages: the holder's pid, host and time
 *
 * A claimant publishes its claim, then reads the others'. Of two, the one that published last sees
 * the other, so two can never both pass. The rule between living claims: the higher id withdraws;
 * the lower waits until the higher one says 'held' or hangs up. So of those that start together one
 * wins, and nobody waits in a circle. Ids are random and never reused, so removing a dead claim is
 * always safe: no other claim can have taken its name in between.
 *
 * Rejected: an abstract socket (Linux only, blind across network namespaces, and any local user can
 * squat on its name); one well-known socket name (removing the dead one races with its successor);
 * a helper process holding flock (one more thing to die).
 *
 * Limits. Two machines on one network file system do not see each other; nothing short of a lease
 * does. A file system without sockets, or too long a path where /proc cannot shorten it, has its
 * claims in the temporary directory, which both servers must then share. On Windows a named pipe,
 * of which the kernel allows one first instance, takes the place of all this.
 */

import { randomBytes } from 'node:crypto';
import fs from 'node:fs/promises';
import net from 'node:net';
import os from 'node:os';
import { join } from 'node:path';

import { DirectoryLockedError, DiskError } from './files.ts';
import type { Lock, LockHolder } from './files.ts';
import { makeDirectory } from './make-directory.ts';

/**
 * How long a server that starts waits for another claimant of its directory to make up its mind.
 * That takes the other a few directory operations; one that is silent for longer (stopped, or its
 * machine thrashing) counts as the holder, because it may wake up.
 */
const LOCK_ANSWER_MS_MAX = 2000;

const CLAIM_NAME = /^LOCK\.[0-9a-f]{16}$/;
const UNFINISHED_NAME = /^LOCK\.[0-9a-f]{16}\.new$/;

/** The shortest sun_path of any system (macOS: 104) less its final zero. */
const SOCKET_PATH_BYTES_MAX = 103;
const CLAIM_NAME_BYTES = '/LOCK.0123456789abcdef.new'.length;

/** How bind says that this file system has no sockets. */
const NO_SOCKETS_HERE = new Set(['EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'EINVAL', 'ENOSYS']);

/** A claim that went while we looked at it: its name is gone, or its queue of connections was. */
const WITHDRAWN = new Set(['ENOENT', 'ECONNRESET']);

/** What a connection to a claim tells. */
type Answer = 'dead' | 'withdrew' | 'held';

/**
 * Takes `dir` until released or until the process ends.
 * @throws DirectoryLockedError when someone alive has it; DiskError when the directory refuses.
 */
export async function lockDirectory(dir: string): Promise<Lock> {
  try {
    const real = await fs.realpath(dir);
    const holding = process.platform === 'win32'
      ? await holdPipe(real) : await holdClaim(real);
    if (holding === null) throw new DirectoryLockedError(real, await readHolder(real));
    return await describeHolder(real, holding);
  } catch (err) {
    if (err instanceof DirectoryLockedError || err instanceof DiskError) throw err;
    throw new DiskError('lock', dir, err as Error);
  }
}

/** What keeps the directory ours; `release` gives it up. */
type Holding = { release(): Promise<void> };

// ---- The LOCK file: for people, never for decisions ---------------------------------------------

async function describeHolder(dir: string, holding: Holding): Promise<Lock> {
  const path = join(dir, 'LOCK');
  const holder: LockHolder = {
    pid: process.pid, host: os.hostname(), since: new Date().toISOString(),
  };
  try {
    await fs.writeFile(path, `${JSON.stringify(holder)}\n`, { mode: 0o644 });
  } catch {
    // A full disk must not keep a server from starting, which may be how it gets emptied. The file
    // is then empty or absent, and a refusal cannot name the holder.
  }
  let released = false;
  return {
    async release() {
      if (released) return;
      released = true;
      // While the claim still stands, so that this cannot remove the next holder's file.
      await removeIfThere(path);
      await holding.release();
    },
  };
}

async function readHolder(dir: string): Promise<LockHolder | null> {
  try {
    const holder: unknown = JSON.parse(await fs.readFile(join(dir, 'LOCK'), 'utf8'));
    return isHolder(holder) ? holder : null;
  } catch {
    return null;
  }
}

function isHolder(value: unknown): value is LockHolder {
  if (typeof value !== 'object' || value === null) return false;
  const { pid, host, since } = value as Record<string, unknown>;
  return typeof pid === 'number' && typeof host === 'string' && typeof since === 'string';
}

// ---- Claims -------------------------------------------------------------------------------------

/** Our own claim: a server that tells each client how it ended. */
class Claim {
  readonly #server: net.Server;
  readonly #waiting = new Set<net.Socket>();
  #held = false;

  constructor() {
    this.#server = net.createServer((socket) => this.#onRival(socket));
    this.#server.unref();
  }

  /** @throws Node's error of bind, as it is. */
  async listen(path: string): Promise<void> {
    await new Promise<void>((resolve, reject) => {
      this.#server.once('error', reject);
      this.#server.listen(path, resolve);
    });
    this.#server.removeAllListeners('error');
    // A failed accept leaves a rival without answer, and it gives up: the safe side.
    this.#server.on('error', () => {});
  }

  hold(): void {
    this.#held = true;
    for (const socket of this.#waiting) socket.end('held');
  }

  withdraw(): Promise<void> {
    for (const socket of this.#waiting) socket.destroy();
    return new Promise((resolve) => {
      this.#server.close(() => resolve());
    });
  }

  #onRival(socket: net.Socket): void {
    socket.unref();
    socket.on('error', () => {});
    socket.on('close', () => this.#waiting.delete(socket));
    this.#waiting.add(socket);
    if (this.#held) socket.end('held');
  }
}

/** Null when someone else has the directory. */
async function holdClaim(dir: string): Promise<Holding | null> {
  const place = await placeIn(dir);
  if (place !== null) {
    try {
      return await claimIn(place);
    } catch (err) {
      if (!NO_SOCKETS_HERE.has((err as NodeJS.ErrnoException).code ?? '')) throw err;
    } finally {
      await place.done();
    }
  }
  return claimIn(await temporaryPlace(dir));
}

async function claimIn(place: Place): Promise<Holding | null> {
  const name = `LOCK.${randomBytes(8).toString('hex')}`;
  const path = join(place.dir, name);
  const claim = new Claim();
  await claim.listen(join(place.socketDir, `${name}.new`));
  const withdraw = async (): Promise<void> => {
    await claim.withdraw();
    await removeIfThere(path);
    await removeIfThere(`${path}.new`);
  };
  try {
    if (await publish(path) && await outlast(place, name)) {
      claim.hold();
      return { release: withdraw };
    }
  } catch (err) {
    await withdraw();
    throw err;
  }
  await withdraw();
  return null;
}

/** False when the holder has swept the unfinished claim away. */
async function publish(path: string): Promise<boolean> {
  try {
    await fs.rename(`${path}.new`, path);
    return true;
  } catch (err) {
    if ((err as NodeJS.ErrnoException).code === 'ENOENT') return false;
    throw err;
  }
}

/** Whether our claim `own` may hold: every other is dead, or higher and withdrawn. */
async function outlast({ dir, socketDir }: Place, own: string): Promise<boolean> {
  const names = (await fs.readdir(dir)).sort();
  for (const name of names) {
    if (name === own || !CLAIM_NAME.test(name)) continue;
    const answer = await askRival(join(socketDir, name), name < own);
    if (answer === 'held') return false;
    if (answer === 'dead') await removeIfThere(join(dir, name));
  }
  for (const name of names) {
    if (UNFINISHED_NAME.test(name)) await removeIfThere(join(dir, name));
  }
  return true;
}

/**
 * Being alive is enough for a lower rival to count as the holder; a higher one has time to answer.
 */
function askRival(path: string, aliveIsHeld: boolean): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const socket = net.connect(path);
    let alive = false;
    socket.setTimeout(LOCK_ANSWER_MS_MAX, () => settle('held'));
    const settle = (answer: Answer): void => {
      resolve(answer);
      socket.destroy();
    };
    socket.on('connect', () => {
      alive = true;
      if (aliveIsHeld) settle('held');
    });
    socket.on('data', () => settle('held'));
    socket.on('close', () => settle('withdrew'));
    socket.on('error', (err: NodeJS.ErrnoException) => {
      if (alive || WITHDRAWN.has(err.code ?? '')) settle('withdrew');
      else if (err.code === 'ECONNREFUSED') settle('dead');
      // A full queue of connections has an owner.
      else if (err.code === 'EAGAIN') settle('held');
      else reject(err);
    });
  });
}

// ---- Places -------------------------------------------------------------------------------------

/**
 * Where claims are: `socketDir` is the same directory under a name that fits a socket's address.
 */
type Place = { readonly dir: string; readonly socketDir: string; done(): Promise<void> };

/** Null when the directory's name is too long for sockets and cannot be shortened. */
async function placeIn(dir: string): Promise<Place | null> {
  if (Buffer.byteLength(dir) + CLAIM_NAME_BYTES <= SOCKET_PATH_BYTES_MAX) {
    return { dir, socketDir: dir, done: async () => {} };
  }
  if (process.platform !== 'linux') return null;
  const handle = await fs.open(dir, 'r');
  return { dir, socketDir: `/proc/self/fd/${handle.fd}`, done: () => handle.close() };
}

/** The same for everyone who means this directory, by whatever path: keyed on device and inode. */
async function temporaryPlace(dir: string): Promise<Place> {
  const place = join(os.tmpdir(), `dkvs-lock-${await identity(dir)}`);
  await makeDirectory(place, 0o700);
  return { dir: place, socketDir: place, done: async () => {} };
}

async function identity(dir: string): Promise<string> {
  const { dev, ino } = await fs.stat(dir, { bigint: true });
  return `${dev.toString(16)}-${ino.toString(16)}`;
}

async function removeIfThere(path: string): Promise<void> {
  try {
    await fs.unlink(path);
  } catch (err) {
    if ((err as NodeJS.ErrnoException).code !== 'ENOENT') throw err;
  }
}

// ---- Windows ------------------------------------------------------------------------------------

async function holdPipe(dir: string): Promise<Holding | null> {
  const claim = new Claim();
  try {
    await claim.listen(`\\\\.\\pipe\\dkvs-lock-${await identity(dir)}`);
  } catch (err) {
    if ((err as NodeJS.ErrnoException).code === 'EADDRINUSE') return null;
    throw err;
  }
  return { release: () => claim.withdraw() };
}
