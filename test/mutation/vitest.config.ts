/**
 * How vitest runs the tests of a mutant: in one thread, the tests of its folder first and whole
 * servers last, and no longer than a mutant deserves that makes a test wait for ever.
 */
import { BaseSequencer, type TestSpecification } from 'vitest/node';
import { defineConfig } from 'vitest/config';

/** Set by main.ts: the folder below src that is mutated. */
const own = `/test/${process.env['MUTATED_FOLDER'] ?? ''}/`;

/** Whole servers are slow to start. */
const WHOLE = /\/test\/(?:wire|server|sim|raft\/contract)\//;

class NearFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const rank = (path: string): number => path.includes(own) ? 0 : WHOLE.test(path) ? 2 : 1;
    const key = ({ moduleId }: TestSpecification): string => `${rank(moduleId)} ${moduleId}`;
    return files.toSorted((one, other) => key(one) < key(other) ? -1 : 1);
  }
}

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    isolate: false,
    pool: 'threads',
    maxWorkers: 1,
    sequence: { sequencer: NearFirst },
    testTimeout: 10_000,
    hookTimeout: 8_000,
    teardownTimeout: 2_000,
  },
});
