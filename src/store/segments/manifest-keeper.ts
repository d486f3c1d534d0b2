/**
 * Keeps the manifest on disk in step with the segment table.
 *
 * Writes are one at a time; a call during a write is answered by the next one, which sees
 * everything that was true at the call. A checkpoint is true for one set of sealed segments only:
 * every change of the set calls `changed`, which drops it; its file goes after the next write.
 *
 * A failed write rejects every call that relied on it. What the disk holds then is the old or the
 * new manifest; both are true as long as no listed file was removed, so files go only after a
 * success. It is tried again with growing pauses, under a fresh temporary name each time, until one
 * succeeds; the owner hears of the first failure and of that success.
 */

import type { Files } from '../../io/files.ts';
import type { KeyHashSeed } from '../../lib/key-hash.ts';
import { MANIFEST_NAME, encodeManifest, type Manifest } from '../format/manifest.ts';
import { SEGMENT_LOG } from '../format/segment-header.ts';
import type { SegmentTable } from './segment-table.ts';

/** Ticks between two tries to write a manifest that could not be written, after the first ones. */
const MANIFEST_RETRY_TICKS_MAX = 32;

export interface ManifestKeeperOptions {
  readonly files: Files;
  readonly dir: string;
  readonly seed: KeyHashSeed;
  readonly segments: SegmentTable;
  readonly nextValueIndex: () => number;
  /** The highest position in earlier manifests. */
  readonly position: number;
  /** Writes fail from now on, and are tried again; and no longer. Once for each change. */
  readonly onTrouble?: (error: unknown) => void;
  readonly onRecovered?: () => void;
}

export class ManifestKeeper {
  /** The file name of a checkpoint of the sealed segments as they are. */
  checkpoint: string | null = null;
  /** The highest position that was ever in a sealed segment. */
  position: number;
  readonly #options: ManifestKeeperOptions;
  #writing: Promise<void> | undefined;
  #waiting: Promise<void> | undefined;
  #hasFailed = false;
  /** Ticks until a failed write is tried again, and how many that were. */
  #pauseLeft = 0;
  #pause = 1;

  constructor(options: ManifestKeeperOptions) {
    this.#options = options;
    this.position = options.position;
  }

  /** The set of sealed segments has changed: writes that. */
  async changed(): Promise<void> {
    const { files, dir } = this.#options;
    const stale = this.checkpoint;
    this.checkpoint = null;
    await this.write();
    if (stale !== null) await files.unlink(`${dir}/${stale}`).catch(() => undefined);
  }

  /** Called about once a second: tries again what has failed. */
  tick(): void {
    if (!this.#hasFailed || this.#writing !== undefined) return;
    this.#pauseLeft -= 1;
    if (this.#pauseLeft > 0) return;
    this.#pause = Math.min(2 * this.#pause, MANIFEST_RETRY_TICKS_MAX);
    this.#pauseLeft = this.#pause;
    void this.write().catch(() => undefined);
  }

  /** Ends when a manifest that is at least as new as this call is durable. */
  write(): Promise<void> {
    if (this.#writing === undefined) return this.#start();
    this.#waiting ??= this.#writing.catch(() => undefined).then(() => {
      this.#waiting = undefined;
      return this.#start();
    });
    return this.#waiting;
  }

  #start(): Promise<void> {
    const { files, dir } = this.#options;
    const bytes = encodeManifest(this.#build());
    this.#writing = files.writeWhole(`${dir}/${MANIFEST_NAME}`, bytes).then(
      () => this.#onWritten(),
      (error: unknown) => {
        this.#onFailed(error);
        throw error;
      },
    ).finally(() => {
      this.#writing = undefined;
    });
    return this.#writing;
  }

  #onWritten(): void {
    if (this.#hasFailed) this.#options.onRecovered?.();
    this.#hasFailed = false;
    this.#pause = this.#pauseLeft = 1;
  }

  #onFailed(error: unknown): void {
    if (!this.#hasFailed) this.#options.onTrouble?.(error);
    this.#hasFailed = true;
  }

  #build(): Manifest {
    const { seed, segments, nextValueIndex } = this.#options;
    const all = segments.all();
    for (const { state, position } of all) {
      // What is in an open segment may be lost yet, and its position with it: recovery reads that.
      if (state !== 'open') this.position = Math.max(this.position, position);
    }
    return {
      seed,
      nextSegmentId: segments.nextId,
      nextValueIndex: nextValueIndex(),
      position: this.position,
      sealed: all.filter(({ state }) => state === 'sealed').map((segment) => segment.sealedEntry()),
      open: all.filter(({ state, kind }) => state === 'open' && kind === SEGMENT_LOG)
        .map(({ id }) => id),
      checkpoint: this.checkpoint,
    };
  }
}
