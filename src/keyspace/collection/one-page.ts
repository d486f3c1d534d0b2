/** The snapshot of a value whose base is one page. */

import type { Snapshot, SnapshotStep } from '../live-value.ts';

/** `step`: see BlockDirectory.snapshotSteps. */
export function onePage(base: Buffer, step: () => boolean = () => false): Snapshot {
  let page: Buffer | undefined = base;
  const next = (): SnapshotStep => {
    if (page !== undefined && step()) return 'step';
    const drawn = page;
    page = undefined;
    return drawn;
  };
  return { next, end: () => void (page = undefined) };
}
