/**
 * What OBJECT ENCODING calls a value. Each type is stored in one way here; the names follow the
 * rules by which Redis would choose, because tools look at them.
 */

import { hashOf } from '../keyspace/collection/hash/hashes.ts';
import { listOf } from '../keyspace/collection/list/list-type.ts';
import { zsetOf } from '../keyspace/collection/zset/zset-type.ts';
import type { Found } from '../keyspace/storage.ts';
import { encodingOf } from '../keyspace/string-encoding.ts';
import { HASH, LIST, SET, STRING, ZSET, type ValueType } from '../keyspace/value-type.ts';
import { hashEncoding } from './hash/hash-access.ts';
import { listEncoding } from './list/list-encoding.ts';
import type { ConfigPort } from './server-port.ts';
import { setEncoding } from './set/set-access.ts';
import { zsetEncoding } from './zset/zset-access.ts';

type NameEncoding = (found: Found, config: ConfigPort) => string;

const COLLECTIONS: ReadonlyMap<ValueType, NameEncoding> = new Map<ValueType, NameEncoding>([
  [HASH, (found, config) => hashEncoding(hashOf(found), config)],
  [SET, (found, config) => setEncoding(hashOf(found), config)],
  [LIST, (found, config) => listEncoding(listOf(found), config)],
  [ZSET, (found, config) => zsetEncoding(zsetOf(found), config)],
]);

export function encodingName(found: Found, config: ConfigPort): string {
  if (found.type === STRING) return encodingOf(found.value, found.raw);
  const name = COLLECTIONS.get(found.type);
  if (name === undefined) {
    throw new Error(`assertion failed: no encoding for a value of type ${found.type}`);
  }
  return name(found, config);
}
