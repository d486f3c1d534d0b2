/**
 * How vitest runs the tests of a mutant: in one thread, the tests of its folder first, brief ones
 * before long ones, whole servers last; and no longer than a mutant deserves that makes a test
 * wait for ever.
 */
import { relative } from 'node:path';
import { BaseSequencer, type TestSpecification } from 'vitest/node';
import { defineConfig } from 'vitest/config';

/** Set by main.ts: the folder below src that is mutated. */
const own = `/test/${process.env['MUTATED_FOLDER'] ?? ''}/`;

/** Longer than any file of tests takes. */
const RANK_MS = 1e9;

/** Whole servers are slow to start. */
const WHOLE = /\/test\/(?:wire|server|sim|raft\/contract)\//;

class NearFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const rank = (path: string): number => path.includes(own) ? 0 : WHOLE.test(path) ? 2 : 1;
    const orders = new Map(files.map((file) =>
      [file, rank(file.moduleId) * RANK_MS + this.#lastMs(file)] as const));
    return files.toSorted((one, other) => orders.get(one)! - orders.get(other)!);
  }

  /** How long it took the last time. */
  #lastMs({ project, moduleId }: TestSpecification): number {
    const path = relative(this.ctx.config.root, moduleId);
    return this.ctx.cache.getFileTestResults(`${project.name}:${path}`)?.duration ?? 0;
  }
}

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    isolate: false,
    pool: 'threads',
    maxWorkers: 1,
    sequence: { sequencer: NearFirst },
    // A log that is opened a thousand times takes half a minute, when it is mutated.
    testTimeout: 90_000,
    hookTimeout: 8_000,
    teardownTimeout: 2_000,
  },
});
