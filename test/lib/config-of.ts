/** A configuration of options by their names, with values as one would write them in a file. */

import type { Config } from '../../src/config/config.ts';
import { loadConfig } from '../../src/config/load-config.ts';

export type Options = Readonly<Record<string, string | number | boolean | readonly string[]>>;

export function configOf(options: Options): Config {
  const loaded = loadConfig(undefined, Object.entries(options).map(([name, value], i) => {
    return { line: i + 1, name, words: wordsOf(value) };
  }));
  if (!loaded.ok) throw new Error(loaded.errors.map(({ reason }) => reason).join('\n'));
  return loaded.config;
}

function wordsOf(value: Options[string]): string[] {
  if (typeof value === 'boolean') return [value ? 'yes' : 'no'];
  return typeof value === 'object' ? [...value] : [`${value}`];
}
