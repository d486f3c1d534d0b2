/**
 * What a checker must know of the thing that a history is about: a sequential specification.
 *
 * States are immutable values, never undefined. All functions are pure: the search calls them in
 * orders that never happened, and often.
 */

import type { Operation } from './history.ts';

export interface Model<State, Input, Output> {
  /**
   * Operations of different partitions never influence each other, so each partition is checked
   * alone: usually the key. A history is linearizable if and only if each partition is (Herlihy and
   * Wing 1990, section 3.1: linearizability is local).
   */
  partition(operation: Operation<Input, Output>): string;

  init(): State;

  /**
   * The state after `input`, or undefined if in `state` it would not have given `output`. With
   * output undefined, which stands for one that is not known, everything fits.
   */
  step(state: State, input: Input, output: Output | undefined): State | undefined;

  /** Equal, as text, for equal states and for no others. */
  stateKey(state: State): string | number;

  /** Equal for two inputs only if they do the same in every state. */
  inputKey(input: Input): string;

  /**
   * True only if `input`, in whatever state it gives `output`, leaves that state as it is. Such
   * operations need no search; to say false where true was possible costs time only.
   */
  isReadOnly(input: Input, output: Output | undefined): boolean;

  /**
   * True only if `input` gives `output` in every state or in none, and always leads to the same
   * state. What came right before such an operation left no trace. As above, false is safe.
   */
  isOverwrite(input: Input, output: Output | undefined): boolean;

  /** For people: `SET a -> OK`. */
  describe(input: Input, output: Output | undefined): string;
}
