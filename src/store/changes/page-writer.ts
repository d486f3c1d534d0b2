/**
 * Writes huge values in pages: over several commits, while the value goes on changing, or in one
 * step for a command that makes such a value at once.
 *
 *     commit 1: BEGIN PAGE PAGE | delta | commit 2: PAGE PAGE | delta | commit 3: PAGE BASE
 *
 * The pages are those of a snapshot that is taken with BEGIN, so a delta is behind BEGIN if and
 * only if it is not in the pages. Until BASE is in the log, the old base and all deltas count; a
 * crash before that leaves dead pages, which the compactor takes away (chain-shape.ts).
 *
 * A chain is pinned while its pages are written: its live value must not be let go.
 */

import { ByteRange } from '../../lib/byte-range.ts';
import type { LiveValue, Snapshot } from '../../keyspace/live-value.ts';
import { varintBytes, writeVarint } from '../../lib/varint.ts';
import { typeByteOf, type Chain, type RecordPlace } from '../chains/chains.ts';
import { DeltaRun } from '../chains/delta-run.ts';
import { KIND_BASE, KIND_BEGIN, KIND_DELTA, KIND_PAGE, KIND_RUN } from '../format/data-entry.ts';
import { CHAIN_DELTA_BYTES_MIN } from '../limits.ts';
import { NO_STAMP } from '../format/version-stamp.ts';
import { sizeClassOf } from '../index/size-class.ts';
import type { StoreParts } from '../store-parts.ts';

const NO_BYTES = new ByteRange(Buffer.alloc(0));

/**
 * Bytes of deltas of a large collection for each byte of its changed blocks, before these are
 * written: so each byte that changes is written once more at most for every two. More would make
 * the first use after a restart longer.
 */
const DELTAS_PER_DIRTY_BYTE = 2;

/** Of what live values may take: as many bytes of such deltas at most. */
const JOURNAL_PART = 4;

export class PageWriter {
  readonly #parts: Pick<StoreParts, 'chains' | 'paging' | 'writer'>;
  readonly #snapshots = new Map<Chain, Snapshot>();

  constructor(parts: Pick<StoreParts, 'chains' | 'paging' | 'writer'>) {
    this.#parts = parts;
  }

  isHuge(live: LiveValue): boolean {
    return live.isLarge === true || live.baseBytes >= this.#parts.paging.baseBytesMin;
  }

  /** How many bytes of deltas make a chain's base be written anew. */
  heavyFrom(chain: Chain, live: LiveValue): number {
    const { baseBytesMin } = this.#parts.paging;
    if (live.dirtyBytes !== undefined) {
      const journalMax = this.#parts.chains.liveBudgetBytes / JOURNAL_PART;
      const bytes = Math.min(DELTAS_PER_DIRTY_BYTE * live.dirtyBytes, journalMax);
      return Math.max(CHAIN_DELTA_BYTES_MIN, bytes);
    }
    // Deltas that cannot become runs are read one by one: not too many of those.
    if (chain.run === undefined && live.baseBytes >= baseBytesMin) return baseBytesMin;
    return Math.max(CHAIN_DELTA_BYTES_MIN, live.baseBytes);
  }

  // ---- Deltas -----------------------------------------------------------------------------------

  /** Appends deltas of a warm chain: a DELTA, and a RUN when it is time for one. */
  appendDeltas(chain: Chain, deltas: DeltaRun): void {
    const { run } = chain;
    if (run === undefined) return this.#appendChange(chain, KIND_DELTA, deltas);
    const { runBytesMin, runDeltasMin } = this.#parts.paging;
    if (deltas.bytes >= runBytesMin) {
      // Many are a run of their own at once, so that their bytes are written only once.
      if (run.count > 0) this.#writeRun(chain, run);
      return this.#appendChange(chain, KIND_RUN, deltas);
    }
    const { buf, start, end } = deltas.range();
    run.addAll(buf, start, end);
    this.#appendChange(chain, KIND_DELTA, deltas);
    if (run.bytes >= runBytesMin || run.count >= runDeltasMin) this.#writeRun(chain, run);
  }

  /** Lets the value of a chain go cold whose records say everything. */
  cool(chain: Chain): void {
    if (chain.run !== undefined && chain.run.count > 1) this.#writeRun(chain, chain.run);
    this.#parts.chains.cool(chain);
  }

