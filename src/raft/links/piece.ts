/**
 * Large messages in pieces, so that small urgent ones can go between them.
 *
 *   piece  u8   kind of the message, as in message-codec.ts
 *          u32  bytes of the message's body
 *          u32  where in the body the bytes of this piece begin
 *               the bytes, to the end
 *
 * The pieces of one message follow each other, and no other message comes in pieces meanwhile. The
 * receiver answers each with an empty frame `pieceTaken`: the sender knows what has arrived.
 *
 * A piece that does not follow the one before is a fault of the peer, as any malformed message is.
 */

import { readU32, writeU32 } from '../../lib/words.ts';
import { LINK_FRAME_BYTES_MAX } from '../limits.ts';
import { FRAME, FRAME_BODY_AT, makeFrame, sealFrame, type Frame } from './frame.ts';
import { isMessageFrame } from './message-codec.ts';

const HEAD_BYTES = 9;

/** Cuts the body of one message, which is in parts that follow each other and stay as they are. */
export class PieceCutter {
  readonly #kind: number;
  readonly #parts: readonly Uint8Array[];
  readonly #bytes: number;
  #part = 0;
  #partAt = 0;
  #cutBytes = 0;

  constructor(kind: number, parts: readonly Uint8Array[]) {
    this.#kind = kind;
    this.#parts = parts;
    this.#bytes = parts.reduce((sum, { length }) => sum + length, 0);
  }

  /** Bytes of the body that are not cut off yet. */
  get left(): number {
    return this.#bytes - this.#cutBytes;
  }

  /** The next piece, as a frame, with up to `bytesMax` bytes of the body. */
  next(bytesMax: number): Uint8Array {
    const bytes = Math.min(bytesMax, this.left);
    const frame = makeFrame(HEAD_BYTES + bytes);
    frame[FRAME_BODY_AT] = this.#kind;
    writeU32(frame, FRAME_BODY_AT + 1, this.#bytes);
    writeU32(frame, FRAME_BODY_AT + 5, this.#cutBytes);
    this.#copy(frame.subarray(FRAME_BODY_AT + HEAD_BYTES));
    this.#cutBytes += bytes;
    sealFrame(frame, FRAME.piece);
    return frame;
  }

  #copy(to: Uint8Array): void {
    for (let at = 0; at < to.length;) {
      const part = this.#parts[this.#part]!;
      const bytes = Math.min(part.length - this.#partAt, to.length - at);
      to.set(part.subarray(this.#partAt, this.#partAt + bytes), at);
      at += bytes;
      this.#partAt += bytes;
      if (this.#partAt < part.length) continue;
      this.#part += 1;
      this.#partAt = 0;
    }
  }
}

/** Puts a message together again. */
export class PieceJoiner {
  #kind = 0;
  #body: Uint8Array | undefined;
  #filled = 0;

  /** The message's frame when it is whole; undefined while it is not; 'malformed' is a fault. */
  add({ body: piece }: Frame): Frame | 'malformed' | undefined {
    if (piece.length <= HEAD_BYTES) return 'malformed';
    const kind = piece[0]!;
    const total = readU32(piece, 1);
    const from = readU32(piece, 5);
    if (from === 0) this.#begin(kind, total);
    const whole = this.#body;
    const bytes = piece.subarray(HEAD_BYTES);
    const isNext = whole?.length === total && this.#kind === kind && this.#filled === from;
    if (!isNext || from + bytes.length > total) return 'malformed';
    whole.set(bytes, from);
    this.#filled += bytes.length;
    if (this.#filled < total) return undefined;
    this.#body = undefined;
    return { kind, body: whole, isOwned: true };
  }

  /** The other side has proved itself; what it announces is allocated, within the bound. */
  #begin(kind: number, total: number): void {
    const isAllowed = this.#body === undefined && total <= LINK_FRAME_BYTES_MAX &&
      isMessageFrame({ kind, body: new Uint8Array(0), isOwned: true });
    // All of it is filled before anybody sees it.
    this.#body = isAllowed ? new Uint8Array(Buffer.allocUnsafeSlow(total).buffer) : undefined;
    this.#kind = kind;
    this.#filled = 0;
  }
}
