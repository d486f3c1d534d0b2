/**
 * SORT: the elements of a list, a set or a sorted set in an order, or what keys named after them
 * hold.
 *
 * The keys of BY and GET are not declared. The elements are copied before the first of them is
 * read, because reading one may take the memory of what was read before it.
 */

import { ByteRange } from '../../lib/byte-range.ts';
import { REPLY_BYTES_MAX } from '../../protocol/limits.ts';
import { defineCommands, type WriteContext } from '../command.ts';
import { ListMaker } from '../list/list-access.ts';
import { ONE_KEY } from './keys-common.ts';
import {
  SORT_BYTES_MAX, SORT_ELEMENTS_MAX, TOO_LARGE_TO_SORT, TOO_MANY_TO_SORT, sortElements,
  type SortedElements,
} from './sort-elements.ts';
import { parseSortOptions, visitSortKeys, type SortOptions } from './sort-options.ts';
import { readSortSource } from './sort-source.ts';

const EMPTY = Object.freeze(new ByteRange(Buffer.alloc(0)));

function sort(ctx: WriteContext, mayStore: boolean): void {
  const { args, db, reply } = ctx;
  const options = parseSortOptions(args, mayStore);
  if (typeof options === 'string') return reply.error(options);
  const source = readSortSource(ctx);
  if (source === undefined) return;
  // A list that is stored must be the same on every server: a set has no order that clients know.
  const isForced = options.isUnsorted && source.isSet && options.storeAt !== undefined;
  const sorted = sortElements(db, source, options, isForced);
  if (typeof sorted === 'string') return reply.error(sorted);
  const results = sorted.count * Math.max(1, options.gets.length);
  if (results > SORT_ELEMENTS_MAX) return reply.error(TOO_MANY_TO_SORT);
  if (options.storeAt === undefined) replyResults(ctx, sorted, options, results);
  else storeResults(ctx, sorted, options, args.at(options.storeAt), results);
}

type VisitResult = (result: ByteRange | undefined) => void;

/** Visits each result, undefined where GET finds nothing; borrowed until it returns. */
function eachResult(
  { db }: WriteContext, sorted: SortedElements, gets: SortOptions['gets'], visit: VisitResult,
): void {
  sorted.each((element) => {
    if (gets.length === 0) visit(element);
    for (const get of gets) visit(get.find(db, element));
  });
}

/**
 * A reply beyond its bound becomes an error later: what comes behind the bound is not copied. That
 * goes by the bytes of the results alone, and all are looked for, because reading may expire keys,
 * and must do so on every peer.
 */
function replyResults(
  ctx: WriteContext, sorted: SortedElements, { gets }: SortOptions, results: number,
): void {
  const { reply } = ctx;
  let bytes = 0;
  reply.array(results);
  eachResult(ctx, sorted, gets, (result) => {
    if (result === undefined) return reply.nil();
    reply.bulkRange(bytes > REPLY_BYTES_MAX ? EMPTY : result);
    bytes += result.length;
  });
}

function storeResults(
  ctx: WriteContext, sorted: SortedElements, { gets }: SortOptions, key: ByteRange,
  results: number,
): void {
  const list = new ListMaker();
  let bytes = 0;
  eachResult(ctx, sorted, gets, (result = EMPTY) => {
    bytes += result.length;
    if (bytes <= SORT_BYTES_MAX) list.add(result);
  });
  if (bytes > SORT_BYTES_MAX) return ctx.reply.error(TOO_LARGE_TO_SORT);
  list.store(ctx, key, 'sortstore');
  ctx.reply.integer(results);
}

const CATEGORIES = Object.freeze(['set', 'sortedset', 'list', 'dangerous'] as const);
const COMPLEXITY = 'O(N*log(N)) in the number of elements; O(N) with a constant BY';

export const sortCommands = defineCommands([
  {
    name: 'sort', group: 'generic', since: '1.0.0', arity: -2, categories: CATEGORIES,
    flags: ['write', 'denyoom', 'movablekeys', 'collections'], keys: ONE_KEY,
    visitKeys: visitSortKeys, complexity: COMPLEXITY, apply: (ctx) => sort(ctx, true),
    summary: 'Sorts the elements of a list, a set or a sorted set; replies or stores them.',
  },
  {
    name: 'sort_ro', group: 'generic', since: '7.0.0', arity: -2, categories: CATEGORIES,
    flags: ['readonly', 'movablekeys'], keys: ONE_KEY, complexity: COMPLEXITY,
    execute: (ctx) => sort(ctx, false),
    summary: 'Sorts the elements of a list, a set or a sorted set; replies them.',
  },
]);
