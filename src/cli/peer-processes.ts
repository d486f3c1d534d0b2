/**
 * Servers as child processes of a launcher: each line that they print is passed on behind their
 * name, and they are ended together.
 *
 * They are groups of their own, so that Ctrl-C reaches the launcher only, and each of them is told
 * to stop once: a second signal would stop it at once.
 */

import { spawn, type ChildProcess } from 'node:child_process';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';

export interface PeerCommand {
  readonly name: string;
  /** Of Node: the program and its arguments. */
  readonly args: readonly string[];
}

export interface PeerEnding {
  readonly name: string;
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

export class PeerProcesses {
  readonly #print: (line: string) => void;
  readonly #nameWidth: number;
  readonly #running = new Map<string, ChildProcess>();
  readonly #onEnded: (ending: PeerEnding) => void;

  /** `onEnded` is called when one has ended, whatever the reason, and printed all that it had. */
  constructor(
    commands: readonly PeerCommand[], print: (line: string) => void,
    onEnded: (ending: PeerEnding) => void,
  ) {
    this.#print = print;
    this.#onEnded = onEnded;
    this.#nameWidth = Math.max(...commands.map(({ name }) => name.length));
    for (const command of commands) this.#start(command);
  }

  /** Names of those that run. */
  get running(): readonly string[] {
    return [...this.#running.keys()];
  }

  signal(signal: NodeJS.Signals): void {
    for (const child of this.#running.values()) child.kill(signal);
  }

  #start({ name, args }: PeerCommand): void {
    const child = spawn(process.execPath, args, {
      stdio: ['ignore', 'pipe', 'pipe'], detached: process.platform !== 'win32',
    });
    this.#running.set(name, child);
    this.#pass(name, child.stdout);
    this.#pass(name, child.stderr);
    child.on('error', (error) => this.#print(`${name}: ${error.message}`));
    child.on('close', (code, signal) => {
      this.#running.delete(name);
      this.#onEnded({ name, code, signal });
    });
  }

  #pass(name: string, output: Readable): void {
    const lines = createInterface({ input: output });
    lines.on('line', (line) => this.#print(`${name.padEnd(this.#nameWidth)} | ${line}`));
  }
}
