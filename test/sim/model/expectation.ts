/**
 * What a reply must be: exactly this one, or one of several (an order that is free, a time that is
 * known roughly). What an accepted reply teaches is noted by `learn`, once, after `accepts`.
 */

import { array, describeReply, itemsOf, sameReply, textsOf, type Reply } from './reply.ts';

export type Expectation =
  | { readonly kind: 'exact'; readonly reply: Reply }
  | {
    readonly kind: 'some';
    readonly description: string;
    accepts(reply: Reply): boolean;
    learn?(reply: Reply): void;
  }
  | { readonly kind: 'each'; readonly items: readonly Expectation[] };

export function exactly(reply: Reply): Expectation {
  return { kind: 'exact', reply };
}

export function some(
  description: string, accepts: (reply: Reply) => boolean, learn?: (reply: Reply) => void,
): Expectation {
  return learn === undefined
    ? { kind: 'some', description, accepts }
    : { kind: 'some', description, accepts, learn };
}

/** These items, in any order, in a list of this kind. */
export function anyOrder(kind: 'array' | 'set', texts: readonly string[]): Expectation {
  const sorted = texts.toSorted();
  return some(`in any order ${describeReply(array(sorted.map(bulkOf)))}`, (reply) => {
    const found = reply.kind === kind ? textsOf(reply)?.toSorted() : undefined;
    return found !== undefined && found.length === sorted.length &&
      found.every((text, i) => text === sorted[i]);
  });
}

/** An integer from `min` to `max`. */
export function integerBetween(
  min: number, max: number, learn?: (value: number) => void,
): Expectation {
  const numberOf = (reply: Reply): number =>
    (reply.kind === 'integer' && typeof reply.value === 'number' ? reply.value : NaN);
  return some(
    `an integer from ${min} to ${max}`,
    (reply) => numberOf(reply) >= min && numberOf(reply) <= max,
    (reply) => learn?.(numberOf(reply)),
  );
}

export function fits(expected: Expectation, reply: Reply): boolean {
  switch (expected.kind) {
    case 'exact': return sameReply(expected.reply, reply);
    case 'some': return expected.accepts(reply);
    case 'each': {
      const items = reply.kind === 'array' ? itemsOf(reply) : undefined;
      return items?.length === expected.items.length &&
        expected.items.every((item, i) => fits(item, items[i]!));
    }
    default: return expected satisfies never;
  }
}

export function describeExpectation(expected: Expectation): string {
  switch (expected.kind) {
    case 'exact': return describeReply(expected.reply);
    case 'some': return expected.description;
    case 'each': return `[${expected.items.map(describeExpectation).join(', ')}]`;
    default: return expected satisfies never;
  }
}

function bulkOf(bytes: string): Reply {
  return { kind: 'bulk', bytes };
}
