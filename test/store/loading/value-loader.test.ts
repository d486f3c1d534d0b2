import { describe, expect, it } from 'vitest';
import { HashBlock } from '../../../src/keyspace/collection/hash/hash-block.ts';
import { HASH_SET } from '../../../src/keyspace/collection/hash/hash-delta.ts';
import { pieceBytes, writePiece } from '../../../src/keyspace/pieces.ts';
import { COLD, NEED_VALUE } from '../../../src/keyspace/storage.ts';
import type { Timer } from '../../../src/io/clock.ts';
import type { Store } from '../../../src/store/store.ts';
import { SimClock } from '../../sim/sim-clock.ts';
import { SimFiles } from '../../sim/sim-files.ts';
import { committed, open, range } from '../helpers.ts';
import { HASH } from '../../../src/keyspace/value-type.ts';

const FIELDS = 60;

/** Each look at it takes a while. */
class TickingClock extends SimClock {
  tickMs = 0;
  /** Timers that let the event loop run at once. */
  yields = 0;

  override monotonicMs(): number {
    if (this.tickMs > 0) this.advance(this.tickMs);
    return super.monotonicMs();
  }

  override setTimer(delayMs: number, fn: () => void): Timer {
    this.yields += Number(delayMs === 0);
    return super.setTimer(delayMs, fn);
  }
}

function fieldDelta(field: string, value: string): Buffer {
  const buf = Buffer.alloc(1 + pieceBytes(field.length) + pieceBytes(value.length));
  buf[0] = HASH_SET;
  writePiece(buf, writePiece(buf, 1, field), value);
  return buf;
}

/** A store with a hash whose changes are a record each, on disk only. */
async function withColdHash(): Promise<{ store: Store; clock: TickingClock }> {
  const disk = new SimFiles();
  const clock = new TickingClock();
  const first = await open({ files: disk, clock });
  first.putLive(1, range('hash'), new HashBlock(HASH), 0);
  await committed(first);
  for (let i = 0; i < FIELDS; i += 1) {
    first.change(1, range('hash'), range(fieldDelta(`field:${i}`, `${i}`)));
    await committed(first);
  }
  await clock.passUntil(first.close());
  const store = await clock.passUntil(open({ files: disk, clock }));
  expect(store.find(1, range('hash'), NEED_VALUE)).toBe(COLD);
  return { store, clock };
}

async function load(store: Store, clock: TickingClock): Promise<HashBlock> {
  const key = Buffer.from('hash');
  const release = await clock.passUntil(store.load([{ space: 1, key, need: NEED_VALUE }]));
  const found = store.find(1, range('hash'), NEED_VALUE);
  release();
  if (found === COLD || found === undefined) throw new Error('the hash is not in RAM');
  return found.live as HashBlock;
}

describe('a value of many records', () => {
  it('is whole when it is loaded, in one go when that is quick', async () => {
    const { store, clock } = await withColdHash();
    clock.yields = 0;
    expect([(await load(store, clock)).size, clock.yields]).toEqual([FIELDS, 0]);
  });

  it('is loaded in slices when that takes long, with the event loop in between', async () => {
    const { store, clock } = await withColdHash();
    clock.yields = 0;
    clock.tickMs = 0.5;
    const { size } = await load(store, clock);
    clock.tickMs = 0;
    expect(size).toBe(FIELDS);
    expect(clock.yields).toBeGreaterThan(3);
    expect(clock.yields).toBeLessThan(FIELDS);
  });
});
