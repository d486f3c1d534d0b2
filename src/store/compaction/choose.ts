/**
 * Decides what to compact next. Pure: facts about segments in, a choice or null out.
 *
 * Three kinds of round:
 *  - *drop*: segments without a live record and without a tombstone that is still needed go at
 *    once; nothing is copied.
 *  - *copy*: when log and hints, with what this round will write beside its inputs, would pass
 *    `diskRatioMax` times the live bytes. Waiting until then is what keeps write amplification low:
 *    the later a segment is copied, the more of it is dead. The best inputs are taken until their
 *    live bytes fill one output.
 *  - *unpin*: when tombstones that cannot go yet are themselves a burden. A tombstone must stay
 *    while some other segment may hold an older record that it hides; the segment that has been
 *    unclean for longest is what holds most of them, so it is copied although little of it is dead.
 *
 * Invariants: active segments are never chosen; a chosen segment is in exactly one list; a round's
 * output is bounded (outputBytesMax).
 *
 * How the score came about (test/store/compaction/choose-simulation.test.ts; overwrites of 5 times
 * the dataset in 64 segments, write amplification for uniform / zipf 0.99 / 90 % on 10 %):
 *   dead share alone 1.72 / 1.85 / 1.52;  cost-benefit of the LFS paper 1.89 / 1.94 / 1.39;
 *   the one below 1.70 / 1.62 / 1.38 (with small rounds).
 * No policy can do much better on uniform overwrites: 1.71 follows from the disk bound alone.
 */

import { COMPACTION_NEARLY_DEAD_SHARE } from '../limits.ts';

/** Copying a segment that is less dead than this gains too little to be worth its writes. */
const COMPACTION_DEAD_SHARE_MIN = 0.05;

/** Tombstones that cannot go may take so much of the live bytes: then old segments are copied. */
const COMPACTION_PINNED_SHARE_MAX = 0.1;

/**
 * A round writes at most this share of the live bytes (and at least one input's), because its
 * outputs exist beside its inputs until it ends. In a log of few segments a larger one would have
 * to begin early.
 */
const COMPACTION_ROUND_SHARE_MAX = 1 / 64;

/** The same for a log that is past its bound (and at least one segment): it must catch up. */
const COMPACTION_LATE_SHARE_MAX = 1 / 8;

/** What the choice needs to know about one segment. Bytes are bytes of its file. */
export interface SegmentFacts {
  readonly id: number;
  /** False for a segment that is still written to: it counts, but cannot be chosen. */
  readonly sealed: boolean;
  readonly bytes: number;
  /** Bytes of records that the index or a chain points to. */
  readonly liveBytes: number;
  /** Bytes of tombstones; they are in nobody's live bytes. */
  readonly tombstoneBytes: number;
  /** Greatest value_index of a tombstone in it; 0 = it has none. */
  readonly newestTombstone: number;
  /**
   * A tombstone whose value_index is below this hides nothing in this segment. At first the
   * segment's lowest value_index; for a compacted segment the value_index at which its round began,
   * because all that it holds was live then; for a sealed segment without dead records the present.
   */
  readonly cleanSince: number;
}

export interface ChoosePolicy {
  /** The log, what is beside it and a round's outputs: at most this many times the live bytes. */
  readonly diskRatioMax: number;
  /** Bytes of other files that come and go with the segments: hints. */
  readonly besideBytes: number;
  /** A log smaller than this is left alone. */
  readonly minBytes: number;
  /** About the size of an output. */
  readonly segmentBytes: number;
  /** Bytes that writers may add while a round runs. */
  readonly slackBytes: number;
  /** The next value_index to be given out: the present, as far as ages are concerned. */
  readonly nextValueIndex: number;
}

export type ChoiceReason = 'dead' | 'ratio' | 'nearly-dead' | 'pinned' | 'demanded';

export interface Choice {
  readonly reason: ChoiceReason;
  /** Segments to drop without copying, ascending. */
  readonly drop: readonly number[];
  /** Segments whose live records are to be copied, ascending. */
  readonly inputs: readonly number[];
  /** Upper bound of what the round will write. */
  readonly outputBytes: number;
}

