/**
 * Keeps the manifest on disk in step with the segment table.
 *
 * Writes are one at a time; a call during a write is answered by the next one, which sees
 * everything that was true at the call. A checkpoint is true for one set of sealed segments only:
 * whoever changes the set calls `changed`, which drops it; its file goes after the next write.
 *
 * A failed write rejects every call that relied on it. What the disk holds then is the old or the
 * new manifest; both are true as long as no listed file was removed, so files go only after a
 * success.
 */

import type { Files } from '../io/files.ts';
import type { KeyHashSeed } from '../lib/key-hash.ts';
import { MANIFEST_NAME, encodeManifest } from './format/manifest.ts';
import type { Manifest } from './format/manifest.ts';
import { SEGMENT_LOG } from './format/segment-header.ts';
import type { SegmentTable } from './segment-table.ts';

export interface ManifestKeeperOptions {
  readonly files: Files;
  readonly dir: string;
  readonly seed: KeyHashSeed;
  readonly segments: SegmentTable;
  readonly nextValueIndex: () => number;
  /** The highest position in earlier manifests. */
  readonly position: number;
}

export class ManifestKeeper {
  /** The file name of a checkpoint of the sealed segments as they are. */
  checkpoint: string | null = null;
  /** The highest position that was ever in a sealed segment. */
  position: number;
  readonly #options: ManifestKeeperOptions;
  #writing: Promise<void> | undefined;
  #waiting: Promise<void> | undefined;

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
    this.#writing = files.writeWhole(`${dir}/${MANIFEST_NAME}`, bytes).finally(() => {
      this.#writing = undefined;
    });
    return this.#writing;
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
