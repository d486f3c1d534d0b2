/**
 * A segment's slot is given out again: after a restart that loads a checkpoint, and after a space
 * was dropped whose records are not yet taken off their segments.
 */

import { describe, expect, it } from 'vitest';
import type { Store } from '../../src/store/store.ts';
import { NodeClock } from '../../src/io/node-clock.ts';
import { SEGMENT_PACK } from '../../src/store/format/segment-header.ts';
import { Graveyard, GRAVEYARD_SLOTS_PER_SLICE } from '../../src/store/segments/graveyard.ts';
import { SegmentTable } from '../../src/store/segments/segment-table.ts';
import { KeyIndex } from '../../src/store/index/key-index.ts';
import { SimClock } from '../sim/sim-clock.ts';
import { SimFiles } from '../sim/sim-files.ts';
import { mustAgree, open, set, text } from './helpers.ts';

const OPTIONS = { hotTailBytes: 0 };

/** Writes a key into a segment of its own. */
async function setAlone(store: Store, key: string, value: string): Promise<void> {
  store.begin();
  await set(store, key, value);
  store.commit();
  await store.compaction.rollActive();
}

/** What a round of the compactor does with segments in which nothing lives. */
async function dropDead(store: Store): Promise<void> {
  const dead = store.compaction.sealedSegments()
    .filter(({ liveRecords, tombstones }) => liveRecords === 0 && tombstones === 0);
  await store.compaction.syncLog();
  await store.compaction.switchManifest(dead.map(({ slot }) => slot), []);
}

describe('a segment slot that is given out again', () => {
  it('shows no record of the segment that had it before', async () => {
    const files = new SimFiles();
    const clock = new NodeClock();
    const reopen = (): Promise<Store> => open({ files, clock, options: OPTIONS });
    let store = await reopen();
    for (let i = 0; i < 20; i += 1) {
      await setAlone(store, 'a', `old ${i}`);
      await dropDead(store);
    }
    await store.close();

    store = await reopen();
    expect(await text(store, 'a')).toBe('old 19');
    await setAlone(store, 'a', 'new');
    await dropDead(store);
    const model = new Map([['a', 'new']]);
    for (let i = 0; i < 60; i += 1) {
      await setAlone(store, `k${i}`, `value ${i}`);
      model.set(`k${i}`, `value ${i}`);
    }
    for (const [key, value] of model) expect(await text(store, key)).toBe(value);
    await mustAgree(store);
    for (const key of model.keys()) await setAlone(store, key, 'again');
    expect(store.count(1)).toBe(model.size);
    await store.close();

    store = await reopen();
    await mustAgree(store);
    const { keys } = await store.scan(1, 0, 1000);
    expect(keys.map(({ key }) => key.toString()).sort()).toEqual([...model.keys()].sort());
    await store.close();
  });

  it('keeps its account when a dropped space had records in the segment before', async () => {
    const clock = new SimClock();
    const segments = new SegmentTable(new SimFiles(), 1, { a: 1, b: 2 });
    const graveyard = new Graveyard(segments, clock);
    const old = segments.add(1, SEGMENT_PACK, '/1.pack', 'sealed', 0);
    const index = new KeyIndex();
    const count = 3 * GRAVEYARD_SLOTS_PER_SLICE;
    for (let i = 0; i < count; i += 1) {
      index.insert(i & 0xffff, i, 0, old.slot, 64, 1, 0);
      old.addLive(1);
    }
    graveyard.bury(graveyard.prepare(index));
    segments.drop(old);
    const later = segments.add(2, SEGMENT_PACK, '/2.pack', 'sealed', 0, old.slot);
    later.addLive(1);
    await graveyard.finish();
    expect([old.liveRecords, later.liveRecords]).toEqual([0, 1]);
    await segments.close();
  });
});
