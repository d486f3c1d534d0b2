/**
 * Strange inputs. For each one: the decoder does not throw, says what its slow twin says however
 * the bytes are cut and whenever reading is suspended, and keeps no more memory than arrived.
 */
import { expect } from 'vitest';
import { CARRY_ARRIVED_DIVISOR } from '../../src/protocol/request-input.ts';
import type { Random } from '../../src/lib/random.ts';
import type { RequestDecoder } from '../../src/protocol/request-decoder.ts';
import { withSeed } from '../lib/seeded.ts';
import { decodeInChunks, encodeRequest, USUAL_LIMITS } from './decode-in-chunks.ts';
import { slowDecode } from './slow-request-decoder.ts';
import type { Decoded, RequestLimits } from './slow-request-decoder.ts';

/** The decoder's first carry, twice: while it grows, or held beside a carry. */
const OWNED_BYTES_SLACK = 1024;

const LIMITS: readonly RequestLimits[] = [
  USUAL_LIMITS,
  { ...USUAL_LIMITS, authenticated: false },
  { ...USUAL_LIMITS, bulkBytesMax: 4, queryBytesMax: 1 << 20 },
  { ...USUAL_LIMITS, bulkBytesMax: 12, queryBytesMax: 24 },
];

const SEEDLINGS: readonly Buffer[] = [
  encodeRequest('PING'),
  encodeRequest('GET', 'k'),
  encodeRequest('SET', 'key', 'a value\r\n'),
  encodeRequest('MGET', '', 'a', 'bb', 'ccc'),
  encodeRequest(...'abcdefghijklm'),
  encodeRequest('X', 'y'.repeat(30)),
  Buffer.from('*0\r\n'), Buffer.from('*-1\r\n'), Buffer.from('\r\n'),
  Buffer.from('PING\r\n'), Buffer.from('set k "a b\\x00\\n"\r\n'), Buffer.from("get 'it\\'s'\n"),
  Buffer.from('  echo\t x\n'),
];

const ALPHABET = Buffer.from('*$\r\n0123456789-+ \t"\'\\xPa:,\0\v\xff', 'latin1');

export function garbage(random: Random, scratch: Buffer): Buffer {
  let length = 0;
  const seedlings = random.next() % 4;
  for (let i = 0; i < seedlings; i++) {
    length += SEEDLINGS[random.next() % SEEDLINGS.length]!.copy(scratch, length);
  }
  if (seedlings === 0) {
    const bytes = random.next() % 24;
    for (let i = 0; i < bytes; i++) scratch[length++] = letter(random);
  }
  const mutations = random.next() % 4;
  for (let i = 0; i < mutations && length > 0; i++) {
    const at = random.next() % length;
    const kind = random.next() % 4;
    if (kind === 0) length = at;
    else if (kind === 1) scratch.copyWithin(at, at + 1, length--);
    else scratch[at] = letter(random);
  }
  return scratch.subarray(0, length);
}

function letter(random: Random): number {
  return ALPHABET[random.next() % ALPHABET.length]!;
}

export function randomCuts(random: Random, length: number): number[] {
  const cuts: number[] = [];
  const step = 1 + random.next() % 12;
  for (let at = random.next() % step; at < length; at += 1 + random.next() % step) cuts.push(at);
  return cuts;
}

/** Cheaper than a deep comparison library, a million times. */
export function sameDecoded(a: Decoded, b: Decoded): boolean {
  if (a.requests.length !== b.requests.length) return false;
  if ((a.end === 'more' ? '' : a.end.error) !== (b.end === 'more' ? '' : b.end.error)) return false;
  return a.requests.every((args, i) => {
    const others = b.requests[i]!;
    return args.length === others.length && args.every((arg, k) => arg === others[k]);
  });
}

function checkMemory(decoder: RequestDecoder, fedBytes: number): void {
  const owned = decoder.ownedBytes;
  if (owned > CARRY_ARRIVED_DIVISOR * fedBytes + OWNED_BYTES_SLACK) {
    throw new Error(`${owned} bytes kept of ${fedBytes} fed`);
  }
}

export function mustAgreeWithTwin(inputs: number): void {
  const ends = new Map<string, number>();
  withSeed((random) => {
    const scratch = Buffer.alloc(1024);
    for (let n = 0; n < inputs; n++) {
      const bytes = garbage(random, scratch);
      const limits = LIMITS[random.next() % LIMITS.length]!;
      const expected = slowDecode(bytes, limits);
      // What is held while suspended counts against the limit, so a small one would show it.
      const maySuspend = limits.queryBytesMax > bytes.length;
      const suspends = (): boolean => maySuspend && random.next() % 3 === 0;
      const cuts = randomCuts(random, bytes.length);
      const got = decodeInChunks(bytes, n % 8 === 0
        ? { limits, watch: checkMemory }
        : { limits, cuts, suspends, watch: checkMemory, oneByOne: n % 8 === 1 });
      if (!sameDecoded(got, expected)) {
        expect({ input: bytes.toString('latin1'), cuts, got }).toEqual(
          { input: bytes.toString('latin1'), cuts, got: expected });
      }
      const end = expected.end === 'more' ? 'more' : expected.end.error.slice(0, 28);
      ends.set(end, (ends.get(end) ?? 0) + 1);
    }
  });
  // The inputs are not all of one kind.
  expect(ends.size).toBeGreaterThanOrEqual(7);
  for (const count of ends.values()) expect(count).toBeGreaterThan(inputs / 10_000);
}
