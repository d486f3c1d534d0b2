/** What every request has around its reply: the client's reply mode, and MONITOR. */

import type { TableEntry } from '../commands/table.ts';
import type { Monitors } from '../session/monitors.ts';
import type { Session } from '../session/session.ts';
import type { CommandContext } from './command-context.ts';

/** CLIENT REPLY OFF and SKIP drop the reply that begins at `mark`; what is pushed is none. */
export function applyReplyMode(
  session: Session, entry: TableEntry | undefined, mark: number,
): void {
  if (session.replyMode === 'on') return;
  const { reply } = session;
  const isPushed = entry?.repliesByPush === true && reply.errorAt(mark) === undefined;
  if (!isPushed) reply.rewind(mark);
  session.endSkip();
}

/** Sends the request to the connections in MONITOR. */
export function showTo(monitors: Monitors, { session, args, now }: CommandContext): void {
  const { facts, dbIndex } = session;
  const isUnix = session.link.isUnixSocket;
  // A Unix socket's address ends with ':0', which MONITOR does not show.
  const address = isUnix ? `unix:${facts.address.slice(0, -2)}` : facts.address;
  monitors.show(now, { address, dbIndex }, args);
}
