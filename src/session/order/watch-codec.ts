/**
 * What one session watches, as the value of a record in the system space:
 *
 *   u8 1 if touched; then for each key: varint database, u8 1 if it existed, u48 its expiry in ms,
 *   varint length, bytes
 */

import { readVarint, varintBytes, writeVarint } from '../../lib/varint.ts';
import { readU48, writeU48 } from '../../lib/words.ts';
import type { WatchedKey } from '../transaction.ts';

const EXPIRY_BYTES = 6;

export interface Watching {
  readonly keys: readonly WatchedKey[];
  readonly isTouched: boolean;
}

export function encodeWatching({ keys, isTouched }: Watching): Buffer {
  let bytes = 1;
  for (const { db, key } of keys) {
    bytes += varintBytes(db) + 1 + EXPIRY_BYTES + varintBytes(key.length) + key.length;
  }
  const buf = Buffer.alloc(bytes);
  buf[0] = isTouched ? 1 : 0;
  let at = 1;
  for (const { db, key, existed, expireAt } of keys) {
    at = writeVarint(buf, at, db);
    buf[at++] = existed ? 1 : 0;
    writeU48(buf, at, expireAt);
    at = writeVarint(buf, at + EXPIRY_BYTES, key.length);
    at += key.copy(buf, at);
  }
  return buf;
}

/** Owned. Asserts that the value is whole. */
export function decodeWatching(buf: Buffer): Watching {
  const keys: WatchedKey[] = [];
  let at = 1;
  while (at < buf.length) {
    const db = readVarint(buf, at, buf.length);
    at += varintBytes(db);
    const existed = buf[at++] === 1;
    const expireAt = readU48(buf, at);
    const length = readVarint(buf, at + EXPIRY_BYTES, buf.length);
    at += EXPIRY_BYTES + varintBytes(length);
    keys.push({ db, key: Buffer.from(buf.subarray(at, at + length)), existed, expireAt });
    at += length;
  }
  return { keys, isTouched: buf[0] === 1 };
}
