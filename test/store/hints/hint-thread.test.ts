import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { HintJob } from '../../../src/store/hints/hint-maker.ts';
import { HintThread } from '../../../src/store/hints/hint-thread.ts';

// The thread runs compiled code; `npm test` compiles first.
const worker = new URL('../../../dist/src/store/hints/hint-worker.js', import.meta.url);
const SUMMARY = {
  id: 1, bytes: 64, records: 0, tombstones: 0, minValueIndex: 0, maxValueIndex: 0, position: 0,
};

describe('HintThread', () => {
  let dir = '';
  let thread: HintThread;

  beforeEach(async () => {
    dir = await mkdtemp(join(tmpdir(), 'dkvs-hint-'));
    thread = new HintThread(worker);
  });

  afterEach(async () => {
    await thread.close();
    await rm(dir, { recursive: true, force: true });
  });

  function missing(): HintJob {
    return { dir, path: join(dir, 'missing.log'), summary: SUMMARY, seed: { a: 1, b: 2 } };
  }

  it('says why a hint cannot be made, job after job', async () => {
    await expect(thread.make(missing())).rejects.toThrow('ENOENT');
    await expect(thread.make(missing())).rejects.toThrow('ENOENT');
  });

  it('fails the running job when it is closed, and starts anew for the next', async () => {
    const job = thread.make(missing());
    const failed = expect(job).rejects.toThrow('the hint thread was closed');
    await thread.close();
    await failed;
    await expect(thread.make(missing())).rejects.toThrow('ENOENT');
  });

  it('runs one job at a time', async () => {
    const job = thread.make(missing());
    expect(() => thread.make(missing())).toThrow('one job at a time');
    await expect(job).rejects.toThrow('ENOENT');
  });
});
