/**
 * How vitest runs the tests of a mutant: in one thread, what is near the code before what goes
 * through a socket, and no longer than a mutant deserves that makes a test wait for ever.
 */
import { BaseSequencer, type TestSpecification } from 'vitest/node';
import { defineConfig } from 'vitest/config';

/** Whole servers, which are slow to start; all else comes before them. */
const WHOLE = /\/test\/(?:wire|server|sim|raft\/contract)\//;

class NearFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const key = ({ moduleId }: TestSpecification): string =>
      `${WHOLE.test(moduleId) ? 1 : 0} ${moduleId}`;
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
    testTimeout: 15_000,
    hookTimeout: 15_000,
    teardownTimeout: 2_000,
  },
});
