/** CONFIG's side of the configuration: patterns as clients send them, and the file to rewrite. */

import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import type { ConfigPort } from '../commands/server-port.ts';
import type { Config } from '../config/config.ts';
import { compileGlob } from '../lib/glob.ts';

export class ServerConfigPort implements ConfigPort {
  readonly #config: Config;

  constructor(config: Config) {
    this.#config = config;
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
    return outcome.ok ? undefined : outcome.message;
  }

  /** Replaces the file in one step, so that a crash leaves the old one or the new one. */
  rewrite(): string | undefined {
    const { file } = this.#config;
    if (file === undefined) return 'The server is running without a config file';
    try {
      const text = this.#config.rewrite(readFileSync(file, 'utf8'));
      writeFileSync(`${file}.tmp`, text, { mode: 0o600 });
      renameSync(`${file}.tmp`, file);
      return undefined;
    } catch (error) {
      return `Rewriting config file: ${error instanceof Error ? error.message : String(error)}`;
    }
  }
}
