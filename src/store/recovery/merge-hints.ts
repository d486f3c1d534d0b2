/**
 * Builds the index from the hints of all segments: one merge of sorted runs, so that the rows of
 * one hash meet, whatever segments they come from.
 *
 *     run of segment 7   | 03a1.. vi 12 PUT | 03a1.. vi 40 DELTA | 0477.. vi 3 PUT | ...
 *     run of segment 9   | 03a1.. vi 31 PUT | ...                     -> 03a1: base vi 31, delta vi
 *     40
 *
 * The newest by value_index wins, never the higher segment: the compactor moves records to later
 * segments. A PUT begins the key anew, a DELETED ends it, a DELTA or EXPIRE counts if a PUT is
 * before it. Two rows with one value_index are two copies of one record.
 *
 * Rows of the system space come first. They say which spaces are dead and for which hashes the keys
 * themselves must be read, because two keys share them; for those and for the system space, rows
 * are grouped by key.
 */

import type { ValueType } from '../../keyspace/value-type.ts';
import { collisionName } from '../collisions.ts';
import { KIND_DELETED, KIND_DELTA, KIND_EXPIRE, KIND_PUT } from '../format/data-entry.ts';
import {
  SYSTEM_SPACE, rowBytes, rowExpirySeconds, rowHi, rowKind, rowLo, rowOffset, rowOrder, rowSpace,
  rowTypeByte, rowValueIndex,
} from '../format/hint-rows.ts';
import { sizeClassOf } from '../size-class.ts';
import { SortedLoader } from '../sorted-loader.ts';
import type { Space } from '../space-table.ts';
import { PageRows } from './page-rows.ts';
import type { RowRun } from './page-rows.ts';
import type { RecoveredState } from './recovered-state.ts';

const TYPE_MASK = 7;

/** One row, taken out of its run. */
interface Row {
  readonly slot: number;
  readonly hi: number;
  readonly lo: number;
  readonly kind: number;
  readonly type: ValueType;
  readonly offset: number;
  readonly sizeClass: number;
  readonly bytes: number;
  readonly expirySeconds: number;
  readonly valueIndex: number;
}

/** What a key comes to. */
interface Outcome {
  base: Row | undefined;
  readonly deltas: Row[];
}

/** Rows of several keys with one hash. */
interface Group {
  readonly space: number;
  readonly rows: readonly Row[];
}

interface PendingChain {
  readonly space: Space;
  readonly base: Row;
  readonly deltas: readonly Row[];
}

export class HintMerge {
  readonly #state: RecoveredState;
  readonly #rows: PageRows;
  readonly #loaders = new Map<number, SortedLoader>();
  readonly #chains: PendingChain[] = [];
  readonly #shared: Group[] = [];

  constructor(state: RecoveredState, runs: readonly RowRun[]) {
    this.#state = state;
    this.#rows = new PageRows(runs);
  }

