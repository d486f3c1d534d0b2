/**
 * From a directory to a set of sealed segments: reads the manifest and the open end of the log,
 * cuts a torn tail, and puts what was not surely durable into fresh, synced files.
 *
 *   open LOG segment   | durable ... W | whole frames | torn |
 *                        sealed as it is  copied to a PACK   never happened   (seal-log.ts)
 *
 * W is also kept outside the log (synced-place.ts). What is cut is reported and kept aside
 * (torn-tails.ts).
 *
 * One manifest write makes all of that true; before it nothing is changed that a second run would
 * miss, after it the rest is clearing away. So it may crash anywhere and be run again.
 *
 * It fails with StoreError: INVALID (no manifest, or one that cannot be read), MISSING, DAMAGED; or
 * with DiskError. With damagedRecords 'report', damage is told and what is sound is taken.
 */

import { DiskError } from '../../io/files.ts';
import type { SyncedPlace } from '../../io/watermark-file.ts';
import { KeyHash, type KeyHashSeed } from '../../lib/key-hash.ts';
import { MANIFEST_NAME, decodeManifest, encodeManifest } from '../format/manifest.ts';
import type { Manifest, SealedSegment } from '../format/manifest.ts';
import {
  SEGMENT_LOG, hintFileName, parseSegmentFileName, segmentFileName,
} from '../format/segment-header.ts';
import type { SegmentFileName, SegmentKind } from '../format/segment-header.ts';
import { StoreError, damaged } from '../store-error.ts';
import { cutLog, type KeptLog, type LogCut, type LogDamage, type ScannedLog } from './cut-log.ts';
import { NOTHING_SYNCED, scanLog, type LogScan } from './log-scan.ts';
import { withRoom } from '../segments/room.ts';
import { logPath, sealKept, withLog, type SealEnv } from './seal-log.ts';
import { checkProof, findSyncedPlace, openLogIds } from './synced-place.ts';
import { keepTornTails, type TornTail } from './torn-tails.ts';

export type DamagedRecords = 'refuse' | 'report';

export interface RecoveryEnv extends SealEnv {
  readonly damagedRecords: DamagedRecords;
  /** Chooses the seed of a new store. */
  readonly newSeed: () => KeyHashSeed;
  readonly onDamage: (error: StoreError) => void;
}

export interface RecoveredLog {
  readonly manifest: Manifest;
  /** Frames were in the open end of the log: a checkpoint does not know them. */
  readonly hadOpenFrames: boolean;
  /** What was cut from the end of the log, oldest segment first. */
  readonly tornTails: readonly TornTail[];
}

export async function recoverLog(env: RecoveryEnv): Promise<RecoveredLog> {
  const names = await env.files.list(env.dir);
  const segmentNames = names.map(parseSegmentFileName).filter((name) => name !== undefined);
  const manifest = await readManifest(env, names, segmentNames);
  const present = new Set(names);
  for (const { id, kind } of manifest.sealed) {
    if (!present.has(segmentFileName(id, kind))) throw missing(env, id, kind);
  }
  const place = await findSyncedPlace(env, manifest);
  const logs = await scanOpenLogs(env, manifest, segmentNames, place);
  refuseOlderManifest(env, logs, place);
  const cut = await cutOpenLogs(env, manifest, logs, place);
  const tornTails = await keepTornTails(env, logs, cut.kept);
  const sealed = await sealKept(env, manifest, cut, segmentNames);
  const hadOpenFrames = sealed.length > 0;
  const recovered = nextManifest(manifest, sealed, segmentNames, place);
  if (hadOpenFrames || manifest.open.length > 0) {
    await withRoom(env, hadOpenFrames ? manifest.checkpoint : null, async () => {
      await env.files.syncDir(env.dir);
      await writeManifest(env, recovered);
    });
  }
  await clearAway(env, recovered);
  return { manifest: recovered, hadOpenFrames, tornTails };
}

// ---- Manifest -----------------------------------------------------------------------------------