interface Candidate {
  readonly facts: SegmentFacts;
  /** Live bytes plus tombstones that must be kept: what copying it costs. */
  readonly keepBytes: number;
  readonly score: number;
}

/**
 * What to do now, or null. `demanded` (BGREWRITEAOF) takes any segment with enough dead bytes,
 * whatever the ratio.
 */
export function choose(
  segments: readonly SegmentFacts[],
  policy: ChoosePolicy,
  demanded = false,
): Choice | null {
  const drop = wholeDead(segments);
  if (drop.length > 0) return { reason: 'dead', drop, inputs: [], outputBytes: 0 };

  const totals = totalsOf(segments);
  const ranked = rank(segments, policy);
  const bound = logBytesMax(totals.liveBytes, policy);
  const round = fill(ranked, outputBytesMax(policy, totals.liveBytes, totals.bytes > bound));
  const best = ranked[0];
  const roomy = totals.bytes < policy.minBytes && !demanded;
  if (best === undefined || roomy) return null;

  const full = totals.bytes + round.outputBytes + policy.slackBytes > bound;
  const gains = deadShare(best) >= COMPACTION_DEAD_SHARE_MIN;
  if (full && pinnedIsBurden(totals, segments, gains)) {
    const unpin = longestUnclean(segments);
    if (unpin !== null) return oneInput(unpin, 'pinned');
  }
  if (!gains) return null;
  if (full) return { reason: 'ratio', ...round };
  if (deadShare(best) >= COMPACTION_NEARLY_DEAD_SHARE) return oneInput(best.facts, 'nearly-dead');
  return demanded ? { reason: 'demanded', ...round } : null;
}

/**
 * What the log alone may take. Hints of tiny records could take all the room above the live bytes,
 * and a log that is nearly all live would be copied for ever: they take half of it at most.
 */
function logBytesMax(liveBytes: number, { diskRatioMax, besideBytes }: ChoosePolicy): number {
  const bound = liveBytes * diskRatioMax;
  return bound - Math.min(besideBytes, (bound - liveBytes) / 2);
}

/**
 * The lowest `cleanSince` outside `without`: a tombstone below it may be dropped when exactly the
 * segments in `without` go. Infinity when nothing else is left.
 */
export function tombstoneFloor(
  segments: readonly SegmentFacts[],
  without: ReadonlySet<number>,
): number {
  let floor = Infinity;
  for (const segment of segments) {
    if (!without.has(segment.id)) floor = Math.min(floor, segment.cleanSince);
  }
  return floor;
}

/**
 * Segments without live records whose tombstones hide nothing outside the set itself. The largest
 * such set: start with all of them, give back each whose tombstones are needed, until none is.
 */
function wholeDead(segments: readonly SegmentFacts[]): number[] {
  let dead = segments.filter((segment) => segment.sealed && segment.liveBytes === 0);
  for (;;) {
    const floor = tombstoneFloor(segments, new Set(dead.map((segment) => segment.id)));
    const kept = dead.filter((segment) => segment.newestTombstone < floor);
    if (kept.length === dead.length) return ids(kept);
    dead = kept;
  }
}

function rank(segments: readonly SegmentFacts[], policy: ChoosePolicy): Candidate[] {
  const floors = lowestTwoFloors(segments);
  const candidates: Candidate[] = [];
  for (const facts of segments) {
    if (!facts.sealed || facts.bytes === 0) continue;
    const floor = facts.cleanSince === floors.lowest ? floors.second : floors.lowest;
    const pinned = facts.newestTombstone >= floor;
    const keepBytes = facts.liveBytes + (pinned ? facts.tombstoneBytes : 0);
    candidates.push({ facts, keepBytes, score: score(facts, keepBytes, policy.nextValueIndex) });
  }
  return candidates.sort((a, b) => b.score - a.score || a.facts.id - b.facts.id);
}

