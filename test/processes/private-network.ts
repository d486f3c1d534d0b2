/**
 * Hosts in Linux network namespaces of their own, to cut real processes from each other.
 *
 *     host 0 10.77.0.2 ----.
 *     host 1 10.77.1.2 ----+---- router, which forwards from each host to each other
 *     host 2 10.77.2.2 ----'
 *
 * The router is a namespace too: the network of this machine gets no address, route or device.
 * Clients outside reach a server by its Unix socket, which lies in the file system, so they reach
 * it whatever is cut.
 *
 * A cut is one direction: the router drops what one host sends to another, on connections that
 * stand as well. Nobody is told, as with a pulled cable. A blackhole route on the sender was
 * rejected, because its sockets would fail at once, and so was a filter on the receiver, which the
 * kernel passes by for connections that stand (early demultiplexing).
 *
 * `remove` takes everything away, processes on the hosts too; what a killed test left goes when the
 * next network is made.
 * Needs Linux, root and iproute2: ask `whyNoNetwork` first, and skip visibly.
 */

import { spawnSync } from 'node:child_process';

const PREFIX = 'dkvs-test';

/** Of the rules that drop: before those that look up routes. */
const CUT_PREFERENCE = 100;

/** Packets go through, and are not refused for a way back that is cut. */
const ROUTER_SETTINGS = [
  'echo 1 > /proc/sys/net/ipv4/ip_forward',
  'echo 0 > /proc/sys/net/ipv4/conf/all/rp_filter',
  'echo 0 > /proc/sys/net/ipv4/conf/default/rp_filter',
].join(' && ');

let networksMade = 0;

export class PrivateNetwork {
  readonly #name = `${PREFIX}-${process.pid}-${++networksMade}`;
  readonly #hosts: readonly number[];
  readonly #made: string[] = [];
  /** Rules of the router, as `ip` takes them. */
  readonly #cuts = new Set<string>();
  readonly #onExit = (): void => this.remove();

  private constructor(hosts: number) {
    this.#hosts = Array.from({ length: hosts }, (_, i) => i);
  }

