/**
 * What OBJECT ENCODING calls a value. Each type is stored in one way here; the names follow the
 * rules by which Redis would choose, because tools look at them.
 */

import { hashOf } from '../keyspace/collection/hashes.ts';
import type { Found, Storage } from '../keyspace/storage.ts';
import { encodingOf } from '../keyspace/string-encoding.ts';
import { HASH, STRING, type ValueType } from '../keyspace/value-type.ts';
import { hashEncoding } from './hash/hash-access.ts';
import type { ConfigPort } from './server-port.ts';

type NameEncoding = (storage: Storage, found: Found, config: ConfigPort) => string;

const COLLECTIONS: ReadonlyMap<ValueType, NameEncoding> = new Map<ValueType, NameEncoding>([
  [HASH, (storage, found, config) => hashEncoding(hashOf(storage, found), config)],
]);

export function encodingName(storage: Storage, found: Found, config: ConfigPort): string {
  if (found.type === STRING) return encodingOf(found.value, found.raw);
  const name = COLLECTIONS.get(found.type);
  if (name === undefined) {
    throw new Error(`assertion failed: no encoding for a value of type ${found.type}`);
  }
  return name(storage, found, config);
}
