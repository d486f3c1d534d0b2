// A small store for tests of the compactor: real files in the real format, everything else as
// simple as can be. One frame per operation; state is recomputed from records, never cached;
// recovery scans. A chain is a list of places, the index a list of entries in a few buckets, so
// that hashes collide all the time.
import type { Files, ReadFile, WriteFile } from '../../../src/io/files.ts';
import { KeyHash } from '../../../src/lib/key-hash.ts';
import type {
  CompactionHost, RecordColumns, SealedSegmentStats,
} from '../../../src/store/compaction/compaction-host.ts';
import {
  RECORD, SegmentScan, END, MORE,
} from '../../../src/store/compaction/segment-scan.ts';
import {
  ENTRY_HEADER_BYTES, entryBytes, entryKeyBytesAt, entryKindAt, entryValueBytesAt, entryValueIndexAt,
  KIND_DELETED, KIND_DELTA, KIND_EXPIRE, KIND_PUT, skipGap, writeEntryHeader, entryExpireAtAt,
} from '../../../src/store/format/data-entry.ts';
import { FRAME_HEADER_BYTES, writeFrameHeader } from '../../../src/store/format/frame.ts';
import {
  decodeManifest, encodeManifest, MANIFEST_NAME,
} from '../../../src/store/format/manifest.ts';
import type { Manifest, SealedSegment } from '../../../src/store/format/manifest.ts';
import {
  encodeSegmentHeader, parseSegmentFileName, SEGMENT_HEADER_BYTES, SEGMENT_LOG,
  segmentFileName,
} from '../../../src/store/format/segment-header.ts';

export const DIR = '/data';
const SEED = { a: 1, b: 2 };
const BUCKETS = 8;

export interface Place { slot: number; offset: number; readonly bytes: number; readonly valueIndex: number }

/** A key's PUT and what came after it. */
interface Entry { readonly key: string; readonly bucket: number; readonly places: Place[] }

interface Segment {
  readonly id: number;
  readonly slot: number;
  facts: SealedSegment;
  sealed: boolean;
  live: number;
  liveRecords: number;
  removed: boolean;
}

interface LogRecord {
  readonly kind: number; readonly key: string; readonly value: string; readonly expireAt: number;
  readonly place: Place;
}

/** What a key is worth: its value with its deltas, and when it expires. */
export type State = Map<string, string>;

export class ModelStore implements CompactionHost {
  readonly files: Files;
  readonly dir = DIR;
  readonly seed = SEED;
  readonly segmentBytes: number;
  readonly index = new Map<string, Entry>();
  readonly #bySlot: Segment[] = [];
  readonly #hash = new KeyHash(SEED);
  #active!: Segment;
  #file!: WriteFile;
  #nextId = 1;
  nextValueIndex = 1;
  /** Everything below this value_index is durable. */
  durableBelow = 1;
  #rolled: Promise<void> = Promise.resolve();
  #lastSwitch: Promise<void> = Promise.resolve();
  readonly damages: string[] = [];
  writeDelay = 0;
  room = 1e12;

  protected constructor(files: Files, segmentBytes: number) {
    this.files = files;
    this.segmentBytes = segmentBytes;
  }

  static async open(files: Files, segmentBytes: number): Promise<ModelStore> {
    return await new this(files, segmentBytes).start();
  }

  protected async start(): Promise<this> {
    await this.files.mkdir(DIR);
    await this.files.syncDir('/');
    if (await this.files.exists(`${DIR}/${MANIFEST_NAME}`)) await this.#recover();
    await this.rollActive();
    return this;
  }

  stamp(): string {
    return this.#bySlot.map(({ live, sealed, facts }) => `${live} ${sealed} ${facts.bytes}`).join();
  }

  // ---- Operations -------------------------------------------------------------------------------

