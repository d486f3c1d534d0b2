/**
 * Deltas as pieces (length varint, bytes) one after the other: what a DELTA and a RUN hold. A value
 * of a million fields may have as many deltas behind its base; read one by one they would take
 * seconds, and the compactor would search among them for each that it meets.
 */

import type { ByteRange } from '../../lib/byte-range.ts';
import type { LiveValue } from '../../keyspace/live-value.ts';
import { DeltaWriter, PieceReader } from '../../keyspace/pieces.ts';

/** What it takes beside its memory. */
const EMPTY_BYTES = 200;

export class DeltaRun {
  readonly #pieces = new DeltaWriter();
  #count = 0;

  constructor() {
    this.#pieces.restart();
  }

  /** How many deltas, or records of deltas, were added. */
  get count(): number {
    return this.#count;
  }

  get bytes(): number {
    const { start, end } = this.#pieces.finish();
    return end - start;
  }

  get memoryBytes(): number {
    return EMPTY_BYTES + this.#pieces.finish().buf.length;
  }

  /** Adds one delta. */
  add({ buf, start, end }: ByteRange): void {
    this.#pieces.bytes(buf, start, end);
    this.#count += 1;
  }

  /** Adds what another run or a record holds. */
  addAll(buf: Buffer, start: number, end: number): void {
    this.#pieces.raw(buf, start, end);
    this.#count += 1;
  }

  /** All of it; borrowed until the next call. */
  range(): ByteRange {
    return this.#pieces.finish();
  }

  /** Goes back to when it had so many deltas and bytes. */
  cut(count: number, bytes: number): void {
    this.#pieces.cut(bytes);
    this.#count = count;
  }

  clear(): void {
    this.#pieces.restart();
    this.#count = 0;
  }
}

/** Applies the deltas of a DELTA or a RUN. */
export function applyRun(live: LiveValue, buf: Buffer, start: number, end: number): void {
  const deltas = new PieceReader(buf, start, end);
  while (deltas.hasMore) {
    deltas.next();
    live.applyDelta(buf, deltas.start, deltas.end);
  }
}
