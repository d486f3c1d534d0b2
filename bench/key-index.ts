/**
 * The key index alone: memory a key, the longest single insert, random hits and misses, removal,
 * scan, dump and load. Hashes come from a mixing function of a counter, so the cost of hashing keys
 * is apart (it is printed beside, for 40-byte keys).
 *
 * Run: node dist/bench/key-index.js [keys] [page bits]; smoke mode uses 100 000 keys.
 */
import { cpus } from 'node:os';
import { pathToFileURL } from 'node:url';
import { KeyHash } from '../src/lib/key-hash.ts';
import { INDEX_PAGE_BITS_DEFAULT } from '../src/store/index/key-index.ts';
import { KeyIndex } from '../src/store/index/key-index.ts';

export interface ValueIndexBenchOptions {
  readonly smoke?: boolean;
  readonly keys?: number;
  readonly pageBits?: number;
  readonly print?: (line: string) => void;
}

export interface ValueIndexBenchResult {
  readonly keys: number;
  readonly bytesPerKey: number;
  readonly rssBytesPerKey: number;
  readonly insertNs: number;
  readonly insertMaxMs: number;
  readonly hitNs: number;
  readonly missNs: number;
  readonly loadMs: number;
}

const SMOKE_KEYS = 100_000;
const FULL_KEYS = 20_000_000;
const PROBES_MAX = 4_000_000;
/** An insert is noted from here on; most inserts take a microsecond. */
const SLOW_MS = 0.05;
const TYPE = 0;
const SIZE_CLASS = 20;
/** Distinct places: what a hit must return is known from the number of the key. */
const SEGMENTS = 1000;

export function run(options: ValueIndexBenchOptions = {}): ValueIndexBenchResult {
  const keys = options.keys ?? (options.smoke === true ? SMOKE_KEYS : FULL_KEYS);
  const pageBits = options.pageBits ?? INDEX_PAGE_BITS_DEFAULT;
  const print = options.print ?? ((line: string) => process.stdout.write(`${line}\n`));
  print(`key-index: ${keys} keys, 2^${pageBits} pages; ${cpus()[0]?.model ?? 'unknown CPU'} x ` +
    `${cpus().length}, node ${process.version}`);
  const rssBefore = residentBytes();
  const index = new KeyIndex(pageBits);
  const inserts = measureInserts(index, keys, new Map());
  const rssBytesPerKey = (residentBytes() - rssBefore) / keys;
  const bytesPerKey = index.bytes / keys;
  print(`memory       ${bytesPerKey.toFixed(2)} bytes a key by its own account, ` +
    `${rssBytesPerKey.toFixed(2)} by the growth of the process; ` +
    `highest account while growing ${inserts.peakBytesPerKey.toFixed(2)} (beyond 1/8 of the keys)`);
  print(`insert       ${inserts.ns.toFixed(0)} ns; single inserts, what other processes did ` +
    `included: ${describeSlow(inserts.slow)}`);
  const hitNs = measureFinds(index, keys, 0);
  const missNs = measureFinds(index, keys, keys);
  print(`random hit   ${hitNs.toFixed(0)} ns; random miss ${missNs.toFixed(0)} ns; the hash of a ` +
    `40-byte key costs ${measureHash().toFixed(0)} ns more`);
  print(`remove+insert ${measureReplace(index, keys).toFixed(0)} ns`);
  print(`scan         ${measureScan(index).toFixed(0)} ns a key at COUNT 10`);
  const loadMs = measureLoad(index, pageBits);
  print(`load         ${loadMs.toFixed(0)} ms from dumped pages`);
  const again = measureInserts(new KeyIndex(pageBits), keys, inserts.slow);
  print(`longest insert, slow in two equal runs: ${describeSlow(again.repeated)}`);
  const insertMaxMs = [...again.repeated.values()].reduce((a, b) => Math.max(a, b), 0);
  return { keys, bytesPerKey, rssBytesPerKey, insertNs: inserts.ns, insertMaxMs, hitNs, missNs,
    loadMs };
}

/** 32 bits from a counter: the finalizer of MurmurHash3 over a salted counter. */
function mix(n: number, salt: number): number {
  let h = (n ^ salt) | 0;
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return h ^ (h >>> 16);
}

function hiOfKey(n: number): number {
  return mix(n, 0x2545f491) & 0xffff;
}

function loOfKey(n: number): number {
  return mix(n, 0x6c078965);
}

function insertKey(index: KeyIndex, n: number): void {
  index.insert(hiOfKey(n), loOfKey(n), TYPE, 1 + (n % SEGMENTS), (n % 65536) * 8, SIZE_CLASS, 0);
}

