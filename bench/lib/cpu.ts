/**
 * CPU time of processes, from Linux's /proc: whether a load generator or its server was the
 * bottleneck. NaN where there is no /proc, or the process has ended.
 */

import { readFileSync } from 'node:fs';

/** USER_HZ, which is the same on every Linux. */
const TICKS_PER_SECOND = 100;
/** Places behind the name, which a parenthesis ends: utime and stime, then those of children. */
const OWN_AT = 11;
const CHILDREN_AT = 13;

export function readCpuSeconds(pid: number): number {
  return readTimes(`/proc/${pid}/stat`, OWN_AT);
}

/** Of this process's children that have ended, such as load generators. */
export function readEndedChildrenCpuSeconds(): number {
  return readTimes('/proc/self/stat', CHILDREN_AT);
}

function readTimes(path: string, at: number): number {
  try {
    const text = readFileSync(path, 'latin1');
    const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
    return (Number(fields[at]) + Number(fields[at + 1])) / TICKS_PER_SECOND;
  } catch {
    return Number.NaN;
  }
}
