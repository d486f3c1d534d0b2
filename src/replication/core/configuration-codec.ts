/** A configuration as bytes: JSON in UTF-8, checked when it is read back. */

import type { Configuration, Member } from './entry.ts';

export function encodeConfiguration(configuration: Configuration): Uint8Array {
  return new TextEncoder().encode(JSON.stringify(configuration));
}

/** Undefined when the bytes are not such a configuration. */
export function decodeConfiguration(bytes: Uint8Array): Configuration | undefined {
  try {
    return JSON.parse(new TextDecoder().decode(bytes)) as Configuration & { members: Member[] };
  } catch {
    return undefined;
  }
}
