/** What sorted sets are combined of: sorted sets, and sets, whose members all have the score 1. */

import { hashOf } from '../../keyspace/collection/hash/hashes.ts';
import type { HashView } from '../../keyspace/collection/hash/hash-view.ts';
import { zsetOf } from '../../keyspace/collection/zset/zset-type.ts';
import type { VisitMember } from '../../keyspace/collection/zset/zset-view.ts';
import { SET, ZSET } from '../../keyspace/value-type.ts';
import type { ByteRange } from '../../lib/byte-range.ts';
import type { WriteContext } from '../command.ts';
import type { LookedUp } from '../member-batch.ts';
import { WRONG_TYPE_TEXT } from '../reply-errors.ts';

export interface Source {
  readonly size: number;
  /** For looking up many members (member-batch.ts). */
  readonly members: LookedUp;
  scoreOf(member: ByteRange): number | undefined;
  each(visit: VisitMember): void;
}

const NOTHING: Source = Object.freeze({
  size: 0, members: {}, scoreOf: () => undefined, each: () => undefined,
});

/** The sources at the keys from an argument on; undefined after an error. */
export function readSources(
  ctx: WriteContext, firstKey: number, count: number,
): readonly Source[] | undefined {
  const sources: Source[] = [];
  for (let at = firstKey; at < firstKey + count; at++) {
    const source = readSource(ctx, at);
    if (source === undefined) {
      ctx.reply.error(WRONG_TYPE_TEXT);
      return undefined;
    }
    sources.push(source);
  }
  return sources;
}

/** Undefined: another type. */
function readSource({ args, db }: WriteContext, at: number): Source | undefined {
  const found = db.read(args.at(at));
  if (found === undefined) return NOTHING;
  if (found.type === SET) return ofSet(hashOf(found));
  if (found.type !== ZSET) return undefined;
  const zset = zsetOf(found);
  return {
    size: zset.size,
    members: zset,
    scoreOf: (member) => zset.scoreOf(member),
    each: (visit) => zset.walk(0, zset.size, 1, visit),
  };
}

function ofSet(set: HashView): Source {
  return {
    size: set.size,
    members: set,
    scoreOf: (member) => set.has(member) ? 1 : undefined,
    each: (visit) => {
      for (let at = 0; at < set.size; at++) visit(set.fieldAt(at), 1);
    },
  };
}
