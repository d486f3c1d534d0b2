// Uniform overwrites through a real store, compactor and sealer, in virtual time on a simulated
// disk: what is written and what is kept, to the byte, whatever else the machine does meanwhile.
import type { Files, WriteFile } from '../../../src/io/files.ts';
import { COLD, NEED_KEY } from '../../../src/keyspace/storage.ts';
import { Random } from '../../../src/lib/random.ts';
import { COMPACTION_TICK_MS } from '../../../src/store/limits.ts';
import { Compactor } from '../../../src/store/compaction/compactor.ts';
import type { CompactionRules } from '../../../src/store/compaction/compactor.ts';
import { inlineCopier } from './inline-copier.ts';
import { entryBytes } from '../../../src/store/format/data-entry.ts';
import type { Store } from '../../../src/store/store.ts';
import { SimClock } from '../../sim/sim-clock.ts';
import { SimFiles } from '../../sim/sim-files.ts';
import { open, range } from '../helpers.ts';

const MIB = 1024 * 1024;
const KEY_BYTES = 16;

export interface OverwriteSetting {
  readonly keys: number;
  readonly valueBytes: number;
  /** Segments that the dataset fills. */
  readonly segments: number;
  readonly times: number;
  /** Writes of one commit. */
  readonly groupWrites: number;
  /** Share of the dataset that is written in a second of virtual time. */
  readonly rate: number;
  readonly diskRatioMax: number;
  readonly rules?: CompactionRules;
}

export interface OverwriteOutcome {
  /** Bytes written to all files per byte of the clients' records. */
  readonly amplification: number;
  /** Most bytes of all files over live records, after each ms. */
  readonly diskRatio: number;
  /** The mean of it after the first round through the dataset. */
  readonly meanRatio: number;
  /** Bytes written per byte of records, by what the names of the files end with. */
  readonly byKind: Readonly<Partial<Record<'log' | 'pack' | 'hint' | 'MANIFEST', number>>>;
  readonly rounds: number;
}

/** Uniform overwrites of the whole dataset: those of DECISIONS.md. */
export const UNIFORM: OverwriteSetting = {
  keys: 10_000, valueBytes: 256, segments: 24, times: 3, groupWrites: 50, rate: 0.1,
  diskRatioMax: 1.5,
};

/** Bytes written for each byte of the writes. */
export function amplification({ byKind }: OverwriteOutcome): number {
  return byKind.log! + byKind.pack! + byKind.hint!;
}

export async function overwrite(setting: OverwriteSetting): Promise<OverwriteOutcome> {
  const { keys, valueBytes, times, diskRatioMax } = setting;
  const recordBytes = entryBytes(KEY_BYTES, valueBytes);
  const disk = new SimFiles();
  const meter = new Meter();
  const files = meter.meter(disk);
  const clock = new SimClock();
  const store = await open({
    files, clock,
    options: {
      segmentBytes: Math.ceil((keys * recordBytes) / setting.segments),
      hotTailBytes: 2 * MIB, readCacheBytes: 64 * MIB, memoryBytes: 512 * MIB,
    },
  });
  const writer = new Writer(store, clock, setting);
  await writer.load();
  const compactor = new Compactor({
    host: store.compaction, clock, copier: inlineCopier(files), diskRatioMax, minBytes: 0,
    reserveBytes: 0, yieldToLoop: immediately,
    ...setting.rules === undefined ? {} : { rules: setting.rules },
  });
  meter.reset();
  let diskBytes = 0;
  let meanBytes = 0;
  let samples = 0;
  let tickMs = 0;
  await writer.overwrite(times * keys, (ms) => {
    if (ms >= tickMs) void compactor.tick();
    while (tickMs <= ms) tickMs += COMPACTION_TICK_MS;
    diskBytes = Math.max(diskBytes, disk.usedBytes);
    if (ms < 1000 / setting.rate) return;
    meanBytes += disk.usedBytes;
    samples += 1;
  });
  const rounds = compactor.status().rounds;
  const failure = compactor.status().lastError;
  if (failure !== null) throw new Error(failure);
  const live = keys * recordBytes;
  return {
    amplification: meter.total / (live * times),
    diskRatio: diskBytes / live,
    meanRatio: meanBytes / samples / live,
    byKind: meter.shares(live * times),
    rounds,
  };
}

