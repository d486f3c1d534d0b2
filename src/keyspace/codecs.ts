/**
 * The codecs of all types that have a live form: for the store, which reads records back, and for
 * commands that copy a value whatever its type.
 */

import { hashCodec } from './hash-value.ts';
import type { LiveCodec } from './live-value.ts';
import { liveStringCodec } from './live-string.ts';
import type { ValueType } from './value-type.ts';

export const LIVE_CODECS: readonly LiveCodec[] = Object.freeze([liveStringCodec, hashCodec]);

/** Asserts that the type has a live form. */
export function mustFindCodec(type: ValueType): LiveCodec {
  const codec = LIVE_CODECS.find((each) => each.type === type);
  if (codec === undefined) throw new Error(`assertion failed: no codec for type ${type}`);
  return codec;
}
