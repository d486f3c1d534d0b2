/**
 * Requests of etcd's key-value service (etcdserverpb.KV) as bytes. Protocol Buffers write a field
 * of bytes as its number and sort in one byte, its length in one (below 128), and the bytes:
 *
 *   PutRequest      0a 10 "key:000000000042"  12 40 value     key is field 1, value field 2
 *   RangeRequest    0a 10 "key:000000000042"                  linearizable unless field 7 says not
 *
 * Keys are those of redis-benchmark, and so is the value.
 */

export const PUT_PATH = '/etcdserverpb.KV/Put';
export const RANGE_PATH = '/etcdserverpb.KV/Range';

const KEY_FIELD = 0x0a;
const VALUE_FIELD = 0x12;
const PREFIX = 'key:';
const DIGITS = 12;
const DIGITS_AT = 2 + PREFIX.length;
const ZERO = 48;
const FIELD_BYTES_MAX = 127;

/** A request for key 0; `writeNumber` makes it one for another. */
export function makeRangeRequest(): Buffer {
  return field(KEY_FIELD, `${PREFIX}${'0'.repeat(DIGITS)}`);
}

export function makePutRequest(valueBytes: number): Buffer {
  return Buffer.concat([makeRangeRequest(), field(VALUE_FIELD, 'x'.repeat(valueBytes))]);
}

function field(tag: number, text: string): Buffer {
  if (text.length > FIELD_BYTES_MAX) {
    throw new RangeError(`a value has at most ${FIELD_BYTES_MAX} bytes here, not ${text.length}`);
  }
  return Buffer.concat([Buffer.of(tag, text.length), Buffer.from(text)]);
}

/** Of the request that begins at `at`. */
export function writeNumber(into: Buffer, at: number, n: number): void {
  let rest = n;
  for (let i = at + DIGITS_AT + DIGITS - 1; i >= at + DIGITS_AT; i--) {
    const above = Math.floor(rest / 10);
    into[i] = ZERO + rest - above * 10;
    rest = above;
  }
}
