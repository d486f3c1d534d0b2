/**
 * A seeded workload on a store, and what the store must hold after a power cut.
 *
 * After each commit the whole expected state is noted. A recovered store must equal one of the
 * noted states, not older than the last one that was acknowledged: a prefix of history that loses
 * nothing that was promised.
 */

import { HashBlock } from '../../src/keyspace/collection/hash/hash-block.ts';
import { HASH_REMOVE, HASH_SET } from '../../src/keyspace/collection/hash/hash-delta.ts';
import type { LiveValue } from '../../src/keyspace/live-value.ts';
import { LiveString } from '../../src/keyspace/live-string.ts';
import { pieceBytes, writePiece } from '../../src/keyspace/pieces.ts';
import { PACKED_BYTES_MAX } from '../../src/keyspace/limits.ts';
import { NEED_KEY, NEED_VALUE, type Found } from '../../src/keyspace/storage.ts';
import { HASH, STRING } from '../../src/keyspace/value-type.ts';
import type { Random } from '../../src/lib/random.ts';
import type { Store } from '../../src/store/store.ts';
import { fetch, range, versionAt } from './helpers.ts';

export const SPACES = [1, 2] as const;

type Value =
  | { readonly type: typeof STRING; text: string }
  | { readonly type: typeof HASH; readonly live: HashBlock };
/** `version`: as the store says it with peers, or alone when `readsVersions`. */
type Entry = { value: Value; expireAt: number; version?: number | undefined };

/** "space:key" -> a text that says everything about the value. */
export type State = ReadonlyMap<string, string>;

export class CrashModel {
  readonly #random: Random;
  readonly #keys: number;
  readonly #entries = new Map<string, Entry>();
  readonly #readsVersions: boolean;

  /** `readsVersions`: of a store that is alone, after each step. With peers they are known. */
  constructor(random: Random, keys: number, readsVersions = false) {
    this.#random = random;
    this.#keys = keys;
    this.#readsVersions = readsVersions;
  }

  keys(): string[] {
    return Array.from({ length: this.#keys }, (_, i) => `key:${i}`);
  }

  state(): State {
    const state = new Map<string, string>();
    for (const [name, { value, expireAt, version }] of this.#entries) {
      const text = value.type === STRING ? textOf(value.text) : hexOf(value.live);
      state.set(name, `${text}${versionText(version)}@${expireAt}`);
    }
    return state;
  }

  /** Returns a function that goes back to how it is now. */
  save(): () => void {
    const kept = [...this.#entries].map(([name, entry]) => [name, copyOfEntry(entry)] as const);
    return () => {
      this.#entries.clear();
      for (const [name, entry] of kept) this.#entries.set(name, copyOfEntry(entry));
    };
  }

  /** Goes back to a state that the store was recovered to, by reading the store itself. */
  async restore(store: Store): Promise<void> {
    this.#entries.clear();
    for (const space of SPACES) {
      for (const key of this.keys()) {
        const found = await fetch(store, key, NEED_VALUE, space);
        if (found === undefined) continue;
        const value: Value = found.type === HASH
          ? { type: HASH, live: hashOf(found) }
          : { type: STRING, text: found.value.latin1() };
        const { expireAt } = found;
        const version = this.#readsVersions || store.logIndex > 0
          ? await versionAt(store, key, space) : undefined;
        this.#entries.set(`${space}:${key}`, { value, expireAt, version });
      }
    }
  }

  /** One random change, in the store and in the model. */
  async step(store: Store): Promise<void> {
    const space = SPACES[this.#random.below(SPACES.length)]!;
    const key = `key:${this.#random.below(this.#keys)}`;
    const name = `${space}:${key}`;
    const release = await store.load([{ space, key: Buffer.from(key), need: NEED_VALUE }]);
    store.begin();
    const before = this.#entries.get(name);
    this.#choose(store, space, key, before);
    const entry = this.#entries.get(name);
    if (entry !== undefined) this.#noteVersion(store, space, key, entry, before?.version);
    release();
  }

  #noteVersion(store: Store, space: number, key: string, entry: Entry,
    before: number | undefined): void {
    if (store.logIndex > 0) entry.version = store.logIndex;
    if (!this.#readsVersions) return;
    const version = store.version(space, range(key)) as number;
    if (version === before) throw new Error(`${key}: changed, and its version ${version} stayed`);
    entry.version = version;
  }

  #choose(store: Store, space: number, key: string, entry: Entry | undefined): void {
    const choice = this.#random.below(100);
    if (choice < 35 || entry === undefined) this.#put(store, space, key);
    else if (choice < 45) this.#remove(store, space, key);
    else if (choice < 60) this.#expire(store, space, key, entry);
    else if (choice < 99) this.#change(store, space, key, entry);
    else this.#drop(store, space);
  }

  #put(store: Store, space: number, key: string): void {
    const expireAt = this.#random.below(3) === 0 ? 1 + this.#time() : 0;
    if (this.#random.below(3) === 0) {
      const live = this.#hash();
      this.#entries.set(`${space}:${key}`, { value: { type: HASH, live }, expireAt });
      putHash(store, space, key, live, expireAt);
      return;
    }
    const text = this.#text();
    this.#entries.set(`${space}:${key}`, { value: { type: STRING, text }, expireAt });
    store.put(space, range(key), range(Buffer.from(text, 'latin1')), expireAt, false);
  }

  #remove(store: Store, space: number, key: string): void {
    this.#entries.delete(`${space}:${key}`);
    store.remove(space, range(key));
  }

  #expire(store: Store, space: number, key: string, entry: Entry): void {
    entry.expireAt = this.#random.below(4) === 0 ? 0 : this.#time();
    store.expire(space, range(key), entry.expireAt);
  }

