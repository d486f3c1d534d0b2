/**
 * What a reply must be: exactly this one, or one of several (an order that is free, a time that is
 * known roughly). What an accepted reply teaches is noted by `learn`, once, after `accepts`.
 */

import { array, bulk, describeReply, itemsOf, sameReply, textsOf, type Reply } from './reply.ts';

export type Expectation =
  | { readonly kind: 'exact'; readonly reply: Reply }
  | {
    readonly kind: 'some';
    /** For people; made only when it is shown. */
    describe(): string;
    accepts(reply: Reply): boolean;
    learn?(reply: Reply): void;
  }
  | { readonly kind: 'each'; readonly items: readonly Expectation[] };

export function exactly(reply: Reply): Expectation {
  return { kind: 'exact', reply };
}

export function some(
  describe: () => string, accepts: (reply: Reply) => boolean, learn?: (reply: Reply) => void,
): Expectation {
  return learn === undefined
    ? { kind: 'some', describe, accepts }
    : { kind: 'some', describe, accepts, learn };
}

/** These items, in any order, in an array. */
export function anyOrder(texts: readonly string[]): Expectation {
  const describe = (): string =>
    `in any order ${describeReply(array(texts.toSorted().map(bulk)))}`;
  return some(describe, (reply) => {
    const found = reply.kind === 'array' ? textsOf(reply)?.toSorted() : undefined;
    if (found?.length !== texts.length) return false;
    return texts.toSorted().every((text, i) => text === found[i]);
  });
}

/** An integer from `min` to `max`. */
export function integerBetween(
  min: number, max: number, learn?: (value: number) => void,
): Expectation {
  const numberOf = (reply: Reply): number =>
    (reply.kind === 'integer' && typeof reply.value === 'number' ? reply.value : NaN);
  return some(
    () => `an integer from ${min} to ${max}`,
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
    case 'some': return expected.describe();
    case 'each': return `[${expected.items.map(describeExpectation).join(', ')}]`;
    default: return expected satisfies never;
  }
}
