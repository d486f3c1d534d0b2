/**
 * The words of a violation: what came before, the longest order that explains the history from
 * there on, and the operations of which none can be next. Lists are cut to what a person reads; the
 * verdict carries them whole.
 */

import { describeOperation, type Operation } from './history.ts';
import { includes } from './linearized-set.ts';
import type { Model } from './model.ts';
import type { Configuration, Search } from './search.ts';

/** Operations shown of what came before; of the order that leads to the dead end; of the rest. */
const BEFORE_LINES_MAX = 5;
const PREFIX_LINES_MAX = 20;
const STUCK_LINES_MAX = 20;

export interface Explanation<Input, Output> {
  /** The order that got furthest, from the last point where only one state was possible. */
  readonly prefix: readonly Operation<Input, Output>[];
  /** What had to be next there: one of these should have fitted, and none leads further. */
  readonly stuck: readonly Operation<Input, Output>[];
  readonly text: string;
}

export function explainViolation<State, Input, Output>(
  search: Search<State, Input, Output>,
  model: Model<State, Input, Output>,
): Explanation<Input, Output> {
  const { partition, furthest } = search;
  const path = pathTo(furthest);
  const origin = path[0] ?? furthest;
  const prefix = path.flatMap(({ operation }) => operation ?? []);
  const stuck = findStuck(search);
  const inWords = (operation: Operation<Input, Output>): string =>
    `  ${describeOperation(operation, (input, output) => model.describe(input, output))}`;
  const before = partition.answered.slice(0, origin.placed.base);
  const lines = [
    `key ${JSON.stringify(partition.key)}: not linearizable; of ${partition.answered.length} ` +
      `answered operations at most ${furthest.level} can be put in order`,
    ...before.length === 0 ? [] : ['before, by the order of their calls:'],
    ...lastOf(before.map(inWords), BEFORE_LINES_MAX),
    `then, with the state at ${model.stateKey(origin.state)}, the longest order:`,
    ...prefix.length === 0 ? ['  (none)'] : lastOf(prefix.map(inWords), PREFIX_LINES_MAX),
    `and, with the state at ${model.stateKey(furthest.state)}, ` +
      'no way on with any of these:',
    ...firstOf(stuck.map(inWords), STUCK_LINES_MAX),
  ];
  return { prefix, stuck, text: lines.join('\n') };
}

function pathTo<State, Input, Output>(
  end: Configuration<State, Input, Output>,
): Configuration<State, Input, Output>[] {
  const path = [end];
  for (let at = end.parent; at !== undefined; at = at.parent) path.push(at);
  return path.toReversed();
}

/** The answered operations that may be next, and the unknown ones that may act and did not. */
function findStuck<State, Input, Output>(
  { partition, furthest }: Search<State, Input, Output>,
): Operation<Input, Output>[] {
  const { answered, unknown } = partition;
  const waiting = answered.filter((_, at) => !includes(furthest.placed, at));
  const firstReturn = waiting.reduce((first, { returnAt }) => Math.min(first, returnAt), Infinity);
  const possible = unknown.filter((_, at) => !furthest.used.includes(at));
  return [...waiting, ...possible].filter(({ callAt }) => callAt <= firstReturn);
}

function lastOf(lines: readonly string[], most: number): readonly string[] {
  if (lines.length <= most) return lines;
  return [`  (${lines.length - most} more)`, ...lines.slice(-most)];
}

function firstOf(lines: readonly string[], most: number): readonly string[] {
  if (lines.length <= most) return lines;
  return [...lines.slice(0, most), `  (${lines.length - most} more)`];
}
