/**
 * The search for an order of one partition's operations that explains what the clients saw.
 *
 * After Wing and Gong (1993) with the memory of Lowe (2017): a configuration is the set of answered
 * operations that have their place, the state that they lead to, and the unknown operations that
 * were used. From each, every operation may be next whose call came before all returns that are
 * still without a place. What differs from the textbook:
 *
 * - Configurations are values, ranked by their level, which is the number of answered operations
 *   placed, rather than one list of events that is cut and mended. Placing leads to a higher level,
 *   the use of an unknown operation to the same one. So the search may go on wherever it likes:
 *   while few configurations wait, at the lowest (breadth first), and once many do, at the highest
 *   (depth first, which finds an explanation soonest if there are many).
 * - Breadth first, all levels below the lowest that waits are forgotten, and when a single
 *   configuration waits, its past too. That cuts the history at its quiescent points and at many
 *   others; the set of configurations that are possible there is what is carried across.
 * - A read-only operation that fits is placed at once, and no other choice is tried. It may be
 *   next, and wherever an explanation has it, it changes nothing there, so it can be moved to the
 *   front.
 * - An unknown operation stays possible for ever, so while one is there nothing is forgotten. It is
 *   used only where answered operations alone seem to lead nowhere: the attempt ranks lower than
 *   its level, and each further unknown operation in a row lower still.
 * - Right after an unknown operation nothing is placed or used that overwrites what it did: then it
 *   might as well not have been used.
 * - Of two configurations that differ only in the unknown operations used, the one that used a
 *   subset can do all that the other can, so the other is dropped.
 *
 * A search stops when its steps are used up, and can be run on. Memory grows by at most one
 * configuration (some 200 bytes) for each step.
 */

import { BucketQueue } from './bucket-queue.ts';
import type { Operation } from './history.ts';
import {
  allBefore, EMPTY_SET, including, includes, isPrefix, keyOf, type LinearizedSet,
} from './linearized-set.ts';
import type { Model } from './model.ts';
import type { Partition } from './partition.ts';

/** So many waiting configurations are gone through breadth first. More is the work of 5 writers. */
const NARROW_CONFIGURATIONS_MAX = 32;

/**
 * Placing answered operations in another order is tried this many levels back before an unknown
 * operation is used: about as many as overlap one operation of a handful of clients.
 */
const UNKNOWN_PENALTY_LEVELS = 8;

export interface Configuration<State, Input, Output> {
  /** Where it came from, and by what; undefined where the past was forgotten. */
  parent: Configuration<State, Input, Output> | undefined;
  readonly operation: Operation<Input, Output> | undefined;
  readonly placed: LinearizedSet;
  /** How many answered operations are placed. */
  readonly level: number;
  readonly state: State;
  /** Indexes of unknown operations, ascending. */
  readonly used: readonly number[];
  /** How many of them were used since the last answered operation was placed. */
  readonly usedInRow: number;
}

/** What waits: to place answered operations after a configuration, or to use an unknown one. */
interface Task<State, Input, Output> {
  readonly from: Configuration<State, Input, Output>;
  readonly kind: 'place' | 'use unknown';
}

const NONE_USED: readonly number[] = [];
const ONLY_NONE_USED: (readonly number[])[] = [NONE_USED];

export class Search<State, Input, Output> {
  readonly partition: Partition<State, Input, Output>;
  readonly #model: Model<State, Input, Output>;
  readonly #narrowMax: number;
  readonly #waiting = new BucketQueue<Task<State, Input, Output>>();
  #unknownWaiting = 0;
  /**
   * By level: placed set and state, and which sets of unknown operations were used to get there.
   * Levels below `#forgottenBelow` are gone.
   */
  readonly #seen = new Map<number, Map<string, (readonly number[])[]>>();
  #forgottenBelow = 0;
  #stepsDone = 0;
  #furthest: Configuration<State, Input, Output>;

