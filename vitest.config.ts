// How the tests run: in two projects, told apart by the names of their files.
//
// - quick, `*.test.ts`, `npm test`: something of every part, in about three minutes on two
//   cores.
// - deep, `*.deep.test.ts`, `npm run test:deep`: what needs longer, because it does the same many
//   times or with many real processes: every seed, every planted fault, every kind of partition.
//
// A deep test has a short version beside it among the quick ones, and shares its code.
import { defineConfig } from 'vitest/config';

const DEEP = 'test/**/*.deep.test.ts';

export default defineConfig({
  test: {
    projects: [
      {
        extends: true,
        test: {
          name: 'quick', include: ['test/**/*.test.ts'], exclude: [DEEP],
          // One process runs many files: a quarter less to compute. No module has state of its own
          // that a test could leave to the next one.
          isolate: false,
        },
      },
      { extends: true, test: { name: 'deep', include: [DEEP] } },
    ],
    // Forked processes, so that a crash test that ends its process takes no other test with it.
    // One more than the two cores for which this is meant, because tests of peers mostly wait.
    pool: 'forks',
    fileParallelism: true,
    maxWorkers: 3,
    // Tests of one file that run side by side.
    maxConcurrency: 2,
    // Long enough for a loaded machine; a test that waits must wait for an event, not for a time.
    testTimeout: 60_000,
    hookTimeout: 60_000,
    teardownTimeout: 5_000,
  },
});
