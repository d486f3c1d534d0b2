/** Whether a sealed segment is as it was written: all of its checksums, in slices. */

import type { ReadFile } from '../../io/files.ts';
import { DAMAGED, END, MORE, SegmentScan } from '../compaction/segment-scan.ts';
import { damaged } from '../store-error.ts';

/** After so many records others go on: small ones take a tenth of a millisecond. */
const RECORDS_AT_ONCE = 64;

/** Rejects with DAMAGED at the first thing that is not sound, or with DiskError. */
export async function verifySegment(file: ReadFile, id: number, bytes: number,
  pause: () => Promise<void>): Promise<void> {
  const scan = new SegmentScan(file, id, bytes);
  for (let steps = 1; ; steps += 1) {
    const step = scan.advance();
    if (step === END) return;
    if (step === DAMAGED) {
      const { offset, reason, key } = scan.damage!;
      throw damaged(file.path, offset, reason, key ?? undefined);
    }
    if (step === MORE) await scan.fill();
    if (step === MORE || steps % RECORDS_AT_ONCE === 0) await pause();
  }
}
