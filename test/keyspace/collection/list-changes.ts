/** Random changes of a list: each as a delta, and as what it makes of an array of texts. */

import {
  LIST_INSERT, LIST_REMOVE, LIST_SET, LIST_TRIM, PUSH_LEFT, PUSH_RIGHT,
} from '../../../src/keyspace/collection/list/list-delta.ts';
import type { ListView } from '../../../src/keyspace/collection/list/list-view.ts';
import { DeltaWriter } from '../../../src/keyspace/pieces.ts';
import type { ByteRange } from '../../../src/lib/byte-range.ts';
import type { Random } from '../../../src/lib/random.ts';

export interface ListChange {
  readonly delta: ByteRange;
  readonly after: readonly string[];
}

export function pushed(
  before: readonly string[], texts: readonly string[], isLeft: boolean,
): ListChange {
  const after = isLeft ? [...texts.toReversed(), ...before] : [...before, ...texts];
  return { after, delta: deltaOf(isLeft ? PUSH_LEFT : PUSH_RIGHT, [], texts) };
}

export function trimmed(before: readonly string[], left: number, right: number): ListChange {
  return {
    after: before.slice(left, before.length - right), delta: deltaOf(LIST_TRIM, [left, right], []),
  };
}

export function replaced(before: readonly string[], index: number, text: string): ListChange {
  return { after: before.with(index, text), delta: deltaOf(LIST_SET, [index], [text]) };
}

export function inserted(before: readonly string[], index: number, text: string): ListChange {
  return {
    after: before.toSpliced(index, 0, text), delta: deltaOf(LIST_INSERT, [index], [text]),
  };
}

/** `indexes`: at least one, going up. */
export function removed(before: readonly string[], indexes: readonly number[]): ListChange {
  const distances = indexes.map((index, i) => index - (indexes[i - 1] ?? 0));
  const gone = new Set(indexes);
  return {
    after: before.filter((_, index) => !gone.has(index)),
    delta: deltaOf(LIST_REMOVE, distances, []),
  };
}

function deltaOf(op: number, numbers: readonly number[], texts: readonly string[]): ByteRange {
  const writer = new DeltaWriter();
  writer.begin(op);
  for (const number of numbers) writer.number(number);
  for (const text of texts) writer.latin1(text);
  return writer.finish();
}

export interface Shape {
  /** Of a hundred changes, about how many take elements. */
  readonly taking: number;
  readonly text: () => string;
}

/** A change that can be made: one that takes needs an element. */
export function randomListChange(
  random: Random, before: readonly string[], { taking, text }: Shape,
): ListChange {
  const { length } = before;
  const texts = (): string[] =>
    Array.from({ length: random.below(20) === 0 ? 40 : 1 + random.below(3) }, text);
  if (length === 0 || random.below(100) >= taking) {
    const kind = random.below(4);
    if (kind === 0) return pushed(before, texts(), true);
    if (kind === 1) return inserted(before, random.below(length + 1), text());
    if (kind === 2 && length > 0) return replaced(before, random.below(length), text());
    return pushed(before, texts(), false);
  }
  const some = Math.min(length, random.below(12) === 0 ? random.below(300) : random.below(4));
  if (random.below(3) === 0) {
    const near = random.below(2) === 0;
    const from = random.below(length);
    const chosen = before.map((_, index) => index).filter((index) => near
      ? index >= from && index <= from + some : random.below(length) <= some);
    return removed(before, chosen.length === 0 ? [from] : chosen);
  }
  const left = random.below(some + 1);
  return trimmed(before, left, random.below(2) === 0 ? some - left : 0);
}

export function textsOfList(list: ListView): string[] {
  return Array.from({ length: list.size }, (_, index) => list.at(index).latin1());
}

/** The same, from the last to the first. */
export function textsWalkedBack(list: ListView): string[] {
  return Array.from({ length: list.size }, (_, i) => list.at(list.size - 1 - i).latin1());
}
