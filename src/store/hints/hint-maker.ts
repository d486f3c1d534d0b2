/**
 * Who makes the hints of sealed segments: reading a segment again, hashing its keys and sorting the
 * rows costs a tenth of what writing it did, so a server gives that to a thread of its own
 * (hint-thread.ts). In tests it runs where it is called.
 */

import type { Files } from '../../io/files.ts';
import { KeyHash } from '../../lib/key-hash.ts';
import type { KeyHashSeed } from '../../lib/key-hash.ts';
import type { SegmentSummary } from '../format/hint.ts';
import { scanRows, writeHint, type Pause } from './hint-writer.ts';

export interface HintJob {
  readonly dir: string;
  /** Of the segment. */
  readonly path: string;
  readonly summary: SegmentSummary;
  readonly seed: KeyHashSeed;
}

export interface HintMaker {
  /** Resolves when the hint is durable but for its name; rejects with StoreError or DiskError. */
  make(job: HintJob): Promise<void>;
  /** Gives up what is under way. */
  close(): Promise<void>;
}

/** What the thread says when a job has ended. */
export type HintOutcome =
  | { readonly type: 'done' }
  | { readonly type: 'damaged'; readonly file: string; readonly offset: number;
    readonly reason: string }
  | { readonly type: 'failed'; readonly text: string };

export async function makeHint(files: Files, job: HintJob, pause: Pause): Promise<void> {
  const { dir, path, summary, seed } = job;
  const rows = await scanRows(files, path, summary.id, summary.bytes, new KeyHash(seed), pause);
  await writeHint(files, dir, summary, rows, pause);
}

/** Makes hints on this thread, in slices. */
export function inlineHintMaker(files: Files, pause: Pause): HintMaker {
  return { make: (job) => makeHint(files, job, pause), close: () => Promise.resolve() };
}
