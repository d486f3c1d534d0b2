/**
 * HyperLogLogs. The model knows their registers, so it knows every reply, and of GET what the bytes
 * must say; whether a value is sparse or dense is the server's business.
 */

import { CommandError, WRONG_TYPE, type Execution } from './execution.ts';
import { some, type Expectation } from './expectation.ts';
import { HyperLogLog, parseHyperLogLog } from './hyperloglog-value.ts';
import { read, write, type ModelCommand } from './model-command.ts';
import { bytesOf, OK, type Reply } from './reply.ts';

const NOT_ONE = 'WRONGTYPE Key is not a valid HyperLogLog string value.';

/** How far from the middle between two integers the server's floating point is sure. */
const ROUNDING = 1e-6;

function find(execution: Execution, key: string): HyperLogLog | undefined {
  const value = execution.find(key)?.value;
  if (value === undefined || value instanceof HyperLogLog) return value;
  throw new CommandError(typeof value === 'string' ? NOT_ONE : WRONG_TYPE);
}

function add(execution: Execution, [, key = '', ...elements]: readonly string[]): number {
  const before = find(execution, key);
  const after = (before ?? new HyperLogLog()).with(elements);
  if (after === before) return 0;
  execution.change(key, after);
  return 1;
}

function count(execution: Execution, [, ...keys]: readonly string[]): Expectation {
  const union = unionOf(execution, keys);
  // Redis keeps the count of a single key in it, and so wakes who watches it.
  const [only = ''] = keys;
  if (keys.length === 1 && execution.has(only)) execution.model.touch(execution.db, only, 'maybe');
  const estimate = union.estimate();
  return some(
    () => `an integer near ${estimate}`,
    (reply) => reply.kind === 'integer' &&
      Math.abs(Number(reply.value) - estimate) <= 0.5 + ROUNDING,
  );
}

function unionOf(execution: Execution, keys: readonly string[]): HyperLogLog {
  let union = new HyperLogLog();
  for (const key of keys) {
    const one = find(execution, key);
    if (one !== undefined) union = union.merge(one);
  }
  return union;
}

function merge(execution: Execution, [, ...keys]: readonly string[]): Reply {
  const union = unionOf(execution, keys);
  execution.change(keys[0] ?? '', union);
  return OK;
}

/** What GET of one replies: bytes that have its registers. */
export function bytesOfHyperLogLog(value: HyperLogLog): Expectation {
  return some(
    () => 'the bytes of a HyperLogLog',
    (reply) => parseHyperLogLog(bytesOf(reply) ?? '')?.equals(value) === true,
  );
}

export const hyperLogLogCommands: readonly ModelCommand[] = [
  write('PFADD', -2, 'first', add),
  read('PFCOUNT', -2, 'all', count),
  write('PFMERGE', -2, 'all', merge),
];