class Writer {
  readonly #store: Store;
  readonly #clock: SimClock;
  readonly #setting: OverwriteSetting;
  readonly #random = new Random(0, 1);
  readonly #value: Buffer;

  constructor(store: Store, clock: SimClock, setting: OverwriteSetting) {
    this.#store = store;
    this.#clock = clock;
    this.#setting = setting;
    this.#value = Buffer.alloc(setting.valueBytes, 120);
  }

  async load(): Promise<void> {
    for (let key = 0; key < this.#setting.keys; key++) {
      await this.#put(key);
      if (key % 100 === 0) await this.#pass(1);
    }
    this.#store.commit();
    await this.#store.flushAndSync();
    await this.#pass(2000);
  }

  /** One commit at a time, at a steady rate; `each` is told the time in ms after each. */
  async overwrite(count: number, each: (ms: number) => void): Promise<void> {
    const { keys, groupWrites, rate } = this.#setting;
    const stepMs = (groupWrites * 1000) / (keys * rate);
    for (let done = 0; done < count; done += groupWrites) {
      for (let i = 0; i < groupWrites; i++) {
        await this.#put(this.#random.below(keys));
      }
      await this.#pass(stepMs);
      each((done / groupWrites) * stepMs);
    }
  }

  async #pass(ms: number): Promise<void> {
    this.#store.commit();
    await this.#clock.advanceGently(ms);
    for (let turn = 0; turn < 5; turn++) await immediately();
  }

  async #put(key: number): Promise<void> {
    const name = String(key).padStart(KEY_BYTES, '0');
    this.#store.begin();
    if (this.#store.find(1, range(name), NEED_KEY) === COLD) {
      this.#store.commit();
      const loaded = this.#store.load([{ space: 1, key: Buffer.from(name), need: NEED_KEY }]);
      const release = await loaded;
      this.#store.begin();
      this.#store.put(1, range(name), range(this.#value), 0, false);
      release();
      return;
    }
    this.#store.put(1, range(name), range(this.#value), 0, false);
  }
}

function immediately(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(resolve);
  });
}

/** Counts written bytes by what the file's name ends with. */
class Meter {
  readonly #bytes = new Map<string, number>();

  get total(): number {
    return [...this.#bytes.values()].reduce((sum, bytes) => sum + bytes, 0);
  }

  reset(): void {
    this.#bytes.clear();
  }

  shares(of: number): Record<string, number> {
    return Object.fromEntries([...this.#bytes].map(([kind, bytes]) => [kind, bytes / of]));
  }

  meter(files: Files): Files {
    const count = (path: string, bytes: number): void => {
      const kind = /[a-z]*$/i.exec(path.replace(/\.tmp$/, ''))![0];
      this.#bytes.set(kind, (this.#bytes.get(kind) ?? 0) + bytes);
    };
    return new Proxy(files, {
      get: (target, name) => {
        const value: unknown = Reflect.get(target, name, target);
        if (typeof value !== 'function') return value;
        const method = value.bind(target) as (...args: unknown[]) => unknown;
        if (name === 'create') {
          return async (path: string) => metered(await target.create(path), (n) => count(path, n));
        }
        if (name === 'createSync') {
          return (path: string) => metered(target.createSync(path), (n) => count(path, n));
        }
        if (name === 'writeWhole') {
          return (path: string, bytes: Uint8Array) => {
            count(path, bytes.length);
            return target.writeWhole(path, bytes);
          };
        }
        return method;
      },
    });
  }
}

function metered(file: WriteFile, count: (bytes: number) => void): WriteFile {
  const counted: Partial<WriteFile> = {
    writeSync: (buf, off, len, pos) => {
      count(len);
      file.writeSync(buf, off, len, pos);
    },
    write: (buf, off, len, pos) => {
      count(len);
      return file.write(buf, off, len, pos);
    },
    writeFrom: (buf, off, len, pos, done) => {
      count(len);
      file.writeFrom(buf, off, len, pos, done);
    },
  };
  return new Proxy(file, {
    get: (target, name) => {
      const own: unknown = Reflect.get(counted, name);
      if (own !== undefined) return own;
      const value: unknown = Reflect.get(target, name, target);
      return typeof value === 'function' ? value.bind(target) as unknown : value;
    },
  });
}