  #change(store: Store, space: number, key: string, entry: Entry): void {
    if (entry.value.type === HASH) {
      const field = `field${this.#random.below(20)}`;
      const isGone = this.#random.below(2) === 0 && entry.value.live.has(range(field));
      const delta = isGone ? hashDelta(HASH_REMOVE, [field]) : this.#hashSet();
      entry.value.live.applyDelta(delta, 0, delta.length);
      const found = store.find(space, range(key), NEED_VALUE) as Found;
      if (found.live !== undefined) store.change(space, range(key), range(delta));
      else putHash(store, space, key, entry.value.live, entry.expireAt);
      return;
    }
    const added = this.#text();
    const live = store.makeLive(space, range(key));
    store.change(space, range(key), range(LiveString.delta(live.size, Buffer.from(added, 'latin1'))));
    entry.value.text += added;
  }

  #drop(store: Store, space: number): void {
    for (const name of this.#entries.keys()) {
      if (name.startsWith(`${space}:`)) this.#entries.delete(name);
    }
    store.dropSpace(space);
  }

  /** Milliseconds that need more than 32 bits. */
  #time(): number {
    return this.#random.below(2 ** 32) * 400 + this.#random.below(400);
  }

  /** Mostly short, sometimes several granules long. */
  #text(): string {
    const letter = String.fromCharCode(97 + this.#random.below(26));
    const isLong = this.#random.below(40) === 0;
    return letter.repeat(this.#random.below(isLong ? 100_000 : 200));
  }

  /** Half of them small. */
  #hash(): HashBlock {
    const hash = new HashBlock(HASH);
    for (let sets = this.#random.below(2) === 0 ? 1 : 12; sets > 0; sets--) {
      const delta = this.#hashSet();
      hash.applyDelta(delta, 0, delta.length);
    }
    return hash;
  }

  #hashSet(): Buffer {
    return hashDelta(HASH_SET, [`field${this.#random.below(20)}`, this.#text().slice(0, 500)]);
  }
}

