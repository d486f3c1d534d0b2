/**
 * The secret's side of the handshake: an HMAC-SHA256 over all that was said so far, by either side,
 * under a label for the role of who proves. Both nonces are in what was said, so no proof is good
 * for another connection; the label makes sure that none can be sent back to its author.
 *
 * Without a secret the key is empty: the proofs then only show that both sides read the same.
 */

import { createHmac, timingSafeEqual } from 'node:crypto';
import { writeU32 } from '../../lib/words.ts';

export const PROOF_BYTES = 32;

export class Transcript {
  readonly #secret: string;
  readonly #said: Uint8Array[] = [];

  constructor(secret: string | undefined) {
    this.#secret = secret ?? '';
  }

  /** The body of a frame that was sent or received; it is copied. */
  add(body: Uint8Array): void {
    this.#said.push(new Uint8Array(body));
  }

  /** Proves `claim` and all that was said before it. */
  prove(role: string, claim: Uint8Array): Uint8Array {
    const hmac = createHmac('sha256', this.#secret);
    for (const part of [new TextEncoder().encode(role), ...this.#said, claim]) {
      // Each part's length goes first, so that no two transcripts have the same bytes.
      const length = new Uint8Array(4);
      writeU32(length, 0, part.length);
      hmac.update(length).update(part);
    }
    return hmac.digest();
  }

  /** In a time that does not depend on where the proof is wrong. */
  isProof(proof: Uint8Array, role: string, claim: Uint8Array): boolean {
    return proof.length === PROOF_BYTES && timingSafeEqual(proof, this.prove(role, claim));
  }
}
