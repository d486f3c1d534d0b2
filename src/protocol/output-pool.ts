/**
 * Memory for replies. An encoder takes a buffer when it has something to write and hands the
 * filled part to the socket; when the socket is done with it, it comes back here. So an idle
 * connection holds nothing, and ten thousand of them share a few buffers.
 *
 * Sizes are powers of two. Ownership: a buffer that `acquire` gave belongs to its taker until
 * `recycle`, which accepts the buffer or any view of it. Whoever never recycles merely loses the
 * reuse. Recycling one twice would give two connections the same memory, so it throws.
 */
import {
  OUTPUT_BUFFER_BYTES_MIN,
  OUTPUT_BUFFER_POOLED_BYTES_MAX,
  OUTPUT_POOL_BYTES_MAX,
} from '../limits.ts';

const SMALLEST_POWER = Math.log2(OUTPUT_BUFFER_BYTES_MIN);

export class OutputPool {
  /** Unused memory, by size: OUTPUT_BUFFER_BYTES_MIN << index. */
  readonly #unused: ArrayBufferLike[][] = [];
  readonly #lent = new WeakSet<ArrayBufferLike>();
  #unusedBytes = 0;

  /** Bytes that wait for reuse. */
  get unusedBytes(): number {
    return this.#unusedBytes;
  }

  /** A buffer of at least `bytes`, with any content. */
  acquire(bytes: number): Buffer {
    const power = Math.max(SMALLEST_POWER, Math.ceil(Math.log2(bytes)));
    const size = 2 ** power;
    if (size > OUTPUT_BUFFER_POOLED_BYTES_MAX) return Buffer.allocUnsafeSlow(size);
    const known = this.#unused[power - SMALLEST_POWER]?.pop();
    if (known !== undefined) this.#unusedBytes -= size;
    const buf = known === undefined ? Buffer.allocUnsafeSlow(size) : Buffer.from(known);
    this.#lent.add(buf.buffer);
    return buf;
  }

  /** Takes back what `acquire` gave. A buffer too large to keep is dropped. */
  recycle(buf: Buffer): void {
    const memory = buf.buffer;
    const size = memory.byteLength;
    if (size > OUTPUT_BUFFER_POOLED_BYTES_MAX) return;
    if (!this.#lent.delete(memory)) {
      throw new Error(`recycled a ${size}-byte buffer that this pool has not lent`);
    }
    if (this.#unusedBytes + size > OUTPUT_POOL_BYTES_MAX) return;
    const index = Math.log2(size) - SMALLEST_POWER;
    (this.#unused[index] ??= []).push(memory);
    this.#unusedBytes += size;
  }
}
