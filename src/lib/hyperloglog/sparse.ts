/**
 * Sparse HyperLogLogs: registers in runs of equal ones.
 *
 *     00xxxxxx           ZERO   x + 1 registers of 0, 1 to 64
 *     01xxxxxx yyyyyyyy  XZERO  x·256 + y + 1 registers of 0, 1 to 16384
 *     1vvvvvxx           VAL    x + 1 registers of v + 1: 1 to 4 registers of 1 to 32
 *
 * The empty one is one run, 7f ff. With register 3 at 2 it is 02 84 7f fb: three of 0, one of 2,
 * and 16380 of 0.
 *
 * How runs are split and joined is Redis's way, byte by byte: other runs would say the same, but
 * two servers that were told the same would have different strings.
 *
 * An XZERO whose second byte is missing reads 0 there, as the byte behind a string does in Redis.
 * A change of it writes the whole run, while Redis forgets the last byte of what it writes.
 */

import {
  DENSE, DENSE_BYTES, HEADER_BYTES, REGISTERS, SPARSE, markStale, setRegister, writeHeader,
} from './format.ts';

const XZERO_BIT = 0x40;
const VAL_BIT = 0x80;
const KIND_MASK = 0xc0;

const ZERO_RUN_MAX = 64;
const VAL_RUN_MAX = 4;
/** Higher ones need a dense value. */
const VAL_MAX = 32;

/** Looks for runs to join among so many, from the one before that which changed. */
const JOINED_RUNS_MAX = 5;

/** A sparse value without elements. */
export function emptySparse(): Buffer {
  const bytes = Buffer.alloc(HEADER_BYTES + 2);
  writeHeader(bytes, SPARSE);
  writeZeros(bytes, HEADER_BYTES, REGISTERS);
  return bytes;
}

// ---- Reading ------------------------------------------------------------------------------------

function isVal(byte: number): boolean {
  return byte >= VAL_BIT;
}

function isXZero(byte: number): boolean {
  return (byte & KIND_MASK) === XZERO_BIT;
}

function valueOf(byte: number): number {
  return ((byte >> 2) & 31) + 1;
}

/** How many registers the run at `at` has; the runs end at `end`. */
function runAt(bytes: Uint8Array, at: number, end: number): number {
  const byte = bytes[at]!;
  if (isVal(byte)) return (byte & 3) + 1;
  if (!isXZero(byte)) return byte + 1;
  const low = at + 1 < end ? bytes[at + 1]! : 0;
  return ((byte & 63) << 8 | low) + 1;
}

/**
 * Visits the runs in order: which register each begins with, how many it has and of what value.
 * False: they are not exactly all registers. Those that are in range have been visited then.
 */
export function visitRuns(
  sparse: Uint8Array, visit: (first: number, count: number, value: number) => void,
): boolean {
  let first = 0;
  for (let at = HEADER_BYTES; at < sparse.length;) {
    const byte = sparse[at]!;
    const count = runAt(sparse, at, sparse.length);
    if (first + count > REGISTERS) return false;
    visit(first, count, isVal(byte) ? valueOf(byte) : 0);
    first += count;
    at += isXZero(byte) ? 2 : 1;
  }
  return first === REGISTERS;
}

/** Takes each register into `registers` where it is higher; false if the value is damaged. */
export function mergeSparse(sparse: Uint8Array, registers: Uint8Array): boolean {
  return visitRuns(sparse, (first, count, value) => {
    for (let i = first; i < first + count; i++) if (value > registers[i]!) registers[i] = value;
  });
}

/** The same registers, dense; undefined if the value is damaged. The cached cardinality stays. */
export function toDense(sparse: Uint8Array): Buffer | undefined {
  const dense = Buffer.alloc(DENSE_BYTES);
  dense.set(sparse.subarray(0, HEADER_BYTES));
  writeHeader(dense, DENSE);
  const isWhole = visitRuns(sparse, (first, count, value) => {
    if (value === 0) return;
    for (let i = first; i < first + count; i++) setRegister(dense, i, value);
  });
  return isWhole ? dense : undefined;
}

/** The runs as PFDEBUG DECODE writes them, whether or not they are all registers. */
export function describeRuns(sparse: Uint8Array): string {
  const words: string[] = [];
  for (let at = HEADER_BYTES; at < sparse.length;) {
    const byte = sparse[at]!;
    const count = runAt(sparse, at, sparse.length);
    if (isVal(byte)) words.push(`v:${valueOf(byte)},${count}`);
    else words.push(`${isXZero(byte) ? 'Z' : 'z'}:${count}`);
    at += isXZero(byte) ? 2 : 1;
  }
  return words.join(' ');
}

// ---- Changing -----------------------------------------------------------------------------------

