/**
 * Memory for replies. An encoder takes one when it has something to write and hands it over filled;
 * when the socket is done with it, it comes back here. So an idle connection holds nothing, and ten
 * thousand of them share a few.
 *
 * Sizes are powers of two, but for memory that is too large to keep. Ownership: memory that
 * `acquire` gave belongs to its taker until `recycle`. A taker that never recycles merely loses the
 * reuse. Recycling twice would give two connections the same memory, so it throws.
 */
import { viewOf } from '../lib/views.ts';
import { KiB, MiB } from '../lib/size-units.ts';

/** Replies are written into buffers of powers of two from here (a busy turn of one client) ... */
export const OUTPUT_BUFFER_BYTES_MIN = 16 * KiB;
/** ... up to here, which are kept for reuse; larger ones are left to the garbage collector ... */
export const OUTPUT_BUFFER_POOLED_BYTES_MAX = 1 * MiB;
/** ... and so many bytes of unused ones are kept at most. */
export const OUTPUT_POOL_BYTES_MAX = 8 * MiB;

const SMALLEST_POWER = Math.log2(OUTPUT_BUFFER_BYTES_MIN);

export class OutputMemory {
  readonly buf: Buffer;
  /** Over the same bytes. */
  readonly view: DataView;
  /** Bytes from the front that are filled. */
  length = 0;
  /** For the pool. */
  isLent = false;

  constructor(buf: Buffer) {
    this.buf = buf;
    this.view = viewOf(buf);
  }

  toString(encoding: BufferEncoding = 'utf8'): string {
    return this.buf.toString(encoding, 0, this.length);
  }
}

/** Has room for nothing, and is nobody's. */
export const NO_MEMORY = new OutputMemory(Buffer.alloc(0));

export class OutputPool {
  /** Unused memory, by size: OUTPUT_BUFFER_BYTES_MIN << index. */
  readonly #unused: OutputMemory[][] = [];
  #unusedBytes = 0;

  /** Bytes that wait for reuse. */
  get unusedBytes(): number {
    return this.#unusedBytes;
  }

  /** Memory for at least `bytes`, with any content. */
  acquire(bytes: number): OutputMemory {
    if (bytes > OUTPUT_BUFFER_POOLED_BYTES_MAX) {
      return lend(new OutputMemory(Buffer.allocUnsafeSlow(bytes)));
    }
    const index = indexOf(bytes);
    const known = this.#unused[index]?.pop();
    const size = OUTPUT_BUFFER_BYTES_MIN * 2 ** index;
    const memory = known ?? new OutputMemory(Buffer.allocUnsafeSlow(size));
    if (known !== undefined) this.#unusedBytes -= size;
    return lend(memory);
  }

  /** Takes back what `acquire` gave. Memory too large to keep is dropped. */
  recycle(memory: OutputMemory): void {
    const size = memory.buf.length;
    if (!memory.isLent) {
      throw new Error(`recycled ${size} bytes of memory that this pool has not lent`);
    }
    memory.isLent = false;
    if (size > OUTPUT_BUFFER_POOLED_BYTES_MAX) return;
    if (this.#unusedBytes + size > OUTPUT_POOL_BYTES_MAX) return;
    (this.#unused[indexOf(size)] ??= []).push(memory);
    this.#unusedBytes += size;
  }
}

function lend(memory: OutputMemory): OutputMemory {
  memory.length = 0;
  memory.isLent = true;
  return memory;
}

function indexOf(bytes: number): number {
  if (bytes <= OUTPUT_BUFFER_BYTES_MIN) return 0;
  return Math.ceil(Math.log2(bytes)) - SMALLEST_POWER;
}
