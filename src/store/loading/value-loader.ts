/**
 * Makes a cold chain warm: reads its records in the order in which they were written and replays
 * them. A value of a million fields takes seconds of work, so it is done in slices, and other
 * connections go on in between.
 *
 * If the chain's content changes meanwhile (the key is overwritten or removed, changes are taken
 * back), what was read is thrown away, unreadable or not, and the chain stays as it is; the caller
 * looks again. An expiry does not matter.
 *
 * Invariants: the segments are pinned from the first read to the last, so records that the
 * compactor moves meanwhile are still where they were. It fails as `read` does, and with DAMAGED
 * when pages are missing.
 */

import type { LiveValue } from '../../keyspace/live-value.ts';
import type { ValueType } from '../../keyspace/value-type.ts';
import { readVarint } from '../../lib/varint.ts';
import { SLICE_MS } from '../../io/limits.ts';
import { READS_AT_ONCE } from '../limits.ts';
import type { Chain } from '../chains/chains.ts';
import { DeltaRun, applyRun } from '../chains/delta-run.ts';
import {
  KIND_DELTA, KIND_PAGE, KIND_PUT, KIND_RUN, entryIsRawAt, entryKindAt, entryValueAt,
} from '../format/data-entry.ts';
import { placeOffset, placeSlot, type LoadedRecord } from '../memory/residents.ts';
import { damaged } from '../store-error.ts';
import { decodeBaseAt, type StoreParts } from '../store-parts.ts';

/** Reads a whole, sound record into memory of its own. */
export type ReadRecord = (place: number, sizeClass: number) => Promise<LoadedRecord>;

export class ValueLoader {
  readonly #parts: StoreParts;

  constructor(parts: StoreParts) {
    this.#parts = parts;
  }

  async load(chain: Chain, read: ReadRecord): Promise<void> {
    const { segments } = this.#parts;
    const { version } = chain;
    const { places, classes, singlesAt } = recordsOf(chain);
    const pinned = places.map((place) => segments.mustGet(placeSlot(place)));
    for (const segment of pinned) segments.pin(segment);
    const replay = new Replay(this.#parts, chain.type, singlesAt);
    try {
      if (chain.pages !== undefined) {
        this.#mustHavePages(chain, chain.pages.length - 1, await read(chain.base, chain.baseClass));
      }
      for (let from = 0; from < places.length; from += READS_AT_ONCE) {
        const to = Math.min(from + READS_AT_ONCE, places.length);
        const reads = places.slice(from, to).map((place, i) =>
          read(place, classes[from + i]!));
        await this.#replay(await allOf(reads), replay);
        if (chain.version !== version) return;
      }
    } catch (error) {
      // What is taken back is not there any more.
      if (chain.version !== version) return;
      throw error;
    } finally {
      for (const segment of pinned) segments.unpin(segment);
    }
    if (chain.live === undefined) this.#warm(chain, replay);
  }

  /** As `load`, at once; `read` gives whole, sound records, borrowed. */
  loadNow(chain: Chain, read: (place: number, sizeClass: number) => LoadedRecord): void {
    const { places, classes, singlesAt } = recordsOf(chain);
    const replay = new Replay(this.#parts, chain.type, singlesAt);
    if (chain.pages !== undefined) {
      this.#mustHavePages(chain, chain.pages.length - 1, read(chain.base, chain.baseClass));
    }
    places.forEach((place, i) => replay.add(read(place, classes[i]!)));
    this.#warm(chain, replay);
  }

  #warm(chain: Chain, replay: Replay): void {
    const { chains, paging, probe } = this.#parts;
    const { live } = replay;
    chain.raw ||= replay.isRaw;
    if (live.baseBytes >= paging.baseBytesMin) chain.run = replay.run;
    chains.warm(chain, live);
    probe.forget();
  }

  /** Replays some records, in slices of SLICE_MS. */
  async #replay(records: readonly LoadedRecord[], replay: Replay): Promise<void> {
    const { clock } = this.#parts;
    let startedAt = clock.monotonicMs();
    for (const record of records) {
      replay.add(record);
      if (clock.monotonicMs() - startedAt < SLICE_MS) continue;
      await new Promise<void>((resolve) => clock.setTimer(0, resolve));
      startedAt = clock.monotonicMs();
    }
  }

  /** Recovery that goes on over damage may have left some out. */
  #mustHavePages({ base, key }: Chain, pages: number, { buf, at }: LoadedRecord): void {
    const { start, end } = entryValueAt(buf, at);
    const wanted = readVarint(buf, start, end);
    if (pages === wanted) return;
    const { path } = this.#parts.segments.mustGet(placeSlot(base));
    const reason = `of ${wanted} pages of the value ${pages} are there`;
    throw damaged(path, placeOffset(base), reason, key);
  }
}

/** The records of a value while they are applied, oldest first. */
class Replay {
  isRaw = false;
  /** The single deltas at the end. */
  readonly run = new DeltaRun();
  readonly #parts: StoreParts;
  readonly #type: ValueType;
  readonly #singlesAt: number;
  #live: LiveValue | undefined;
  #count = 0;

  constructor(parts: StoreParts, type: ValueType, singlesAt: number) {
    this.#parts = parts;
    this.#type = type;
    this.#singlesAt = singlesAt;
  }

  get live(): LiveValue {
    if (this.#live === undefined) throw new Error('store: a chain without a base');
    return this.#live;
  }

  add({ buf, at }: LoadedRecord): void {
    this.isRaw ||= entryIsRawAt(buf, at);
    this.#apply(entryKindAt(buf, at), buf, at);
    this.#count += 1;
  }

  /** BEGIN, BASE and EXPIRE change no value. */
  #apply(kind: number, buf: Buffer, at: number): void {
    const isBase = kind === KIND_PUT || (kind === KIND_PAGE && this.#live === undefined);
    if (isBase) {
      this.#live = decodeBaseAt(this.#parts, this.#type, buf, at);
      return;
    }
    const { start, end } = entryValueAt(buf, at);
    if (kind === KIND_PAGE) this.live.applyDelta(buf, start, end);
    else if (kind === KIND_RUN) applyRun(this.live, buf, start, end);
    else if (kind === KIND_DELTA) {
      applyRun(this.live, buf, start, end);
      if (this.#count >= this.#singlesAt) this.run.addAll(buf, start, end);
    }
  }
}

/** Oldest first; `singlesAt` is where the next RUN would begin. */
function recordsOf(chain: Chain): { places: number[]; classes: number[]; singlesAt: number } {
  const { base, baseClass, pages, deltas, singlesFrom } = chain;
  const places = [...pages?.places ?? [], base, ...deltas.places];
  const classes = [...pages?.classes ?? [], baseClass, ...deltas.classes];
  return { places, classes, singlesAt: places.length - deltas.length + singlesFrom };
}

/** Waits for all of them, so that none is under way when the segments are let go. */
async function allOf<T>(promises: readonly Promise<T>[]): Promise<T[]> {
  const settled = await Promise.allSettled(promises);
  return settled.map((one) => {
    if (one.status === 'rejected') throw one.reason;
    return one.value;
  });
}
