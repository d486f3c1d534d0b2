/** Makes hints in a thread of their own (hint-worker.ts). */

import type { HintJob, HintMaker, HintOutcome } from './hint-maker.ts';
import { JobThread } from '../../io/job-thread.ts';
import { damaged } from '../store-error.ts';

export class HintThread implements HintMaker {
  readonly #thread: JobThread<void, HintOutcome>;

  /** `workerUrl`: the compiled thread, beside this file when this file is compiled too. */
  constructor(workerUrl = new URL('./hint-worker.js', import.meta.url)) {
    this.#thread = new JobThread('the hint thread', workerUrl, (outcome) => this.#end(outcome));
  }

  make(job: HintJob): Promise<void> {
    return this.#thread.run(job);
  }

  close(): Promise<void> {
    return this.#thread.close();
  }

  #end(outcome: HintOutcome): void {
    switch (outcome.type) {
      case 'done': return this.#thread.resolve();
      case 'damaged':
        return this.#thread.reject(damaged(outcome.file, outcome.offset, outcome.reason));
      case 'failed': return this.#thread.reject(new Error(outcome.text));
      default: return outcome satisfies never;
    }
  }
}
