/**
 * The gates that a request passes before it may run, in Redis's order: the first that is shut
 * decides the error. Each asks about flags, never about names.
 */

import { quoted, wrongArity } from '../commands/reply-errors.ts';
import type { TableEntry } from '../commands/table.ts';
import { bytesOfText } from '../lib/escaped-text.ts';
import { SHOWN_ARG_BYTES_MAX } from '../limits.ts';
import type { Args } from '../protocol/args.ts';
import type { Session } from './session.ts';
import type { WriteGate } from './write-gate.ts';

const NO_AUTH = 'NOAUTH Authentication required.';
const NOT_IN_MULTI = 'ERR Command not allowed inside a transaction';

/** The text of the error that refuses this request, or undefined to go on. */
export function refusal(
  session: Session, entry: TableEntry | undefined, args: Args, gate: WriteGate,
): string | undefined {
  if (entry === undefined) return unknownCommand(args);
  if (!entry.takes(args.count) || lacksSubcommand(entry, args)) return wrongShape(entry, args);
  if (!session.authenticated && !entry.allowedWithoutAuth) return NO_AUTH;
  if (entry.deniedInMulti && session.transaction.isOpen) return NOT_IN_MULTI;
  const shut = entry.runsQueued ? queueRefusal(session, gate) : writeRefusal(entry, gate);
  if (shut !== undefined) return shut;
  if (session.isSubscriber && session.protocol === 2 && !entry.allowedSubscribed) {
    return onlyForSubscribers(entry);
  }
  return undefined;
}

function writeRefusal(entry: TableEntry, gate: WriteGate): string | undefined {
  if (entry.deniedWhenFull && gate.memoryRefusal !== undefined) return gate.memoryRefusal;
  if (!entry.isWrite) return undefined;
  return entry.frees ? gate.freeingRefusal : gate.refusal;
}

/** What was queued while writes were taken may meet a gate that has been shut since. */
function queueRefusal({ transaction }: Session, gate: WriteGate): string | undefined {
  if (gate.refusal === undefined && gate.memoryRefusal === undefined) return undefined;
  if (transaction.broken) return undefined;
  for (const { entry } of transaction.queue) {
    const text = writeRefusal(entry, gate);
    if (text !== undefined) return text;
  }
  return undefined;
}

/** A command of subcommands, and the request names none of them; COMMAND runs also without. */
function lacksSubcommand(entry: TableEntry, args: Args): boolean {
  return isContainer(entry) || (entry.subcommands.size > 0 && args.count > 1);
}

function isContainer({ command }: TableEntry): boolean {
  return command.execute === undefined && command.steps === undefined;
}

function wrongShape(entry: TableEntry, args: Args): string {
  const { name } = entry.command;
  if (entry.subcommands.size === 0 || args.count < 2) return wrongArity(name);
  if (entry.takes(args.count) === false && !isContainer(entry)) return wrongArity(name);
  const word = quoted(args, 1);
  return `ERR unknown subcommand '${word}'. Try ${name.toUpperCase()} HELP.`;
}

function unknownCommand(args: Args): string {
  let others = '';
  let left = SHOWN_ARG_BYTES_MAX;
  for (let i = 1; i < args.count && left > 0; i++) {
    const one = `'${quoted(args, i, left)}' `;
    others += one;
    left -= bytesOfText(one).length;
  }
  const name = quoted(args, 0);
  return `ERR unknown command '${name}', with args beginning with: ${others}`;
}

function onlyForSubscribers({ command }: TableEntry): string {
  return `ERR Can't execute '${command.name}': only (P|S)SUBSCRIBE / ` +
    '(P|S)UNSUBSCRIBE / PING / QUIT / RESET are allowed in this context';
}
