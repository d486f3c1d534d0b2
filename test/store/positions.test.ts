import { describe, expect, it } from 'vitest';
import { Random } from '../../src/lib/random.ts';
import { SimClock } from '../sim/sim-clock.ts';
import { SimFiles } from '../sim/sim-files.ts';
import { open, put } from './helpers.ts';
import { mustFitState } from './position-runs.ts';
import { pass } from './snapshot/helpers.ts';

/** For the disk's work in the background; no timer is due. */
async function turns(): Promise<void> {
  for (let turn = 0; turn < 40; turn += 1) await new Promise((done) => void setImmediate(done));
}

describe('the position of a store that lost its power', () => {
  it('is not that of frames which the cut took, though a manifest was written since', async () => {
    const clock = new SimClock();
    const disk = new SimFiles();
    const store = await pass(clock, open({ files: disk, clock, options: { segmentBytes: 4096 } }));
    put(store, 'a', '1');
    store.commit(1);
    await store.flushAndSync();
    await turns();
    // Fills the segment. The manifest that registers the one after the next is synced, no log is.
    for (let position = 2; position < 8; position += 1) {
      put(store, 'a', `${position}`.repeat(1000));
      store.commit(position);
    }
    await turns();
    const again = await open({ files: disk.crash(new Random(1, 1), 'forgetful'), clock });
    expect(again.position).toBe(1);
  });

  it('is that of its state wherever it happens', async () => {
    // positions.deep.test.ts has more seeds and more places.
    await mustFitState(1, 5);
  }, 60_000);
});
