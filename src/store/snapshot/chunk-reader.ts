/**
 * Reads bytes out of chunks that are cut anywhere, in pieces of the reader's choice. It holds one
 * chunk, which stays its owner's: what `some` returns is borrowed until the next call.
 *
 * It fails with TRUNCATED when the chunks end too early, and as their source fails.
 */

import { SnapshotError } from './snapshot-error.ts';

const NO_BYTES = new Uint8Array(0);

export class ChunkReader {
  readonly #chunks: AsyncIterator<Uint8Array>;
  #chunk: Uint8Array = NO_BYTES;
  #at = 0;
  #takenBytes = 0;
  #isEnded = false;

  constructor(chunks: AsyncIterable<Uint8Array>) {
    this.#chunks = chunks[Symbol.asyncIterator]();
  }

  /** Exactly so many bytes, in a fresh buffer. For small numbers of them. */
  async take(bytes: number): Promise<Buffer> {
    const buf = Buffer.alloc(bytes);
    for (let at = 0; at < bytes;) {
      const piece = await this.some(bytes - at);
      buf.set(piece, at);
      at += piece.length;
    }
    return buf;
  }

  /** At least one byte and at most so many. */
  async some(bytesMax: number): Promise<Uint8Array> {
    if (!await this.#fill()) {
      throw new SnapshotError('TRUNCATED', `the snapshot ends after ${this.#takenBytes} bytes`);
    }
    const piece = this.#chunk.subarray(this.#at, this.#at + bytesMax);
    this.#at += piece.length;
    this.#takenBytes += piece.length;
    return piece;
  }

  /** Whether no byte is left. */
  async isAtEnd(): Promise<boolean> {
    return !await this.#fill();
  }

  /** Tells the source that no more is wanted. */
  async close(): Promise<void> {
    if (this.#isEnded) return;
    this.#isEnded = true;
    await this.#chunks.return?.();
  }

  /** Sees to it that the chunk has a byte; false at the end. */
  async #fill(): Promise<boolean> {
    while (this.#at === this.#chunk.length && !this.#isEnded) {
      const next = await this.#chunks.next();
      this.#isEnded = next.done === true;
      this.#chunk = next.done === true ? NO_BYTES : next.value;
      this.#at = 0;
    }
    return this.#at < this.#chunk.length;
  }
}
