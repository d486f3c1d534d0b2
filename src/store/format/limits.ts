/**
 * Bounds that several files of store/format/ share, or that others share with it.
 * A bound with one user stands beside that user.
 */

import { KiB } from '../../lib/size-units.ts';

/** Tail blocks start at multiples of this in a segment; no header crosses one (store/format). */
export const LOG_GRANULE_BYTES = 64 * KiB;
