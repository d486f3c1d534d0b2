/** Runs copy jobs on the calling thread: for tests on a simulated disk. */

import { QUESTION_BYTES, questionTable } from '../../../src/store/compaction/copy-job.ts';
import type { CopierDisk, CopyRunner } from '../../../src/store/compaction/copy-job.ts';
import { copyLive } from '../../../src/store/compaction/copy-live.ts';

export function inlineCopier(disk: CopierDisk): CopyRunner {
  const question = questionTable(new ArrayBuffer(QUESTION_BYTES));
  return {
    run: (job, ask) => copyLive(disk, job, question, (slot, bytes) => ask(slot, bytes, question)),
    close: () => Promise.resolve(),
  };
}
