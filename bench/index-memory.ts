/**
 * RAM of the key index in a running server: the growth of the process over many keys of 40 bytes,
 * everything included that grows with them, and the longest pause of its event loop meanwhile.
 *
 * In-memory tail and read cache are kept small, because they are a budget, not a cost of a key;
 * what they hold at the end is taken off and printed. Redis, which keeps values in RAM too, is
 * printed beside.
 */

import { type BenchOptions, verdict } from './lib/bench.ts';
import { fill } from './lib/fill.ts';
import { readLoopPauses } from './lib/loop-probe.ts';
import { describeMachine } from './lib/machine.ts';
import { numberOf, readInfo, readRssBytes, readSettledRssBytes } from './lib/server-facts.ts';
import { hasCommand, type RunningServer, startProbedDkvs, startRedis } from './lib/servers.ts';
import { SetCommands } from './lib/set-commands.ts';
import { formatTable } from './lib/table.ts';

export interface IndexMemoryResult {
  /** Growth of the process without tail and cache, over the number of keys. */
  readonly bytesPerKey: number;
  /** By the account of the index itself, memory that no key has taken yet included. */
  readonly ownBytesPerKey: number;
  readonly pauseMaxMs: number;
}

const KEYS = 20_000_000;
const SMOKE_KEYS = 50_000;
const SHAPE = { keyBytesMin: 40, keyBytesMax: 40, valueBytes: 8 };
/**
 * Loaded and settled before the count begins: buffers and compiled code come with the first keys.
 */
const WARM_UP_SHARE = 1 / 100;
/**
 * Few, so that a turn of the event loop is short and a pause is the index's: the default lets a
 * server find megabytes of commands at once.
 */
const UNANSWERED_MAX = 256;
const SMALL_BYTES = 1024 * 1024;
const BYTES_TARGET = 20;
const PAUSE_TARGET_MS = 20;

export async function runIndexMemory(options: BenchOptions): Promise<IndexMemoryResult> {
  const { print, smoke, only = '', keys = smoke ? SMOKE_KEYS : KEYS } = options;
  const commands = new SetCommands(SHAPE);
  print(`machine: ${describeMachine()}`);
  print(`${keys} keys of ${SHAPE.keyBytesMin} bytes, values of ${SHAPE.valueBytes} bytes`);
  const result = await measureDkvs(commands, keys, options);
  if ('redis'.includes(only) && hasCommand('redis-server')) {
    await measureRedis(commands, keys, print);
  }
  return result;
}

async function measureDkvs(commands: SetCommands, keys: number, options: BenchOptions):
Promise<IndexMemoryResult> {
  const args = ['--hot-tail-bytes', '--read-cache-bytes']
    .flatMap((name) => [name, `${SMALL_BYTES}`]);
  const server = await startProbedDkvs('no', args);
  try {
    const before = await fillPart(server, commands, Math.ceil(keys * WARM_UP_SHARE));
    await readLoopPauses(server.child);
    const { perSecond } = await fill(
      server.port, commands, keys, { unansweredMax: UNANSWERED_MAX });
    const pauses = await readLoopPauses(server.child);
    const after = await readMemory(server);
    const counted = keys - Math.ceil(keys * WARM_UP_SHARE);
    const grown = (of: (memory: Memory) => number): number => (of(after) - of(before)) / counted;
    const bytesPerKey = grown(({ rss, bounded }) => rss - bounded);
    const usedPerKey = grown(({ used, bounded }) => used - bounded);
    const ownBytesPerKey = after.index / keys;
    options.print(formatTable(['dkvs', 'figure', 'target', ''], [
      ['bytes a key, growth of the process', bytesPerKey.toFixed(1), `${BYTES_TARGET}`,
        verdict(bytesPerKey <= BYTES_TARGET, options)],
      ['bytes a key, growth of used_memory', usedPerKey.toFixed(1), '', ''],
      ['bytes a key, account of the index', ownBytesPerKey.toFixed(1), '', ''],
      ['longest pause while growing, ms', pauses.maxMs.toFixed(1), `${PAUSE_TARGET_MS}`,
        verdict(pauses.maxMs <= PAUSE_TARGET_MS, options)],
      ['pause p99, ms', pauses.p99Ms.toFixed(1), '', ''],
      ['SETs a second', `${Math.round(perSecond)}`, '', ''],
    ]));
    return { bytesPerKey, ownBytesPerKey, pauseMaxMs: pauses.maxMs };
  } finally {
    await server.stop();
  }
}

interface Memory {
  readonly rss: number;
  /** In the hands of the program: what RSS has beyond that is free memory not given back. */
  readonly used: number;
  readonly index: number;
  /** What is bounded by configuration instead of growing with the keys. */
  readonly bounded: number;
}

async function fillPart(server: RunningServer, commands: SetCommands, keys: number):
Promise<Memory> {
  await fill(server.port, commands, keys, { unansweredMax: UNANSWERED_MAX });
  return readMemory(server);
}

async function readMemory({ port }: RunningServer): Promise<Memory> {
  const rss = await readSettledRssBytes(port);
  const info = await readInfo(port);
  const bounded = numberOf(info, 'hot_tail_bytes') + numberOf(info, 'read_cache_bytes');
  const used = numberOf(info, 'used_memory');
  return { rss, used, index: numberOf(info, 'index_bytes'), bounded };
}

async function measureRedis(commands: SetCommands, keys: number, print: (line: string) => void):
Promise<void> {
  const server = await startRedis('no', ['--appendonly', 'no']);
  try {
    const before = await readRssBytes(server.port);
    await fill(server.port, commands, keys);
    const after = await readSettledRssBytes(server.port);
    print(`redis, value included: ${((after - before) / keys).toFixed(1)} bytes a key`);
  } finally {
    await server.stop();
  }
}
