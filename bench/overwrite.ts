/**
 * Overwrites five times the dataset, uniformly, straight through the store, with compaction and
 * without it: write amplification, disk against live bytes, SET latency and the longest pause.
 *
 * Writes arrive at a fixed rate, the same in both runs, and a write's latency counts from when it
 * was due: a stall of the main thread delays everything that was due during it, as it would for
 * clients.
 *
 * Run: node dist/bench/overwrite.js [keys] [value bytes] [disk ratio]
 */

import { mkdtemp, readFile, readdir, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { NodeClock } from '../src/io/node-clock.ts';
import { NodeFiles } from '../src/io/node-files.ts';
import { NodeRandomSource } from '../src/io/node-random-source.ts';
import { COLD, NEED_KEY } from '../src/keyspace/storage.ts';
import type { KeyToLoad } from '../src/keyspace/storage.ts';
import { ByteRange } from '../src/lib/byte-range.ts';
import { Random } from '../src/lib/random.ts';
import { COMPACTION_DISK_RATIO_MAX } from '../src/config/options.ts';
import { COMPACTION_TICK_MS } from '../src/store/limits.ts';
import { Compactor } from '../src/store/compaction/compactor.ts';
import { ThreadCopier } from '../src/store/compaction/thread-copier.ts';
import { entryBytes } from '../src/store/format/data-entry.ts';
import type { HintMaker } from '../src/store/hints/hint-maker.ts';
import { HintThread } from '../src/store/hints/hint-thread.ts';
import { openStore } from '../src/store/open-store.ts';
import type { Store } from '../src/store/store.ts';
import { describeMachine } from './lib/machine.ts';
import { formatTable } from './lib/table.ts';

export interface OverwriteOptions {
  readonly smoke?: boolean;
  readonly keys?: number;
  readonly valueBytes?: number;
  /** What the compactor is told (`compaction-disk-ratio`). */
  readonly diskRatio?: number;
  readonly print?: (line: string) => void;
}

export interface OverwriteResult {
  /** Bytes that the process wrote per byte of records, hints and manifests included. */
  readonly amplification: number;
  /** Parts of it: what the log took (records and frame headers), copies with their hints. */
  readonly logAmplification: number;
  readonly copyAmplification: number;
  /** Most bytes of all files over live bytes, and the hints among them. */
  readonly diskRatioMax: number;
  readonly hintRatioMax: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly p999Ms: number;
  /** The longest time between two turns of the event loop. */
  readonly pauseMs: number;
  readonly rounds: number;
}

export interface OverwriteComparison {
  readonly with: OverwriteResult;
  readonly without: OverwriteResult;
}

const MiB = 1024 * 1024;
const KEYS = 200_000;
const SMOKE_KEYS = 8000;
const VALUE_BYTES = 256;
const KEY_BYTES = 16;
const OVERWRITES = 5;
const SPACE = 1;
/** Segments that the dataset fills, so that a small bench behaves like a large database. */
const SEGMENTS = 24;
/** A load that one core serves easily: latency under overload measures the length of the bench. */
const WRITES_PER_MS = 20;
const WRITES_PER_TURN_MAX = 512;

interface Setting {
  readonly keys: number;
  readonly valueBytes: number;
  readonly segmentBytes: number;
  readonly diskRatio: number;
}

export async function run(options: OverwriteOptions = {}): Promise<OverwriteComparison> {
  const print = options.print ?? ((line: string) => process.stdout.write(`${line}\n`));
  const keys = options.keys ?? (options.smoke === true ? SMOKE_KEYS : KEYS);
  const valueBytes = options.valueBytes ?? VALUE_BYTES;
  const dataset = keys * recordBytes(valueBytes);
  const setting = {
    keys, valueBytes, segmentBytes: Math.max(MiB, Math.ceil(dataset / SEGMENTS)),
    diskRatio: options.diskRatio ?? COMPACTION_DISK_RATIO_MAX,
  };
  print(`overwrite: ${keys} keys of ${valueBytes} bytes, ${(dataset / MiB).toFixed(1)} MiB of ` +
    `records, segments of ${(setting.segmentBytes / MiB).toFixed(1)} MiB, ${OVERWRITES} times the ` +
    `dataset at ${WRITES_PER_MS * 1000} writes a second, compaction-disk-ratio ` +
    String(setting.diskRatio));
  print(describeMachine());
  const without = await inTemporaryFolder((dir) => measure(dir, setting, false));
  const compacted = await inTemporaryFolder((dir) => measure(dir, setting, true));
  print(table(without, compacted));
  return { with: compacted, without };
}

function table(without: OverwriteResult, compacted: OverwriteResult): string {
  const row = (name: string, pick: (result: OverwriteResult) => string): string[] => (
    [name, pick(without), pick(compacted)]
  );
  return formatTable(['', 'without', 'with compaction'], [
    row('bytes written per byte', ({ amplification }) => amplification.toFixed(2)),
    row('  of it the log', ({ logAmplification }) => logAmplification.toFixed(2)),
    row('  of it copies', ({ copyAmplification }) => copyAmplification.toFixed(2)),
    row('disk / live, highest', ({ diskRatioMax }) => diskRatioMax.toFixed(2)),
    row('  of it hints', ({ hintRatioMax }) => hintRatioMax.toFixed(3)),
    row('SET p50 ms', ({ p50Ms }) => p50Ms.toFixed(2)),
    row('SET p99 ms', ({ p99Ms }) => p99Ms.toFixed(2)),
    row('SET p99.9 ms', ({ p999Ms }) => p999Ms.toFixed(2)),
    row('longest pause ms', ({ pauseMs }) => pauseMs.toFixed(1)),
    row('rounds', ({ rounds }) => String(rounds)),
  ]);
}

async function inTemporaryFolder<T>(body: (dir: string) => Promise<T>): Promise<T> {
  const dir = await mkdtemp(join(tmpdir(), 'dkvs-overwrite-'));
  try {
    return await body(dir);
  } finally {
    await rm(dir, { recursive: true, force: true, maxRetries: 10 });
  }
}

async function measure(
  dir: string, setting: Setting, compacts: boolean,
): Promise<OverwriteResult> {
  const hints = new HintThread();
  const store = await openBenchStore(dir, setting, hints);
  const compactor = compacts ? compactorFor(store, setting.diskRatio) : null;
  const writer = new Writer(store, setting);
  await writer.load();
  const disk = new DiskWatch(dir, setting.keys * recordBytes(setting.valueBytes));
  const written = await bytesWritten();
  const appended = store.compaction.appendedBytes();
  const timer = setInterval(() => {
    void compactor?.tick();
    void disk.look();
  }, COMPACTION_TICK_MS);
  const latencies = await writer.overwrite(setting.keys * OVERWRITES);
  await compactor?.tick();
  clearInterval(timer);
  await disk.look();
  const bytes = await bytesWritten() - written;
  const logBytes = store.compaction.appendedBytes() - appended;
  const copiedBytes = compactor?.status().writtenBytes ?? 0;
  const rounds = compactor?.status().rounds ?? 0;
  const failure = compactor?.status().lastError ?? null;
  await compactor?.stop();
  await store.close();
  await hints.close();
  if (failure !== null) throw new Error(`the compactor failed: ${failure}`);
  const userBytes = setting.keys * OVERWRITES * recordBytes(setting.valueBytes);
  return {
    amplification: bytes / userBytes,
    logAmplification: logBytes / userBytes,
    copyAmplification: copiedBytes / userBytes,
    diskRatioMax: disk.ratioMax,
    hintRatioMax: disk.hintRatioMax,
    ...latencies,
    rounds,
  };
}

function openBenchStore(dir: string, { segmentBytes }: Setting, hints: HintMaker): Promise<Store> {
  return openStore({
    files: new NodeFiles(),
    clock: new NodeClock(),
    randomSource: new NodeRandomSource(),
    dir,
    hints,
    options: {
      segmentBytes, hotTailBytes: 32 * MiB, memoryBytes: 1024 * MiB, readCacheBytes: 64 * MiB,
      appendfsync: 'everysec', diskReserveBytes: 0, damagedRecords: 'refuse', codecs: new Map(),
      directIo: true,
    },
    log: {
      onDamage: rethrow, onFailure: rethrow, onInfo: () => undefined,
      onTornTail: () => undefined,
      onProblem: (_what, error) => rethrow(error),
    },
  });
}

/** Nothing may go wrong in a bench. */
function rethrow(error: unknown): never {
  throw error;
}

function compactorFor(store: Store, diskRatioMax: number): Compactor {
  return new Compactor({
    host: store.compaction,
    clock: new NodeClock(),
    copier: new ThreadCopier(),
    diskRatioMax,
    minBytes: 0,
    reserveBytes: 0,
    yieldToLoop: immediately,
  });
}

function immediately(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(resolve);
  });
}

