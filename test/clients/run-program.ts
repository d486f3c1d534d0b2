/** Programs that are clients, such as redis-cli: run to their end, or for a while. */

import { spawn, spawnSync } from 'node:child_process';
import { eventually, within } from '../wire/eventually.ts';

export interface Outcome {
  readonly code: number | null;
  /** Both streams. */
  readonly output: string;
}

const PROGRAM_DEADLINE_MS = 30_000;

export function isInstalled(program: string): boolean {
  return spawnSync(program, ['--version']).status === 0;
}

export class Program {
  readonly #name: string;
  readonly #child;
  readonly #ended: Promise<number | null>;
  output = '';

  constructor(name: string, args: readonly string[], input?: string | Buffer) {
    this.#name = [name, ...args].join(' ');
    this.#child = spawn(name, args, { stdio: 'pipe' });
    for (const stream of [this.#child.stdout, this.#child.stderr]) {
      stream.on('data', (text: Buffer) => { this.output += text.toString('latin1'); });
    }
    this.#ended = new Promise((resolve, reject) => {
      this.#child.on('error', reject);
      this.#child.on('close', resolve);
    });
    if (input !== undefined) this.#child.stdin.end(input);
  }

  async end(): Promise<Outcome> {
    const describe = (): string => `${this.#name} to end; it said ${this.output.slice(-500)}`;
    const code = await within(describe, this.#ended, PROGRAM_DEADLINE_MS);
    return { code, output: this.output };
  }

  async kill(): Promise<void> {
    this.#child.kill('SIGKILL');
    await this.#ended;
  }

  /** Waits until it has said something, and ends it. */
  async until(pattern: RegExp): Promise<string> {
    try {
      await eventually(`${this.#name} to say ${pattern}`, () => pattern.test(this.output));
    } finally {
      await this.kill();
    }
    return this.output;
  }

  /** Waits until it has said something, and lets it run. */
  async says(pattern: RegExp): Promise<void> {
    await eventually(`${this.#name} to say ${pattern}`, () => pattern.test(this.output));
  }
}
