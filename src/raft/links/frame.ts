/**
 * Frames: the pieces that every connection between peers is cut into, in the handshake and after.
 *
 *    0  u32  bytes from 8 on: 1 for the kind, and the body
 *    4  u32  checksum of the body, with the kind as its seed
 *    8  u8   kind
 *    9  ...  body
 *
 * A ping of number 7 is 07 00 00 00 | sum of 4 | 20 | 07 00 00 00 00 00.
 *
 * Invariants: a length is checked before anything is allocated for it, and a frame that arrives in
 * pieces gets its memory as they arrive. After a fault nothing more is decoded: where the next
 * frame would begin is unknown, so the connection has to go.
 */

import { checksum } from '../../lib/checksum.ts';
import { readU32, writeU32 } from '../../lib/words.ts';
import { KiB } from '../../lib/size-units.ts';

/**
 * A frame that arrives in pieces gets so much memory at first and more as its bytes arrive, so that
 * an announced length alone costs little.
 */
const LINK_FRAME_BYTES_FIRST = 64 * KiB;

/** Kinds besides those of messages (message-codec.ts), which are 1 to 31. Never reuse a number. */
export const FRAME = {
  ping: 32,
  pong: 33,
  piece: 34,
  pieceTaken: 35,
  askClock: 36,
  clock: 37,
  hello: 64,
  challenge: 65,
  proof: 66,
  welcome: 67,
  ready: 68,
  refused: 69,
  streamOpen: 96,
  streamChunk: 97,
  streamEnd: 98,
  streamAnswer: 99,
} as const;

export interface Frame {
  readonly kind: number;
  readonly body: Uint8Array;
  /** The body's memory belongs to this frame alone; else it is a view into the chunk. */
  readonly isOwned: boolean;
}

/** Length and checksum. */
const PREFIX_BYTES = 8;

/** Where the body begins. */
export const FRAME_BODY_AT = 9;

const NOTHING = new Uint8Array(0);

/** A frame to fill from FRAME_BODY_AT on; `sealFrame` makes it whole. */
export function makeFrame(bodyBytes: number): Uint8Array {
  return new Uint8Array(FRAME_BODY_AT + bodyBytes);
}

export function sealFrame(frame: Uint8Array, kind: number): void {
  writeU32(frame, 0, frame.length - PREFIX_BYTES);
  writeU32(frame, 4, checksum(frame, FRAME_BODY_AT, frame.length, kind));
  frame[PREFIX_BYTES] = kind;
}

export function encodeFrame(kind: number, body: Uint8Array = NOTHING): Uint8Array {
  const frame = makeFrame(body.length);
  frame.set(body, FRAME_BODY_AT);
  sealFrame(frame, kind);
  return frame;
}

/** What goes before `body`, for a sender that does not want to copy it. */
export function encodeFrameHead(kind: number, body: Uint8Array): Uint8Array {
  const head = new Uint8Array(FRAME_BODY_AT);
  writeU32(head, 0, FRAME_BODY_AT - PREFIX_BYTES + body.length);
  writeU32(head, 4, checksum(body, 0, body.length, kind));
  head[PREFIX_BYTES] = kind;
  return head;
}

/** Finds frames in chunks that were cut anywhere. Feed a chunk, then take frames until none. */
export class FrameDecoder {
  /** Largest length that is accepted; may change between two frames. */
  frameBytesMax: number;
  #chunk: Uint8Array = NOTHING;
  #at = 0;
  /** The beginning of a frame that came in earlier chunks, never longer than that frame. */
  #held = NOTHING;
  #heldBytes = 0;
  #fault: string | undefined;

  constructor(frameBytesMax: number) {
    this.frameBytesMax = frameBytesMax;
  }

  /** Why there will be no further frame. */
  get fault(): string | undefined {
    return this.#fault;
  }

  /** The next chunk; every frame of the one before must have been taken. */
  feed(chunk: Uint8Array): void {
    if (this.#at < this.#chunk.length && this.#fault === undefined) {
      throw new Error('FrameDecoder.feed: the chunk before has frames left');
    }
    this.#chunk = chunk;
    this.#at = 0;
  }

  /** The next whole frame. Undefined when the chunk is used up, or there is a fault. */
  next(): Frame | undefined {
    if (this.#fault !== undefined) return undefined;
    const frame = this.#heldBytes > 0 ? this.#nextHeld() : this.#nextInChunk();
    if (this.#at === this.#chunk.length) this.#letGo();
    return frame;
  }

  #nextInChunk(): Frame | undefined {
    const start = this.#at;
    const left = this.#chunk.length - start;
    const bytes = left < PREFIX_BYTES ? PREFIX_BYTES : this.#frameBytes(this.#chunk, start);
    if (bytes === undefined) return undefined;
    if (left < bytes || bytes === PREFIX_BYTES) {
      this.#hold(bytes);
      return undefined;
    }
    this.#at = start + bytes;
    return this.#open(this.#chunk.subarray(start, start + bytes), false);
  }

  #nextHeld(): Frame | undefined {
    if (this.#heldBytes < PREFIX_BYTES) this.#hold(PREFIX_BYTES);
    if (this.#heldBytes < PREFIX_BYTES) return undefined;
    const bytes = this.#frameBytes(this.#held, 0);
    if (bytes === undefined) return undefined;
    this.#hold(bytes);
    if (this.#heldBytes < bytes) return undefined;
    const whole = this.#held;
    this.#held = NOTHING;
    this.#heldBytes = 0;
    return this.#open(whole, true);
  }

  /** Bytes of the frame whose prefix is at `at`. */
  #frameBytes(buf: Uint8Array, at: number): number | undefined {
    const length = readU32(buf, at);
    if (length >= 1 && length <= this.frameBytesMax) return PREFIX_BYTES + length;
    this.#fault = `a frame of ${length} bytes, allowed are 1 to ${this.frameBytesMax}`;
    return undefined;
  }

  #open(frame: Uint8Array, isOwned: boolean): Frame | undefined {
    const kind = frame[PREFIX_BYTES]!;
    const sum = checksum(frame, FRAME_BODY_AT, frame.length, kind);
    if (sum === readU32(frame, 4)) return { kind, body: frame.subarray(FRAME_BODY_AT), isOwned };
    this.#fault = `a damaged frame of kind ${kind}: its checksum is wrong`;
    return undefined;
  }

  /** Copies from the chunk until `wanted` bytes are held or the chunk is used up. */
  #hold(wanted: number): void {
    const bytes = Math.min(wanted - this.#heldBytes, this.#chunk.length - this.#at);
    if (bytes <= 0) return;
    this.#reserve(this.#heldBytes + bytes, wanted);
    this.#held.set(this.#chunk.subarray(this.#at, this.#at + bytes), this.#heldBytes);
    this.#heldBytes += bytes;
    this.#at += bytes;
  }

  /** Doubles up to the frame's length, so that the memory of a whole frame is exactly its own. */
  #reserve(bytes: number, wanted: number): void {
    if (this.#held.length >= bytes) return;
    const room = Math.max(bytes, 2 * this.#held.length, LINK_FRAME_BYTES_FIRST);
    const grown = new Uint8Array(Math.min(wanted, room));
    grown.set(this.#held.subarray(0, this.#heldBytes));
    this.#held = grown;
  }

  #letGo(): void {
    this.#chunk = NOTHING;
    this.#at = 0;
  }
}