  put(key: string, value: string, expireAt = 0): void {
    const place = this.#append(KIND_PUT, key, value, expireAt);
    this.#forget(key);
    this.index.set(key, { key, bucket: this.#bucketOf(key), places: [place] });
  }

  append(key: string, delta: string): void {
    this.index.get(key)?.places.push(this.#append(KIND_DELTA, key, delta, 0));
  }

  expire(key: string, expireAt: number): void {
    this.index.get(key)?.places.push(this.#append(KIND_EXPIRE, key, '', expireAt));
  }

  remove(key: string): void {
    if (!this.index.has(key)) return;
    this.#append(KIND_DELETED, key, '', 0);
    this.#forget(key);
  }

  #forget(key: string): void {
    for (const place of this.index.get(key)?.places ?? []) this.#account(place, -1);
    this.index.delete(key);
  }

  #account(place: Place, sign: number): void {
    const segment = this.#bySlot[place.slot]!;
    segment.live += sign * place.bytes;
    segment.liveRecords += sign;
  }

  #append(kind: number, key: string, value: string, expireAt: number): Place {
    const valueIndex = this.nextValueIndex++;
    const start = skipGap(this.#active.facts.bytes);
    const at = skipGap(start + FRAME_HEADER_BYTES);
    const keyBytes = Buffer.byteLength(key);
    const valueBytes = Buffer.byteLength(value);
    const bytes = entryBytes(keyBytes, valueBytes);
    const buf = Buffer.alloc(at + bytes - start);
    const view = new DataView(buf.buffer, buf.byteOffset, buf.length);
    buf.write(key, at - start + ENTRY_HEADER_BYTES);
    buf.write(value, at - start + ENTRY_HEADER_BYTES + keyBytes);
    writeEntryHeader(view, at - start, kind, 0, valueIndex, 1, keyBytes, valueBytes, expireAt);
    writeFrameHeader(view, buf, 0, this.#active.id, start, {
      bytes: buf.length, records: 1, firstValueIndex: valueIndex, position: valueIndex,
      syncedSegment: 0, syncedOffset: 0, flags: 0,
    });
    this.#file.writeSync(buf, 0, buf.length, start);
    const place = { slot: this.#active.slot, offset: at, bytes, valueIndex };
    this.#note(this.#active, kind, valueIndex, at + bytes);
    if (kind !== KIND_DELETED) this.#account(place, 1);
    return place;
  }

  #note(segment: Segment, kind: number, valueIndex: number, end: number): void {
    const { facts } = segment;
    segment.facts = {
      ...facts,
      bytes: end,
      records: facts.records + 1,
      tombstones: facts.tombstones + (kind === KIND_DELETED ? 1 : 0),
      minValueIndex: facts.records === 0 ? valueIndex : Math.min(facts.minValueIndex, valueIndex),
      maxValueIndex: Math.max(facts.maxValueIndex, valueIndex),
      position: Math.max(facts.position, valueIndex),
    };
  }

  // ---- State ------------------------------------------------------------------------------------

  /** Reads every key through the index, as a server would. */
  async state(): Promise<State> {
    const state: State = new Map();
    for (const entry of this.index.values()) {
      let text = '';
      for (const place of entry.places) text = applied(text, await this.#readRecord(place));
      state.set(entry.key, text);
    }
    return state;
  }

  async #readRecord(place: Place): Promise<LogRecord> {
    const segment = this.#bySlot[place.slot]!;
    const file = await this.files.openRead(this.#pathOf(segment.facts));
    const buf = Buffer.alloc(place.bytes);
    await file.read(buf, 0, place.bytes, place.offset);
    await file.close();
    return recordAt(buf, 0, place);
  }

  // ---- CompactionHost ---------------------------------------------------------------------------

  sealedSegments(): readonly SealedSegmentStats[] {
    return this.#segments().filter(({ sealed }) => sealed).map(({ facts, slot, live, liveRecords }) => (
      { ...facts, slot, liveBytes: live, liveRecords }
    ));
  }

  logBytes(): number {
    return this.#segments().reduce((sum, { facts }) => sum + facts.bytes, 0);
  }

