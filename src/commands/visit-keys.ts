/**
 * Where a request has its keys: the one reading of key positions, for GETKEYS and for bringing in.
 */

import type { Args } from '../protocol/args.ts';
import type { CommandFacts, VisitKey } from './command-facts.ts';

export function visitKeys(command: CommandFacts, args: Args, visit: VisitKey): void {
  if (command.visitKeys !== undefined) return command.visitKeys(args, visit);
  const { keys } = command;
  if (keys === undefined) return;
  const last = keys.last < 0 ? args.count + keys.last : Math.min(keys.last, args.count - 1);
  for (let i = keys.first; i <= last; i += keys.step) visit(i);
}
