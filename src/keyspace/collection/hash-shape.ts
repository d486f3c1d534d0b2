/** How the blocks of a large hash or set are cut and joined. */

import { KeyHash, type KeyHashSeed } from '../../lib/key-hash.ts';
import type { HashBlock } from './hash-block.ts';
import { cutByHash, deltaOfAll, hashesOf, partOf } from './hashes.ts';
import type { BlockPart, BlockShape } from './large-edit.ts';
import { NUMBERS } from './separators.ts';

export class HashShape implements BlockShape<HashBlock, number> {
  readonly separators = NUMBERS;
  readonly #salt: KeyHashSeed;
  /** Of the fields, under the salt. */
  readonly hasher: KeyHash;

  constructor(salt: KeyHashSeed) {
    this.#salt = salt;
    this.hasher = new KeyHash(salt);
  }

  cut(block: HashBlock, bytesMax: number): BlockPart<HashBlock, number>[] {
    const hashes = hashesOf(block, this.#salt);
    return cutByHash(block, hashes, bytesMax).map((positions) => ({
      start: hashes[positions[0]!]!, block: partOf(block.type, block, positions, this.hasher),
    }));
  }

  join(first: HashBlock, behind: HashBlock): HashBlock {
    const joined = first.copy();
    const { buf, start, end } = deltaOfAll(behind);
    joined.applyDelta(buf, start, end);
    return joined;
  }
}
