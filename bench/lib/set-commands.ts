/**
 * SET and GET commands as bytes, written fast: the load must never be what is measured.
 *
 *   key    'key:' and 12 digits, as redis-benchmark has them, and a filler up to the key's length
 *   value  a piece of a fixed block of random text: of no use to a compressor, known from the
 * number
 *
 * Both follow from the number `n` alone, so a bench can check what a server answers.
 */

const PREFIX = 'key:';
const DIGITS = 12;
export const KEY_BYTES_MIN = PREFIX.length + DIGITS;
const FILLER = '-abcdefghijklmnopqrstuvwxyz-abcdefghijklmnopqrstuvwxyz-abcdefghijklmnopq';
const TEXT_BYTES = 64 * 1024;
const ZERO = 48;

export interface CommandShape {
  /** From 16 to 80; a key may be longer the more it differs from the one before. */
  readonly keyBytesMin: number;
  readonly keyBytesMax: number;
  readonly valueBytes: number;
}

export class SetCommands {
  readonly shape: CommandShape;
  /** No command is longer. */
  readonly bytesMax: number;
  readonly #setHeads: readonly Buffer[];
  readonly #getHeads: readonly Buffer[];
  readonly #valueHead: Buffer;
  readonly #filler = Buffer.from(FILLER);
  readonly #text: Buffer;

  constructor(shape: CommandShape) {
    const { keyBytesMin, keyBytesMax, valueBytes } = shape;
    if (keyBytesMin < KEY_BYTES_MIN || keyBytesMax > KEY_BYTES_MIN + FILLER.length) {
      throw new RangeError(`keys must have ${KEY_BYTES_MIN} to ${KEY_BYTES_MIN + FILLER.length} ` +
        `bytes, not ${keyBytesMin} to ${keyBytesMax}`);
    }
    this.shape = shape;
    const headsOf = (start: string): readonly Buffer[] => Array.from(
      { length: keyBytesMax + 1 }, (_, bytes) => Buffer.from(`${start}\r\n$${bytes}\r\n${PREFIX}`));
    this.#setHeads = headsOf('*3\r\n$3\r\nSET');
    this.#getHeads = headsOf('*2\r\n$3\r\nGET');
    this.#valueHead = Buffer.from(`\r\n$${valueBytes}\r\n`);
    this.#text = randomText(TEXT_BYTES + valueBytes);
    this.bytesMax = keyBytesMax + valueBytes + 64;
  }

  /** Writes the SET of key `n` at `at`; returns where it ends. */
  writeSet(into: Buffer, at: number, n: number, version = 0): number {
    let end = this.#writeHead(into, at, n, this.#setHeads);
    end += this.#valueHead.copy(into, end);
    const start = this.#valueStart(n, version);
    end += this.#text.copy(into, end, start, start + this.shape.valueBytes);
    return writeLineEnd(into, end);
  }

  writeGet(into: Buffer, at: number, n: number): number {
    return writeLineEnd(into, this.#writeHead(into, at, n, this.#getHeads));
  }

  keyOf(n: number): string {
    const fillerBytes = this.#keyBytes(n) - KEY_BYTES_MIN;
    return `${PREFIX}${String(n).padStart(DIGITS, '0')}${FILLER.slice(0, fillerBytes)}`;
  }

  valueOf(n: number, version = 0): Buffer {
    const start = this.#valueStart(n, version);
    return this.#text.subarray(start, start + this.shape.valueBytes);
  }

  #writeHead(into: Buffer, at: number, n: number, heads: readonly Buffer[]): number {
    const keyBytes = this.#keyBytes(n);
    const end = at + (heads[keyBytes] as Buffer).copy(into, at);
    let rest = n;
    for (let i = end + DIGITS - 1; i >= end; i--) {
      const above = Math.floor(rest / 10);
      into[i] = ZERO + rest - above * 10;
      rest = above;
    }
    return end + DIGITS + this.#filler.copy(into, end + DIGITS, 0, keyBytes - KEY_BYTES_MIN);
  }

  #keyBytes(n: number): number {
    const { keyBytesMin, keyBytesMax } = this.shape;
    return keyBytesMin + (mix(n) >>> 8) % (keyBytesMax - keyBytesMin + 1);
  }

  #valueStart(n: number, version: number): number {
    return mix(n ^ Math.imul(version, 0x9e3779b1)) % TEXT_BYTES;
  }
}

/** Spreads the bits of a counter over 32 bits: a well-known finalizer of hash functions. */
export function mix(n: number): number {
  let h = n | 0;
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return (h ^ (h >>> 16)) >>> 0;
}

function randomText(bytes: number): Buffer {
  const text = Buffer.alloc(bytes);
  for (let i = 0; i < bytes; i++) text[i] = ZERO + mix(i + 1) % 75;
  return text;
}

function writeLineEnd(into: Buffer, at: number): number {
  into[at] = 13;
  into[at + 1] = 10;
  return at + 2;
}
