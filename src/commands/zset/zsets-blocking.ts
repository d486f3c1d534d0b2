/** Commands that wait for a member of a sorted set when there is none; see lists-blocking.ts. */

import { WRONG_TYPE } from '../../keyspace/database.ts';
import { zsetOf } from '../../keyspace/collection/zset/zset-type.ts';
import { ZSET } from '../../keyspace/value-type.ts';
import { defineCommands, type Flag, type KeyWait, type WriteContext } from '../command.ts';
import { timeoutSecondsOf } from '../timeouts.ts';
import { findZset } from './zset-access.ts';
import { parseMultiPop, popFirstOf, popWalk, walkFromEnd } from './zsets-removals.ts';

const POPPING: readonly Flag[] = Object.freeze(['write', 'blocking', 'fast']);
/** All but the timeout. */
const KEYS_AND_TIMEOUT = Object.freeze({ first: 1, last: -2, step: 1 });

const countMembers: KeyWait['countReady'] = (db, key) => {
  const found = db.findCollection(key, ZSET);
  return found === undefined || found === WRONG_TYPE ? 0 : zsetOf(found).size;
};

function bzpop(ctx: WriteContext, isMax: boolean): void {
  const { args, reply } = ctx;
  const end = args.count - 1;
  const timeoutMs = timeoutSecondsOf(ctx, end);
  if (timeoutMs === undefined) return;
  for (let keyAt = 1; keyAt < end; keyAt++) {
    const zset = findZset(ctx, keyAt);
    if (zset === undefined) return;
    if (zset === null) continue;
    reply.array(3);
    reply.bulkRange(args.at(keyAt));
    return popWalk(ctx, keyAt, zset, walkFromEnd(zset, 1, isMax), false);
  }
  reply.nilArray();
  ctx.waitForKeys({ first: 1, end, timeoutMs, countReady: countMembers });
}

function bzmpop(ctx: WriteContext): void {
  const parsed = parseMultiPop(ctx.args, 2);
  if (typeof parsed === 'string') return ctx.reply.error(parsed);
  const timeoutMs = timeoutSecondsOf(ctx, 1);
  if (timeoutMs === undefined) return;
  const isMissing = popFirstOf(ctx, 3, parsed);
  const end = 3 + parsed.numkeys;
  if (isMissing) ctx.waitForKeys({ first: 3, end, timeoutMs, countReady: countMembers });
}

const COST = 'O(log(N)) with N members in the sorted set';

export const zsetBlockingCommands = defineCommands([
  {
    name: 'bzpopmin', group: 'sorted-set', since: '5.0.0', arity: -3, flags: POPPING,
    keys: KEYS_AND_TIMEOUT, complexity: COST, apply: (ctx) => bzpop(ctx, false),
    summary: 'Removes the member with the lowest score, or waits for one, and replies it.',
  },
  {
    name: 'bzpopmax', group: 'sorted-set', since: '5.0.0', arity: -3, flags: POPPING,
    keys: KEYS_AND_TIMEOUT, complexity: COST, apply: (ctx) => bzpop(ctx, true),
    summary: 'Removes the member with the highest score, or waits for one, and replies it.',
  },
  {
    name: 'bzmpop', group: 'sorted-set', since: '7.0.0', arity: -5,
    flags: ['write', 'blocking', 'movablekeys'], countAt: 2, apply: bzmpop,
    complexity: 'O(K)+O(log(N)*M) for K keys and M members removed of N in the sorted set',
    summary: 'Removes members from the first sorted set that is not empty, or waits for one.',
  },
]);