  /** Says again what single deltas said. */
  #writeRun(chain: Chain, run: DeltaRun): void {
    this.#appendDeltas(chain, KIND_RUN, run, chain.stamp);
    run.clear();
  }

  #appendChange(chain: Chain, kind: number, deltas: DeltaRun): void {
    const { appender } = this.#parts.writer;
    this.#appendDeltas(chain, kind, deltas, appender.logIndex);
    chain.stamp = appender.changeStamp;
  }

  #appendDeltas(chain: Chain, kind: number, deltas: DeltaRun, stamp: number): void {
    const record = this.#append(chain, kind, new ByteRange(chain.key!), deltas.range(), stamp);
    this.#parts.chains.addDelta(chain, record, kind);
  }

  // ---- Bases ------------------------------------------------------------------------------------

  /** Goes on with a new base until the log is as long as `stopAt`; true when it is complete. */
  step(chain: Chain, live: LiveValue, stopAt: number): boolean {
    const { chains, writer } = this.#parts;
    const key = new ByteRange(chain.key!);
    let snapshot = this.#snapshots.get(chain);
    if (snapshot === undefined) {
      snapshot = this.#begin(chain, live, key);
    }
    while (writer.appendedLsn < stopAt) {
      const page = snapshot.next();
      if (page === undefined) {
        this.#forget(chain);
        const count = countOf(chain.pending!.length);
        chains.complete(chain, this.#append(chain, KIND_BASE, key, count, chain.stamp));
        return true;
      }
      if (page === 'step') continue;
      const range = new ByteRange(page);
      chains.addPage(chain, this.#append(chain, KIND_PAGE, key, range, NO_STAMP));
    }
    return false;
  }

  /** Whether a base of the chain is being written. */
  isAtWork(chain: Chain): boolean {
    return this.#snapshots.has(chain);
  }

  /** Chains of which a base is being written. */
  atWork(): Iterable<Chain> {
    return this.#snapshots.keys();
  }

  /** Gives up a base that is not complete. */
  abandon(chain: Chain): void {
    this.#forget(chain);
    this.#parts.chains.abandon(chain);
  }

  #begin(chain: Chain, live: LiveValue, key: ByteRange): Snapshot {
    const { chains, paging } = this.#parts;
    const snapshot = live.snapshot(paging.pageBytes);
    this.#snapshots.set(chain, snapshot);
    chain.pins += 1;
    chains.begin(chain, this.#append(chain, KIND_BEGIN, key, NO_BYTES, chain.stamp));
    // What comes from here on is behind the BEGIN, and can be written again as runs.
    chain.run = new DeltaRun();
    return snapshot;
  }

  #forget(chain: Chain): void {
    const snapshot = this.#snapshots.get(chain);
    if (snapshot === undefined) return;
    snapshot.end();
    this.#snapshots.delete(chain);
    chain.pins -= 1;
  }

  /**
   * Appends a whole value in pages, in one step: BEGIN and PAGEs, which are returned, and BASE
   * last, which the caller finds in the appender.
   */
  appendWhole(live: LiveValue, space: number, key: ByteRange, typeByte: number,
    expireAt: number): RecordPlace[] {
    const { writer, paging } = this.#parts;
    const { appender } = writer;
    const records: RecordPlace[] = [];
    // It may be the value of a key that is renamed while its base is written.
    for (const chain of this.#snapshots.keys()) if (chain.live === live) this.abandon(chain);
    appender.append(KIND_BEGIN, typeByte, space, key, NO_BYTES, expireAt, NO_STAMP);
    records.push(this.#lastRecord());
    const snapshot = live.snapshot(paging.pageBytes);
    for (let page = snapshot.next(); page !== undefined; page = snapshot.next()) {
      if (page === 'step') continue;
      appender.append(KIND_PAGE, typeByte, space, key, new ByteRange(page), expireAt, NO_STAMP);
      records.push(this.#lastRecord());
    }
    const count = countOf(records.length - 1);
    appender.append(KIND_BASE, typeByte, space, key, count, expireAt, appender.logIndex);
    return records;
  }

  #append(chain: Chain, kind: number, key: ByteRange, value: ByteRange,
    stamp: number): RecordPlace {
    const { appender } = this.#parts.writer;
    appender.append(kind, typeByteOf(chain), chain.space.id, key, value, chain.expireAt, stamp);
    return this.#lastRecord();
  }

  #lastRecord(): RecordPlace {
    const { slot, offset, bytes } = this.#parts.writer.appender;
    return { slot, offset, sizeClass: sizeClassOf(bytes) };
  }
}

/** The value of a BASE: how many pages it has. */
function countOf(pages: number): ByteRange {
  const buf = Buffer.alloc(varintBytes(pages));
  writeVarint(buf, 0, pages);
  return new ByteRange(buf);
}