/** Puts keys into the store, and times it. */
class Writer {
  readonly #store: Store;
  readonly #setting: Setting;
  readonly #random = new Random(0, 1);
  readonly #key = Buffer.alloc(KEY_BYTES);
  readonly #keyRange = new ByteRange(this.#key, 0, KEY_BYTES);
  readonly #value: ByteRange;

  constructor(store: Store, setting: Setting) {
    this.#store = store;
    this.#setting = setting;
    this.#value = new ByteRange(Buffer.alloc(setting.valueBytes, 120), 0, setting.valueBytes);
  }

  /** Writes every key once, as fast as it goes. */
  async load(): Promise<void> {
    const { keys } = this.#setting;
    for (let key = 0; key < keys; key++) {
      this.#putUnlessCold(key);
      if (key % WRITES_PER_TURN_MAX !== 0) continue;
      this.#store.commit();
      await immediately();
    }
    this.#store.commit();
    await this.#store.flushAndSync();
  }

  /** `count` writes of random keys, due at a fixed rate. */
  async overwrite(count: number): Promise<Latencies> {
    const latencies = new Float32Array(count);
    const startMs = performance.now();
    const pauses = new PauseWatch();
    let done = 0;
    while (done < count) {
      await immediately();
      const nowMs = performance.now();
      const due = Math.min(count, Math.floor((nowMs - startMs) * WRITES_PER_MS));
      const until = Math.min(due, done + WRITES_PER_TURN_MAX);
      const first = done;
      done = until;
      await this.#overwriteSome(until - first);
      const endMs = performance.now() - startMs;
      for (let i = first; i < done; i++) latencies[i] = endMs - (i + 1) / WRITES_PER_MS;
    }
    const pauseMs = pauses.end();
    latencies.sort();
    const at = (share: number): number => latencies[Math.floor((count - 1) * share)]!;
    return { p50Ms: at(0.5), p99Ms: at(0.99), p999Ms: at(0.999), pauseMs };
  }