async function readManifest(env: RecoveryEnv, names: readonly string[],
  segmentNames: readonly SegmentFileName[]): Promise<Manifest> {
  const { files, dir } = env;
  const path = `${dir}/${MANIFEST_NAME}`;
  if (names.includes(MANIFEST_NAME)) {
    const manifest = decodeManifest(await files.readAll(path));
    if (typeof manifest === 'object') return manifest;
    throw new StoreError('INVALID', `cannot use ${path}: ${manifest}`, { file: path });
  }
  if (segmentNames.length > 0) {
    throw new StoreError('INVALID', `${dir} has segments but no ${MANIFEST_NAME}: ` +
      'it is not opened, because their records would be lost', { file: path });
  }
  const fresh: Manifest = {
    seed: env.newSeed(), nextSegmentId: 1, nextValueIndex: 1, position: 0, sealed: [], open: [],
    checkpoint: null,
  };
  await writeManifest(env, fresh);
  await syncParents(env);
  return fresh;
}

/** A new store's own directory must survive too, and those that were made for it. */
async function syncParents({ files, dir }: RecoveryEnv): Promise<void> {
  for (let path = dir; path !== parentOf(path); path = parentOf(path)) {
    try {
      await files.syncDir(parentOf(path));
    } catch (error) {
      // A directory of another user, so it was there before.
      if (error instanceof DiskError && ['EACCES', 'EPERM', 'EROFS'].includes(error.code)) return;
      throw error;
    }
  }
}

function parentOf(path: string): string {
  const slash = path.lastIndexOf('/');
  if (slash < 0) return '.';
  return slash === 0 ? '/' : path.slice(0, slash);
}

async function writeManifest(env: RecoveryEnv, manifest: Manifest): Promise<void> {
  await env.files.writeWhole(`${env.dir}/${MANIFEST_NAME}`, encodeManifest(manifest));
}

/** Everything sealed, nothing open; no id is given out again that a file ever had. */
function nextManifest(manifest: Manifest, added: readonly SealedSegment[],
  names: readonly SegmentFileName[], place: SyncedPlace | undefined): Manifest {
  const sealed = [...manifest.sealed, ...added].sort((a, b) => a.id - b.id);
  const most = (values: readonly number[], atLeast: number): number =>
    values.reduce((max, value) => Math.max(max, value), atLeast);
  // An id that was noted and whose file is lost is not given out again: the note would speak of it.
  const ids = [...sealed, ...names].map(({ id }) => id + 1).concat((place?.fileId ?? 0) + 1);
  return {
    ...manifest,
    sealed,
    open: [],
    checkpoint: added.length === 0 ? manifest.checkpoint : null,
    nextSegmentId: most(ids, manifest.nextSegmentId),
    nextValueIndex: most(
      sealed.map(({ maxValueIndex }) => maxValueIndex + 1), manifest.nextValueIndex,
    ),
    position: most(sealed.map(({ position }) => position), manifest.position),
  };
}

// ---- The open end of the log --------------------------------------------------------------------

async function scanOpenLogs(env: RecoveryEnv, manifest: Manifest,
  segmentNames: readonly SegmentFileName[],
  place: SyncedPlace | undefined): Promise<ScannedLog[]> {
  const ids = openLogIds(manifest, segmentNames);
  for (const id of manifest.open) if (!ids.includes(id)) throw missing(env, id, SEGMENT_LOG);
  const logs: ScannedLog[] = [];
  for (const id of ids) {
    logs.push(await withLog(env, id, async (file) => {
      const bytes = await file.size();
      const hasher = new KeyHash(manifest.seed);
      const scan = scanLog({ file, id, bytes, hasher, isGapless: true });
      checkSeed(scan, manifest, file.path);
      const isListed = manifest.open.includes(id);
      const checked = place?.fileId === id ? checkProof(scan, file, place) : scan;
      return { id, bytes, isListed, scan: checked };
    }));
  }
  return logs;
}

/**
 * The first segment of a session has no predecessor, and is listed before it is used: all that came
 * before is in that manifest, and perhaps in no other.
 */
function refuseOlderManifest(env: RecoveryEnv, logs: readonly ScannedLog[],
  place: SyncedPlace | undefined): void {
  const unknown = logs.find(({ id, isListed, scan: { header, frames } }) =>
    !isListed && header?.previousId === 0 && (frames.end.length > 0 || place?.fileId === id));
  if (unknown === undefined) return;
  const file = `${env.dir}/${MANIFEST_NAME}`;
  throw new StoreError('INVALID', `cannot use ${file}: it is an older copy, and does not list ` +
    `segment ${unknown.id}, with which the log was begun anew since`, { file });
}

