/** Random numbers from the operating system. See random-source.ts. */

import { randomFillSync } from 'node:crypto';

import type { RandomSource, Seed64 } from './random-source.ts';

export class NodeRandomSource implements RandomSource {
  seed64(): Seed64 {
    const [hi = 0, lo = 0] = randomFillSync(new Uint32Array(2));
    return [hi, lo];
  }
}