  /** Random keys. Those whose record is only on disk are loaded first, as for any command. */
  async #overwriteSome(count: number): Promise<void> {
    let keys = Array.from({ length: count }, () => this.#random.below(this.#setting.keys));
    let release: (() => void) | null = null;
    for (;;) {
      keys = keys.filter((key) => !this.#putUnlessCold(key));
      this.#store.commit();
      release?.();
      if (keys.length === 0) return;
      release = await this.#store.load(keys.map((key) => this.#toLoad(key)));
    }
  }

  #putUnlessCold(key: number): boolean {
    this.#setKey(key);
    this.#store.begin();
    if (this.#store.find(SPACE, this.#keyRange, NEED_KEY) === COLD) return false;
    this.#store.put(SPACE, this.#keyRange, this.#value, 0, false);
    return true;
  }

  #toLoad(key: number): KeyToLoad {
    this.#setKey(key);
    return { space: SPACE, key: Buffer.from(this.#key), need: NEED_KEY };
  }

  #setKey(key: number): void {
    this.#key.write(String(key).padStart(KEY_BYTES, '0'), 0, 'latin1');
  }
}

/** Watches how long the event loop takes for a turn. */
class PauseWatch {
  #longestMs = 0;
  #lastMs = performance.now();
  #isOver = false;

  constructor() {
    this.#watch();
  }

  /** The longest turn, in ms. */
  end(): number {
    this.#isOver = true;
    return this.#longestMs;
  }

  #watch(): void {
    setImmediate(() => {
      const nowMs = performance.now();
      this.#longestMs = Math.max(this.#longestMs, nowMs - this.#lastMs);
      this.#lastMs = nowMs;
      if (!this.#isOver) this.#watch();
    });
  }
}

function recordBytes(valueBytes: number): number {
  return entryBytes(KEY_BYTES, valueBytes);
}

type Latencies = Pick<OverwriteResult, 'p50Ms' | 'p99Ms' | 'p999Ms' | 'pauseMs'>;

/** The highest size of a folder over the live bytes. */
class DiskWatch {
  readonly #dir: string;
  readonly #liveBytes: number;
  ratioMax = 0;
  hintRatioMax = 0;

  constructor(dir: string, liveBytes: number) {
    this.#dir = dir;
    this.#liveBytes = liveBytes;
  }

  async look(): Promise<void> {
    let bytes = 0;
    let hintBytes = 0;
    for (const name of await readdir(this.#dir)) {
      // A file may go while its folder is read.
      const size = await stat(join(this.#dir, name)).then((stats) => stats.size, () => 0);
      bytes += size;
      if (name.endsWith('.hint')) hintBytes += size;
    }
    this.hintRatioMax = Math.max(this.hintRatioMax, hintBytes / this.#liveBytes);
    this.ratioMax = Math.max(this.ratioMax, bytes / this.#liveBytes);
  }
}

/** Bytes that this process handed to write calls so far; on Linux only, elsewhere NaN. */
async function bytesWritten(): Promise<number> {
  const text = await readFile('/proc/self/io', 'latin1').catch(() => '');
  return Number(/^wchar: (\d+)$/m.exec(text)?.[1] ?? Number.NaN);
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  const [keys, valueBytes, diskRatio] = process.argv.slice(2).map(Number);
  await run({
    ...(keys === undefined ? {} : { keys }), ...(valueBytes === undefined ? {} : { valueBytes }),
    ...(diskRatio === undefined ? {} : { diskRatio }),
  });
}
