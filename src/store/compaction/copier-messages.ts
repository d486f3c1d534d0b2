/**
 * What the compactor's two threads say to each other. The talk is strictly in turns:
 *
 *   main                            copier
 *   job            ------------->
 *                  <-------------   ask      (the question table is in shared memory)
 *   answer         ------------->            ... until the inputs are read
 *                  <-------------   done or failed
 */

import { DiskError } from '../../io/files.ts';
import type { DiskOp } from '../../io/files.ts';
import { CopyStopped } from './copy-job.ts';
import type { CopyJob, CopyResult } from './copy-job.ts';

export type ToCopier =
  | { readonly type: 'job'; readonly job: CopyJob; readonly memory: SharedArrayBuffer }
  | { readonly type: 'answer'; readonly go: boolean };

export type FromCopier =
  | { readonly type: 'ask'; readonly slot: number; readonly bytes: number; readonly count: number }
  | { readonly type: 'done'; readonly result: CopyResult }
  | { readonly type: 'failed'; readonly failure: Failure };

/** An error without its class, which does not survive the crossing. */
export type Failure =
  | { readonly kind: 'stopped'; readonly text: string }
  | { readonly kind: 'disk'; readonly text: string; readonly op: DiskOp; readonly path: string;
    readonly code: string }
  | { readonly kind: 'bug'; readonly text: string };

export function failureOf(err: unknown): Failure {
  if (err instanceof CopyStopped) return { kind: 'stopped', text: err.message };
  if (err instanceof DiskError) {
    return { kind: 'disk', text: err.message, op: err.op, path: err.path, code: err.code };
  }
  return { kind: 'bug', text: err instanceof Error ? err.stack ?? err.message : String(err) };
}

export function errorOf(failure: Failure): Error {
  switch (failure.kind) {
    case 'stopped': return new CopyStopped(failure.text);
    case 'disk': {
      const cause = Object.assign(new Error(failure.text), { code: failure.code });
      return new DiskError(failure.op, failure.path, cause);
    }
    case 'bug': return new Error(`the compactor's thread failed: ${failure.text}`);
    default: return failure satisfies never;
  }
}
