/**
 * Where a request has its keys: the one reading of key positions, for GETKEYS and for bringing in.
 */

import type { Args } from '../protocol/args.ts';
import type { CommandFacts, KeyPositions, VisitKey } from './command-facts.ts';

export function visitKeys(command: CommandFacts, args: Args, visit: VisitKey): void {
  if (command.visitKeys !== undefined) return command.visitKeys(args, visit);
  const { countAt, keys } = command;
  if (keys !== undefined) {
    const last = lastPosition(keys, args.count);
    for (let i = keys.first; i <= last; i += keys.step) visit(i);
  }
  if (countAt === undefined) return;
  const last = countAt + countedKeys(args, countAt);
  for (let i = countAt + 1; i <= last; i++) visit(i);
}

/** Whether requests of the command name keys. */
export function hasKeys({ countAt, keys, visitKeys: visitor }: CommandFacts): boolean {
  return keys !== undefined || countAt !== undefined || visitor !== undefined;
}

/** The number in an argument; 0 if there are fewer behind it, so that the request is refused. */
export function countedKeys(args: Args, countAt: number): number {
  const count = countAt < args.count ? Number(args.int64(countAt) ?? 0) : 0;
  return countAt + count < args.count ? Math.max(0, count) : 0;
}

/** The last argument of those at the positions, of a request with `count` arguments. */
export function lastPosition(keys: KeyPositions, count: number): number {
  return keys.last < 0 ? count + keys.last : Math.min(keys.last, count - 1);
}
