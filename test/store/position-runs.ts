import { expect } from 'vitest';
import { Random } from '../../src/lib/random.ts';
import { SimClock } from '../sim/sim-clock.ts';
import { SimCrash, SimFiles } from '../sim/sim-files.ts';
import { findState, stateOf } from './crash-model.ts';
import { open } from './helpers.ts';
import { BUSY, BusyStore, KEY_NAMES, pass } from './snapshot/helpers.ts';

/** The power goes at about `points` places: the position that is found is that of the state. */
export async function mustFitState(seed: number, points: number): Promise<void> {
  const counted = new SimFiles({ seed });
  await (await BusyStore.start(counted, seed)).batches(80);
  const stride = Math.max(1, Math.floor(counted.operations / points));
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
}
