/**
 * Whether a model explains a reply: runs a command, or the queue of a MULTI, in every way in which
 * it can go, and keeps the models that fit.
 */

import { Choices } from './choices.ts';
import { databaseCommands } from './database-commands.ts';
import { CommandError, Execution, type Window } from './execution.ts';
import { exactly, fits, type Expectation } from './expectation.ts';
import { hashCommands } from './hash-commands.ts';
import { hashExpiryCommands } from './hash-expiry-commands.ts';
import { hyperLogLogCommands } from './hyperloglog-commands.ts';
import { keyCommands } from './key-commands.ts';
import type { KeyspaceModel, WatchMark } from './keyspace-model.ts';
import { listCommands } from './list-commands.ts';
import { setCommands } from './set-commands.ts';
import { zsetCommands } from './zset-commands.ts';
import type { ModelCommand } from './model-command.ts';
import { wrongArity } from './parse.ts';
import { failure, NIL, NIL_ARRAY, type Reply } from './reply.ts';
import { sortCommands } from './sort-commands.ts';
import { stringCommands } from './string-commands.ts';
import { stringEditCommands } from './string-edit-commands.ts';

const COMMANDS: ReadonlyMap<string, ModelCommand> = new Map([
  ...stringCommands, ...stringEditCommands, ...hyperLogLogCommands, ...hashCommands,
  ...hashExpiryCommands,
  ...listCommands, ...setCommands, ...zsetCommands, ...sortCommands, ...keyCommands,
  ...databaseCommands,
].map((command) => [command.name, command]));

export function findCommand(command: readonly string[]): ModelCommand | undefined {
  return COMMANDS.get((command[0] ?? '').toUpperCase());
}

/** Why a server refuses the command whatever is in its keys; undefined when it does not. */
export function shapeError(
  command: readonly string[], found: Pick<ModelCommand, 'name' | 'arity'> | undefined,
): string | undefined {
  if (found === undefined) {
    const args = command.slice(1).map((arg) => `'${arg}' `).join('');
    return `ERR unknown command '${command[0]}', with args beginning with: ${args}`;
  }
  const { arity, name } = found;
  const isRight = arity >= 0 ? command.length === arity : command.length >= -arity;
  return isRight ? undefined : wrongArity(name);
}

export function runCommand(execution: Execution, command: readonly string[]): Expectation {
  const found = findCommand(command);
  const error = shapeError(command, found);
  if (error !== undefined || found === undefined) return exactly(failure(error ?? ''));
  try {
    return found.run(execution, command);
  } catch (cause) {
    if (cause instanceof CommandError) return exactly(cause.reply);
    throw cause;
  }
}

/**
 * EXEC of this queue. `reply`, if there is one already, ends ways early that it rules out: of the
 * first item that does not fit, the rest is not run.
 */
export function runTransaction(
  execution: Execution, queue: readonly (readonly string[])[], reply: Reply | undefined,
): Expectation {
  const { model } = execution;
  const isTouched = [...model.watched].some((mark) => isMarkTouched(execution, mark));
  model.unwatch();
  if (isTouched) return exactly(execution.protocol === 3 ? NIL : NIL_ARRAY);
  const items: Expectation[] = [];
  for (const [i, command] of queue.entries()) {
    const expected = runCommand(execution, command);
    items.push(expected);
    const item = reply?.kind === 'array' ? reply.items[i] : undefined;
    if (item !== undefined && !fits(expected, item)) return { kind: 'each', items };
  }
  return { kind: 'each', items };
}

/**
 * Servers differ in one thing: what SWAPDB brings where a key was absent counts as touched for
 * Redis, and need not for servers that compare versions. Both are right.
 */
function isMarkTouched(execution: Execution, mark: WatchMark): boolean {
  const isThere = execution.has(mark.key, mark.db);
  const isInDoubt = mark.change === 'none' && execution.mayHaveExpiredFields(mark.key, mark.db);
  if (mark.change === 'maybe' || (isThere && isInDoubt)) return execution.choices.choose();
  if (mark.wasThere) return !isThere || mark.change === 'sure';
  if (isThere) return mark.change === 'sure' || execution.choices.choose();
  return mark.change === 'sure';
}

export interface Setting {
  readonly db: number;
  readonly protocol: 2 | 3;
  readonly isDeathFinal: boolean;
  readonly window: Window;
}

export interface Explanation {
  /** Those in which the reply is right; without a reply all that there can be. */
  readonly models: readonly KeyspaceModel[];
  /** The selected database afterwards. */
  readonly db: number;
  /** What was expected in the ways that do not fit. */
  readonly unmet: readonly Expectation[];
  /** There were too many ways: some were not tried. */
  readonly isIncomplete: boolean;
}

const UNMET_MAX = 4;

export function explain(
  model: KeyspaceModel, setting: Setting, reply: Reply | undefined,
  run: (execution: Execution) => Expectation,
): Explanation {
  const choices = new Choices();
  const models: KeyspaceModel[] = [];
  const unmet: Expectation[] = [];
  let { db } = setting;
  do {
    if (choices.areTooMany) return { models, db, unmet, isIncomplete: true };
    const copy = model.clone();
    const execution = new Execution({ ...setting, model: copy, choices });
    const expected = run(execution);
    if (reply === undefined || fits(expected, reply)) {
      if (reply !== undefined) learn(expected, reply);
      models.push(copy.isChanged ? copy : model);
      ({ db } = execution);
    } else if (unmet.length < UNMET_MAX) unmet.push(expected);
  } while (choices.next());
  return { models, db, unmet, isIncomplete: false };
}

function learn(expected: Expectation, reply: Reply): void {
  if (expected.kind === 'some') expected.learn?.(reply);
  if (expected.kind !== 'each' || reply.kind !== 'array') return;
  expected.items.forEach((item, i) => learn(item, reply.items[i]!));
}