  /** All hosts reach each other. Throws what `ip` says. */
  static create(hosts: number): PrivateNetwork {
    removeLeftOvers();
    const network = new PrivateNetwork(hosts);
    process.once('exit', network.#onExit);
    try {
      network.#build();
    } catch (error) {
      network.remove();
      throw error;
    }
    return network;
  }

  get hosts(): readonly number[] {
    return this.#hosts;
  }

  address(host: number): string {
    return `10.77.${host}.2`;
  }

  /** What to put before a program so that it runs on that host; it keeps the pid. */
  wrapper(host: number): readonly string[] {
    return ['ip', 'netns', 'exec', this.#nameOf(host)];
  }

  /** What `from` sends no longer reaches `to`; the other way stays open. */
  drop(from: number, to: number): void {
    this.#dropAll([[from, to]]);
  }

  /** Nobody of the one side reaches anybody of the other, both ways. */
  cut(one: readonly number[], other: readonly number[]): void {
    this.#dropAll(one.flatMap((i) => other.flatMap((j) => [[i, j], [j, i]] as const)));
  }

  /** `hosts` reach each other, and nobody else. */
  isolate(hosts: readonly number[]): void {
    this.cut(hosts, this.#others(hosts));
  }

  /** What the others send does not reach `hosts`. */
  deafen(hosts: readonly number[]): void {
    this.#dropAll(hosts.flatMap((to) => this.#others(hosts).map((from) => [from, to] as const)));
  }

  /** What `hosts` send does not reach the others. */
  mute(hosts: readonly number[]): void {
    this.#dropAll(hosts.flatMap((from) => this.#others(hosts).map((to) => [from, to] as const)));
  }

  /** All hosts reach each other again. */
  heal(): void {
    this.#batch(this.#router, [...this.#cuts].map((rule) => `rule del ${rule}`));
    this.#cuts.clear();
  }

  remove(): void {
    process.removeListener('exit', this.#onExit);
    for (const name of this.#made.splice(0)) removeNamespace(name);
  }

  get #router(): string {
    return `${this.#name}-router`;
  }

  #nameOf(host: number): string {
    return `${this.#name}-${host}`;
  }

  #others(hosts: readonly number[]): readonly number[] {
    return this.#hosts.filter((host) => !hosts.includes(host));
  }

  #build(): void {
    this.#add(this.#router);
    run(['ip', 'netns', 'exec', this.#router, 'sh', '-c', ROUTER_SETTINGS]);
    for (const host of this.#hosts) this.#connect(host);
  }

  #connect(host: number): void {
    const name = this.#nameOf(host);
    this.#add(name);
    this.#batch(this.#router, [
      `link add to${host} type veth peer name out netns ${name}`,
      `addr add 10.77.${host}.1/24 dev to${host}`,
      `link set to${host} up`,
    ]);
    this.#batch(name, [
      'link set lo up',
      `addr add ${this.address(host)}/24 dev out`,
      'link set out up',
      `route add default via 10.77.${host}.1`,
    ]);
  }

  #add(name: string): void {
    ip('netns', 'add', name);
    this.#made.push(name);
  }

  #dropAll(pairs: readonly (readonly [from: number, to: number])[]): void {
    const rules = pairs.map(([from, to]) => {
      return `from ${this.address(from)} to ${this.address(to)} preference ${CUT_PREFERENCE} ` +
        'blackhole';
    }).filter((rule) => !this.#cuts.has(rule));
    this.#batch(this.#router, rules.map((rule) => `rule add ${rule}`));
    for (const rule of rules) this.#cuts.add(rule);
  }

  #batch(name: string, lines: readonly string[]): void {
    if (lines.length > 0) run(['ip', '-n', name, '-batch', '-'], `${lines.join('\n')}\n`);
  }
}

/** Undefined when networks can be made here; else what is in the way. */
export function whyNoNetwork(): string | undefined {
  try {
    const network = PrivateNetwork.create(2);
    try {
      network.drop(0, 1);
    } finally {
      network.remove();
    }
    return undefined;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

/** Of this machine, whoever made them. */
export function namespaceNames(): string[] {
  return ip('netns', 'list').split('\n').map((line) => line.split(' ')[0]!).filter(Boolean);
}

/** Namespaces that tests made whose process is gone: it was killed before it could tidy up. */
function removeLeftOvers(): void {
  for (const name of namespaceNames()) {
    const [, pid] = new RegExp(`^${PREFIX}-(\\d+)-`).exec(name) ?? [];
    if (pid !== undefined && !isAlive(Number(pid))) removeNamespace(name);
  }
}

/** With the processes in it. Quietly does nothing when another test was quicker. */
function removeNamespace(name: string): void {
  const { stdout } = spawnSync('ip', ['netns', 'pids', name], { encoding: 'utf8' });
  for (const pid of stdout.split('\n').filter(Boolean)) kill(Number(pid), 'SIGKILL');
  spawnSync('ip', ['netns', 'del', name]);
}

function isAlive(pid: number): boolean {
  return kill(pid, 0);
}

/** False when there is no such process. */
function kill(pid: number, signal: NodeJS.Signals | 0): boolean {
  try {
    return process.kill(pid, signal);
  } catch {
    return false;
  }
}

function ip(...args: readonly string[]): string {
  return run(['ip', ...args]);
}

function run([program = '', ...args]: readonly string[], input = ''): string {
  const { status, stdout, stderr, error } = spawnSync(program, args, { input, encoding: 'utf8' });
  if (error !== undefined) throw new Error(`${program} cannot be run: ${error.message}`);
  if (status !== 0) throw new Error(`${[program, ...args].join(' ')}: ${stderr.trim()}`);
  return stdout;
}
