/**
 * Runs one bench; without a name, lists them. Exit code 0 when it ran (whether its targets were met
 * is in its words), 1 when it failed, 2 for a wrong command line or a program that is not
 * installed.
 */

import { BENCHES } from './catalog.ts';
import { parseArguments, USAGE } from './lib/arguments.ts';
import { hasCommand } from './lib/servers.ts';

const EXIT_USAGE = 2;

async function main(): Promise<number> {
  const parsed = parseArguments(process.argv.slice(2));
  if (!parsed.ok) return refuse(parsed.message);
  const { name, ...options } = parsed.arguments;
  if (name === '') {
    listBenches();
    return 0;
  }
  const bench = BENCHES.find((each) => each.name === name);
  if (bench === undefined) {
    const names = BENCHES.map((each) => each.name).join(', ');
    return refuse(`no bench is called '${name}'; there are ${names}`);
  }
  const missing = bench.needs.filter((program) => !hasCommand(program));
  if (missing.length > 0) {
    return refuse(`${name} needs ${missing.join(' and ')}, which Debian's package redis installs`);
  }
  await bench.run({ ...options, print });
  return 0;
}

function listBenches(): void {
  const width = Math.max(...BENCHES.map(({ name }) => name.length));
  print(`usage: ${USAGE}`);
  for (const { name, summary } of BENCHES) print(`  ${name.padEnd(width)}  ${summary}`);
}

function print(line: string): void {
  process.stdout.write(`${line}\n`);
}

function refuse(message: string): number {
  process.stderr.write(`${message}\n`);
  return EXIT_USAGE;
}

process.exitCode = await main();
