/**
 * The operations of one partition, laid out for the search: the answered ones and those of unknown
 * outcome apart, each in the order of their calls, with what the search asks again and again in
 * arrays.
 */

import type { Operation } from './history.ts';
import type { Model } from './model.ts';

export class Partition<State, Input, Output> {
  readonly key: string;
  readonly answered: readonly Operation<Input, Output>[];
  readonly unknown: readonly Operation<Input, Output>[];
  /** Of `answered`. */
  readonly calls: Float64Array;
  readonly returns: Float64Array;
  readonly isReadOnly: readonly boolean[];
  readonly isOverwrite: readonly boolean[];
  /** Of `unknown`. */
  readonly unknownCalls: Float64Array;
  readonly isUnknownOverwrite: readonly boolean[];
  /**
   * The last unknown operation before this one with an input that does the same, or -1. Such twins
   * may change places in any explanation of the history, because neither has a return and the
   * earlier one may be used whenever the later one may. So only explanations that use the earlier
   * one first are looked for.
   */
  readonly twinBefore: Int32Array;

  /** Throws if an operation returns before its call, or has an output and no return. */
  constructor(
    key: string,
    operations: readonly Operation<Input, Output>[],
    model: Model<State, Input, Output>,
  ) {
    for (const operation of operations) mustBeSound(operation);
    const inOrder = operations.toSorted((a, b) => a.callAt - b.callAt);
    this.key = key;
    this.answered = inOrder.filter(({ returnAt }) => returnAt !== Infinity);
    this.unknown = inOrder.filter(({ input, returnAt }) =>
      returnAt === Infinity && !model.isReadOnly(input, undefined));
    this.calls = Float64Array.from(this.answered, ({ callAt }) => callAt);
    this.returns = Float64Array.from(this.answered, ({ returnAt }) => returnAt);
    this.isReadOnly = this.answered.map(({ input, output }) => model.isReadOnly(input, output));
    this.isOverwrite = this.answered.map(({ input, output }) => model.isOverwrite(input, output));
    this.isUnknownOverwrite = this.unknown.map(({ input }) => model.isOverwrite(input, undefined));
    this.unknownCalls = Float64Array.from(this.unknown, ({ callAt }) => callAt);
    this.twinBefore = findTwins(this.unknown.map(({ input }) => model.inputKey(input)));
  }
}

/** One for each partition of the history, in the order of their first calls. */
export function makePartitions<State, Input, Output>(
  model: Model<State, Input, Output>,
  history: readonly Operation<Input, Output>[],
): Partition<State, Input, Output>[] {
  const byKey = new Map<string, Operation<Input, Output>[]>();
  for (const operation of history) {
    const key = model.partition(operation);
    const group = byKey.get(key);
    if (group === undefined) byKey.set(key, [operation]);
    else group.push(operation);
  }
  return [...byKey].map(([key, operations]) => new Partition(key, operations, model));
}

function findTwins(inputKeys: readonly string[]): Int32Array {
  const lastWith = new Map<string, number>();
  return Int32Array.from(inputKeys, (key, at) => {
    const before = lastWith.get(key) ?? -1;
    lastWith.set(key, at);
    return before;
  });
}

function mustBeSound({ client, callAt, returnAt, output }: Operation<unknown, unknown>): void {
  // Written so that NaN fails too.
  const isSound = callAt <= returnAt && (returnAt !== Infinity || output === undefined);
  if (isSound && Number.isFinite(callAt)) return;
  throw new RangeError(
    `history: an operation of ${client} is called at ${callAt}, returns at ${returnAt} ` +
    `and has ${output === undefined ? 'no' : 'an'} output`,
  );
}
