/** What the tests of installs share: a snapshot that comes in, and a disk with an old store. */

import { expect } from 'vitest';
import { Random } from '../../../src/lib/random.ts';
import type { Files } from '../../../src/io/files.ts';
import { finishInstall, readSnapshotMeta } from '../../../src/store/snapshot/install-snapshot.ts';
import { receiveSnapshot } from '../../../src/store/snapshot/receive-snapshot.ts';
import { SimClock } from '../../sim/sim-clock.ts';
import { SimCrash, SimFiles } from '../../sim/sim-files.ts';
import { findState, stateOf } from '../crash-model.ts';
import type { State } from '../crash-model.ts';
import { open } from '../helpers.ts';
import { BUSY, BusyStore, DIR, KEY_NAMES, META, cut, pass, streamed, take } from './helpers.ts';

export interface Incoming {
  readonly bytes: Buffer;
  readonly position: number;
  readonly state: State;
}

/** A snapshot of a busy store. */
export async function makeIncoming(seed: number, batches = 60): Promise<Incoming> {
  const busy = await BusyStore.start(new SimFiles({ seed }), seed);
  await busy.batches(batches);
  const snapshot = await pass(busy.clock, busy.store.exportSnapshot());
  const { position } = snapshot;
  return { bytes: await streamed(snapshot), position, state: busy.history[position]! };
}

/**
 * A disk with a store that was closed or lost its process, the same for the same seed: it has
 * segments of the same names as the snapshot, others, and perhaps a checkpoint.
 */
export async function diskWithOld(seed: number): Promise<{ disk: SimFiles; state: State }> {
  let disk = new SimFiles({ seed });
  const busy = await BusyStore.start(disk, seed + 100);
  await busy.batches(80);
  if (seed % 2 === 0) await busy.close();
  else await pass(busy.clock, busy.store.flushAndSync());
  disk = disk.crash(new Random(seed, 9), 'lucky');
  return { disk, state: busy.history.at(-1)! };
}

export const receiveAll = (files: Files, bytes: Buffer): Promise<unknown> =>
  receiveSnapshot({ files, dir: DIR, reserveBytes: 0 }, cut(bytes, new Random(1, 1), 20_000));

/** What a start finds; leaves the disk without a store at work. */
export async function stateOn(disk: SimFiles): Promise<State> {
  const clock = new SimClock();
  const store = await pass(clock, open({ files: disk, clock, options: BUSY }));
  store.logIndex = Math.max(1, store.position);
  const state = await stateOf(store, KEY_NAMES);
  await pass(clock, store.close());
  return state;
}

/**
 * Installs on a disk with an old store that loses its power before each `stride`-th operation, and
 * again while the start finishes it.
 */
export async function installEverywhere(seed: number, stride: number): Promise<void> {
  const incoming = await makeIncoming(seed);
  const whole = await diskWithOld(seed);
  const before = whole.disk.operations;
  await take(whole.disk, incoming.bytes);
  const operations = whole.disk.operations - before;
  const outcomes = { old: 0, new: 0 };
  for (let at = 1; at <= operations + 1; at += stride) {
    const { disk, state: oldState } = await diskWithOld(seed);
    const crashAt = disk.operations + at;
    disk.onOperation = (_op, _path, number) => {
      if (number === crashAt) throw new SimCrash();
    };
    const end = await disk.runUntilCrash(() => take(disk, incoming.bytes));
    let survivor = disk.crash(new Random(seed, at));
    // The start that finishes it is cut short as well.
    const random = new Random(seed ^ 0x77, at);
    const again = 1 + random.below(60);
    survivor.onOperation = (_op, _path, number) => {
      if (number === again) throw new SimCrash();
    };
    await survivor.runUntilCrash(async () => void await finishInstall(survivor, DIR));
    survivor = survivor.crash(random);

    const what = `seed ${seed}, crash at ${at} of ${operations}, then at ${again}`;
    const state = await stateOn(survivor);
    const isNew = findState([incoming.state], state) === 0;
    expect(isNew || findState([oldState], state) === 0, what).toBe(true);
    if (end === 'finished') expect(isNew, what).toBe(true);
    expect(await readSnapshotMeta(survivor, DIR), what)
      .toEqual(isNew ? Uint8Array.from(META) : undefined);
    expect((await survivor.list(DIR)).filter((name) => /incoming|install/.test(name)), what)
      .toEqual([]);
    outcomes[isNew ? 'new' : 'old'] += 1;
  }
  expect(outcomes.old).toBeGreaterThan(10 / stride);
  expect(outcomes.new).toBeGreaterThan(10 / stride);
}
