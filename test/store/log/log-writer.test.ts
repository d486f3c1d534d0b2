import { describe, expect, it } from 'vitest';
import { Random } from '../../../src/lib/random.ts';
import { SimClock } from '../../sim/sim-clock.ts';
import { SimFiles } from '../../sim/sim-files.ts';
import { committed, open, put, text } from '../helpers.ts';

const LOG = '/data/000000000000001.log';

/** Counts operations on segments. */
function counting(disk: SimFiles): Map<string, number> {
  const counts = new Map<string, number>();
  disk.onOperation = (op, path) => {
    if (path.endsWith('.log')) counts.set(op, (counts.get(op) ?? 0) + 1);
  };
  return counts;
}

/** Its name is being made durable in the background, and until then the directory is not. */
const nextSegmentReady = (clock: SimClock): Promise<void> => clock.advanceGently(10);

describe('appendfsync always', () => {
  it('acknowledges only what is on disk', async () => {
    const disk = new SimFiles();
    const clock = new SimClock();
    const store = await open({ files: disk, clock, options: { appendfsync: 'always' } });
    await nextSegmentReady(clock);
    for (let i = 0; i < 20; i += 1) {
      put(store, `key:${i}`, 'v');
      store.commit();
      expect(store.acknowledged).toBeLessThan(store.appended);
      await committed(store);
      expect(store.acknowledged).toBe(store.appended);
      expect(disk.isDurable(LOG)).toBe(true);
    }
  });

  it('syncs once for everything that arrives while a sync is under way', async () => {
    const disk = new SimFiles();
    const store = await open({ files: disk, clock: new SimClock(), options: { appendfsync: 'always' } });
    const counts = counting(disk);
    const replies = Array.from({ length: 50 }, (_, i) => {
      put(store, `key:${i}`, 'v');
      return committed(store);
    });
    await Promise.all(replies);
    expect(counts.get('datasync')).toBeLessThanOrEqual(3);
  });

  it('acknowledges in the order of the commits', async () => {
    const store = await open({
      files: new SimFiles({ seed: 5 }), clock: new SimClock(), options: { appendfsync: 'always' },
    });
    const order: number[] = [];
    const replies = Array.from({ length: 10 }, async (_, i) => {
      put(store, `key:${i}`, 'v');
      await committed(store);
      order.push(i);
    });
    await Promise.all(replies);
    expect(order).toEqual([...order.keys()]);
  });
});

describe('appendfsync always, while syncs are quick', () => {
  it('has synced on this thread when the commit returns', async () => {
    const disk = new SimFiles();
    const clock = new SimClock();
    const store = await open({
      files: disk, clock, options: { appendfsync: 'always', directIo: true },
    });
    await nextSegmentReady(clock);
    put(store, 'a', '1');
    store.commit();
    expect([store.acknowledged, disk.isDurable(LOG)]).toEqual([store.appended, true]);
  });
});

describe('appendfsync everysec', () => {
  it('acknowledges what the kernel has, and syncs once a second when there is something', async () => {
    const disk = new SimFiles();
    const clock = new SimClock();
    const store = await open({ files: disk, clock });
    put(store, 'a', '1');
    store.commit();
    expect(store.acknowledged).toBe(store.appended);
    expect(disk.isDurable(LOG)).toBe(false);
    await clock.advanceGently(1000);
    expect(disk.isDurable(LOG)).toBe(true);
    // One more frame says what was synced; then nothing is left to do.
    await clock.advanceGently(3000);
    const counts = counting(disk);
    await clock.advanceGently(60_000);
    expect([...counts]).toEqual([]);
  });

  it('keeps a killed process from losing anything', async () => {
    const disk = new SimFiles();
    const clock = new SimClock();
    const store = await open({ files: disk, clock });
    put(store, 'a', '1');
    store.commit();
    const after = await open({ files: disk.crash(new Random(1, 1), 'lucky'), clock });
    expect(await text(after, 'a')).toBe('1');
  });
});

describe('appendfsync no', () => {
  it('leaves it to the kernel', async () => {
    const disk = new SimFiles();
    const clock = new SimClock();
    const store = await open({ files: disk, clock, options: { appendfsync: 'no' } });
    await nextSegmentReady(clock);
    const counts = counting(disk);
    put(store, 'a', '1');
    await committed(store);
    await clock.advanceGently(10_000);
    expect(counts.get('datasync')).toBeUndefined();
  });
});

describe('the policy', () => {
  it('can be made stricter while replies are held back', async () => {
    const disk = new SimFiles();
    const clock = new SimClock();
    const store = await open({ files: disk, clock, options: { appendfsync: 'no' } });
    await nextSegmentReady(clock);
    put(store, 'a', '1');
    store.commit();
    store.appendfsync = 'always';
    expect(store.acknowledged).toBeLessThan(store.appended);
    await committed(store);
    expect(disk.isDurable(LOG)).toBe(true);
  });

  it('can be relaxed, which releases who waits as soon as the kernel has it', async () => {
    const disk = new SimFiles();
    const store = await open({ files: disk, clock: new SimClock(), options: { appendfsync: 'always' } });
    put(store, 'a', '1');
    const reply = committed(store);
    store.appendfsync = 'no';
    await reply;
    put(store, 'b', '2');
    await committed(store);
    expect(await text(store, 'b')).toBe('2');
  });
});

describe('a commit', () => {
  it('of more than a few megabytes does not block, and is acknowledged when it is written', async () => {
    const disk = new SimFiles();
    const store = await open({ files: disk, clock: new SimClock() });
    put(store, 'large', 'x'.repeat(6_000_000));
    store.commit();
    expect(store.acknowledged).toBeLessThan(store.appended);
    put(store, 'after', 'y');
    await committed(store);
    expect(store.acknowledged).toBe(store.appended);
    const after = await open({ files: disk.crash(new Random(1, 1), 'lucky'), clock: new SimClock() });
    expect((await text(after, 'large'))?.length).toBe(6_000_000);
    expect(await text(after, 'after')).toBe('y');
  });
});

describe('a failure', () => {
  it('ends every wait: for acknowledgement, for a roll, for a sync', async () => {
    const disk = new SimFiles();
    const clock = new SimClock();
    const store = await open({ files: disk, clock });
    await nextSegmentReady(clock);
    put(store, 'a', '1');
    store.commit();
    put(store, 'b', '2');
    const roll = store.compaction.rollActive();
    disk.fail({ op: 'write', path: '.log', code: 'EIO', times: 100 });
    store.commit();
    await expect(roll).rejects.toMatchObject({ code: 'FAILED' });
    await expect(committed(store)).rejects.toMatchObject({ code: 'FAILED' });
    await expect(store.flushAndSync()).rejects.toMatchObject({ code: 'FAILED' });
  });

  it('of a write leaves no doubt about what was written before', async () => {
    const disk = new SimFiles();
    const store = await open({ files: disk, clock: new SimClock() });
    put(store, 'a', '1');
    await committed(store);
    disk.fail({ op: 'write', path: '.log', code: 'EIO', times: 100 });
    put(store, 'b', '2');
    await expect(committed(store)).rejects.toMatchObject({ code: 'FAILED' });
    expect(store.doubt).toBeUndefined();
    expect([await text(store, 'a'), await text(store, 'b')]).toEqual(['1', undefined]);
  });
});
