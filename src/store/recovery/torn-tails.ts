/**
 * What recovery cuts from the end of the log, kept aside: `torn-<segment>-<offset>` holds the bytes
 * of that segment from that offset on. Nothing reads these files again; a person may, to see what a
 * power cut or a killed process left. They are bounded, and the oldest go first.
 *
 * A copy is made before anything is cut, so a start that is cut short makes the same one again. It
 * is never needed: without room for it the tail is cut all the same, and the report says so.
 */

import type { ReadFile } from '../../io/files.ts';
import { RECOVERY_SPARE_BYTES, RECOVERY_WINDOW_BYTES } from '../limits.ts';
import { SEGMENT_HEADER_BYTES } from '../format/segment-header.ts';
import type { KeptLog, ScannedLog } from './cut-log.ts';
import { sizeOf } from '../segments/file-size.ts';
import { isDiskFull, type RoomEnv } from '../segments/room.ts';
import { logPath, withLog } from './seal-log.ts';
import { MiB } from '../../lib/size-units.ts';

/** Of one torn tail so much is kept aside; one that a killed process leaves is a few commits. */
export const TORN_TAIL_BYTES_MAX = 16 * MiB;

/** So many torn tails stay in the directory, and so many bytes of them; the oldest go first. */
export const TORN_TAILS_MAX = 8;
export const TORN_TAILS_BYTES_MAX = 64 * MiB;

/** Bytes at the end of a segment that do not count. */
export interface TornTail {
  readonly file: string;
  readonly offset: number;
  readonly bytes: number;
  /** Why the log ends there. */
  readonly reason: string;
  /** The file that has them, or their beginning; undefined: they are only zeros, or had no room. */
  readonly keptAs: string | undefined;
}

export interface TornTailName {
  readonly segmentId: number;
  readonly offset: number;
}

const NAME_PATTERN = /^torn-(\d{15})-(\d+)$/;

export function tornTailName(segmentId: number, offset: number): string {
  return `torn-${String(segmentId).padStart(15, '0')}-${offset}`;
}

export function parseTornTailName(name: string): TornTailName | undefined {
  const match = NAME_PATTERN.exec(name);
  return match === null ? undefined : { segmentId: Number(match[1]), offset: Number(match[2]) };
}

/** Keeps aside what is in `logs` behind the frames that are kept. Rejects with DiskError. */
export async function keepTornTails(env: RoomEnv, logs: readonly ScannedLog[],
  kept: readonly KeptLog[]): Promise<TornTail[]> {
  const tails: TornTail[] = [];
  for (const log of logs) {
    const one = kept.find(({ log: { id } }) => id === log.id) ?? { log, frames: 0 };
    const tail = await keepTail(env, one);
    if (tail !== undefined) tails.push(tail);
  }
  if (tails.length > 0) await removeOldest(env);
  return tails;
}

/** Of a file without frames only the header counts, if there is one. */
function endOfKept({ scan }: ScannedLog, frames: number): number {
  if (frames > 0) return scan.frames.end[frames - 1]!;
  return scan.header === undefined ? 0 : SEGMENT_HEADER_BYTES;
}

/** Undefined: nothing is behind what counts. */
async function keepTail(env: RoomEnv, { log, frames }: KeptLog): Promise<TornTail | undefined> {
  const offset = endOfKept(log, frames);
  const bytes = log.bytes - offset;
  if (bytes <= 0) return undefined;
  const file = logPath(env, log.id);
  const reason = frames < log.scan.frames.end.length
    ? 'what comes before it, or the rest of its batch, is missing'
    : log.scan.bad?.reason ?? 'what comes before it is missing';
  const hasContent = await withLog(env, log.id, (source) =>
    Promise.resolve(holdsMoreThanZeros(source, offset, log.bytes)));
  // A power cut leaves such a file when it was made ready and not used yet.
  if (!hasContent && offset === 0) return undefined;
  const keptAs = hasContent ? await keepBytes(env, log, offset) : undefined;
  return { file, offset, bytes, reason, keptAs };
}

function holdsMoreThanZeros(source: ReadFile, from: number, to: number): boolean {
  const window = Buffer.allocUnsafeSlow(Math.min(RECOVERY_WINDOW_BYTES, to - from));
  for (let at = from; at < to;) {
    const read = source.readSync(window, 0, Math.min(window.length, to - at), at);
    if (read === 0) return false;
    for (let i = 0; i < read; i += 1) if (window[i] !== 0) return true;
    at += read;
  }
  return false;
}

/** The name of the copy; undefined if there is no room for it. */
async function keepBytes(env: RoomEnv, log: ScannedLog,
  offset: number): Promise<string | undefined> {
  const { files, dir } = env;
  const name = tornTailName(log.id, offset);
  // A start that was cut short made it, and before it changed anything.
  if (await files.exists(`${dir}/${name}`)) return name;
  const bytes = Math.min(log.bytes - offset, TORN_TAIL_BYTES_MAX);
  if (await files.freeBytes(dir) < bytes + RECOVERY_SPARE_BYTES) return undefined;
  const copy = Buffer.allocUnsafeSlow(bytes);
  const read = await withLog(env, log.id, (source) => source.read(copy, 0, bytes, offset));
  try {
    await files.writeWhole(`${dir}/${name}`, copy.subarray(0, read));
    return name;
  } catch (error) {
    if (!isDiskFull(error)) throw error;
    return undefined;
  }
}

/** Ids only grow, so the lowest names are the oldest. */
async function removeOldest({ files, dir, onInfo }: RoomEnv): Promise<void> {
  const names = (await files.list(dir)).filter((name) => parseTornTailName(name) !== undefined);
  names.sort((a, b) => compareNames(parseTornTailName(b)!, parseTornTailName(a)!));
  let bytes = 0;
  for (const [i, name] of names.entries()) {
    bytes += await sizeOf(files, `${dir}/${name}`);
    if (i < TORN_TAILS_MAX && bytes <= TORN_TAILS_BYTES_MAX) continue;
    await files.unlink(`${dir}/${name}`);
    onInfo(`removed ${name}: ${TORN_TAILS_MAX} torn tails are kept at most`);
  }
}

function compareNames(a: TornTailName, b: TornTailName): number {
  return a.segmentId - b.segmentId || a.offset - b.offset;
}
