import { describe, expect, it } from 'vitest';
import { Random } from '../../src/lib/random.ts';
import { SimClock } from '../sim/sim-clock.ts';
import { SimCrash, SimFiles } from '../sim/sim-files.ts';
import { findState, stateOf } from './crash-model.ts';
import { open, put } from './helpers.ts';
import { BUSY, BusyStore, KEY_NAMES, pass } from './snapshot/helpers.ts';

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

  it.each([1, 2, 3, 4])('is that of its state wherever it happens, seed %i', async (seed) => {
    const counted = new SimFiles({ seed });
    await (await BusyStore.start(counted, seed)).batches(80);
    const stride = Math.max(1, Math.floor(counted.operations / 40));
    for (let at = 1; at < counted.operations; at += stride) {
      const disk = new SimFiles({ seed });
      disk.onOperation = (_op, _path, number) => {
        if (number === at) throw new SimCrash();
      };
      let busy: BusyStore | undefined;
      await disk.runUntilCrash(async () => {
        busy = await BusyStore.start(disk, seed);
        await busy.batches(80);
      });
      const survivor = disk.crash(new Random(seed, at));
      const clock = new SimClock();
      const store = await pass(clock, open({ files: survivor, clock, options: BUSY }));
      store.logIndex = Math.max(1, store.position);
      const state = await stateOf(store, KEY_NAMES);
      const { position } = store;
      const expected = busy?.history[position] ?? new Map();
      expect(findState([expected], state), `seed ${seed}, crash at ${at}, position ${position}`)
        .toBe(0);
    }
  }, 60_000);
});
