/**
 * Where a request has its keys: the one reading of key positions, for GETKEYS and for bringing in.
 */

import type { Args } from '../protocol/args.ts';
import type { CommandFacts, KeyPositions, VisitKey } from './command-facts.ts';

export function visitKeys(command: CommandFacts, args: Args, visit: VisitKey): void {
  if (command.visitKeys !== undefined) return command.visitKeys(args, visit);
  const { keys } = command;
  if (keys === undefined) return;
  const last = lastPosition(keys, args.count);
  for (let i = keys.first; i <= last; i += keys.step) visit(i);
}

/** The last argument of those at the positions, of a request with `count` arguments. */
export function lastPosition(keys: KeyPositions, count: number): number {
  return keys.last < 0 ? count + keys.last : Math.min(keys.last, count - 1);
}
