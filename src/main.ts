#!/usr/bin/env node
/**
 * The command line: arguments in, signals and exit codes out.
 *
 * Exit codes: 0 after a clean stop; 1 when the server could not start (bad configuration, port in
 * use, directory locked or damaged) or could not stop cleanly; 70 after a bug.
 */

import { readFileSync } from 'node:fs';
import { parseCommandLine } from './config/command-line.ts';
import { helpText } from './config/help-text.ts';
import { describeConfigError, loadConfig, type ConfigSource } from './config/load-config.ts';
import type { Config } from './config/config.ts';
import { readIncluded } from './io/config-files.ts';
import { openLog, type LogOptions, type ServerLog } from './observe/log.ts';
import { createServerFromConfig, type DkvsServer } from './server.ts';
import { VERSION } from './version.ts';

const EXIT_FAILED = 1;
const EXIT_BUG = 70;

async function main(): Promise<void> {
  const line = parseCommandLine(process.argv.slice(2));
  if (line.kind === 'help') return print(helpText());
  if (line.kind === 'version') return print(`dkvs ${VERSION}\n`);
  if (line.kind === 'fault') return giveUp(line.message);
  const source = line.configFile === undefined ? undefined : readSource(line.configFile);
  const loaded = loadConfig(source, line.overrides, readIncluded);
  if (!loaded.ok) {
    return giveUp(loaded.errors.map(describeConfigError).join('\n'));
  }
  const log = openServerLog(loaded.config);
  for (const warning of loaded.warnings) log.log.warn(warning);
  await serve(loaded.config, log);
}

function readSource(path: string): ConfigSource {
  try {
    return { path, text: readFileSync(path, 'utf8') };
  } catch (error) {
    return giveUp(`cannot read the config file '${path}': ${messageOf(error)}`);
  }
}

function openServerLog(config: Config): ServerLog {
  const { loglevel, logfile } = config.values;
  const log = openLogOrGiveUp({
    level: loglevel,
    format: config.values['log-format'],
    file: logfile,
    isTerminal: process.stdout.isTTY === true,
  });
  config.onChange(['loglevel'], (values) => log.setLevel(values.loglevel));
  return log;
}

function openLogOrGiveUp(options: LogOptions): ServerLog {
  try {
    return openLog(options);
  } catch (error) {
    return giveUp(messageOf(error));
  }
}

async function serve(config: Config, log: ServerLog): Promise<void> {
  const server = createServerFromConfig(config, log.log);
  handleSignals(server, log);
  server.stopped.then(
    (code) => exit(log, code),
    (error: unknown) => {
      log.log.fatal({ error }, `stopped with an error: ${messageOf(error)}`);
      exit(log, EXIT_FAILED);
    },
  );
  try {
    await server.listen();
  } catch (error) {
    if (config.values.logfile !== '') log.log.fatal(`cannot start: ${messageOf(error)}`);
    log.close();
    giveUp(messageOf(error) + wayOnFrom(error));
  }
  print(server.banner());
}

/**
 * The first signal stops cleanly, a second one at once; what was acknowledged is safe either way.
 */
function handleSignals(server: DkvsServer, log: ServerLog): void {
  let isStopping = false;
  const stop = (signal: string): void => {
    if (isStopping) {
      log.log.warn(`${signal} again: stopping at once, without an index checkpoint`);
      exit(log, EXIT_FAILED);
    }
    isStopping = true;
    log.log.info(`${signal}: stopping`);
    void server.close();
  };
  process.on('SIGTERM', () => stop('SIGTERM'));
  process.on('SIGINT', () => stop('SIGINT'));
  process.on('SIGHUP', () => log.reopen());
  process.on('uncaughtException', (error) => {
    log.log.fatal({ error }, 'a bug; the log on disk is whole up to the last committed batch');
    exit(log, EXIT_BUG);
  });
}

function exit(log: ServerLog, code: number): never {
  log.log.info(code === 0 ? 'stopped' : `ended with exit code ${code}`);
  log.close();
  process.exit(code);
}

function print(text: string): void {
  process.stdout.write(text);
}

function giveUp(message: string): never {
  process.stderr.write(`dkvs: ${message}\n`);
  process.exit(EXIT_FAILED);
}

/** What a person can do about a directory that cannot be used. */
function wayOnFrom(error: unknown): string {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  if (code !== 'DAMAGED' && code !== 'MISSING') return '';
  return '\nnpm run inspect -- DIRECTORY lists all that is damaged; damaged-records in ' +
    'config/dkvs.conf says how to start without it';
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

await main();
