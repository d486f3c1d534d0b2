/**
 * A worker thread that runs jobs for the store, started at the first one and kept.
 *
 * Invariants: one job at a time. The thread keeps the process alive only while a job runs. If the
 * thread dies or is closed, its job fails and the next one starts another.
 */

import { Worker } from 'node:worker_threads';

interface RunningJob<Result> {
  readonly resolve: (result: Result) => void;
  readonly reject: (error: Error) => void;
}

export class JobThread<Result, Message> {
  readonly #name: string;
  readonly #url: URL;
  readonly #onMessage: (message: Message) => void;
  #worker: Worker | undefined;
  #job: RunningJob<Result> | undefined;

  /** `name` is for messages to people; `url` is that of the compiled thread. */
  constructor(name: string, url: URL, onMessage: (message: Message) => void) {
    this.#name = name;
    this.#url = url;
    this.#onMessage = onMessage;
  }

  /** Sends a job; settles when `resolve` or `reject` is called, or the thread ends. */
  run(job: unknown): Promise<Result> {
    if (this.#job !== undefined) throw new Error(`${this.#name} runs one job at a time`);
    const worker = this.#worker ??= this.#start();
    worker.ref();
    return new Promise<Result>((resolve, reject) => {
      this.#job = { resolve, reject };
      this.post(job);
    }).finally(() => {
      this.#job = undefined;
      worker.unref();
    });
  }

  post(message: unknown): void {
    this.#worker?.postMessage(message);
  }

  /** Ends the running job; nothing happens when none runs. */
  resolve(result: Result): void {
    this.#job?.resolve(result);
  }

  reject(error: Error): void {
    this.#job?.reject(error);
  }

  async close(): Promise<void> {
    const worker = this.#worker;
    this.#worker = undefined;
    this.reject(new Error(`${this.#name} was closed`));
    await worker?.terminate();
  }

  #start(): Worker {
    const worker = new Worker(this.#url);
    worker.on('message', (message: Message) => {
      if (this.#worker === worker) this.#onMessage(message);
    });
    worker.on('error', (error) => this.#onEnd(worker, error));
    worker.on('exit', (code) => this.#onEnd(worker, new Error(`${this.#name} ended: ${code}`)));
    return worker;
  }

  #onEnd(worker: Worker, error: Error): void {
    if (this.#worker !== worker) return;
    this.#worker = undefined;
    this.reject(error);
  }
}
