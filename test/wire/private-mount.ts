/**
 * A file system of its own for one server: a tmpfs that only this process sees, gone when it ends.
 * Needs root and the right to mount; ask `canMount` first, and skip visibly.
 */

import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { within } from './eventually.ts';

/** What to put before a program so that a tmpfs lies on `dir` for it; the program keeps the pid. */
export function inTmpfs(dir: string, options: string): string[] {
  const script = 'mount -t tmpfs -o "$1" tmpfs "$2" && shift 2 && exec "$@"';
  return ['unshare', '-m', 'sh', '-c', script, 'sh', options, dir];
}

export function canMount(): boolean {
  const dir = mkdtempSync(join(tmpdir(), 'dkvs-mount-'));
  try {
    const [program = '', ...args] = [...inTmpfs(dir, 'size=1m'), 'true'];
    return spawnSync(program, args).status === 0;
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
}

/** A tmpfs that outlives the servers on it: run them with `wrapper` before their command. */
export class HeldTmpfs {
  readonly #holder: ChildProcess;

  private constructor(holder: ChildProcess) {
    this.#holder = holder;
  }

  /** The holder is a process that waits for the end of its input. */
  static async mount(dir: string, options: string): Promise<HeldTmpfs> {
    const [program = '', ...args] = [...inTmpfs(dir, options), 'sh', '-c', 'echo held; exec cat'];
    const holder = spawn(program, args, { stdio: ['pipe', 'pipe', 'inherit'] });
    await within('the mount', new Promise<void>((resolve, reject) => {
      holder.stdout.once('data', () => resolve());
      holder.once('exit', (code) => reject(new Error(`the mount failed with code ${code}`)));
    }));
    return new HeldTmpfs(holder);
  }

  get wrapper(): readonly string[] {
    return ['nsenter', '-t', `${this.#holder.pid}`, '-m', '--'];
  }

  /** Runs a program that sees the file system. */
  /** Returns what it prints. */
  run(...command: readonly string[]): string {
    const [program = '', ...args] = [...this.wrapper, ...command];
    const { status, stdout, stderr } = spawnSync(program, args, { encoding: 'utf8' });
    if (status !== 0) throw new Error(`${command.join(' ')}: ${stderr}`);
    return stdout;
  }

  release(): void {
    this.#holder.stdin?.end();
  }
}

export function canHoldTmpfs(): boolean {
  return canMount() && spawnSync('nsenter', ['-t', `${process.pid}`, '-m', 'true']).status === 0;
}
