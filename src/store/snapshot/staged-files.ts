/**
 * Files of a snapshot that has arrived, beside those of the store: `<name>.incoming`. In the same
 * directory, because only there is a rename one step that lasts or not (files.ts); the suffix keeps
 * recovery and every other listing from taking them for the store's.
 *
 * The staged manifest is written last and removed first: where it is, everything was there.
 */

import type { Files } from '../../io/files.ts';
import { WATERMARK_NAME } from '../../io/watermark-file.ts';
import { MANIFEST_NAME } from '../format/manifest.ts';
import { parseSegmentFileName } from '../format/segment-header.ts';
import { parseTornTailName } from '../recovery/torn-tails.ts';

const SUFFIX = '.incoming';
const CHECKPOINT_PATTERN = /^checkpoint-\d+$/;

export function stagedName(name: string): string {
  return `${name}${SUFFIX}`;
}

/** The names that staged files of this directory will have; `names`: what is in it. */
export function namesStaged(names: readonly string[]): string[] {
  return names.filter((name) => name.endsWith(SUFFIX))
    .map((name) => name.slice(0, -SUFFIX.length))
    .filter(isSnapshotName);
}

/** Files that a snapshot may have. */
export function isSnapshotName(name: string): boolean {
  return name === MANIFEST_NAME || parseSegmentFileName(name) !== undefined;
}

/** Files that are the store, and go when another takes its place. */
export function isStoreName(name: string): boolean {
  return isSnapshotName(name) || CHECKPOINT_PATTERN.test(name) || name === WATERMARK_NAME ||
    parseTornTailName(name) !== undefined;
}

/** Removes what an earlier attempt has left; `names`: what is in the directory. */
export async function removeStaged(files: Files, dir: string,
  names: readonly string[]): Promise<void> {
  const staged = namesStaged(names);
  staged.sort((a, b) => Number(b === MANIFEST_NAME) - Number(a === MANIFEST_NAME));
  for (const name of staged) await files.unlink(`${dir}/${stagedName(name)}`);
}
