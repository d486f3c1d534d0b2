/**
 * How the two sides of a handshake announce which feature level their builds know: the last eight
 * bytes of a nonce are "dkvslv" and the level, a u16.
 *
 * Builds that know the first level only check the length of every frame before the facts, so there
 * is no other place that they would let pass. TLS 1.3 has the same need and the same answer (RFC
 * 8446, section 4.1.3: the last eight bytes of a server's random). The other 24 bytes are random,
 * which is enough never to come twice; that 8 random bytes look like an announcement happens once
 * in 2^48 handshakes. Proofs cover the nonces, so nobody can take an announcement away.
 */

import { readU16, writeU16 } from '../../lib/words.ts';
import { FEATURE_LEVEL_FIRST } from '../core/feature-level.ts';

const MARK = new TextEncoder().encode('dkvslv');
const LEVEL_BYTES = 2;

/** Writes the announcement over the end of a random nonce; of the first level there is none. */
export function announceLevel(nonce: Uint8Array, level: number): Uint8Array {
  if (level === FEATURE_LEVEL_FIRST) return nonce;
  nonce.set(MARK, nonce.length - MARK.length - LEVEL_BYTES);
  writeU16(nonce, nonce.length - LEVEL_BYTES, level);
  return nonce;
}

/** What the nonce announces. */
export function announcedLevel(nonce: Uint8Array): number {
  const at = nonce.length - MARK.length - LEVEL_BYTES;
  const isMarked = MARK.every((byte, i) => nonce[at + i] === byte);
  return isMarked ? readU16(nonce, nonce.length - LEVEL_BYTES) : FEATURE_LEVEL_FIRST;
}
