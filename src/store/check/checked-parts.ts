/** The parts of a store that a check looks at: of an open one, or as inspection makes them. */

import type { StoreParts } from '../store-parts.ts';

export type CheckedParts = Pick<StoreParts,
  'segments' | 'spaces' | 'chains' | 'residents' | 'hasher' | 'probe'>;