  liveBytes(): number {
    return this.#segments().reduce((sum, { live }) => sum + live, 0);
  }

  /** Nobody seems to write: rounds begin by ratio alone, and pacing has tests of its own. */
  appendedBytes(): number {
    return 0;
  }

  minOpenValueIndex(): number {
    const open = this.#segments().filter(({ sealed, facts }) => !sealed && facts.records > 0);
    return Math.min(Infinity, ...open.map(({ facts }) => facts.minValueIndex));
  }

  /** One roll after the other: the workload rolls too. */
  rollActive(): Promise<void> {
    this.#rolled = this.#rolled.catch(() => undefined).then(() => this.#roll());
    return this.#rolled;
  }

  async #roll(): Promise<void> {
    const old = this.#active as Segment | undefined;
    const oldFile = this.#file as WriteFile | undefined;
    const id = this.#nextId++;
    const file = await this.files.create(`${DIR}/${segmentFileName(id, SEGMENT_LOG)}`);
    const header = encodeSegmentHeader({ id, kind: SEGMENT_LOG, seed: SEED, previousId: old?.id ?? 0 });
    file.writeSync(header, 0, header.length, 0);
    await file.datasync();
    await this.files.syncDir(DIR);
    const segment = this.#addSegment(emptyFacts(id), false);
    await this.#writeManifest();
    const durableBelow = this.nextValueIndex;
    this.#active = segment;
    this.#file = file;
    if (old === undefined) return;
    await oldFile!.datasync();
    await oldFile!.close();
    old.sealed = true;
    this.durableBelow = Math.max(this.durableBelow, durableBelow);
    await this.#writeManifest();
  }

  takenBack(): number {
    return 0;
  }

  /** Not during a roll: then two files would have to be synced. */
  syncLog(): Promise<void> {
    this.#rolled = this.#rolled.catch(() => undefined).then(() => this.#sync());
    return this.#rolled;
  }

  async #sync(): Promise<void> {
    const durableBelow = this.nextValueIndex;
    await this.#file.datasync();
    this.durableBelow = Math.max(this.durableBelow, durableBelow);
  }

  reserveSegmentIds(count: number): readonly number[] {
    return Array.from({ length: count }, () => this.#nextId++);
  }

  markLive(
    slot: number, records: RecordColumns, from: number, to: number, answer: Uint8Array,
  ): void {
    for (let row = from; row < to; row++) {
      if (this.#findPlace(slot, records, row) !== undefined) answer[row >> 3]! |= 1 << (row & 7);
    }
  }

  adoptOutput(facts: SealedSegment): number {
    return this.#addSegment(facts, false).slot;
  }

  moveRecords(
    fromSlot: number, toSlot: number, records: RecordColumns, newOffset: Uint32Array, from: number,
    to: number,
  ): number {
    let moved = 0;
    for (let row = from; row < to; row++) {
      const place = this.placeToMove(fromSlot, records, row);
      if (place === undefined) continue;
      this.#account(place, -1);
      place.slot = toSlot;
      place.offset = newOffset[row]!;
      this.#account(place, 1);
      moved++;
    }
    return moved;
  }

  async switchManifest(inputs: readonly number[], outputs: readonly number[]): Promise<void> {
    for (const slot of inputs) this.#bySlot[slot]!.removed = true;
    for (const slot of outputs) this.#bySlot[slot]!.sealed = true;
    try {
      await this.#writeManifest();
    } catch (error) {
      for (const slot of inputs) this.#bySlot[slot]!.removed = false;
      throw error;
    }
    await this.unlinkInputs(inputs);
  }

  protected async unlinkInputs(inputs: readonly number[]): Promise<void> {
    for (const slot of inputs) {
      const { facts, live } = this.#bySlot[slot]!;
      if (live !== 0) throw new Error(`segment ${facts.id} goes with ${live} live bytes`);
      await this.files.unlink(this.#pathOf(facts));
    }
  }

  async abandonOutputs(): Promise<void> {
    throw new Error('not used');
  }

  setWriteDelay(delayMs: number): void {
    this.writeDelay = delayMs;
  }

  freeBytes(): number {
    return this.room;
  }

  onDamage(file: string, offset: number, reason: string): void {
    this.damages.push(`${file} at ${offset}: ${reason}`);
  }

  // ---- Inside -----------------------------------------------------------------------------------

  #segments(): Segment[] {
    return this.#bySlot.filter((segment) => segment !== undefined && !segment.removed);
  }

  /** By hash bucket and place: entries of one bucket are told apart by place alone. */
  #findPlace(slot: number, records: RecordColumns, row: number): Place | undefined {
    const bucket = records.lo[row]! % BUCKETS;
    for (const entry of this.index.values()) {
      if (entry.bucket !== bucket) continue;
      for (const place of entry.places) {
        if (place.slot === slot && place.offset === records.offset[row]) return place;
      }
    }
    return undefined;
  }

  /** The condition of a move; a test leaves it out. */
  protected placeToMove(slot: number, records: RecordColumns, row: number): Place | undefined {
    return this.#findPlace(slot, records, row);
  }

  protected newestPlace(lo: number): Place | undefined {
    for (const entry of this.index.values()) {
      if (entry.bucket !== lo % BUCKETS) continue;
      const key = Buffer.from(entry.key);
      this.#hash.hash(key, 0, key.length);
      if (this.#hash.lo === lo) return entry.places.at(-1);
    }
    return undefined;
  }

  #bucketOf(key: string): number {
    const bytes = Buffer.from(key);
    this.#hash.hash(bytes, 0, bytes.length);
    return this.#hash.lo % BUCKETS;
  }

  #pathOf({ id, kind }: SealedSegment): string {
    return `${DIR}/${segmentFileName(id, kind)}`;
  }

  #addSegment(facts: SealedSegment, sealed: boolean): Segment {
    const slot = Math.max(1, this.#bySlot.length);
    const segment: Segment = {
      id: facts.id, slot, facts, sealed, live: 0, liveRecords: 0, removed: false,
    };
    this.#bySlot[slot] = segment;
    return segment;
  }

  /** Replacements of the manifest follow each other. */
  #writeManifest(): Promise<void> {
    const write = async (): Promise<void> => {
      const segments = this.#segments();
      await this.files.writeWhole(`${DIR}/${MANIFEST_NAME}`, encodeManifest({
        seed: SEED,
        nextSegmentId: this.#nextId,
        nextValueIndex: this.durableBelow,
        position: 0,
        sealed: segments.filter(({ sealed }) => sealed).map(({ facts }) => facts),
        open: segments.filter(({ sealed, facts }) => !sealed && facts.kind === SEGMENT_LOG)
          .map(({ id }) => id),
        checkpoint: null,
      }));
    };
    this.#lastSwitch = this.#lastSwitch.catch(() => undefined).then(write);
    return this.#lastSwitch;
  }

  async #recover(): Promise<void> {
    const manifest = decodeManifest(await this.files.readAll(`${DIR}/${MANIFEST_NAME}`));
    if (typeof manifest === 'string') throw new Error(manifest);
    this.#nextId = Math.max(manifest.nextSegmentId, await this.#deleteOrphans(manifest) + 1);
    const records: LogRecord[] = [];
    for (const facts of manifest.sealed) {
      const ended = await this.#scan(this.#addSegment(facts, true), facts.bytes, records);
      if (!ended) throw new Error(`segment ${facts.id} is damaged`);
    }
    let intact = true;
    for (const id of manifest.open) {
      const segment = this.#addSegment(emptyFacts(id), true);
      const size = intact ? await this.#sizeOf(segment.facts) : 0;
      intact &&= await this.#scan(segment, size, records);
      await this.#rewrite(segment);
    }
    for (const { place } of records) {
      this.nextValueIndex = Math.max(this.nextValueIndex, place.valueIndex + 1);
    }
    this.nextValueIndex = Math.max(this.nextValueIndex, manifest.nextValueIndex);
    this.durableBelow = this.nextValueIndex;
    this.#rebuildIndex(records);
  }

  async #deleteOrphans(manifest: Manifest): Promise<number> {
    const known = new Set([...manifest.sealed.map(({ id }) => id), ...manifest.open]);
    let idMax = 0;
    for (const name of await this.files.list(DIR)) {
      const parsed = parseSegmentFileName(name);
      if (parsed === undefined) continue;
      idMax = Math.max(idMax, parsed.id);
      if (!known.has(parsed.id)) await this.files.unlink(`${DIR}/${name}`);
    }
    return idMax;
  }

  async #sizeOf(facts: SealedSegment): Promise<number> {
    const file = await this.files.openRead(this.#pathOf(facts));
    const size = await file.size();
    await file.close();
    return size;
  }

  /** Whether the segment is whole up to `size`; what is before the first damage counts. */
  async #scan(segment: Segment, size: number, records: LogRecord[]): Promise<boolean> {
    if (size < SEGMENT_HEADER_BYTES) return false;
    const file: ReadFile = await this.files.openRead(this.#pathOf(segment.facts));
    const scan = new SegmentScan(file, segment.id, size);
    const isOpen = segment.facts.bytes === SEGMENT_HEADER_BYTES;
    for (;;) {
      const step = scan.advance();
      if (step === MORE) await scan.fill();
      else if (step !== RECORD) {
        await file.close();
        return step === END;
      } else {
        const { offset, bytes, buf, at } = scan;
        const place = { slot: segment.slot, offset, bytes, valueIndex: entryValueIndexAt(buf, at) };
        records.push(recordAt(buf, at, place));
        if (isOpen) this.#note(segment, entryKindAt(buf, at), place.valueIndex, offset + bytes);
      }
    }
  }

  /** What may not be durable is written again and synced, and the torn rest is cut. */
  async #rewrite(segment: Segment): Promise<void> {
    const file = await this.files.openWrite(this.#pathOf(segment.facts));
    await file.truncate(segment.facts.bytes);
    const bytes = (await this.files.readAll(this.#pathOf(segment.facts))).slice();
    await file.write(bytes, 0, bytes.length, 0);
    await file.datasync();
    await file.close();
  }

  #rebuildIndex(records: LogRecord[]): void {
    records.sort((a, b) => a.place.valueIndex - b.place.valueIndex);
    for (const { kind, key, place } of records) {
      if (kind === KIND_PUT) {
        this.#forget(key);
        this.index.set(key, { key, bucket: this.#bucketOf(key), places: [] });
      }
      if (kind === KIND_DELETED) this.#forget(key);
      const entry = this.index.get(key);
      if (entry === undefined) continue;
      entry.places.push(place);
      this.#account(place, 1);
    }
  }
}

function emptyFacts(id: number): SealedSegment {
  return {
    id, kind: SEGMENT_LOG, bytes: SEGMENT_HEADER_BYTES, records: 0, tombstones: 0, minValueIndex: 0,
    maxValueIndex: 0, position: 0,
  };
}

function recordAt(buf: Buffer, at: number, place: Place): LogRecord {
  const key = at + ENTRY_HEADER_BYTES;
  const value = key + entryKeyBytesAt(buf, at);
  return {
    kind: entryKindAt(buf, at),
    key: buf.toString('utf8', key, value),
    value: buf.toString('utf8', value, value + entryValueBytesAt(buf, at)),
    expireAt: entryExpireAtAt(buf, at),
    place,
  };
}

/** The text of a key's state after one more record. */
function applied(state: string, record: LogRecord): string {
  switch (record.kind) {
    case KIND_PUT: return `${record.value}@${record.expireAt}`;
    case KIND_DELTA: return state.replace(/@/, `${record.value}@`);
    case KIND_EXPIRE: return state.replace(/@\d+$/, `@${record.expireAt}`);
    default: throw new Error(`a key points to a record of kind ${record.kind}`);
  }
}

