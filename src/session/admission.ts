/**
 * The gates that a request passes before it may run, in Redis's order: the first that is shut
 * decides the error. Each asks about flags, never about names.
 */

import { wrongArity } from '../commands/reply-errors.ts';
import type { TableEntry } from '../commands/table.ts';
import type { Args } from '../protocol/args.ts';
import type { Session } from './session.ts';
import type { WriteGate } from './write-gate.ts';

const NO_AUTH = 'NOAUTH Authentication required.';
const NOT_IN_MULTI = 'ERR Command not allowed inside a transaction';

/** Bytes of arguments that the error about an unknown command shows. */
const SHOWN_BYTES_MAX = 128;

/** The text of the error that refuses this request, or undefined to go on. */
export function refusal(
  session: Session, entry: TableEntry | undefined, args: Args, gate: WriteGate,
): string | undefined {
  if (entry === undefined) return unknownCommand(args);
  if (!entry.takes(args.count) || isContainer(entry)) return wrongShape(entry, args);
  if (!session.authenticated && !entry.allowedWithoutAuth) return NO_AUTH;
  if (entry.isWrite && gate.refusal !== undefined) return gate.refusal;
  if (entry.deniedWhenFull && gate.memoryRefusal !== undefined) return gate.memoryRefusal;
  if (session.isSubscriber && session.protocol === 2 && !entry.allowedSubscribed) {
    return onlyForSubscribers(entry);
  }
  if (entry.deniedInMulti && session.transaction.isOpen) return NOT_IN_MULTI;
  return undefined;
}

/** A command that is only its subcommands, and none of them was named. */
function isContainer({ command }: TableEntry): boolean {
  return command.execute === undefined && command.steps === undefined;
}

function wrongShape(entry: TableEntry, args: Args): string {
  const { name } = entry.command;
  if (entry.subcommands.size === 0 || args.count < 2) return wrongArity(name);
  if (entry.takes(args.count) === false && !isContainer(entry)) return wrongArity(name);
  const word = args.text(1).slice(0, SHOWN_BYTES_MAX);
  return `ERR unknown subcommand '${word}'. Try ${name.toUpperCase()} HELP.`;
}

function unknownCommand(args: Args): string {
  let shown = '';
  for (let i = 1; i < args.count && shown.length < SHOWN_BYTES_MAX; i++) {
    shown += `'${args.text(i).slice(0, SHOWN_BYTES_MAX - shown.length)}' `;
  }
  const name = args.text(0).slice(0, SHOWN_BYTES_MAX);
  return `ERR unknown command '${name}', with args beginning with: ${shown}`;
}

function onlyForSubscribers({ command }: TableEntry): string {
  return `ERR Can't execute '${command.name.replace('|', ' ')}': only (P|S)SUBSCRIBE / ` +
    '(P|S)UNSUBSCRIBE / PING / QUIT / RESET are allowed in this context';
}
