/**
 * Seeded test runs. A failure must be repeatable, so the seed is in the message of whatever fails:
 * DKVS_TEST_SEED=<number> runs the same inputs again.
 */
import { Random } from '../../src/lib/random.ts';

const DEFAULT_SEED = 20260601;

export function testSeed(): number {
  const given = process.env['DKVS_TEST_SEED'];
  return given === undefined ? DEFAULT_SEED : Number(given) >>> 0;
}

/** Runs `body` with a generator; whatever it throws is reported together with the seed. */
export function withSeed(body: (random: Random) => void): void {
  const seed = testSeed();
  try {
    body(new Random(0, seed));
  } catch (cause) {
    throw new Error(`failed with DKVS_TEST_SEED=${seed}: ${String(cause)}`, { cause });
  }
}

/** `length` bytes drawn from `alphabet`, or any bytes if it is left out. */
export function randomBytes(random: Random, length: number, alphabet?: string): Buffer {
  const bytes = Buffer.alloc(length);
  for (let at = 0; at < length; at++) {
    bytes[at] = alphabet === undefined
      ? random.below(256)
      : alphabet.charCodeAt(random.below(alphabet.length));
  }
  return bytes;
}
