/** What a command of the model is: one row of the tables in the files `…-commands.ts`. */

import type { Execution } from './execution.ts';
import { exactly, type Expectation } from './expectation.ts';
import { integer, type Reply } from './reply.ts';

export interface ModelCommand {
  readonly name: string;
  /** As Redis counts: with the name; negative is "at least". */
  readonly arity: number;
  readonly isWrite: boolean;
  /** It concerns whole databases. */
  readonly isGlobal: boolean;
  /** The names of its keys; `args` is the whole command. */
  keys(args: readonly string[]): readonly string[];
  /** Errors are thrown as CommandError. */
  run(execution: Execution, args: readonly string[]): Expectation;
}

type KeyPositions = 'none' | 'first' | 'two' | 'all' | 'pairs' | 'counted' | 'storeCounted'
  | 'stored' | 'global';

type Outcome = Expectation | Reply | number | bigint;

type Run = (execution: Execution, args: readonly string[]) => Outcome;

const KEYS: Readonly<Record<KeyPositions, ModelCommand['keys']>> = {
  none: () => [],
  global: () => [],
  first: (args) => args.slice(1, 2),
  two: (args) => args.slice(1, 3),
  all: (args) => args.slice(1),
  counted: (args) => args.slice(2, 2 + Math.max(0, Number(args[1]) || 0)),
  storeCounted: (args) =>
    [...args.slice(1, 2), ...args.slice(3, 3 + Math.max(0, Number(args[2]) || 0))],
  stored: (args) => [...args.slice(1, 2), ...args[2] === 'STORE' ? args.slice(3, 4) : []],
  pairs: (args) => args.filter((_, i) => i % 2 === 1),
};

function define(
  isWrite: boolean, name: string, arity: number, keys: KeyPositions, run: Run,
): ModelCommand {
  return {
    name, arity, isWrite, isGlobal: keys === 'global', keys: KEYS[keys],
    run: (execution, args) => expectationOf(run(execution, args)),
  };
}

/** A command that changes nothing. */
export function read(
  name: string, arity: number, keys: KeyPositions, run: Run,
): ModelCommand {
  return define(false, name, arity, keys, run);
}

/** A command that may change something. */
export function write(
  name: string, arity: number, keys: KeyPositions, run: Run,
): ModelCommand {
  return define(true, name, arity, keys, run);
}

const EXPECTATION_KINDS: ReadonlySet<string> = new Set(['exact', 'some', 'each']);

function isExpectation(outcome: Expectation | Reply): outcome is Expectation {
  return EXPECTATION_KINDS.has(outcome.kind);
}

function expectationOf(outcome: Outcome): Expectation {
  if (typeof outcome === 'number' || typeof outcome === 'bigint') return exactly(integer(outcome));
  return isExpectation(outcome) ? outcome : exactly(outcome);
}