/**
 * Dead share squared, over the cost of copying the rest, times the third root (about) of the age.
 * Age tells cold from hot: the dead bytes of a cold segment stay reclaimed for longer.
 */
function score(facts: SegmentFacts, keepBytes: number, nextValueIndex: number): number {
  const kept = Math.min(1, keepBytes / facts.bytes);
  const age = Math.max(1, nextValueIndex - facts.cleanSince);
  return ((1 - kept) ** 2 * age ** 0.35) / (kept + 0.05);
}

/**
 * Small rounds let compaction begin late; a log that is past its bound needs large ones, because
 * each round costs some fsyncs whatever its size.
 */
function outputBytesMax(policy: ChoosePolicy, liveBytes: number, isLate: boolean): number {
  if (isLate) return Math.max(policy.segmentBytes, liveBytes * COMPACTION_LATE_SHARE_MAX);
  return Math.min(policy.segmentBytes, liveBytes * COMPACTION_ROUND_SHARE_MAX);
}

/** The best candidates whose kept bytes together fill the outputs; at least one. */
function fill(
  ranked: readonly Candidate[],
  bytesMax: number,
): { drop: number[]; inputs: number[]; outputBytes: number } {
  const inputs: SegmentFacts[] = [];
  let outputBytes = 0;
  for (const candidate of ranked) {
    if (deadShare(candidate) < COMPACTION_DEAD_SHARE_MIN) break;
    if (inputs.length > 0 && outputBytes + candidate.keepBytes > bytesMax) break;
    inputs.push(candidate.facts);
    outputBytes += candidate.keepBytes;
  }
  return { drop: [], inputs: ids(inputs), outputBytes };
}

function pinnedIsBurden(
  totals: { liveBytes: number; tombstoneBytes: number },
  segments: readonly SegmentFacts[],
  gains: boolean,
): boolean {
  if (totals.tombstoneBytes === 0) return false;
  const floor = tombstoneFloor(segments, new Set());
  const pinned = segments.some((segment) => segment.newestTombstone >= floor);
  const bearable = totals.liveBytes * COMPACTION_PINNED_SHARE_MAX;
  return pinned && (!gains || totals.tombstoneBytes > bearable);
}

/** The sealed segment with the lowest `cleanSince`, if that is what holds the floor down. */
function longestUnclean(segments: readonly SegmentFacts[]): SegmentFacts | null {
  let oldest: SegmentFacts | null = null;
  for (const segment of segments) {
    if (oldest === null || segment.cleanSince < oldest.cleanSince) oldest = segment;
  }
  return oldest !== null && oldest.sealed ? oldest : null;
}

function oneInput(facts: SegmentFacts, reason: ChoiceReason): Choice {
  const outputBytes = Math.min(facts.bytes, facts.liveBytes + facts.tombstoneBytes);
  return { reason, drop: [], inputs: [facts.id], outputBytes };
}

function deadShare(candidate: Candidate): number {
  return 1 - candidate.keepBytes / candidate.facts.bytes;
}

function totalsOf(
  segments: readonly SegmentFacts[],
): { bytes: number; liveBytes: number; tombstoneBytes: number } {
  const totals = { bytes: 0, liveBytes: 0, tombstoneBytes: 0 };
  for (const segment of segments) {
    totals.bytes += segment.bytes;
    totals.liveBytes += segment.liveBytes;
    totals.tombstoneBytes += segment.tombstoneBytes;
  }
  return totals;
}

/** With them, the floor without any one segment is known at once. */
function lowestTwoFloors(segments: readonly SegmentFacts[]): { lowest: number; second: number } {
  let lowest = Infinity;
  let second = Infinity;
  for (const { cleanSince } of segments) {
    if (cleanSince < lowest) {
      second = lowest;
      lowest = cleanSince;
    } else {
      second = Math.min(second, cleanSince);
    }
  }
  return { lowest, second };
}

function ids(segments: readonly SegmentFacts[]): number[] {
  return segments.map((segment) => segment.id).sort((a, b) => a - b);
}
