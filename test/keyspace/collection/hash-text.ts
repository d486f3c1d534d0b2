/** Hashes as texts, one character for a byte, for tests. */

import type { HashView } from '../../../src/keyspace/collection/hash/hash-view.ts';
import { ByteRange } from '../../../src/lib/byte-range.ts';

export function textAt(hash: HashView, field: string): string | undefined {
  return hash.get(new ByteRange(Buffer.from(field, 'latin1')))?.latin1();
}

export function pairsOf(hash: HashView): [string, string][] {
  return Array.from({ length: hash.size }, (_, at) =>
    [hash.fieldAt(at).latin1(), hash.valueAt(at).latin1()]);
}
