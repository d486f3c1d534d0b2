/**
 * What commands read of a sorted set, whatever its size. Members are in the order of their scores,
 * those of equal score in the order of their bytes; a rank is a place in that order, from 0. Minus
 * zero and zero are equal.
 */

import type { ByteRange } from '../../../lib/byte-range.ts';
import { KeyHash } from '../../../lib/key-hash.ts';
import type { HashPage } from '../hash/hash-view.ts';

/** The member is borrowed until it returns. */
export type VisitMember = (member: ByteRange, score: number) => void;

export interface ZsetView {
  /** How many members it has. */
  readonly size: number;
  /** Length in bytes of the longest member that was ever in it. */
  readonly longest: number;
  /** The most members that were ever in it at one time. */
  readonly peak: number;
  scoreOf(member: ByteRange): number | undefined;
  /** Where the score of a member stands among the blocks of a large one. */
  orderOf?(member: ByteRange): number;
  /** -1 if it is not there. */
  rankOf(member: ByteRange): number;
  /** The first rank with a score of at least `score`, or above it if it is open; `size`: none. */
  rankOfScore(score: number, isOpen: boolean): number;
  /** Likewise by members, which means something where all scores are equal. */
  rankOfMember(member: ByteRange, isOpen: boolean): number;
  /** Visits `count` members from a rank on, up or down: there must be so many. */
  walk(rank: number, count: number, step: 1 | -1, visit: VisitMember): void;
  /**
   * A page of a scan, of about `count` members. What is there from the first page to the last is in
   * one of them, whatever is added and removed, and whatever size it comes to have meanwhile.
   * Positions are for `scannedAt` and `scannedScoreAt`, until the next change.
   */
  scan(cursor: number, count: number): HashPage;
  /** Borrowed until the next change. */
  scannedAt(position: number): ByteRange;
  scannedScoreAt(position: number): number;
}

const HASHES = 2 ** 32;

/** The same on every peer; clients gain nothing by members of equal hash: it orders a few KB. */
const scanHasher = new KeyHash({ a: 0x5ca4_0001, b: 0x5ca4_0002 });

/**
 * The page of a sorted set that is not large: positions are ranks. Ranks move with scores, so it
 * goes by hashes of members; all at once come by rank. The cursor is the lowest hash that was not
 * visited: below 2^32, as those of large ones are not.
 */
export function scanByHash(
  view: Pick<ZsetView, 'size' | 'scannedAt'>, cursor: number, count: number,
): HashPage {
  const { size } = view;
  const from = cursor >= HASHES ? 0 : cursor;
  if (from === 0 && count >= size) {
    return { positions: Array.from({ length: size }, (_, at) => at), cursor: 0 };
  }
  const found = Array.from({ length: size }, (_, position) => {
    const { buf, start, end } = view.scannedAt(position);
    scanHasher.hash(buf, start, end);
    return { hash: scanHasher.lo, position };
  }).filter(({ hash }) => hash >= from);
  found.sort((a, b) => a.hash - b.hash);
  let end = Math.min(count, found.length);
  while (end < found.length && found[end]!.hash === found[end - 1]!.hash) end++;
  return {
    positions: found.slice(0, end).map(({ position }) => position),
    cursor: end < found.length ? found[end]!.hash : 0,
  };
}
