/** Errors that say what became of the command, beside those that are the command's own reply. */

import type { Reply } from './reply.ts';

/** Surely not executed. */
const REFUSALS =
  /^(?:NOQUORUM|MISCONF|OOM|LOADING|READONLY|REMOVED|BUSY|NOREPLICAS|MASTERDOWN|CLUSTERDOWN)\b/;
const OTHER_REFUSALS =
  /^(?:ERR max number of clients|ERR WATCH needs every peer|TRYAGAIN not all peers)/;
const REFUSED_EXEC = /^EXECABORT Transaction discarded because of: (\S.*)/s;

/** May have been executed, or not. */
const UNKNOWN = /^UNKNOWN\b/;

export function isRefusal(reply: Reply): boolean {
  if (reply.kind !== 'error') return false;
  const cause = REFUSED_EXEC.exec(reply.text)?.[1] ?? reply.text;
  return REFUSALS.test(cause) || OTHER_REFUSALS.test(cause);
}

export function isUnknown(reply: Reply): boolean {
  return reply.kind === 'error' && UNKNOWN.test(reply.text);
}
