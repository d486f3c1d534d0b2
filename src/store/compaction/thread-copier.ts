/** Runs copy jobs in a thread of their own (compaction-worker.ts). */

import { JobThread } from '../../io/job-thread.ts';
import { QUESTION_BYTES, questionTable } from './copy-job.ts';
import type { AskMain, CopyJob, CopyResult, CopyRunner } from './copy-job.ts';
import { errorOf } from './copier-messages.ts';
import type { FromCopier, ToCopier } from './copier-messages.ts';

export class ThreadCopier implements CopyRunner {
  readonly #memory = new SharedArrayBuffer(QUESTION_BYTES);
  readonly #question = questionTable(this.#memory);
  readonly #thread: JobThread<CopyResult, FromCopier>;
  /** Answers the running job. */
  #ask: AskMain | undefined;

  /** `workerUrl`: the compiled thread, beside this file when this file is compiled too. */
  constructor(workerUrl = new URL('./compaction-worker.js', import.meta.url)) {
    this.#thread = new JobThread("the compactor's thread", workerUrl, (message) => {
      void this.#onMessage(message);
    });
  }

  run(job: CopyJob, ask: AskMain): Promise<CopyResult> {
    const message: ToCopier = { type: 'job', job, memory: this.#memory };
    const result = this.#thread.run(message);
    this.#ask = ask;
    return result;
  }

  close(): Promise<void> {
    return this.#thread.close();
  }

  async #onMessage(message: FromCopier): Promise<void> {
    switch (message.type) {
      case 'ask': return this.#answer(message.slot, message.bytes, message.count);
      case 'done': return this.#thread.resolve(message.result);
      case 'failed': return this.#thread.reject(errorOf(message.failure));
      default: return message satisfies never;
    }
  }

  /** A failing answer fails the job and takes the thread with it: nobody would ever answer it. */
  async #answer(slot: number, bytes: number, count: number): Promise<void> {
    const ask = this.#ask;
    if (ask === undefined) return;
    try {
      this.#question.records.count = count;
      const go = await ask(slot, bytes, this.#question);
      const answer: ToCopier = { type: 'answer', go };
      this.#thread.post(answer);
    } catch (err) {
      this.#thread.reject(err as Error);
      await this.close();
    }
  }
}
