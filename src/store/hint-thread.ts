/**
 * Makes hints in a thread of their own (hint-worker.ts), started at the first one and kept. One
 * job at a time. The thread keeps the process alive only while a job runs; if it dies, its job
 * fails and the next one starts another.
 */

import { Worker } from 'node:worker_threads';
import type { HintJob, HintMaker, HintOutcome } from './hint-maker.ts';
import { damaged } from './store-error.ts';

interface RunningHint {
  readonly path: string;
  readonly resolve: () => void;
  readonly reject: (error: Error) => void;
}

export class HintThread implements HintMaker {
  readonly #workerUrl: URL;
  #worker: Worker | undefined;
  #job: RunningHint | undefined;

  /** `workerUrl`: the compiled thread, beside this file when this file is compiled too. */
  constructor(workerUrl = new URL('./hint-worker.js', import.meta.url)) {
    this.#workerUrl = workerUrl;
  }

  make(job: HintJob): Promise<void> {
    if (this.#job !== undefined) throw new Error('a hint thread runs one job at a time');
    const worker = this.#worker ??= this.#start();
    worker.ref();
    return new Promise<void>((resolve, reject) => {
      this.#job = { path: job.path, resolve, reject };
      worker.postMessage(job);
    }).finally(() => {
      this.#job = undefined;
      worker.unref();
    });
  }

  async close(): Promise<void> {
    const worker = this.#worker;
    this.#worker = undefined;
    this.#job?.reject(new Error('the hint was given up, the store is closing'));
    await worker?.terminate();
  }

  #start(): Worker {
    const worker = new Worker(this.#workerUrl);
    worker.on('message', (outcome: HintOutcome) => this.#onOutcome(outcome));
    worker.on('error', (error) => this.#onEnd(worker, error));
    worker.on('exit', (code) => this.#onEnd(worker, new Error(`the hint thread ended: ${code}`)));
    return worker;
  }

  #onOutcome(outcome: HintOutcome): void {
    const job = this.#job;
    if (job === undefined) return;
    switch (outcome.type) {
      case 'done': return job.resolve();
      case 'damaged': return job.reject(damaged(outcome.file, outcome.offset, outcome.reason));
      case 'failed': return job.reject(new Error(outcome.text));
      default: return outcome satisfies never;
    }
  }

  #onEnd(worker: Worker, error: Error): void {
    if (this.#worker !== worker) return;
    this.#worker = undefined;
    this.#job?.reject(error);
  }
}