/**
 * What a store holds, read through its public face; checks that counts and scans agree. Versions
 * are in it when asked for, and when the store takes part in an order.
 */
export async function stateOf(store: Store, keys: readonly string[],
  readsVersions = store.logIndex > 0): Promise<State> {
  const state = new Map<string, string>();
  for (const space of SPACES) {
    let count = 0;
    for (const key of keys) {
      const known = await fetch(store, key, NEED_KEY, space);
      const found = await fetch(store, key, NEED_VALUE, space);
      if ((known === undefined) !== (found === undefined)) throw new Error(`${key}: half there`);
      if (found === undefined) continue;
      if (known!.expireAt !== found.expireAt) throw new Error(`${key}: two expiries`);
      count += 1;
      const text = found.type === HASH ? hexOf(hashOf(found)) : textOf(found.value.latin1());
      const { expireAt } = found;
      const version = readsVersions ? await versionAt(store, key, space) : undefined;
      state.set(`${space}:${key}`, `${text}${versionText(version)}@${expireAt}`);
    }
    if (store.count(space) !== count) {
      throw new Error(`space ${space} counts ${store.count(space)} keys and finds ${count}`);
    }
    const page = await store.scan(space, 0, 1e6);
    if (page.cursor !== 0 || page.keys.length !== count) {
      throw new Error(`space ${space} scans ${page.keys.length} keys and finds ${count}`);
    }
  }
  return state;
}

/** The number of the newest noted state that equals `state`; -1 if there is none. */
export function findState(history: readonly State[], state: State): number {
  for (let i = history.length - 1; i >= 0; i -= 1) if (isSame(history[i]!, state)) return i;
  return -1;
}

/** For messages: how two states differ. */
export function differences(expected: State, actual: State): string {
  const names = new Set([...expected.keys(), ...actual.keys()]);
  return [...names].filter((name) => expected.get(name) !== actual.get(name))
    .map((name) => `${name}: expected ${brief(expected.get(name))}, found ${brief(actual.get(name))}`)
    .join('\n');
}

function isSame(a: State, b: State): boolean {
  return a.size === b.size && [...a].every(([name, text]) => b.get(name) === text);
}

function versionText(version: number | undefined): string {
  return version === undefined ? '' : ` v${version}`;
}

function textOf(text: string): string {
  return `string of ${text.length}: ${text}`;
}

function hashOf({ live, value: { buf, start, end } }: Found): HashBlock {
  return live === undefined ? HashBlock.ofBase(HASH, buf, start, end) : copyOf(live);
}

/** As commands do: a small one is nothing but its record. */
function putHash(store: Store, space: number, key: string, hash: HashBlock, expireAt: number): void {
  const base = hash.encodeBase();
  if (base.length > PACKED_BYTES_MAX) store.putLive(space, range(key), copyOf(hash), expireAt);
  else store.putPacked(space, range(key), HASH, range(base), expireAt);
}

function hexOf(live: LiveValue): string {
  return live.encodeBase().toString('hex');
}

function copyOfEntry({ value, expireAt }: Entry): Entry {
  if (value.type === STRING) return { value: { ...value }, expireAt };
  return { value: { type: HASH, live: copyOf(value.live) }, expireAt };
}

function copyOf(live: LiveValue): HashBlock {
  const base = Buffer.from(live.encodeBase());
  return HashBlock.ofBase(HASH, base, 0, base.length);
}

function hashDelta(operation: number, parts: readonly string[]): Buffer {
  const delta = Buffer.alloc(1 + parts.reduce((sum, part) => sum + pieceBytes(part.length), 0));
  delta[0] = operation;
  let at = 1;
  for (const part of parts) at = writePiece(delta, at, part);
  return delta;
}

function brief(text: string | undefined): string {
  return text === undefined ? 'nothing' : `${text.slice(0, 60)}${text.slice(-20)}`;
}
