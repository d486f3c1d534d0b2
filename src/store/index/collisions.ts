/**
 * Hashes that two keys of one space share in all 48 bits. Hints hold hashes instead of keys, so
 * recovery must know for which it has to read the keys. A collision is found when the second key is
 * inserted, because keys are always compared, and noted in a system record of the same frame.
 */

const PREFIX = 'collision:';

/** "space:hash" as it stands in the set and behind the prefix of the system key. */
export function collisionName(space: number, hi: number, lo: number): string {
  const high = (hi & 0xffff).toString(16).padStart(4, '0');
  return `${space}:${high}${(lo >>> 0).toString(16).padStart(8, '0')}`;
}

export function collisionKey(name: string): Buffer {
  return Buffer.from(PREFIX + name);
}

/** The name in a system key, or undefined if the key is about something else. */
export function parseCollisionKey(key: Buffer): string | undefined {
  const text = key.toString('latin1');
  return text.startsWith(PREFIX) ? text.slice(PREFIX.length) : undefined;
}
