/**
 * What one huge hash costs everybody else: the longest time for which the event loop stands still
 * while it is filled, while all of its fields are set again (so that its base is written anew), and
 * while it is read back from disk for one HGET after a restart; and the longest that a PING takes
 * meanwhile.
 *
 * A pause has everything in it that a server does in one turn: the commands of one chunk, a commit,
 * a slice of a load, and the garbage collector.
 */

import { setTimeout as delay } from 'node:timers/promises';
import { Redis } from 'ioredis';
import { type BenchOptions, verdict } from './lib/bench.ts';
import { fillCommands } from './lib/fill-commands.ts';
import { readLoopPauses } from './lib/loop-probe.ts';
import { describeMachine } from './lib/machine.ts';
import { type RunningServer, startProbedDkvs } from './lib/servers.ts';
import { formatTable } from './lib/table.ts';

export interface HugeHashResult {
  readonly pauseMaxMs: number;
}

interface Phase {
  readonly name: string;
  readonly seconds: number;
  readonly pauseMaxMs: number;
  readonly pauseP99Ms: number;
  readonly pingMaxMs: number;
}

const FIELDS = 1_000_000;
const SMOKE_FIELDS = 20_000;
const PAUSE_TARGET_MS = 20;
const KEY = 'huge';

export async function runHugeHash(options: BenchOptions): Promise<HugeHashResult> {
  const { print, smoke, keys: fields = smoke ? SMOKE_FIELDS : FIELDS } = options;
  print(`machine: ${describeMachine()}`);
  print(`one hash of ${fields} fields, one connection that sets them and one that pings`);
  let server = await startProbedDkvs('everysec');
  try {
    const phases = [
      await measure('filled', server, () => fill(server.port, fields, 'value')),
      await measure('all set again', server, () => fill(server.port, fields, 'other')),
    ];
    await server.stop(true);
    server = await startProbedDkvs('everysec', [], server.dir);
    phases.push(await measure('HGET after a restart', server, () =>
      readField(server.port, `field:${fields - 1}`, `other:${fields - 1}`)));
    return report(phases, options);
  } finally {
    await server.stop();
  }
}

function fill(port: number, fields: number, prefix: string): Promise<void> {
  return fillCommands(port, fields, (n) => ['HSET', KEY, `field:${n}`, `${prefix}:${n}`]);
}

async function measure(name: string, server: RunningServer, work: () => Promise<void>):
Promise<Phase> {
  const pinger = new Pinger(server.port);
  await pinger.warmUp();
  await readLoopPauses(server.child);
  const startedAt = performance.now();
  const pinging = pinger.run();
  await work();
  const seconds = (performance.now() - startedAt) / 1000;
  const pauses = await readLoopPauses(server.child);
  pinger.stop();
  await pinging;
  return {
    name, seconds, pauseMaxMs: pauses.maxMs, pauseP99Ms: pauses.p99Ms, pingMaxMs: pinger.maxMs,
  };
}

async function readField(port: number, field: string, wanted: string): Promise<void> {
  const client = new Redis({ port, host: '127.0.0.1' });
  try {
    const value = await client.hget(KEY, field);
    if (value !== wanted) throw new Error(`${field} is ${value}, expected ${wanted}`);
  } finally {
    client.disconnect();
  }
}

/** Pings every other millisecond and notes the slowest answer. */
class Pinger {
  maxMs = 0;
  readonly #client: Redis;
  #isStopped = false;

  constructor(port: number) {
    this.#client = new Redis({ port, host: '127.0.0.1' });
  }

  async warmUp(): Promise<void> {
    for (let i = 0; i < 100; i++) await this.#client.ping();
  }

  async run(): Promise<void> {
    while (!this.#isStopped) {
      const startedAt = performance.now();
      await this.#client.ping();
      this.maxMs = Math.max(this.maxMs, performance.now() - startedAt);
      await delay(2);
    }
    this.#client.disconnect();
  }

  stop(): void {
    this.#isStopped = true;
  }
}

function report(phases: readonly Phase[], options: BenchOptions): HugeHashResult {
  const { print } = options;
  print(formatTable(['', 'seconds', 'pause max, ms', 'pause p99, ms', 'PING max, ms'],
    phases.map(({ name, seconds, pauseMaxMs, pauseP99Ms, pingMaxMs }) =>
      [name, ...[seconds, pauseMaxMs, pauseP99Ms, pingMaxMs].map((n) => n.toFixed(1))])));
  const pauseMaxMs = Math.max(...phases.map((phase) => phase.pauseMaxMs));
  print(`longest pause ${pauseMaxMs.toFixed(1)} ms (target at most ${PAUSE_TARGET_MS}, ` +
    `${verdict(pauseMaxMs <= PAUSE_TARGET_MS, options)})`);
  return { pauseMaxMs };
}
