/**
 * `npm run peers [-- <directory>]`: starts a server for each configuration file of a directory, by
 * default the three of config/peers, and says who leads them.
 *
 * Ctrl-C ends all. One that is killed, or told to shut down, leaves the others running: that is
 * what peers are for. One that fails, such as for a port that is taken, ends all.
 * Exit code 0: none failed. 1: one could not start, or failed. 2: there is nothing to start.
 */

import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describeConfigError, loadConfig } from '../config/load-config.ts';
import { splitAddress } from '../config/peer-list.ts';
import { findOwnPeer } from '../config/peer-settings.ts';
import { readIncluded } from '../io/config-files.ts';
import { ask, type AskedServer } from './ask.ts';
import { PeerProcesses, type PeerCommand, type PeerEnding } from './peer-processes.ts';

/** How often the launcher of peers asks who leads: a person hardly notices the delay. */
const ASK_LEADER_MS = 300;

const DIRECTORY = 'config/peers';
const MAIN = join(import.meta.dirname, '..', 'main.js');

interface LocalPeer extends PeerCommand {
  readonly server: AskedServer;
}

/** Throws an Error for people when a file cannot be used. */
function readPeers(dir: string): LocalPeer[] {
  const files = readdirSync(dir).filter((name) => name.endsWith('.conf')).sort();
  if (files.length === 0) throw new Error(`${dir} holds no configuration file`);
  return files.map((name) => readPeer(join(dir, name)));
}

function readPeer(path: string): LocalPeer {
  const source = { path, text: readFileSync(path, 'utf8') };
  const loaded = loadConfig(source, [], readIncluded);
  if (!loaded.ok) {
    throw new Error(loaded.errors.map(describeConfigError).join('\n'));
  }
  const { values } = loaded.config;
  const own = findOwnPeer(values);
  if (own === undefined) throw new Error(`${path} is of a server without peers`);
  const format = values['log-format'] === 'auto' ? ['--log-format', 'text'] : [];
  return {
    name: own.name,
    args: [MAIN, path, ...format],
    server: { ...splitAddress(own.clientAddress), password: values.requirepass },
  };
}

class Launcher {
  readonly #peers: readonly LocalPeer[];
  readonly #print: (line: string) => void;
  readonly #processes: PeerProcesses;
  readonly #done: (code: number) => void;
  #timer: NodeJS.Timeout | undefined;
  #leader = '';
  #isStopping = false;
  #exitCode = 0;

  constructor(
    peers: readonly LocalPeer[], print: (line: string) => void, done: (code: number) => void,
  ) {
    this.#peers = peers;
    this.#print = print;
    this.#done = done;
    this.#processes = new PeerProcesses(peers, print, (ending) => this.#onEnded(ending));
    this.#askSoon();
  }

  /** Ends all of them; when it was called before, at once. */
  stop(): void {
    this.#isStopping = true;
    this.#processes.signal('SIGTERM');
  }

  #onEnded({ name, code, signal }: PeerEnding): void {
    const how = signal === null ? `with code ${code}` : `by ${signal}`;
    this.#print(`${name} has ended ${how}`);
    if (signal === null && code !== 0) this.#exitCode = 1;
    if (this.#processes.running.length === 0) {
      clearTimeout(this.#timer);
      return this.#done(this.#exitCode);
    }
    if (this.#exitCode === 0 || this.#isStopping) return;
    this.#print(`ending ${this.#processes.running.join(', ')} too`);
    this.stop();
  }

  #askSoon(): void {
    this.#timer = setTimeout(() => {
      void this.#askLeader().then(() => {
        if (this.#processes.running.length > 0) this.#askSoon();
      });
    }, ASK_LEADER_MS);
  }

  async #askLeader(): Promise<void> {
    const { running } = this.#processes;
    const asked = this.#peers.filter(({ name }) => running.includes(name));
    const answers = await Promise.all(asked.map(({ server }) => ask(server, ['PEERS', 'LEADER'])));
    const known = answers.filter((answer) => answer !== undefined);
    if (known.length === 0 || this.#isStopping) return;
    const [leader = '', address = ''] = known.find(({ length }) => length > 0) ?? [];
    if (leader === this.#leader) return;
    this.#leader = leader;
    if (leader === '') this.#print('nobody leads: no majority is there');
    else this.#print(`${leader} leads, at ${address}; any of them takes commands`);
  }
}

async function main([dir = DIRECTORY]: readonly string[]): Promise<number> {
  const print = (line: string): void => void process.stdout.write(`${line}\n`);
  let peers: readonly LocalPeer[];
  try {
    peers = readPeers(dir);
  } catch (error) {
    print(`cannot start peers: ${error instanceof Error ? error.message : String(error)}`);
    return 2;
  }
  return new Promise((resolve) => {
    const launcher = new Launcher(peers, print, resolve);
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
      process.on(signal, () => launcher.stop());
    }
  });
}

if (import.meta.filename === process.argv[1]) {
  process.exitCode = await main(process.argv.slice(2));
}
