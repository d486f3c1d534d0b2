/** What --help prints: how to start, and every option that has an effect. */

import { findOption, optionNames } from './registry.ts';

const USAGE = `Usage: dkvs [config file] [--option value ...]

  dkvs                                   serve 127.0.0.1:6379, data in ./data
  dkvs --port 7379 --dir /some/dir       options as redis-server takes them
  dkvs dkvs.conf --appendfsync always    a config file first, then options that win over it
  dkvs --help | --version

Options (config/dkvs.conf explains each, with its price):
`;

const NAME_COLUMNS = 30;

export function helpText(): string {
  const lines: string[] = [];
  for (const name of optionNames()) {
    const entry = findOption(name);
    if (entry === undefined || !entry.hasEffect || entry.name !== name) continue;
    const { kind, summary } = entry.option;
    const standard = kind.format(entry.option.default);
    const shown = standard === '' ? '""' : standard;
    lines.push(`  --${name.padEnd(NAME_COLUMNS)}${summary} [${shown}]`);
  }
  return `${USAGE}${lines.join('\n')}\n`;
}
