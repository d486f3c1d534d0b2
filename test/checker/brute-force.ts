/**
 * The slow clear twin of the checker, for histories of a handful of operations: it tries every
 * order, of all keys together, with no memory and no shortcuts.
 */

import type { Operation } from './history.ts';
import type { Model } from './model.ts';

export function isLinearizable<State, Input, Output>(
  model: Model<State, Input, Output>,
  history: readonly Operation<Input, Output>[],
): boolean {
  const start = new Map<string, State>();
  return canFinish(model, history, start);
}

/** `waiting`: what has no place yet; `states`: of the partitions that something happened to. */
function canFinish<State, Input, Output>(
  model: Model<State, Input, Output>,
  waiting: readonly Operation<Input, Output>[],
  states: ReadonlyMap<string, State>,
): boolean {
  if (waiting.every(({ returnAt }) => returnAt === Infinity)) return true;
  return waiting.some((next) => {
    if (waiting.some((other) => other.returnAt < next.callAt)) return false;
    const partition = model.partition(next);
    const before = states.get(partition) ?? model.init();
    const after = model.step(before, next.input, next.output);
    if (after === undefined) return false;
    const others = waiting.filter((other) => other !== next);
    return canFinish(model, others, new Map(states).set(partition, after));
  });
}
