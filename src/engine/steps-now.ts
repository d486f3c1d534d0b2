/**
 * Runs a command in steps at once, inside EXEC: nothing else runs between two commands of a
 * transaction, so it waits for nothing. Records are read as it asks for them.
 */

import type { Provided, Want } from '../commands/command.ts';
import type { TableEntry } from '../commands/table.ts';
import type { CommandContext } from './command-context.ts';

export interface NowServices {
  /** Begins a save unless one is under way. */
  saveInBackground(): void;
  /** Holds the whole server for so long. */
  stall(ms: number): void;
  compact(): void;
}

export function runStepsNow(
  entry: TableEntry, context: CommandContext, services: NowServices,
): void {
  const steps = entry.command.steps?.(context);
  if (steps === undefined) throw new Error(`assertion failed: ${entry.command.name} does nothing`);
  let next = steps.next(undefined);
  while (next.done !== true) {
    if (mustWait(next.value)) {
      steps.return();
      return context.reply.error(`ERR '${entry.command.name}' has to wait, and nothing may wait ` +
        'inside a transaction');
    }
    next = steps.next(provide(next.value, context, services));
  }
}

function mustWait(want: Want): boolean {
  return want.kind === 'sync' || want.kind === 'reload' || want.kind === 'checkIndex' ||
    (want.kind === 'save' && !want.inBackground);
}

function provide(want: Want, { random }: CommandContext, services: NowServices): Provided {
  switch (want.kind) {
    case 'scan': return want.db.scanNow(want.cursor, want.count);
    case 'randomKey': return want.db.randomKeyNow(() => random.float());
    case 'stall': return void services.stall(want.ms);
    case 'save': return void services.saveInBackground();
    case 'compact': return void services.compact();
    case 'block': return 'timeout';
    default: return undefined;
  }
}
