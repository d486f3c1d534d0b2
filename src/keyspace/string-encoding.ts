/**
 * How OBJECT ENCODING names a string, by the rules of Redis 7. Here a string is stored in one way
 * only; the name follows from its bytes and from how it was made, so that tools which look at it
 * see what they know.
 */

import type { ByteRange } from '../lib/byte-range.ts';
import { parseInt64 } from '../lib/int64.ts';

export type StringEncoding = 'int' | 'embstr' | 'raw';

/** Longest string that Redis allocates together with its object header: 64 bytes in all. */
const EMBEDDED_BYTES_MAX = 44;

/** `raw`: the value was made by a command that writes into strings; see storage.ts, Found. */
export function encodingOf(value: ByteRange, raw: boolean): StringEncoding {
  if (raw) return 'raw';
  if (parseInt64(value.buf, value.start, value.end) !== undefined) return 'int';
  return value.length <= EMBEDDED_BYTES_MAX ? 'embstr' : 'raw';
}
