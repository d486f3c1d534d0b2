/**
 * A mutant by what it changes, not by where it stands, so that the sample and the list of
 * equivalent ones stay the same when lines are added above it.
 */

import { createHash } from 'node:crypto';

export interface Place {
  /** Both count from 0. */
  readonly line: number;
  readonly column: number;
}

/** What Stryker says of a mutant. */
export interface Mutant {
  readonly fileName: string;
  readonly mutatorName: string;
  readonly replacement: string;
  readonly location: { readonly start: Place; readonly end: Place };
}

export interface Change {
  /** Below src. */
  readonly file: string;
  /** The line in which it begins, without the spaces around it. */
  readonly line: string;
  readonly from: string;
  readonly to: string;
}

/** Longer ones are told by their beginning. */
const SHOWN_MAX = 70;

/** `text` is the file as it stands, without mutants. */
export function changeOf(mutant: Mutant, file: string, text: string): Change {
  const { start, end } = mutant.location;
  const lines = text.split('\n').slice(start.line, end.line + 1);
  const line = (lines[0] ?? '').trim();
  const last = lines.length - 1;
  lines[last] = (lines[last] ?? '').slice(0, end.column);
  lines[0] = (lines[0] ?? '').slice(start.column);
  return { file, line, from: short(lines.join('\n')), to: short(mutant.replacement) };
}

export function isSame(one: Change, other: Change): boolean {
  return keyOf(one) === keyOf(other);
}

/** One in `oneIn` is in the sample, always the same ones. */
export function isInSample(change: Change, oneIn: number): boolean {
  const hash = createHash('sha1').update(keyOf(change)).digest();
  return hash.readUInt32BE(0) % oneIn === 0;
}

function keyOf({ file, line, from, to }: Change): string {
  return [file, line, from, to].join('\n');
}

function short(text: string): string {
  const plain = text.replace(/\s+/g, ' ').trim();
  return plain.length <= SHOWN_MAX ? plain : `${plain.slice(0, SHOWN_MAX)} ...`;
}
