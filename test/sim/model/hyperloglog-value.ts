/**
 * A HyperLogLog as the model knows it: its registers, worked out from the definition with BigInt
 * and floating point, and from nothing of the server's.
 */

const REGISTERS = 16384;
const REGISTER_BITS = 14n;
const SEED = 0xadc83b19n;
const MULTIPLIER = 0xc6a4a7935bd1e995n;
const HEADER = /^HYLL[\0\x01]/;
const HEADER_BYTES = 16;

export class HyperLogLog {
  /** One byte each; never changed. */
  readonly registers: Uint8Array;
  #hash: number | undefined;

  constructor(registers: Uint8Array = new Uint8Array(REGISTERS)) {
    this.registers = registers;
  }

  /** With these elements in it; itself if that changes nothing. */
  with(elements: readonly string[]): HyperLogLog {
    let registers: Uint8Array | undefined;
    for (const element of elements) {
      const { index, rank } = placeOf(element);
      if ((registers ?? this.registers)[index]! >= rank) continue;
      registers ??= this.registers.slice();
      registers[index] = rank;
    }
    return registers === undefined ? this : new HyperLogLog(registers);
  }

  merge(other: HyperLogLog): HyperLogLog {
    return new HyperLogLog(this.registers.map((rank, i) => Math.max(rank, other.registers[i]!)));
  }

  /** Equal ones have the same. */
  get hash(): number {
    this.#hash ??= this.registers.reduce((sum, rank, i) =>
      (rank === 0 ? sum : (sum + Math.imul(i * 64 + rank, 0x9e37_79b1)) | 0), 7);
    return this.#hash;
  }

  equals(other: HyperLogLog): boolean {
    return this === other ||
      (this.hash === other.hash && Buffer.compare(this.registers, other.registers) === 0);
  }

  /** How many elements it has seen, before it is rounded (Ertl, arXiv:1702.01284, section 4). */
  estimate(): number {
    const counts = new Map<number, number>();
    for (const rank of this.registers) counts.set(rank, (counts.get(rank) ?? 0) + 1);
    const zeros = counts.get(0) ?? 0;
    if (zeros === REGISTERS) return 0;
    let sum = REGISTERS * sigma(zeros / REGISTERS);
    for (let rank = 1; rank <= 50; rank++) sum += (counts.get(rank) ?? 0) * 2 ** -rank;
    sum += REGISTERS * tau(1 - (counts.get(51) ?? 0) / REGISTERS) * 2 ** -50;
    return REGISTERS ** 2 / (2 * Math.LN2 * sum);
  }
}

/** The sum of x, and of x^(2^k) 2^(k-1) for k from 1 on. */
function sigma(x: number): number {
  let sum = x;
  for (let k = 1; k < 64; k++) sum += x ** (2 ** k) * 2 ** (k - 1);
  return sum;
}

/** A third of 1 - x less the sum of (1 - x^(2^-k))² 2^-k for k from 1 on. */
function tau(x: number): number {
  if (x === 0 || x === 1) return 0;
  let sum = 1 - x;
  for (let k = 1; k < 64; k++) sum -= (1 - x ** (2 ** -k)) ** 2 * 2 ** -k;
  return sum / 3;
}

// ---- Elements -----------------------------------------------------------------------------------

interface Place {
  readonly index: number;
  readonly rank: number;
}

/** Of elements that came before: the few that there are come often. */
const PLACES = new Map<string, Place>();

function placeOf(element: string): Place {
  const known = PLACES.get(element);
  if (known !== undefined) return known;
  const hash = murmur(Buffer.from(element, 'latin1'));
  const index = Number(hash & BigInt(REGISTERS - 1));
  let rank = 1;
  for (let rest = hash >> REGISTER_BITS; rank < 51 && (rest & 1n) === 0n; rest >>= 1n) rank++;
  const place = { index, rank };
  PLACES.set(element, place);
  return place;
}

/** MurmurHash64A. */
function murmur(bytes: Buffer): bigint {
  const times = (value: bigint): bigint => BigInt.asUintN(64, value * MULTIPLIER);
  let hash = SEED ^ times(BigInt(bytes.length));
  let at = 0;
  for (; at + 8 <= bytes.length; at += 8) {
    const block = times(bytes.readBigUInt64LE(at));
    hash = times(hash ^ times(block ^ (block >> 47n)));
  }
  const rest = bytes.subarray(at);
  if (rest.length > 0) {
    hash = times(hash ^ rest.reduceRight((value, byte) => (value << 8n) | BigInt(byte), 0n));
  }
  hash = times(hash ^ (hash >> 47n));
  return hash ^ (hash >> 47n);
}

// ---- Bytes --------------------------------------------------------------------------------------

/** What a value, a latin1 text, holds; undefined if it is not a whole HyperLogLog. */
export function parseHyperLogLog(value: string): HyperLogLog | undefined {
  if (!HEADER.test(value) || value.length < HEADER_BYTES) return undefined;
  const bytes = Buffer.from(value, 'latin1').subarray(HEADER_BYTES);
  const ranks = value[4] === '\0' ? parseDense(bytes) : parseSparse(bytes);
  return ranks.length === REGISTERS ? new HyperLogLog(Uint8Array.from(ranks)) : undefined;
}

/** Six bits each, lowest first. */
function parseDense(bytes: Buffer): number[] {
  const ranks: number[] = [];
  let bits = 0;
  let count = 0;
  for (const byte of bytes) {
    bits += byte * 2 ** count;
    for (count += 8; count >= 6; count -= 6) {
      ranks.push(bits % 64);
      bits = Math.floor(bits / 64);
    }
  }
  return ranks;
}

/** Runs of one rank: two high bits say of which kind. */
function parseSparse(bytes: Buffer): number[] {
  const ranks: number[] = [];
  for (let at = 0; at < bytes.length; at++) {
    const byte = bytes[at]!;
    if (byte >= 128) repeat(ranks, Math.floor(byte / 4) % 32 + 1, byte % 4 + 1);
    else if (byte >= 64) repeat(ranks, 0, (byte - 64) * 256 + (bytes[++at] ?? NaN) + 1);
    else repeat(ranks, 0, byte + 1);
  }
  return ranks;
}

function repeat(ranks: number[], rank: number, times: number): void {
  for (let i = 0; i < times; i++) ranks.push(rank);
}
