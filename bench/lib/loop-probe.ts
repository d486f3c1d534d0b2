/**
 * Loaded into a server by `node --import`: it measures from inside how long the event loop stands
 * still, and answers on the channel to its parent. Beside it, `readLoopPauses` asks from the
 * parent.
 *
 * A pause is the time between two firings of a timer of one millisecond, less that millisecond. The
 * probe keeps no process alive, and does nothing in one that has no channel.
 */

import type { ChildProcess } from 'node:child_process';
import { monitorEventLoopDelay, type IntervalHistogram } from 'node:perf_hooks';

export interface LoopPauses {
  readonly p99Ms: number;
  readonly maxMs: number;
}

const QUESTION = 'dkvs-bench:pauses';
const INTERVAL_MS = 1;

if (process.channel !== undefined && !isParent()) answerParent();

/** The parent imports this file too, for its function; when itself forked, it answers nothing. */
function isParent(): boolean {
  return !process.execArgv.some((arg) => arg.includes('loop-probe'));
}

function answerParent(): void {
  const delay = monitorEventLoopDelay({ resolution: INTERVAL_MS });
  delay.enable();
  process.on('message', (message) => {
    if (message !== QUESTION) return;
    process.send?.(pausesOf(delay));
    delay.reset();
  });
  process.channel?.unref();
}

function pausesOf(delay: IntervalHistogram): LoopPauses {
  const ms = (nanoseconds: number): number => Math.max(0, nanoseconds / 1e6 - INTERVAL_MS);
  return { p99Ms: ms(delay.percentile(99)), maxMs: ms(delay.max) };
}

/** Pauses of a server started with the probe since the last such question. */
export function readLoopPauses(child: ChildProcess): Promise<LoopPauses> {
  return new Promise((done, fail) => {
    child.once('message', (message) => done(message as LoopPauses));
    child.send(QUESTION, (error) => {
      if (error !== null) fail(error);
    });
  });
}
