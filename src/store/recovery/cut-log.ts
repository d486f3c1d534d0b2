/**
 * Decides where the log ends after a crash. Pure.
 *
 * Sound frames say how far the log was durable when they were made; the farthest of them, W,
 * separates two things that look alike:
 *
 *     | sound frames ... W ... sound frames | bad frame  ->  TORN: cut there, and all that follows
 *     | sound frames | bad frame ... W      ->  DAMAGE: it was on disk once; nothing is cut
 *
 * So does the file that keeps the watermark outside the log (synced-place.ts): it knows W also when
 * the frames that would say so are lost.
 *
 * "Bad" is a frame that is not sound, a segment that is missing or does not begin, and a jump of
 * the value_index between segments: then the end of the earlier one was lost. What is cut takes
 * everything behind it along, also sound frames of later segments, because the state must be a
 * prefix of history.
 */

import { FRAME_MORE } from '../format/frame.ts';
import { SEGMENT_HEADER_BYTES } from '../format/segment-header.ts';
import type { Watermark } from '../log/log-appender.ts';
import { NOTHING_SYNCED, isFarther, type LogScan } from './log-scan.ts';

export interface ScannedLog {
  readonly id: number;
  /** Length of the file. */
  readonly bytes: number;
  readonly scan: LogScan;
  /** The manifest lists it, so it must be there. */
  readonly isListed: boolean;
}

/** How many frames of a segment count. */
export interface KeptLog {
  readonly log: ScannedLog;
  readonly frames: number;
}

export interface LogDamage {
  readonly log: ScannedLog;
  readonly offset: number;
  readonly reason: string;
  readonly key: Buffer | undefined;
}

export interface LogCut {
  /** In the order of the log; segments that are not listed here hold nothing that counts. */
  readonly kept: readonly KeptLog[];
  readonly watermark: Watermark;
  /** Undefined: what was cut, if anything, is a torn tail. */
  readonly damage: LogDamage | undefined;
}

/**
 * `logs` ascending by id. `isSealed`: the manifest lists the segment as sealed. `synced`: what is
 * known to be on disk from outside the log; its segment is one of `logs`, unless nothing is known.
 */
export function cutLog(logs: readonly ScannedLog[], isSealed: (id: number) => boolean,
  synced: Watermark = NOTHING_SYNCED): LogCut {
  const chain = logs.filter((log) =>
    log.isListed || log.id === synced.segmentId || isNeeded(log, logs));
  let watermark = synced;
  for (const { scan } of chain) {
    if (isFarther(scan.watermark, watermark)) watermark = scan.watermark;
  }
  const kept: KeptLog[] = [];
  for (const log of chain) {
    const loss = lossBefore(log, chain, isSealed) ?? lossIn(log, chain, watermark);
    if (loss !== undefined && isFarther(watermark, { segmentId: loss.id, offset: loss.cutAt })) {
      const damagedLog = chain.find(({ id }) => id === loss.id) ?? log;
      return { kept, watermark, damage: { ...loss, log: damagedLog } };
    }
    if (loss === undefined || loss.id === log.id) {
      kept.push({ log, frames: log.scan.frames.end.length });
    }
    if (loss !== undefined) break;
  }
  return { kept: dropOpenBatch(kept), watermark, damage: undefined };
}

/** Where the log is not whole: behind byte `cutAt` of a segment. */
interface Loss {
  readonly id: number;
  readonly cutAt: number;
  /** What to report: the very place, where it is known. */
  readonly offset: number;
  readonly reason: string;
  readonly key: Buffer | undefined;
}

/** Behind the last whole frame. */
export function endOf(log: ScannedLog): number {
  return log.scan.frames.end.at(-1) ?? SEGMENT_HEADER_BYTES;
}

/** An unlisted file counts if it holds frames, sound or not, or if one that counts follows it. */
function isNeeded(log: ScannedLog, logs: readonly ScannedLog[]): boolean {
  return log.scan.frames.end.length > 0 || log.scan.watermark.segmentId > 0 ||
    logs.some((later) => later.id > log.id && later.scan.header?.previousId === log.id &&
      isNeeded(later, logs));
}

/** What is missing between a segment and the one before it. */
function lossBefore(log: ScannedLog, chain: readonly ScannedLog[],
  isSealed: (id: number) => boolean): Loss | undefined {
  const { header, firstValueIndex } = log.scan;
  if (header === undefined) return undefined;
  const { previousId } = header;
  const previous = chain.find(({ id }) => id === previousId);
  if (previous === undefined) {
    if (log.isListed || previousId === 0 || isSealed(previousId)) return undefined;
    const reason = `the segment before ${log.id} is missing`;
    return { id: previousId, cutAt: 0, offset: 0, reason, key: undefined };
  }
  const nextValueIndex = nextValueIndexAfter(previous, chain);
  if (firstValueIndex === 0 || nextValueIndex === firstValueIndex) return undefined;
  const offset = endOf(previous);
  const reason = `segment ${log.id} goes on with value_index ${firstValueIndex}, ` +
    `this one ends before ${nextValueIndex}`;
  return { id: previous.id, cutAt: offset, offset, reason, key: undefined };
}

/** All that a segment held may have been taken back: then the one before it says what is next. */
function nextValueIndexAfter(log: ScannedLog, chain: readonly ScannedLog[]): number {
  let last: ScannedLog | undefined = log;
  while (last !== undefined && last.scan.frames.end.length === 0) {
    const previousId: number | undefined = last.scan.header?.previousId;
    last = chain.find(({ id }) => id === previousId);
  }
  return (last ?? log).scan.nextValueIndex;
}

/** What is missing in a segment: a bad place, or an end that comes before the watermark. */
function lossIn(log: ScannedLog, chain: readonly ScannedLog[], watermark: Watermark):
  Loss | undefined {
  const { bad } = log.scan;
  if (bad !== undefined) {
    const { frameOffset, offset, reason, key } = bad;
    return { id: log.id, cutAt: frameOffset, offset, reason, key };
  }
  const end = endOf(log);
  const mustGoOn = watermark.segmentId === log.id ? watermark.offset > end
    : watermark.segmentId > log.id && log === chain.at(-1);
  if (!mustGoOn) return undefined;
  const reason = `the log ends here, although it was synced up to byte ${watermark.offset} ` +
    `of segment ${watermark.segmentId}`;
  return { id: log.id, cutAt: end, offset: end, reason, key: undefined };
}

/** A batch whose last frame is missing never happened. */
function dropOpenBatch(kept: readonly KeptLog[]): KeptLog[] {
  const result = [...kept];
  for (let i = result.length - 1; i >= 0; i -= 1) {
    const { log } = result[i]!;
    let { frames } = result[i]!;
    while (frames > 0 && (log.scan.frames.flags[frames - 1]! & FRAME_MORE) !== 0) frames -= 1;
    result[i] = { log, frames };
    if (frames > 0) break;
  }
  return result;
}
