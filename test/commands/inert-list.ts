/** A list that cannot do anything but be there: a value of another type than a command wants. */

import type { LiveValue } from '../../src/keyspace/live-value.ts';
import { LIST } from '../../src/keyspace/value-type.ts';

export const inertList: LiveValue = Object.freeze({
  type: LIST, size: 1, memoryBytes: 0, baseBytes: 0,
  applyDelta: () => {}, copy: () => inertList, encodeBase: () => Buffer.alloc(0),
  snapshot: () => ({ next: () => undefined, end: () => {} }),
});
