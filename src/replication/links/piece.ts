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
import { LINK_FRAME_BYTES_MAX } from '../../limits.ts';
import { FRAME, FRAME_BODY_AT, makeFrame, sealFrame, type Frame } from './frame.ts';
import { isMessageFrame } from './message-codec.ts';

const HEAD_BYTES = 9;

/** `body`: of the whole message; the piece is `from` up to, not including, `to` of it. */
export function encodePiece(
  kind: number, body: Uint8Array, from: number, to: number,
): Uint8Array {
  const frame = makeFrame(HEAD_BYTES + to - from);
  frame[FRAME_BODY_AT] = kind;
  writeU32(frame, FRAME_BODY_AT + 1, body.length);
  writeU32(frame, FRAME_BODY_AT + 5, from);
  frame.set(body.subarray(from, to), FRAME_BODY_AT + HEAD_BYTES);
  sealFrame(frame, FRAME.piece);
  return frame;
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
    this.#body = isAllowed ? Buffer.allocUnsafeSlow(total) : undefined;
    this.#kind = kind;
    this.#filled = 0;
  }
}
