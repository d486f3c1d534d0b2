/**
 * All that a server has of the world. `main.ts` gives it the real one (node-world.ts), and the
 * simulator (test/sim) one in which time, disk and network are its own.
 */

import type { Clock } from '../io/clock.ts';
import type { CollectionLimits } from '../keyspace/collection/limits.ts';
import type { Files, SyncCounts } from '../io/files.ts';
import type { Network } from '../io/network.ts';
import type { RandomSource } from '../io/random-source.ts';
import type { CopyRunner } from '../store/compaction/copy-job.ts';
import type { HintMaker } from '../store/hints/hint-maker.ts';

export interface World {
  readonly clock: Clock;
  readonly random: RandomSource;
  readonly network: Network;
  /** The disk; its syncs are counted in `syncs`. */
  openFiles(syncs: SyncCounts): Files;
  /** What the compactor copies with. */
  createCopier(): CopyRunner;
  createHintMaker(): HintMaker;
  /** What the process takes of the machine's memory. */
  memoryUsage(): NodeJS.MemoryUsage;
  /** Blocks the thread, for DEBUG SLEEP. */
  stall(ms: number): void;
  /** The highest feature level that this build knows; in a simulation another than it does. */
  readonly featureLevel?: number;
  /** When collections are cut into blocks; in a simulation sooner, on all peers alike. */
  readonly collectionLimits?: CollectionLimits;
}
