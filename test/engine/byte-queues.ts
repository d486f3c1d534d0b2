/**
 * Commands that block, for tests of the engine: strings as queues of bytes, which APPEND makes
 * longer.
 *
 *   BTAKE key [key ...] timeout       takes the first byte of the first key that has one
 *   BSHIFT source destination timeout  takes the first byte of one and appends it to the other
 */

import { defineCommands, type KeyWait, type WriteContext } from '../../src/commands/command.ts';
import { parseTimeoutSeconds } from '../../src/commands/timeouts.ts';
import { WRONG_TYPE_TEXT } from '../../src/commands/reply-errors.ts';
import { WRONG_TYPE } from '../../src/keyspace/database.ts';
import { ByteRange } from '../../src/lib/byte-range.ts';

const COMMON = {
  group: 'string', since: '1.0.0', summary: 'For tests.', flags: ['write', 'blocking'],
} as const;

/** How often it was asked. */
export const looks = { count: 0 };

const countReady: KeyWait['countReady'] = (db, key) => {
  looks.count += 1;
  const found = db.findString(key);
  return found === undefined || found === WRONG_TYPE ? 0 : found.value.length;
};

/** Undefined: there is none; null: an error was replied. */
function takeByte({ db, reply }: WriteContext, key: ByteRange): string | undefined | null {
  const found = db.findString(key);
  if (found === undefined) return undefined;
  if (found === WRONG_TYPE) {
    reply.error(WRONG_TYPE_TEXT);
    return null;
  }
  const value = found.value.copy();
  if (value.length === 1) db.remove(key);
  else db.put(key, new ByteRange(value, 1));
  db.notify('g', 'take', key);
  return value.toString('latin1', 0, 1);
}

function timeoutOf({ args, now, reply }: WriteContext): number | undefined {
  const timeoutMs = parseTimeoutSeconds(args, args.count - 1, now);
  return typeof timeoutMs === 'number' ? timeoutMs : void reply.error(timeoutMs);
}

function btake(ctx: WriteContext): void {
  const { args, reply } = ctx;
  const timeoutMs = timeoutOf(ctx);
  if (timeoutMs === undefined) return;
  const end = args.count - 1;
  for (let i = 1; i < end; i++) {
    const byte = takeByte(ctx, args.at(i));
    if (byte === null) return;
    if (byte === undefined) continue;
    return reply.bulkText(`${args.latin1(i)}=${byte}`);
  }
  reply.nil();
  ctx.waitForKeys({ first: 1, end, timeoutMs, countReady });
}

function bshift(ctx: WriteContext): void {
  const { args, db, reply } = ctx;
  const timeoutMs = timeoutOf(ctx);
  if (timeoutMs === undefined) return;
  const target = db.findString(args.at(2));
  const had = typeof target === 'object' ? target.value.copy() : Buffer.alloc(0);
  const byte = target === WRONG_TYPE ? null : takeByte(ctx, args.at(1));
  if (byte === null) return target === WRONG_TYPE ? reply.error(WRONG_TYPE_TEXT) : undefined;
  if (byte !== undefined) {
    db.put(args.at(2), new ByteRange(Buffer.concat([had, Buffer.from(byte, 'latin1')])));
    return reply.bulkText(byte);
  }
  reply.nil();
  ctx.waitForKeys({ first: 1, end: 2, timeoutMs, countReady });
}

export const byteQueueCommands = defineCommands([
  { ...COMMON, name: 'btake', arity: -3, keys: { first: 1, last: -2, step: 1 }, apply: btake },
  { ...COMMON, name: 'bshift', arity: 4, keys: { first: 1, last: 2, step: 1 }, apply: bshift },
]);
