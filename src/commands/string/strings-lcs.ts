/** LCS: the longest common subsequence of two strings. Time is the product of their lengths. */

import { WRONG_TYPE } from '../../keyspace/database.ts';
import { findLcs, isLcsTooLarge, lcsLength } from '../../lib/lcs.ts';
import type { Lcs, LcsMatch } from '../../lib/lcs.ts';
import type { ReplyWriter } from '../../protocol/reply-encoder.ts';
import { defineCommands, type Context } from '../command.ts';
import { NOT_AN_INTEGER, SYNTAX } from '../reply-errors.ts';

const NOT_STRINGS = 'ERR The specified keys must contain string values';
const LEN_AND_IDX = 'ERR If you want both the length and indexes, please just use IDX.';
const TOO_LARGE =
  'ERR Insufficient memory, transient memory for LCS exceeds proto-max-bulk-len';
const NO_BYTES = Buffer.alloc(0);

interface LcsOptions {
  len: boolean;
  idx: boolean;
  withMatchLen: boolean;
  minMatchLen: number;
}

/** The options, or the text of an error. */
function parseOptions(ctx: Context): LcsOptions | string {
  const { args } = ctx;
  const options: LcsOptions = { len: false, idx: false, withMatchLen: false, minMatchLen: 0 };
  for (let i = 3; i < args.count; i++) {
    if (args.is(i, 'IDX')) options.idx = true;
    else if (args.is(i, 'LEN')) options.len = true;
    else if (args.is(i, 'WITHMATCHLEN')) options.withMatchLen = true;
    else if (args.is(i, 'MINMATCHLEN') && i + 1 < args.count) {
      const length = args.int64(++i);
      if (length === undefined) return NOT_AN_INTEGER;
      options.minMatchLen = Math.max(0, Number(length));
    } else return SYNTAX;
  }
  return options.len && options.idx ? LEN_AND_IDX : options;
}

function lcs(ctx: Context): void {
  const { args, db, reply } = ctx;
  const first = db.readString(args.at(1));
  const a = first === undefined || first === WRONG_TYPE ? NO_BYTES : first.value.view();
  const second = db.readString(args.at(2));
  const b = second === undefined || second === WRONG_TYPE ? NO_BYTES : second.value.view();
  if (first === WRONG_TYPE || second === WRONG_TYPE) return reply.error(NOT_STRINGS);
  const options = parseOptions(ctx);
  if (typeof options === 'string') return reply.error(options);
  const tableBytesMax = ctx.limits.stringBytes;
  if (isLcsTooLarge(a.length, b.length, tableBytesMax)) return reply.error(TOO_LARGE);
  if (options.len) return reply.integer(lcsLength(a, b, tableBytesMax) as number);
  const found = findLcs(a, b, tableBytesMax) as Lcs;
  if (options.idx) replyMatches(reply, found, options);
  else reply.bulk(found.bytes);
}

function replyMatches(reply: ReplyWriter, found: Lcs, options: LcsOptions): void {
  const matches = found.matches.filter((match) => lengthOf(match) >= options.minMatchLen);
  reply.map(2);
  reply.bulkText('matches');
  reply.array(matches.length);
  for (const match of matches) {
    reply.array(options.withMatchLen ? 3 : 2);
    reply.array(2);
    reply.integer(match.aStart);
    reply.integer(match.aEnd);
    reply.array(2);
    reply.integer(match.bStart);
    reply.integer(match.bEnd);
    if (options.withMatchLen) reply.integer(lengthOf(match));
  }
  reply.bulkText('len');
  reply.integer(found.length);
}

function lengthOf(match: LcsMatch): number {
  return match.aEnd - match.aStart + 1;
}

export const stringLcsCommands = defineCommands([
  {
    name: 'lcs', group: 'string', since: '7.0.0', arity: -3, flags: ['readonly'],
    keys: { first: 1, last: 2, step: 1 }, complexity: 'O(N*M) in the lengths of the strings',
    execute: lcs,
    summary: 'Replies the longest common subsequence of two strings, its length or its places.',
  },
]);
