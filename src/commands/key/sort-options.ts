/** What a request for SORT asks for. */

import type { Args } from '../../protocol/args.ts';
import type { VisitKey } from '../command.ts';
import { NOT_AN_INTEGER, SYNTAX } from '../reply-errors.ts';
import { SortPattern } from './sort-pattern.ts';

export interface SortOptions {
  readonly isDescending: boolean;
  /** Compare bytes, not numbers. */
  readonly isAlpha: boolean;
  /** BY without an asterisk: the elements stay in their own order. */
  readonly isUnsorted: boolean;
  /** What decides the order instead of the elements. */
  readonly by: SortPattern | undefined;
  /** What is replied of each element; nothing: the element. */
  readonly gets: readonly SortPattern[];
  /** Of LIMIT, as the request has them. */
  readonly first: number;
  readonly count: number;
  /** The argument that names the key of STORE. */
  readonly storeAt: number | undefined;
}

type Draft = { -readonly [Key in keyof SortOptions]: SortOptions[Key] } & {
  gets: SortPattern[];
};

/** The text of the error if they cannot be read. Patterns share the memory of the request. */
export function parseSortOptions(args: Args, mayStore: boolean): SortOptions | string {
  const options: Draft = {
    isDescending: false, isAlpha: false, isUnsorted: false, by: undefined, gets: [],
    first: 0, count: -1, storeAt: undefined,
  };
  let at = 2;
  while (at < args.count) {
    const taken = takeOption(args, at, options, mayStore);
    if (typeof taken === 'string') return taken;
    at += taken;
  }
  return options;
}

/** How many arguments the option has with its word, or the text of an error. */
function takeOption(args: Args, at: number, options: Draft, mayStore: boolean): number | string {
  const behind = args.count - 1 - at;
  if (args.is(at, 'ASC') || args.is(at, 'DESC')) {
    options.isDescending = args.is(at, 'DESC');
    return 1;
  }
  if (args.is(at, 'ALPHA')) {
    options.isAlpha = true;
    return 1;
  }
  if (args.is(at, 'LIMIT') && behind >= 2) return takeLimit(args, at, options);
  if (behind < 1) return SYNTAX;
  if (args.is(at, 'STORE') && mayStore) options.storeAt = at + 1;
  else if (args.is(at, 'BY')) takeBy(new SortPattern(args.view(at + 1)), options);
  else if (args.is(at, 'GET')) options.gets.push(new SortPattern(args.view(at + 1)));
  else return SYNTAX;
  return 2;
}

function takeLimit(args: Args, at: number, options: Draft): number | string {
  const [first, count] = [args.int64(at + 1), args.int64(at + 2)];
  if (first === undefined || count === undefined) return NOT_AN_INTEGER;
  options.first = Number(first);
  options.count = Number(count);
  return 3;
}

/** One constant pattern among several is enough for no sorting, as in Redis. */
function takeBy(by: SortPattern, options: Draft): void {
  options.by = by;
  if (by.isConstant) options.isUnsorted = true;
}

const WORDS_BEHIND = Object.freeze([['LIMIT', 2], ['GET', 1], ['BY', 1]] as const);

/** The key that is sorted, and the one that the last STORE names; found as Redis finds them. */
export function visitSortKeys(args: Args, visit: VisitKey): void {
  visit(1);
  let storeAt: number | undefined;
  for (let at = 2; at < args.count; at++) {
    const skipped = WORDS_BEHIND.find(([word]) => args.is(at, word));
    if (skipped !== undefined) at += skipped[1];
    else if (args.is(at, 'STORE') && at + 1 < args.count) storeAt = at + 1;
  }
  if (storeAt !== undefined) visit(storeAt);
}
