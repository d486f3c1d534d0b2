// How the tests run. Forked processes, so that a crash test that ends its process takes no other
// test with it; two at a time, because many of them measure time or start servers.
import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    pool: 'forks',
    fileParallelism: true,
    maxWorkers: 2,
    // Tests of one file that run side by side.
    maxConcurrency: 2,
    // Long enough for a loaded machine; a test that waits must wait for an event, not for a time.
    testTimeout: 20_000,
    hookTimeout: 20_000,
    teardownTimeout: 5_000,
  },
});