/** Refuses damage, or reports it and takes what is sound. */
async function cutOpenLogs(env: RecoveryEnv, manifest: Manifest, logs: readonly ScannedLog[],
  place: SyncedPlace | undefined): Promise<LogCut> {
  const isThere = place !== undefined && logs.some(({ id }) => id === place.fileId);
  if (place !== undefined && !isThere) {
    const path = logPath(env, place.fileId);
    const error = new StoreError('MISSING', `${path} is missing: ${place.bytes} bytes of it were ` +
      'synced', { file: path });
    if (env.damagedRecords === 'refuse') throw error;
    env.onDamage(error);
  }
  const sealedIds = new Set(manifest.sealed.map(({ id }) => id));
  const synced = isThere ? { segmentId: place.fileId, offset: place.bytes } : NOTHING_SYNCED;
  const cut = cutLog(logs, (id) => sealedIds.has(id), synced);
  return cut.damage === undefined ? cut : await onLogDamage(env, cut.damage, logs);
}

function checkSeed(scan: LogScan, manifest: Manifest, path: string): void {
  const seed = scan.header?.seed;
  if (seed === undefined || (seed.a === manifest.seed.a && seed.b === manifest.seed.b)) return;
  throw new StoreError('INVALID', `${path} belongs to another store`, { file: path });
}

function missing(env: RecoveryEnv, id: number, kind: SegmentKind): StoreError {
  const path = `${env.dir}/${segmentFileName(id, kind)}`;
  return new StoreError('MISSING', `${path} is missing: the manifest lists it`, { file: path });
}

/** Refuses, or tells and takes what is sound: the damaged segment whole, the others as they are. */
async function onLogDamage(env: RecoveryEnv, damage: LogDamage,
  logs: readonly ScannedLog[]): Promise<LogCut> {
  const error = damaged(logPath(env, damage.log.id), damage.offset, damage.reason, damage.key);
  if (env.damagedRecords === 'refuse') throw error;
  env.onDamage(error);
  const kept: KeptLog[] = [];
  for (const log of logs) {
    const salvaged = log.scan.bad === undefined ? log : await salvage(env, log);
    kept.push({ log: salvaged, frames: salvaged.scan.frames.end.length });
  }
  // Nothing is cut and nothing copied: all of it counts as it lies there.
  return { kept, watermark: { segmentId: Infinity, offset: 0 }, damage };
}

function salvage(env: RecoveryEnv, log: ScannedLog): Promise<ScannedLog> {
  return withLog(env, log.id, (file) => Promise.resolve({
    ...log,
    scan: scanLog({
      file,
      id: log.id,
      bytes: log.bytes,
      hasher: new KeyHash(log.scan.header?.seed ?? { a: 0, b: 0 }),
      isGapless: false,
      onSalvage: (bad) => env.onDamage(damaged(file.path, bad.offset, bad.reason, bad.key)),
    }),
  }));
}

// ---- Files --------------------------------------------------------------------------------------

/** Removes what the manifest does not know: outputs never switched to, and cut segments. */
async function clearAway(env: RecoveryEnv, manifest: Manifest): Promise<void> {
  const known = new Set<string>([MANIFEST_NAME]);
  for (const { id, kind } of manifest.sealed) {
    known.add(segmentFileName(id, kind));
    known.add(hintFileName(id));
  }
  if (manifest.checkpoint !== null) known.add(manifest.checkpoint);
  // Listed anew: a manifest's temporary file that a crash left was renamed since by the next one.
  for (const name of await env.files.list(env.dir)) {
    const isOurs = parseSegmentFileName(name) !== undefined || /^checkpoint-\d+$|\.tmp$/.test(name);
    if (!isOurs || known.has(name)) continue;
    await env.files.unlink(`${env.dir}/${name}`);
    env.onInfo(`removed ${name}: nothing in it is needed, the manifest does not list it`);
  }
}
