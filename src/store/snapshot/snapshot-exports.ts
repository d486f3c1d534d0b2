/**
 * Makes snapshots of an open store, and ends them when it closes.
 *
 *   cut          the active segment ends between two batches; in the same step the set of files is
 *                noted and held, so writes and compaction change nothing of it from here on
 *   make sure    all of it is synced and, as usual, sealed in the background
 *   list         the manifest of just those files, and the hints that there are
 *
 * What the files hold is the index as it was at the cut: no frame was open, so every change of the
 * index was in the log, and compaction keeps what the index points to. Outputs that the compactor
 * has not switched to yet are left out, and inputs that it is leaving; either set is whole.
 *
 * It rejects with the store's failure, with CLOSED (StoreError), with TOO_LARGE or with DiskError,
 * and then holds nothing.
 */

import { Slices } from '../../io/slices.ts';
import { SNAPSHOT_FILES_MAX, SNAPSHOT_MANIFEST_BYTES_MAX } from '../limits.ts';
import { MANIFEST_NAME, encodeManifest, type Manifest } from '../format/manifest.ts';
import {
  SEGMENT_HEADER_BYTES, SEGMENT_LOG, hintFileName, segmentFileName,
} from '../format/segment-header.ts';
import type { Sealer } from '../sealer.ts';
import { sizeOf } from '../segments/file-size.ts';
import type { Segment } from '../segments/segment.ts';
import { StoreError } from '../store-error.ts';
import type { StoreParts } from '../store-parts.ts';
import { SnapshotError } from './snapshot-error.ts';
import { StoreSnapshot, type SnapshotFile } from './store-snapshot.ts';

export interface SnapshotExportsOptions {
  readonly parts: Pick<StoreParts, 'files' | 'clock' | 'dir' | 'seed' | 'segments' | 'writer'>;
  readonly sealer: Sealer;
  /** The place in the total order up to which the store has applied everything. */
  readonly position: () => number;
  readonly onDamage: (error: StoreError) => void;
}

/** What was true at the moment of the cut. */
interface Cut {
  readonly segments: readonly Segment[];
  readonly position: number;
  readonly nextSegmentId: number;
  readonly nextValueIndex: number;
}

export class SnapshotExports {
  readonly #options: SnapshotExportsOptions;
  /** Made, and not released. */
  readonly #snapshots = new Set<StoreSnapshot>();
  /** Cuts that are not a snapshot yet. */
  readonly #cuts = new Set<Cut>();
  #isClosed = false;

  constructor(options: SnapshotExportsOptions) {
    this.#options = options;
  }

  /** A snapshot of everything committed so far; several may be there at a time. */
  async export(): Promise<StoreSnapshot> {
    const cut = await this.#cut();
    try {
      await this.#makeSure(cut);
      const hints = await this.#findHints(cut.segments);
      this.#mustBeOpen();
      return this.#publish(cut, hints);
    } catch (error) {
      this.#letGo(cut);
      throw error;
    }
  }

  /** Ends every snapshot: the store closes its files. */
  async close(): Promise<void> {
    this.#isClosed = true;
    for (const cut of this.#cuts) this.#letGo(cut);
    for (const snapshot of this.#snapshots) await snapshot.release();
  }

  // ---- Inside -----------------------------------------------------------------------------------

  async #cut(): Promise<Cut> {
    this.#mustBeOpen();
    let cut: Cut | undefined;
    await this.#options.parts.writer.cut(() => {
      cut = this.#isClosed ? undefined : this.#holdAll();
    });
    if (cut === undefined) throw closed();
    return cut;
  }

  #holdAll(): Cut {
    const { parts, position } = this.#options;
    const { segments, writer } = parts;
    const current = writer.appender.current.segment;
    const held = segments.all().filter((segment) => segment !== current && isPart(segment));
    for (const segment of held) segments.hold(segment);
    const cut: Cut = {
      segments: held, position: position(), nextSegmentId: segments.nextId,
      nextValueIndex: writer.appender.nextValueIndex,
    };
    this.#cuts.add(cut);
    return cut;
  }

  #letGo(cut: Cut): void {
    if (!this.#cuts.delete(cut)) return;
    for (const segment of cut.segments) this.#options.parts.segments.letGo(segment);
  }

  /** A segment that cannot be sealed is durable all the same, and has no hint. */
  async #makeSure({ segments }: Cut): Promise<void> {
    const { parts, sealer } = this.#options;
    await parts.writer.flushAndSync();
    await sealer.idle(() => segments.every(({ state }) => state !== 'open'));
  }

  async #findHints(segments: readonly Segment[]): Promise<SnapshotFile[]> {
    const { files, dir } = this.#options.parts;
    const present = new Set(await files.list(dir));
    const hints: SnapshotFile[] = [];
    for (const { id } of segments) {
      const name = hintFileName(id);
      if (present.has(name)) hints.push({ name, bytes: await sizeOf(files, `${dir}/${name}`) });
    }
    return hints.filter(({ bytes }) => bytes > 0);
  }

  #publish(cut: Cut, hints: readonly SnapshotFile[]): StoreSnapshot {
    const { parts: { files, clock, dir, seed }, onDamage } = this.#options;
    const slices = new Slices(clock);
    const manifest = encodeManifest(manifestOf(cut, seed));
    if (1 + cut.segments.length + hints.length > SNAPSHOT_FILES_MAX ||
      manifest.length > SNAPSHOT_MANIFEST_BYTES_MAX) {
      throw new SnapshotError('TOO_LARGE', `the store has ${cut.segments.length} segments, more ` +
        'than a snapshot may: a larger segment-bytes makes fewer of them');
    }
    const snapshot: StoreSnapshot = new StoreSnapshot({
      files, dir, hints, onDamage, position: cut.position,
      pause: () => slices.pause(),
      manifest: { name: MANIFEST_NAME, bytes: manifest },
      segments: cut.segments.map(({ id, kind, bytes }) =>
        ({ name: segmentFileName(id, kind), bytes })),
      letGo: () => {
        this.#snapshots.delete(snapshot);
        this.#letGo(cut);
      },
    });
    this.#snapshots.add(snapshot);
    return snapshot;
  }

  #mustBeOpen(): void {
    if (this.#isClosed) throw closed();
  }
}

/** Sealed, or full and soon to be. One that is only made ready has no more than its header. */
function isPart({ state, kind, bytes }: Segment): boolean {
  return state === 'sealed' ||
    (state === 'open' && kind === SEGMENT_LOG && bytes > SEGMENT_HEADER_BYTES);
}

function manifestOf(cut: Cut, seed: Manifest['seed']): Manifest {
  const { segments, position, nextSegmentId, nextValueIndex } = cut;
  return {
    seed, nextSegmentId, nextValueIndex, position,
    sealed: segments.map((segment) => segment.sealedEntry()),
    open: [], checkpoint: null,
  };
}

function closed(): StoreError {
  return new StoreError('CLOSED', 'no snapshot can be made: the store was closed');
}
