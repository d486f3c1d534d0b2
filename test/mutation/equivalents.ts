// tidy: table
/**
 * Mutants that change nothing that anyone could see, with the reason. Each is told by its text
 * (mutants.ts); one that no longer exists is reported when its folder is mutated.
 */

import type { Change } from './mutants.ts';

export interface Equivalent extends Change {
  readonly why: string;
}

export const EQUIVALENTS: readonly Equivalent[] = [
];
