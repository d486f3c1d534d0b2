/**
 * What recovery does on a full disk: it removes files that only save time or room, one by one, and
 * tries again: the ballast, a checkpoint of an older state, hints; never anything else.
 */

import { DiskError, type Files } from '../../io/files.ts';
import { BALLAST_NAME } from './ballast.ts';

export interface RoomEnv {
  readonly files: Files;
  readonly dir: string;
  /** What was done, for the operator. */
  readonly onInfo: (message: string) => void;
}

export function isDiskFull(error: unknown): boolean {
  return error instanceof DiskError && (error.code === 'ENOSPC' || error.code === 'EDQUOT');
}

/**
 * Runs `work`, and runs it again after making room as long as the disk is full and something can
 * go. `work` must be right to run again after it failed half-way. Rejects as `work` does.
 */
export async function withRoom<T>(env: RoomEnv, staleCheckpoint: string | null,
  work: () => Promise<T>): Promise<T> {
  for (;;) {
    try {
      return await work();
    } catch (error) {
      if (!isDiskFull(error) || !await removeOne(env, staleCheckpoint)) throw error;
    }
  }
}

async function removeOne({ files, dir, onInfo }: RoomEnv,
  staleCheckpoint: string | null): Promise<boolean> {
  const names = await files.list(dir);
  const name = names.find((one) => one === BALLAST_NAME) ??
    names.find((one) => one === staleCheckpoint) ??
    names.find((one) => one.endsWith('.hint'));
  if (name === undefined) return false;
  await files.unlink(`${dir}/${name}`);
  const use = name === BALLAST_NAME ? 'room for a start' : 'time';
  onInfo(`the disk is full: removed ${name}, which only saves ${use}`);
  return true;
}
