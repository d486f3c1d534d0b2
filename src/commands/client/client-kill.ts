/** CLIENT KILL: by address, or by any number of conditions that must all hold. */

import type { Args } from '../../protocol/args.ts';
import { kindOfName, type ClientKind } from './client-list.ts';
import type { Context } from '../command.ts';
import { SYNTAX, quotedWhole } from '../reply-errors.ts';
import type { ClientPort } from '../server-port.ts';

const ID_TOO_SMALL = 'ERR client-id should be greater than 0';
const NO_SUCH_CLIENT = 'ERR No such client';

/** Conditions that were given; the others are undefined. */
interface Conditions {
  id?: number | bigint;
  kind?: ClientKind;
  address?: string;
  localAddress?: string;
  user?: string;
  skipMe: boolean;
}

/** Takes a value into the conditions; the text of an error if it may not be. */
type Take = (conditions: Conditions, args: Args, i: number) => string | undefined;

const OPTIONS: Readonly<Record<string, Take>> = {
  ID: (conditions, args, i) => {
    const id = args.int64(i);
    if (id === undefined || id < 1) return ID_TOO_SMALL;
    conditions.id = id;
    return undefined;
  },
  TYPE: (conditions, args, i) => {
    const kind = kindOfName(args.text(i));
    if (kind === undefined) return `ERR Unknown client type '${quotedWhole(args, i)}'`;
    conditions.kind = kind;
    return undefined;
  },
  ADDR: (conditions, args, i) => void (conditions.address = args.text(i)),
  LADDR: (conditions, args, i) => void (conditions.localAddress = args.text(i)),
  USER: (conditions, args, i) => {
    // The one user that there is.
    if (args.text(i) !== 'default') return `ERR No such user '${quotedWhole(args, i)}'`;
    conditions.user = 'default';
    return undefined;
  },
  SKIPME: (conditions, args, i) => {
    if (!args.is(i, 'YES') && !args.is(i, 'NO')) return SYNTAX;
    conditions.skipMe = args.is(i, 'YES');
    return undefined;
  },
};

export function clientKill(ctx: Context): void {
  const { args, reply } = ctx;
  if (args.count === 3) {
    const killed = kill(ctx, { address: args.text(2), skipMe: false });
    return killed === 0 ? reply.error(NO_SUCH_CLIENT) : reply.ok();
  }
  const conditions = parseConditions(args);
  if (typeof conditions === 'string') return reply.error(conditions);
  reply.integer(kill(ctx, conditions));
}

function parseConditions(args: Args): Conditions | string {
  const conditions: Conditions = { skipMe: true };
  for (let i = 2; i < args.count; i += 2) {
    const take = OPTIONS[args.text(i).toUpperCase()];
    if (take === undefined || i + 1 >= args.count) return SYNTAX;
    const error = take(conditions, args, i + 1);
    if (error !== undefined) return error;
  }
  return conditions;
}

/** Its own connection is closed too, but after the reply. Returns how many were. */
function kill(ctx: Context, conditions: Conditions): number {
  let killed = 0;
  for (const client of ctx.server.clients.all()) {
    const isMe = client.session === ctx.session;
    if (!fits(client, conditions) || (isMe && conditions.skipMe)) continue;
    killed++;
    if (isMe) ctx.session.closeAfterReply();
    else client.kill();
  }
  return killed;
}

function fits({ kind, session }: ClientPort, conditions: Conditions): boolean {
  const { id, address, localAddress, user } = conditions;
  const { facts } = session;
  if (id !== undefined && facts.id !== Number(id)) return false;
  if (conditions.kind !== undefined && kind !== conditions.kind) return false;
  if (address !== undefined && facts.address !== address) return false;
  if (localAddress !== undefined && facts.localAddress !== localAddress) return false;
  return user === undefined || session.user === user;
}
