/**
 * Faults of a replicated store, planted into a history that was correct. Each is a violation
 * whatever else the history holds, provided that its values differ from each other (for counters:
 * that increments are all by one and none is of unknown outcome). Undefined if the history has no
 * place for the fault.
 */

import type { Random } from '../../src/lib/random.ts';
import type { StringReply } from './models.ts';
import type { StringOperation } from './random-history.ts';

export type PlantFault =
  (random: Random, history: readonly StringOperation[]) => StringOperation[] | undefined;

const isBefore = (a: StringOperation, b: StringOperation): boolean => a.returnAt < b.callAt;
const isAnswered = ({ returnAt }: StringOperation): boolean => returnAt !== Infinity;

/** A read shows a value that was overwritten before the read began. */
export const plantStaleRead: PlantFault = (random, history) => {
  const reads = history.filter((each) => each.input.kind === 'get' && isAnswered(each));
  const read = reads[random.below(reads.length)]!;
  const sets = history.filter((each) =>
    each.key === read.key && each.input.kind === 'set' && isBefore(each, read));
  const old = sets.find((set) => sets.some((newer) => isBefore(set, newer)));
  if (old?.input.kind !== 'set') return undefined;
  return withReply(history, read, old.input.value);
};

/** After a write was acknowledged, the next read of the key shows what was there before it. */
export const plantLostWrite: PlantFault = (random, history) => {
  const sets = history.filter((each) => each.input.kind === 'set' && isAnswered(each));
  const set = sets[random.below(sets.length)]!;
  const read = history.find((each) =>
    each.key === set.key && each.input.kind === 'get' && isAnswered(each) && isBefore(set, each));
  const earlier = history.filter((each) =>
    each.key === set.key && each.input.kind === 'set' && isBefore(each, set)).at(-1);
  if (read === undefined || earlier?.input.kind !== 'set') return undefined;
  return withReply(history, read, earlier.input.value);
};

/** A read shows what nobody wrote. */
export const plantValueFromNowhere: PlantFault = (random, history) => {
  const reads = history.filter((each) => each.input.kind === 'get' && isAnswered(each));
  return withReply(history, reads[random.below(reads.length)]!, 'nowhere');
};

/** An increment was applied twice: what comes later shows one more than it should. */
export const plantDoubleIncrement: PlantFault = (random, history) => {
  const twice = history[random.below(history.length)]!;
  let isSeen = false;
  const faulty = history.map((each) => {
    if (each.key !== twice.key || !isBefore(twice, each)) return each;
    isSeen ||= each.input.kind === 'incrBy';
    return { ...each, output: changed(each.output!, 1) };
  });
  return twice.input.kind === 'incrBy' && isSeen ? faulty : undefined;
};

/** Something shows the effect of an increment that nobody asked for. */
export const plantUnaskedIncrement: PlantFault = (random, history) => {
  const unasked = history[random.below(history.length)]!;
  const later = history.find((each) => each.key === unasked.key && isBefore(unasked, each));
  if (unasked.input.kind !== 'incrBy' || later === undefined) return undefined;
  return history.filter((each) => each !== unasked);
};

/** An increment was acknowledged and forgotten: what comes later shows one less than it should. */
export const plantForgottenIncrement: PlantFault = (random, history) => {
  const lost = history[random.below(history.length)]!;
  const later = history.find((each) =>
    each.key === lost.key && each.input.kind === 'incrBy' && isBefore(lost, each));
  if (lost.input.kind !== 'incrBy' || later === undefined) return undefined;
  return history.map((each) => {
    const isLater = each.key === lost.key && isBefore(lost, each);
    return isLater ? { ...each, output: changed(each.output!, -1) } : each;
  });
};

/** Two increments took effect in the order opposite to that of real time. */
export const plantReordering: PlantFault = (random, history) => {
  const first = history[random.below(history.length)]!;
  const second = history.find((each) =>
    each.key === first.key && each.input.kind === 'incrBy' && isBefore(first, each));
  if (first.input.kind !== 'incrBy' || second === undefined) return undefined;
  return withReply(withReply(history, first, second.output!), second, first.output!);
};

function withReply(
  history: readonly StringOperation[], operation: StringOperation, output: StringReply,
): StringOperation[] {
  return history.map((each) => (each === operation ? { ...each, output } : each));
}

function changed(reply: StringReply, by: number): StringReply {
  return typeof reply === 'number' ? reply + by : String(Number(reply) + by);
}
