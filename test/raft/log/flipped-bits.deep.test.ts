import { expect, it } from 'vitest';
import { recordBytes } from '../../../src/raft/log/record.ts';
import { flipBits } from './flipped-bits.ts';

it('a flipped bit anywhere never gives wrong content: the log, without its tail, or an error',
  async () => {
    const { shorter, error } = await flipBits(1);
    expect(shorter).toBeGreaterThan(40);
    expect(shorter).toBeLessThan(2 * recordBytes(4));
    expect(error).toBeGreaterThan(1000);
  }, 180_000);
