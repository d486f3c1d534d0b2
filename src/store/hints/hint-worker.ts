/** The thread of hint-thread.ts: receives a job, makes the hint, says how it ended. */

import { parentPort } from 'node:worker_threads';
import { NodeFiles } from '../../io/node-files.ts';
import { lowerThreadPriority } from '../../io/thread-priority.ts';
import { makeHint, type HintJob, type HintOutcome } from './hint-maker.ts';
import { StoreError } from '../store-error.ts';

/**
 * How far the thread that makes hints steps back (thread-priority.ts). A third of the weight of the
 * thread that serves is still enough for hints of all that it can write.
 */
const HINT_THREAD_NICE = 5;

if (parentPort === null) throw new Error('hint-worker runs as a worker thread only');
const port = parentPort;
lowerThreadPriority(HINT_THREAD_NICE);
const files = new NodeFiles();

port.on('message', (job: HintJob) => void run(job));

async function run(job: HintJob): Promise<void> {
  port.postMessage(await outcomeOf(job));
}

async function outcomeOf(job: HintJob): Promise<HintOutcome> {
  try {
    await makeHint(files, job, () => Promise.resolve());
    return { type: 'done' };
  } catch (error) {
    if (error instanceof StoreError && error.code === 'DAMAGED') {
      const { file = job.path, offset = 0, message } = error;
      return { type: 'damaged', file, offset, reason: message };
    }
    return { type: 'failed', text: error instanceof Error ? error.message : String(error) };
  }
}
