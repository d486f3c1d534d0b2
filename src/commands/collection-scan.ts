/**
 * One page after the other of a collection: HSCAN, SSCAN and ZSCAN. What Redis keeps in one piece
 * is scanned in one call, as there.
 */

import type { ByteRange } from '../lib/byte-range.ts';
import type { Context } from './command.ts';
import { INVALID_CURSOR, NOVALUES_OF_OTHERS } from './reply-errors.ts';
import type { ConfigPort } from './server-port.ts';
import { parseCursor, parseScanOptions } from './scan-options.ts';

export interface ScannedCollection<C> {
  /** Null when there is none; undefined when an error was replied. */
  readonly read: (ctx: Context) => C | null | undefined;
  /** Whether all of it is one page. */
  readonly isWhole: (collection: C, config: ConfigPort) => boolean;
  readonly page: (collection: C, cursor: number, count: number) => ScannedPositions;
  /** What MATCH looks at. */
  readonly nameAt: (collection: C, position: number) => ByteRange;
  /** Replies for each element. */
  readonly width: 1 | 2;
  /** NOVALUES has the names alone replied. */
  readonly mayLeaveOutValues?: boolean;
  readonly replyAt: (ctx: Context, collection: C, position: number) => void;
}

export interface ScannedPositions {
  readonly positions: readonly number[];
  readonly cursor: number;
}

export function scanCollection<C>(ctx: Context, how: ScannedCollection<C>): void {
  const { args, reply, server } = ctx;
  const cursor = parseCursor(args, 2);
  if (cursor === undefined) return reply.error(INVALID_CURSOR);
  const collection = how.read(ctx);
  if (collection === undefined) return;
  if (collection === null) return replyPage(ctx, 0, 0, () => undefined);
  const options = parseScanOptions(args, 3, false);
  if (typeof options === 'string') return reply.error(options);
  const { withoutValues } = options;
  if (withoutValues && how.mayLeaveOutValues !== true) return reply.error(NOVALUES_OF_OTHERS);
  const isWhole = how.isWhole(collection, server.config);
  const page = isWhole
    ? how.page(collection, 0, Infinity) : how.page(collection, cursor, options.count);
  const { matches } = options;
  const positions = matches === undefined ? page.positions : page.positions.filter((at) => {
    const { buf, start, end } = how.nameAt(collection, at);
    return matches(buf, start, end);
  });
  replyPage(ctx, page.cursor, positions.length * (withoutValues ? 1 : how.width), () => {
    for (const at of positions) {
      if (withoutValues) reply.bulkRange(how.nameAt(collection, at));
      else how.replyAt(ctx, collection, at);
    }
  });
}

function replyPage({ reply }: Context, cursor: number, length: number, all: () => void): void {
  reply.array(2);
  reply.bulkText(String(cursor));
  reply.array(length);
  all();
}