  /** Rejects with DAMAGED when a record that it must read is not sound. */
  async run(): Promise<void> {
    await this.#addByKey({ space: SYSTEM_SPACE, rows: this.#takeSystemRows() });
    await this.#state.readSystemRecords();
    while (!this.#rows.isDone) this.#mergeHash();
    for (const loader of this.#loaders.values()) loader.finish();
    for (const chain of this.#chains) this.#insertChain(chain);
    for (const group of this.#shared) await this.#addByKey(group);
  }

  // ---- Keys that must be compared ---------------------------------------------------------------

  #takeSystemRows(): Row[] {
    const rows: Row[] = [];
    while (this.#isAt(SYSTEM_SPACE)) rows.push(this.#takeRow());
    return rows;
  }

  /** Rows of several keys: the records tell which is whose. The loaders must be finished. */
  async #addByKey({ space, rows }: Group): Promise<void> {
    const byKey = new Map<string, Row[]>();
    for (const row of rows) {
      const key = await this.#state.readKey(row.slot, row.offset, row.bytes);
      const same = byKey.get(key);
      if (same === undefined) byKey.set(key, [row]);
      else same.push(row);
    }
    for (const same of byKey.values()) {
      const { base, deltas } = this.#resolve(space, same);
      if (base !== undefined) this.#insert(this.#state.space(space), base, deltas);
    }
  }

  #insert(space: Space, base: Row, deltas: readonly Row[]): void {
    this.#addLive(base, deltas);
    if (deltas.length > 0) {
      this.#insertChain({ space, base, deltas });
      return;
    }
    space.index.insert(base.hi, base.lo, base.type, base.slot, base.offset, base.sizeClass,
      base.expirySeconds);
  }

  // ---- One hash in one space --------------------------------------------------------------------

  #mergeHash(): void {
    const { words, row, isAlone } = this.#rows;
    const space = rowSpace(words, row);
    if (isAlone && rowKind(words, row) === KIND_PUT) {
      this.#addAlone(space);
      return;
    }
    const rows = this.#takeHash(space, rowOrder(words, row));
    const hi = rowHi(words, row);
    const lo = rowLo(words, row);
    if (this.#state.hasCollisions && this.#state.isCollision(collisionName(space, hi, lo))) {
      this.#shared.push({ space, rows: [...rows] });
    } else {
      this.#add(space, rows);
    }
  }

  /** One by one: a counter that was raised a million times has as many rows. */
  *#takeHash(space: number, order: number): Generator<Row, void, void> {
    while (this.#isAt(space, order)) yield this.#takeRow();
  }

  /** The usual case, without objects: the only row of its hash. */
  #addAlone(spaceId: number): void {
    const { words, row, slot } = this.#rows;
    if (!this.#state.isDead(spaceId, rowValueIndex(words, row))) {
      const sizeClass = sizeClassOf(rowBytes(words, row));
      const type = rowTypeByte(words, row) & TYPE_MASK;
      this.#loaderOf(spaceId).add(rowHi(words, row), rowLo(words, row), type, slot,
        rowOffset(words, row), sizeClass, rowExpirySeconds(words, row));
      this.#state.addLive(slot, sizeClass);
    }
    this.#rows.advance();
  }

  /** Rows of one key, ascending by value_index. */
  #add(spaceId: number, rows: Iterable<Row>): void {
    const { base, deltas } = this.#resolve(spaceId, rows);
    if (base === undefined) return;
    this.#addLive(base, deltas);
    if (deltas.length > 0) {
      this.#chains.push({ space: this.#state.space(spaceId), base, deltas });
      return;
    }
    this.#loaderOf(spaceId).add(base.hi, base.lo, base.type, base.slot, base.offset, base.sizeClass,
      base.expirySeconds);
  }

  /** Whether there is a row, and it has this space and order. */
  #isAt(space: number, order?: number): boolean {
    const { words, row, isDone } = this.#rows;
    return !isDone && rowSpace(words, row) === space &&
      (order === undefined || rowOrder(words, row) === order);
  }

  #addLive(base: Row, deltas: readonly Row[]): void {
    this.#state.addLive(base.slot, base.sizeClass);
    for (const delta of deltas) this.#state.addLive(delta.slot, delta.sizeClass);
  }

  #resolve(spaceId: number, rows: Iterable<Row>): Outcome {
    const outcome: Outcome = { base: undefined, deltas: [] };
    let last = -1;
    for (const row of rows) {
      if (row.valueIndex === last || this.#state.isDead(spaceId, row.valueIndex)) continue;
      last = row.valueIndex;
      apply(outcome, row);
    }
    return outcome;
  }

  #insertChain({ space, base, deltas }: PendingChain): void {
    const { chains } = this.#state;
    const chain = chains.create(space, base.hi, base.lo, base.type, base);
    const last = deltas.at(-1)!;
    space.index.insertChained(base.hi, base.lo, base.type, chain.id, base.sizeClass,
      last.expirySeconds);
    for (const delta of deltas) chains.restoreDelta(chain, delta, delta.kind === KIND_EXPIRE);
  }

  #loaderOf(spaceId: number): SortedLoader {
    let loader = this.#loaders.get(spaceId);
    if (loader === undefined) {
      loader = new SortedLoader(this.#state.space(spaceId).index);
      this.#loaders.set(spaceId, loader);
    }
    return loader;
  }

  #takeRow(): Row {
    const { words, row, slot } = this.#rows;
    const bytes = rowBytes(words, row);
    const taken: Row = {
      slot,
      hi: rowHi(words, row),
      lo: rowLo(words, row),
      kind: rowKind(words, row),
      type: (rowTypeByte(words, row) & TYPE_MASK) as ValueType,
      offset: rowOffset(words, row),
      sizeClass: sizeClassOf(bytes),
      bytes,
      expirySeconds: rowExpirySeconds(words, row),
      valueIndex: rowValueIndex(words, row),
    };
    this.#rows.advance();
    return taken;
  }
}

function apply(outcome: Outcome, row: Row): void {
  if (row.kind === KIND_PUT) {
    outcome.base = row;
    outcome.deltas.length = 0;
  } else if (row.kind === KIND_DELETED) {
    outcome.base = undefined;
    outcome.deltas.length = 0;
  } else if (outcome.base !== undefined && (row.kind === KIND_DELTA || row.kind === KIND_EXPIRE)) {
    // An EXPIRE is dead as soon as something follows it (chains.ts).
    if (outcome.deltas.at(-1)?.kind === KIND_EXPIRE) outcome.deltas.pop();
    outcome.deltas.push(row);
  }
}
