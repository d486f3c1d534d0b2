import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { setTimeout as delay } from 'node:timers/promises';
import { afterEach, describe, expect, it } from 'vitest';
import { eventually } from '../wire/eventually.ts';
import { namespaceNames, PrivateNetwork, whyNoNetwork } from './private-network.ts';

const PORT = 4000;

/** One end of a connection: sends its input, and prints what it hears. */
const SPEAK = `
  process.stdin.on('data', (bytes) => socket.write(bytes));
  socket.on('data', (bytes) => process.stdout.write(bytes));
  socket.on('close', () => process.stdout.write('closed'));
  process.stdout.write('connected');`;
const LISTENER = `
  require('net').createServer((socket) => {${SPEAK}}).listen(${PORT}, '10.77.0.2',
    () => process.stdout.write('listening'));`;
const DIALLER = `const socket = require('net').connect(${PORT}, '10.77.0.2', () => {${SPEAK}});`;

/** Long enough for many packets. */
const SILENCE_MS = 300;

const reason = whyNoNetwork();

let network: PrivateNetwork;
let ends: End[] = [];

/** A process of Node on a host. */
class End {
  readonly #child: ChildProcess;
  heard = '';

  constructor(host: number, script: string) {
    const [program = '', ...args] = [...network.wrapper(host), process.execPath, '-e', script];
    this.#child = spawn(program, args, { stdio: ['pipe', 'pipe', 'inherit'] });
    this.#child.stdout!.on('data', (bytes: Buffer) => { this.heard += bytes.toString(); });
    ends.push(this);
  }

  say(text: string): void {
    this.#child.stdin!.write(text);
  }

  hears(text: string): Promise<boolean> {
    return eventually(() => `'${text}', heard is '${this.heard}'`, () => this.heard.includes(text));
  }

  stop(): void {
    this.#child.kill('SIGKILL');
  }
}

/** A connection from host 1 to host 0. */
async function connected(): Promise<[listener: End, dialler: End]> {
  const listener = new End(0, LISTENER);
  await listener.hears('listening');
  const dialler = new End(1, DIALLER);
  await Promise.all([listener.hears('connected'), dialler.hears('connected')]);
  return [listener, dialler];
}

afterEach(() => {
  for (const end of ends) end.stop();
  ends = [];
  network.remove();
});

const title = 'a private network' + (reason === undefined ? '' : ` (skipped: ${reason})`);

describe.skipIf(reason !== undefined)(title, () => {
  it('cuts a connection that stands, one way, in silence, until it is healed', async () => {
    network = PrivateNetwork.create(3);
    const [listener, dialler] = await connected();
    network.drop(1, 0);
    dialler.say('lost for now');
    listener.say('one way is open');
    await dialler.hears('one way is open');
    await delay(SILENCE_MS);
    expect(listener.heard).not.toContain('lost');
    network.heal();
    // By the same connection: neither end was told of anything.
    await listener.hears('lost for now');
    expect(listener.heard + dialler.heard).not.toContain('closed');
  });

  it('cuts hosts from others, and leaves those of one side together', async () => {
    network = PrivateNetwork.create(3);
    const [listener, dialler] = await connected();
    network.isolate([0, 1]);
    listener.say('still together');
    await dialler.hears('still together');
    network.heal();
    network.isolate([0]);
    for (const end of [listener, dialler]) end.say('unheard');
    await delay(SILENCE_MS);
    expect(listener.heard + dialler.heard).not.toContain('unheard');
  });

  it('leaves the network of this machine as it was, and nothing behind', () => {
    const links = (): string => spawnSync('ip', ['-o', 'link'], { encoding: 'utf8' }).stdout;
    const routes = (): string => spawnSync('ip', ['route'], { encoding: 'utf8' }).stdout;
    const mark = `-${process.pid}-`;
    const own = (): string[] => namespaceNames().filter((name) => name.includes(mark));
    const before = links() + routes();
    network = PrivateNetwork.create(5);
    expect(own()).toHaveLength(6);
    expect(links() + routes()).toBe(before);
    network.remove();
    expect(own()).toEqual([]);
  });

  it('takes away what a test left that was killed, processes too', async () => {
    const { pid } = spawnSync('true');
    const leftOver = `dkvs-test-${pid}-1-0`;
    spawnSync('ip', ['netns', 'add', leftOver]);
    const process = spawn('ip', ['netns', 'exec', leftOver, 'sh', '-c', 'echo there; exec cat']);
    await new Promise((resolve) => void process.stdout.once('data', resolve));
    const ended = new Promise((resolve) => void process.once('exit', (_, how) => resolve(how)));
    network = PrivateNetwork.create(1);
    expect(namespaceNames()).not.toContain(leftOver);
    expect(await ended).toBe('SIGKILL');
  });
});
