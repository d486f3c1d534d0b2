/** Cursor and options of SCAN, HSCAN and their kin. */

import { compileGlob, type GlobMatcher } from '../lib/glob.ts';
import type { Args } from '../protocol/args.ts';
import { NOT_AN_INTEGER, SYNTAX } from './reply-errors.ts';

/** Largest cursor of SCAN; see storage.ts. */
const SCAN_CURSOR_MAX = 2 ** 48;

const COUNT_DEFAULT = 10;

/** Redis reads cursors with strtoul, which takes a sign, leading zeros and the empty string. */
const CURSOR = /^(?:[+-]?\d{1,30})?$/;

export interface ScanOptions {
  /** At least 1; how many elements to visit, not how many to reply. A hint. */
  readonly count: number;
  /** Undefined: all match. */
  readonly matches: GlobMatcher | undefined;
  /** As the client wrote it; undefined: any type. */
  readonly typeName: string | undefined;
  /** NOVALUES, which only HSCAN knows. */
  readonly withoutValues: boolean;
}

/** The cursor in argument `i`; undefined if it is none, or beyond all that a scan gives out. */
export function parseCursor(args: Args, i: number): number | undefined {
  const text = args.latin1(i);
  if (!CURSOR.test(text)) return undefined;
  const cursor = Number(text);
  return cursor >= 0 && cursor <= SCAN_CURSOR_MAX ? Math.abs(cursor) : undefined;
}

/** The options from argument `first` on, or the text of the error. TYPE is for whole keys only. */
export function parseScanOptions(args: Args, first: number, ofKeys: boolean): ScanOptions | string {
  let count = COUNT_DEFAULT;
  let matches: GlobMatcher | undefined;
  let typeName: string | undefined;
  let withoutValues = false;
  for (let i = first; i < args.count; i += 2) {
    if (args.is(i, 'NOVALUES')) {
      withoutValues = true;
      i--;
    } else if (i + 1 === args.count) return SYNTAX;
    else if (args.is(i, 'COUNT')) {
      const asked = args.int64(i + 1);
      if (asked === undefined) return NOT_AN_INTEGER;
      if (asked < 1) return SYNTAX;
      count = Number(asked);
    } else if (args.is(i, 'MATCH')) {
      matches = args.equals(i + 1, EVERYTHING) ? undefined : compileGlob(args.view(i + 1));
    } else if (ofKeys && args.is(i, 'TYPE')) {
      typeName = args.latin1(i + 1);
    } else return SYNTAX;
  }
  return { count, matches, typeName, withoutValues };
}

const EVERYTHING = Buffer.from('*');
