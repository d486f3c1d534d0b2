/**
 * Runs copy jobs in a thread of their own (compaction-worker.ts), started at the first job and
 * kept.
 *
 * Invariants: one job at a time. The thread keeps the process alive only while a job runs. If the
 * thread dies, its job fails and the next job starts another one.
 */

import { Worker } from 'node:worker_threads';

import { QUESTION_BYTES, questionTable } from './copy-job.ts';
import type { AskMain, CopyJob, CopyResult, CopyRunner } from './copy-job.ts';
import { errorOf } from './copier-messages.ts';
import type { FromCopier, ToCopier } from './copier-messages.ts';

interface RunningJob {
  readonly ask: AskMain;
  readonly resolve: (result: CopyResult) => void;
  readonly reject: (err: Error) => void;
}

export class ThreadCopier implements CopyRunner {
  readonly #memory = new SharedArrayBuffer(QUESTION_BYTES);
  readonly #question = questionTable(this.#memory);
  readonly #workerUrl: URL;
  #worker: Worker | null = null;
  #job: RunningJob | null = null;

  /** `workerUrl`: the compiled thread, beside this file when this file is compiled too. */
  constructor(workerUrl = new URL('./compaction-worker.js', import.meta.url)) {
    this.#workerUrl = workerUrl;
  }

  run(job: CopyJob, ask: AskMain): Promise<CopyResult> {
    if (this.#job !== null) throw new Error('a copier runs one job at a time');
    const worker = this.#worker ??= this.#start();
    worker.ref();
    return new Promise<CopyResult>((resolve, reject) => {
      this.#job = { ask, resolve, reject };
      this.#send({ type: 'job', job, memory: this.#memory });
    }).finally(() => {
      this.#job = null;
      worker.unref();
    });
  }

  async close(): Promise<void> {
    const worker = this.#worker;
    this.#worker = null;
    await worker?.terminate();
  }

  #start(): Worker {
    const worker = new Worker(this.#workerUrl);
    worker.on('message', (message: FromCopier) => void this.#onMessage(message));
    worker.on('error', (err) => this.#onEnd(worker, err));
    worker.on('exit', (code) => {
      this.#onEnd(worker, new Error(`the compactor's thread ended: ${code}`));
    });
    return worker;
  }

  async #onMessage(message: FromCopier): Promise<void> {
    const job = this.#job;
    if (job === null) return;
    switch (message.type) {
      case 'ask': return this.#answer(job, message.slot, message.bytes, message.count);
      case 'done': return job.resolve(message.result);
      case 'failed': return job.reject(errorOf(message.failure));
      default: return message satisfies never;
    }
  }

  /** A failing answer fails the job and takes the thread with it: nobody would ever answer it. */
  async #answer(job: RunningJob, slot: number, bytes: number, count: number): Promise<void> {
    try {
      this.#question.records.count = count;
      const go = await job.ask(slot, bytes, this.#question);
      this.#send({ type: 'answer', go });
    } catch (err) {
      job.reject(err as Error);
      await this.close();
    }
  }

  #onEnd(worker: Worker, err: Error): void {
    if (this.#worker !== worker) return;
    this.#worker = null;
    this.#job?.reject(err);
  }

  #send(message: ToCopier): void {
    this.#worker?.postMessage(message);
  }
}