/** The value has to become dense. */
export const TOO_LARGE = Symbol('too large for a sparse one');

/** Its runs are not what they must be. */
export const DAMAGED = Symbol('damaged');

export type Raised = boolean | typeof TOO_LARGE | typeof DAMAGED;

/** A sparse value that is being changed: its bytes, in a buffer with room behind them. */
export class SparseEdit {
  #buf: Buffer;
  #length: number;
  readonly #bytesMax: number;

  /** Copies the bytes. `bytesMax`: to how many it may grow. */
  constructor(bytes: Uint8Array, bytesMax: number) {
    this.#buf = Buffer.allocUnsafe(bytes.length * 2);
    this.#buf.set(bytes);
    this.#length = bytes.length;
    this.#bytesMax = bytesMax;
  }

  /** Borrowed: the next change may move them. */
  bytes(): Buffer {
    return this.#buf.subarray(0, this.#length);
  }

  /**
   * Sets a register to a value of 1 or more unless it has that much already. True if it did; then
   * the cached cardinality is not valid any more. What is not a boolean has changed nothing.
   */
  raise(register: number, value: number): Raised {
    if (value > VAL_MAX) return TOO_LARGE;
    const buf = this.#buf;
    let at = HEADER_BYTES;
    let before = HEADER_BYTES;
    let first = 0;
    let count = 0;
    while (at < this.#length) {
      count = runAt(buf, at, this.#length);
      if (register < first + count) break;
      before = at;
      first += count;
      at += isXZero(buf[at]!) ? 2 : 1;
    }
    if (at >= this.#length) return DAMAGED;
    const byte = buf[at]!;
    if (isVal(byte) && valueOf(byte) >= value) return false;
    if (count === 1 && !isXZero(byte)) buf[at] = valByte(value, 1);
    else if (!this.#split(at, register - first, value, count)) return TOO_LARGE;
    this.#joinFrom(before);
    markStale(this.#buf);
    return true;
  }

  /** Gives the register at `offset` of the run at `at` a value; false if that takes too much. */
  #split(at: number, offset: number, value: number, count: number): boolean {
    const byte = this.#buf[at]!;
    const seq = Buffer.allocUnsafe(5);
    let bytes = 0;
    const writeRest = (registers: number): void => {
      if (registers === 0) return;
      if (!isVal(byte)) bytes = writeZeros(seq, bytes, registers);
      else seq[bytes++] = valByte(valueOf(byte), registers);
    };
    writeRest(offset);
    seq[bytes++] = valByte(value, 1);
    writeRest(count - offset - 1);
    const growth = bytes - (isXZero(byte) ? 2 : 1);
    if (growth > 0 && this.#length + growth > this.#bytesMax) return false;
    this.#replace(at, isXZero(byte) ? 2 : 1, seq.subarray(0, bytes));
    return true;
  }

  #replace(at: number, oldBytes: number, seq: Buffer): void {
    // An XZERO whose second byte is missing ends behind the value.
    const end = Math.min(at + oldBytes, this.#length);
    const length = this.#length + seq.length - (end - at);
    if (length > this.#buf.length) {
      const larger = Buffer.allocUnsafe(length * 2);
      this.#buf.copy(larger, 0, 0, this.#length);
      this.#buf = larger;
    }
    this.#buf.copyWithin(at + seq.length, end, this.#length);
    this.#buf.set(seq, at);
    this.#length = length;
  }

  /** Joins runs of one value that are side by side. */
  #joinFrom(start: number): void {
    const buf = this.#buf;
    let at = start;
    for (let left = JOINED_RUNS_MAX; left > 0 && at < this.#length; left--) {
      const byte = buf[at]!;
      const next = at + 1 < this.#length ? buf[at + 1]! : 0;
      const isPair = isVal(byte) && isVal(next) && valueOf(byte) === valueOf(next);
      const count = isPair ? (byte & 3) + (next & 3) + 2 : 0;
      if (isXZero(byte)) at += 2;
      else if (isPair && count <= VAL_RUN_MAX) {
        buf[at + 1] = valByte(valueOf(byte), count);
        buf.copyWithin(at, at + 1, this.#length);
        this.#length -= 1;
      } else at += 1;
    }
  }
}

function valByte(value: number, registers: number): number {
  return VAL_BIT | ((value - 1) << 2) | (registers - 1);
}

/** Writes one run of registers of 0; returns where it ends. */
function writeZeros(into: Buffer, at: number, registers: number): number {
  if (registers <= ZERO_RUN_MAX) {
    into[at] = registers - 1;
    return at + 1;
  }
  into[at] = XZERO_BIT | ((registers - 1) >> 8);
  into[at + 1] = (registers - 1) & 0xff;
  return at + 2;
}