function elapsedMs(start: bigint): number {
  return Number(process.hrtime.bigint() - start) / 1e6;
}

function residentBytes(): number {
  return process.memoryUsage.rss();
}

/**
 * Inserts the keys and notes the inserts that took long. The index does the same at the same key in
 * every run, other processes and the collector do not: `repeated` has, for the keys that `before`
 * has too, the shorter time of the two.
 */
function measureInserts(index: KeyIndex, keys: number, before: ReadonlyMap<number, number>) {
  const slow = new Map<number, number>();
  const repeated = new Map<number, number>();
  let peakBytesPerKey = 0;
  const start = process.hrtime.bigint();
  let last = performance.now();
  for (let n = 0; n < keys; n += 1) {
    insertKey(index, n);
    const now = performance.now();
    const ms = now - last;
    last = now;
    if (ms > SLOW_MS) {
      slow.set(n, ms);
      const other = before.get(n);
      if (other !== undefined) repeated.set(n, Math.min(ms, other));
    }
    if ((n & 0xffff) === 0 && n > keys / 8) {
      peakBytesPerKey = Math.max(peakBytesPerKey, index.bytes / n);
    }
  }
  return { ns: elapsedMs(start) * 1e6 / keys, slow, repeated, peakBytesPerKey };
}

function describeSlow(slow: ReadonlyMap<number, number>): string {
  const times = [...slow.values()];
  const longest = times.reduce((a, b) => Math.max(a, b), 0);
  const over1ms = times.filter((ms) => ms > 1).length;
  return `longest ${longest.toFixed(2)} ms, ${over1ms} over 1 ms, ` +
    `${times.length} over ${SLOW_MS} ms`;
}

/** Random keys from `base` to `base + keys`: hits for base 0, misses for base = keys. */
function measureFinds(index: KeyIndex, keys: number, base: number): number {
  const probes = Math.min(keys, PROBES_MAX);
  let found = 0;
  const start = process.hrtime.bigint();
  for (let i = 0; i < probes; i += 1) {
    const n = base + Math.floor((mix(i, 99) >>> 0) / 2 ** 32 * keys);
    let slot = index.find(hiOfKey(n), loOfKey(n));
    while (slot !== -1 && index.offsetOf(slot) !== (n % 65536) * 8) slot = index.findNext(slot);
    if (slot !== -1) found += 1;
  }
  const ns = elapsedMs(start) * 1e6 / probes;
  if (base === 0 && found !== probes) throw new Error(`${probes - found} of ${probes} keys lost`);
  return ns;
}

function measureReplace(index: KeyIndex, keys: number): number {
  const rounds = Math.min(keys, PROBES_MAX) >>> 2;
  const start = process.hrtime.bigint();
  for (let n = 0; n < rounds; n += 1) {
    index.remove(index.find(hiOfKey(n), loOfKey(n)));
    insertKey(index, n);
  }
  return elapsedMs(start) * 1e6 / rounds;
}

function measureScan(index: KeyIndex): number {
  let visited = 0;
  let cursor = 0;
  const start = process.hrtime.bigint();
  for (let call = 0; call < PROBES_MAX / 10; call += 1) {
    cursor = index.scan(cursor, 10, () => { visited += 1; });
    if (cursor === 0) break;
  }
  return elapsedMs(start) * 1e6 / visited;
}

function measureLoad(index: KeyIndex, pageBits: number): number {
  const copy = new KeyIndex(pageBits);
  let ms = 0;
  for (let page = 0; page < index.pageCount; page += 1) {
    const words = index.dumpPage(page).slice();
    const start = process.hrtime.bigint();
    copy.loadPage(page, words);
    ms += elapsedMs(start);
  }
  if (copy.size !== index.size) throw new Error(`loaded ${copy.size} of ${index.size} slots`);
  return ms;
}

function measureHash(): number {
  const hasher = new KeyHash({ a: 1, b: 2 });
  const key = Buffer.from('bench:user:0123456789:profile:0123456789');
  const rounds = 1_000_000;
  let sum = 0;
  const start = process.hrtime.bigint();
  for (let i = 0; i < rounds; i += 1) {
    key[i % key.length] = i & 0x7f;
    hasher.hash(key, 0, key.length);
    sum ^= hasher.lo;
  }
  const ns = elapsedMs(start) * 1e6 / rounds;
  return sum === -1 ? Number.NaN : ns;
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  const [keys, pageBits] = process.argv.slice(2).map(Number);
  run({ ...(keys === undefined ? {} : { keys }), ...(pageBits === undefined ? {} : { pageBits }) });
}