  /** With `narrowMax` 0 it is depth first from the start. */
  constructor(
    partition: Partition<State, Input, Output>,
    model: Model<State, Input, Output>,
    narrowMax: number = NARROW_CONFIGURATIONS_MAX,
  ) {
    this.partition = partition;
    this.#model = model;
    this.#narrowMax = narrowMax;
    this.#furthest = {
      parent: undefined, operation: undefined, placed: EMPTY_SET, level: 0, state: model.init(),
      used: NONE_USED, usedInRow: 0,
    };
    this.#add(this.#placeReads(this.#furthest));
  }

  /** The first configuration with the most answered operations placed. */
  get furthest(): Configuration<State, Input, Output> {
    return this.#furthest;
  }

  get stepsDone(): number {
    return this.#stepsDone;
  }

  get levelsRemembered(): number {
    return this.#seen.size;
  }

  /** Tries about `stepsMax` steps of the model more: it ends with the configuration at hand. */
  run(stepsMax: number): 'ok' | 'violation' | 'suspended' {
    const stopAt = this.#stepsDone + stepsMax;
    while (this.#furthest.level < this.partition.answered.length) {
      if (this.#waiting.size === 0) return 'violation';
      if (this.#stepsDone >= stopAt) return 'suspended';
      const { from, kind } = this.#takeTask();
      if (kind === 'use unknown') this.#useUnknown(from);
      else if (this.#waiting.size === 0) this.#expand(this.#followAlone(from, stopAt));
      else this.#expand(from);
    }
    return 'ok';
  }

  #takeTask(): Task<State, Input, Output> {
    if (this.#unknownWaiting > 0 || this.#waiting.size > this.#narrowMax) {
      const task = this.#waiting.takeHighest();
      if (task.kind === 'use unknown') this.#unknownWaiting -= 1;
      return task;
    }
    const task = this.#waiting.takeLowest();
    while (this.#forgottenBelow < task.from.level) {
      this.#seen.delete(this.#forgottenBelow);
      this.#forgottenBelow += 1;
    }
    if (this.#waiting.size === 0) task.from.parent = undefined;
    return task;
  }

  #expand(from: Configuration<State, Input, Output>): void {
    const { isReadOnly, isOverwrite, returns } = this.partition;
    const candidates = this.#candidates(from.placed);
    if (this.#hasUnusedUnknown(from, candidates)) {
      this.#waiting.push(rankOf(from) - UNKNOWN_PENALTY_LEVELS, { from, kind: 'use unknown' });
      this.#unknownWaiting += 1;
    }
    // Depth first takes what was added last: that is what returned first.
    if (candidates.length > 1) candidates.sort((a, b) => returns[b]! - returns[a]!);
    for (const index of candidates) {
      if (isReadOnly[index] || (from.usedInRow > 0 && isOverwrite[index])) continue;
      this.#place(from, index);
    }
  }

  /**
   * The quick way for the only configuration left, as long as just one operation can be next. It
   * stops before an operation that does not fit.
   */
  #followAlone(
    from: Configuration<State, Input, Output>, stopAt: number,
  ): Configuration<State, Input, Output> {
    if (!isPrefix(from.placed)) return from;
    const { answered, calls, returns, unknownCalls } = this.partition;
    const unknownFrom = unknownCalls[0] ?? Infinity;
    let { state } = from;
    let at = from.level;
    while (at < answered.length && this.#stepsDone < stopAt) {
      if (calls[at + 1]! <= returns[at]! || unknownFrom <= returns[at]!) break;
      const next = this.#step(state, answered[at]!);
      if (next === undefined) break;
      state = next;
      at += 1;
    }
    if (at === from.level) return from;
    const last = this.#placeReads({
      ...from, parent: undefined, operation: undefined, placed: allBefore(at), level: at, state,
    });
    this.#noteFurthest(last);
    return last;
  }

  /** The operations that may be next: called before anything without a place returned. */
  #candidates(placed: LinearizedSet): number[] {
    const { calls, returns } = this.partition;
    const found: number[] = [];
    let firstReturn = Infinity;
    for (let at = placed.base; at < calls.length && calls[at]! <= firstReturn; at++) {
      if (includes(placed, at)) continue;
      found.push(at);
      if (returns[at]! < firstReturn) firstReturn = returns[at]!;
    }
    return found;
  }

  #place(from: Configuration<State, Input, Output>, index: number): void {
    const operation = this.partition.answered[index]!;
    const state = this.#step(from.state, operation);
    if (state === undefined) return;
    this.#add(this.#placeReads({
      parent: from, operation, placed: including(from.placed, index), level: from.level + 1, state,
      used: from.used, usedInRow: 0,
    }));
  }

  #useUnknown(from: Configuration<State, Input, Output>): void {
    const { unknown, unknownCalls, isUnknownOverwrite, twinBefore } = this.partition;
    const firstReturn = this.#firstReturn(this.#candidates(from.placed));
    const isUsed = new Set(from.used);
    for (let index = 0; unknownCalls[index]! <= firstReturn; index++) {
      const twin = twinBefore[index]!;
      if (isUsed.has(index) || (twin >= 0 && !isUsed.has(twin))) continue;
      if (from.usedInRow > 0 && isUnknownOverwrite[index]) continue;
      const operation = unknown[index]!;
      const state = this.#step(from.state, operation);
      if (state === undefined || this.#isSame(state, from.state)) continue;
      const used = [...from.used, index].sort((a, b) => a - b);
      const usedInRow = from.usedInRow + 1;
      this.#add(this.#placeReads({ ...from, parent: from, operation, state, used, usedInRow }));
    }
  }

  /** Places the read-only operations that may be next and fit, until there is none. */
  #placeReads(
    configuration: Configuration<State, Input, Output>,
  ): Configuration<State, Input, Output> {
    const { calls, returns, answered, isReadOnly } = this.partition;
    let last = configuration;
    let firstReturn = Infinity;
    for (let at = last.placed.base; at < calls.length && calls[at]! <= firstReturn; at++) {
      if (includes(last.placed, at)) continue;
      const operation = answered[at]!;
      if (isReadOnly[at] && this.#step(last.state, operation) !== undefined) {
        const placed = including(last.placed, at);
        const level = last.level + 1;
        last = { ...last, parent: last, operation, placed, level, usedInRow: 0 };
      } else if (returns[at]! < firstReturn) {
        firstReturn = returns[at]!;
      }
    }
    return last;
  }

  /** Remembers a configuration, and lets it wait unless one that can do as much was there. */
  #add(configuration: Configuration<State, Input, Output>): void {
    const { placed, state, used } = configuration;
    this.#noteFurthest(configuration);
    const seen = this.#seenAt(configuration.level);
    const key = `${keyOf(placed)}|${this.#model.stateKey(state)}`;
    const earlier = seen.get(key);
    if (earlier?.some((each) => isSubset(each, used)) === true) return;
    if (used.length === 0) seen.set(key, ONLY_NONE_USED);
    else if (earlier === undefined) seen.set(key, [used]);
    else earlier.push(used);
    this.#waiting.push(rankOf(configuration), { from: configuration, kind: 'place' });
  }

  #seenAt(level: number): Map<string, (readonly number[])[]> {
    const seen = this.#seen.get(level) ?? new Map<string, (readonly number[])[]>();
    if (seen.size === 0) this.#seen.set(level, seen);
    return seen;
  }

  #hasUnusedUnknown(
    { used }: Configuration<State, Input, Output>, candidates: readonly number[],
  ): boolean {
    const { unknownCalls } = this.partition;
    if (unknownCalls.length === used.length) return false;
    return unknownCalls[used.length]! <= this.#firstReturn(candidates);
  }

  #firstReturn(candidates: readonly number[]): number {
    return candidates.reduce((first, at) => Math.min(first, this.partition.returns[at]!), Infinity);
  }

  #noteFurthest(configuration: Configuration<State, Input, Output>): void {
    if (configuration.level > this.#furthest.level) this.#furthest = configuration;
  }

  #isSame(a: State, b: State): boolean {
    return this.#model.stateKey(a) === this.#model.stateKey(b);
  }

  #step(state: State, { input, output }: Operation<Input, Output>): State | undefined {
    this.#stepsDone += 1;
    return this.#model.step(state, input, output);
  }
}

function rankOf({ level, usedInRow }: Configuration<unknown, unknown, unknown>): number {
  return level - usedInRow * UNKNOWN_PENALTY_LEVELS;
}

/** Both ascending. */
function isSubset(small: readonly number[], large: readonly number[]): boolean {
  let at = 0;
  for (const each of small) {
    while (at < large.length && large[at]! < each) at += 1;
    if (large[at] !== each) return false;
    at += 1;
  }
  return true;
}
