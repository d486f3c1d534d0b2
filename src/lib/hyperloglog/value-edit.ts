/**
 * A HyperLogLog of either encoding that is being changed as a whole: a copy, which becomes dense
 * when a sparse one cannot say what it must, or would be too long.
 */

import { DENSE, getRegister, setRegister, type Encoding } from './format.ts';
import { DAMAGED, SparseEdit, TOO_LARGE, toDense } from './sparse.ts';

export class ValueEdit {
  readonly #sparse: SparseEdit;
  /** In place of the sparse one. */
  #dense: Buffer | undefined;

  /** `sparseBytesMax`: a sparse one may grow to so many bytes. */
  constructor(bytes: Buffer, encoding: Encoding, sparseBytesMax: number) {
    this.#sparse = new SparseEdit(encoding === DENSE ? NO_BYTES : bytes, sparseBytesMax);
    this.#dense = encoding === DENSE ? Buffer.from(bytes) : undefined;
  }

  /** Borrowed: the next change may move them. */
  bytes(): Buffer {
    return this.#dense ?? this.#sparse.bytes();
  }

  /** False: it is damaged, and is as it was. */
  becomeDense(): boolean {
    this.#dense ??= toDense(this.#sparse.bytes());
    return this.#dense !== undefined;
  }

  /**
   * Sets a register to a value of 1 or more unless it has that much already; whether it did.
   * DAMAGED has changed nothing.
   */
  raise(register: number, value: number): boolean | typeof DAMAGED {
    if (this.#dense === undefined) {
      const raised = this.#sparse.raise(register, value);
      if (raised !== TOO_LARGE) return raised;
      if (!this.becomeDense()) return DAMAGED;
    }
    const dense = this.#dense!;
    if (getRegister(dense, register) >= value) return false;
    setRegister(dense, register, value);
    return true;
  }
}

const NO_BYTES = Buffer.alloc(0);
