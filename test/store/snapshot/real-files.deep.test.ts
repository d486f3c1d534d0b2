import { describe, it } from 'vitest';
import { sendAcross, useRealDirectory } from './real-files.ts';

describe('a snapshot over real files', () => {
  useRealDirectory();

  it('goes to another directory while writes and compaction go on', async () => {
    await sendAcross(300_000);
  }, 120_000);
});
