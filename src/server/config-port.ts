/** CONFIG's side of the configuration: patterns as clients send them, and the file to rewrite. */

import { readFileSync } from 'node:fs';
import type { ConfigPort } from '../commands/server-port.ts';
import type { Config } from '../config/config.ts';
import { replaceConfigFile } from '../io/config-files.ts';
import { compileGlob } from '../lib/glob.ts';

export class ServerConfigPort implements ConfigPort {
  readonly #config: Config;
  readonly #onNote: (note: string) => void;

  /** `onNote` is given a line for the log when a value was brought within its bounds. */
  constructor(config: Config, onNote: (note: string) => void = () => {}) {
    this.#config = config;
    this.#onNote = onNote;
  }

  match(pattern: Buffer): readonly (readonly [string, string])[] {
    const matches = compileGlob(Buffer.from(pattern.toString('latin1').toLowerCase(), 'latin1'));
    return this.#config.get((name) => matches(Buffer.from(name), 0, name.length));
  }

  get(name: string): string | undefined {
    return this.#config.get((known) => known === name)[0]?.[1];
  }

  set(pairs: readonly (readonly [string, string])[]): string | undefined {
    const outcome = this.#config.set(pairs);
    if (!outcome.ok) return outcome.message;
    for (const note of outcome.notes ?? []) this.#onNote(note);
    return undefined;
  }

  rewrite(): string | undefined {
    const { file } = this.#config;
    if (file === undefined) return 'The server is running without a config file';
    try {
      replaceConfigFile(file, this.#config.rewrite(readFileSync(file, 'utf8')));
      return undefined;
    } catch (error) {
      return `Rewriting config file: ${error instanceof Error ? error.message : String(error)}`;
    }
  }
}
