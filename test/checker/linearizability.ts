/**
 * Is a history linearizable: is there one order of its operations that agrees with real time and
 * with a model of the data? The question is NP-complete (Gibbons and Korach 1997), so an answer has
 * a price limit and may be "gave up", which is neither of the other two and must not be taken for
 * one.
 *
 * Each partition has its own search (search.ts). The budget is shared out evenly among the searches
 * that are not at their end; what some leave over goes to the others, so a hard key cannot hide a
 * violation on an easy one.
 */

import { explainViolation } from './explain.ts';
import type { Operation } from './history.ts';
import type { Model } from './model.ts';
import { makePartitions } from './partition.ts';
import { Search } from './search.ts';

/**
 * Steps of the model before the checker gives up, unless the caller says otherwise: some ten
 * seconds and, if none is in vain, one gigabyte. An ordinary history needs one to five steps for
 * each operation. A bound of the tests and of no server, so it is here and not in src/limits.ts.
 */
export const CHECKER_STEPS_MAX = 5_000_000;

export type Verdict<Input, Output> =
  | { readonly kind: 'ok'; readonly steps: number }
  | {
    readonly kind: 'violation';
    readonly steps: number;
    readonly key: string;
    /** See Explanation. */
    readonly prefix: readonly Operation<Input, Output>[];
    readonly stuck: readonly Operation<Input, Output>[];
    readonly text: string;
  }
  /** `keys`: the partitions about which nothing is known. All others are in order. */
  | { readonly kind: 'gave up'; readonly steps: number; readonly keys: readonly string[] };

/**
 * `history` in any order. The first violation ends the check. Steps go beyond `stepsMax` by at most
 * the number of operations that may be next at one moment, for each partition.
 */
export function checkLinearizability<State, Input, Output>(
  model: Model<State, Input, Output>,
  history: readonly Operation<Input, Output>[],
  stepsMax: number = CHECKER_STEPS_MAX,
): Verdict<Input, Output> {
  let steps = 0;
  let open = makePartitions(model, history).map((partition) => new Search(partition, model));
  while (open.length > 0 && steps < stepsMax) {
    const suspended: typeof open = [];
    for (const [at, search] of open.entries()) {
      const share = Math.ceil((stepsMax - steps) / (open.length - at));
      const stepsBefore = search.stepsDone;
      const outcome = search.run(share);
      steps += search.stepsDone - stepsBefore;
      if (outcome === 'violation') {
        const { key } = search.partition;
        return { kind: outcome, steps, key, ...explainViolation(search, model) };
      }
      if (outcome === 'suspended') suspended.push(search);
    }
    open = suspended;
  }
  if (open.length === 0) return { kind: 'ok', steps };
  return { kind: 'gave up', steps, keys: open.map(({ partition }) => partition.key) };
}

/** For tests: throws the explanation, or that the checker gave up. */
export function mustBeLinearizable<State, Input, Output>(
  model: Model<State, Input, Output>,
  history: readonly Operation<Input, Output>[],
  stepsMax: number = CHECKER_STEPS_MAX,
): void {
  const verdict = checkLinearizability(model, history, stepsMax);
  if (verdict.kind === 'ok') return;
  if (verdict.kind === 'violation') throw new Error(verdict.text);
  throw new Error(
    `no verdict after ${verdict.steps} steps on the keys ${verdict.keys.slice(0, 10).join(', ')}`,
  );
}
