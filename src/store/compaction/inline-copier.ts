/**
 * Runs copy jobs on the calling thread: for tests on a simulated disk, and for tools that do
 * nothing else meanwhile.
 */

import { QUESTION_BYTES, questionTable } from './copy-job.ts';
import type { CopierDisk, CopyRunner } from './copy-job.ts';
import { copyLive } from './copy-live.ts';

export function inlineCopier(disk: CopierDisk): CopyRunner {
  const question = questionTable(new ArrayBuffer(QUESTION_BYTES));
  return {
    run: (job, ask) => copyLive(disk, job, question, (slot, bytes) => ask(slot, bytes, question)),
    close: () => Promise.resolve(),
  };
}
