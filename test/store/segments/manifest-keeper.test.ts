/** When the manifest is written, what is tried again, and what is told of that. */
import { beforeEach, describe, expect, it } from 'vitest';
import type { Files } from '../../../src/io/files.ts';
import { decodeManifest, type Manifest } from '../../../src/store/format/manifest.ts';
import { SEGMENT_LOG, SEGMENT_PACK } from '../../../src/store/format/segment-header.ts';
import { ManifestKeeper } from '../../../src/store/segments/manifest-keeper.ts';
import type { SegmentTable } from '../../../src/store/segments/segment-table.ts';
import { turns } from '../../cluster/cluster-layer.ts';

interface Segment {
  readonly id: number;
  readonly state: string;
  readonly kind: number;
  readonly position: number;
}

let segments: Segment[];
/** Those that became durable, in order. */
let written: Manifest[];
let unlinked: string[];
let events: string[];
let fault: Error | undefined;
/** Ends the write that is being made, when writes are held. */
let release: (() => void) | undefined;
let isHeld: boolean;
let tries: number;
let keeper: ManifestKeeper;

const files = {
  writeWhole: async (path: string, bytes: Uint8Array) => {
    expect(path).toBe('/data/MANIFEST');
    tries += 1;
    if (isHeld) await new Promise<void>((resolve) => (release = resolve));
    if (fault !== undefined) throw fault;
    const manifest = decodeManifest(bytes);
    if (typeof manifest === 'string') throw new Error(manifest);
    written.push(manifest);
  },
  unlink: async (path: string) => {
    unlinked.push(path);
    throw new Error('it is gone already');
  },
} as unknown as Files;

const sealedOf = ({ id, kind }: Segment) => ({
  id, kind, bytes: 1, records: 1, tombstones: 0, minValueIndex: 1, maxValueIndex: 1, position: 1,
});

beforeEach(() => {
  segments = [];
  written = [];
  unlinked = [];
  events = [];
  fault = release = undefined;
  isHeld = false;
  tries = 0;
  const table = {
    all: () => segments.map((each) => ({ ...each, sealedEntry: () => sealedOf(each) })), nextId: 9,
  };
  keeper = new ManifestKeeper({
    files, dir: '/data', seed: { a: 1, b: 2 },
    segments: table as unknown as SegmentTable, nextValueIndex: () => 77, position: 5,
    onTrouble: (error) => void events.push(String(error)),
    onRecovered: () => void events.push('recovered'),
  });
});

describe('a manifest', () => {
  it('lists what is sealed, and of what is open the log', async () => {
    segments = [
      { id: 1, state: 'sealed', kind: SEGMENT_LOG, position: 3 },
      { id: 2, state: 'sealed', kind: SEGMENT_PACK, position: 3 },
      { id: 3, state: 'dropped', kind: SEGMENT_LOG, position: 7 },
      { id: 4, state: 'open', kind: SEGMENT_LOG, position: 90 },
      { id: 5, state: 'open', kind: SEGMENT_PACK, position: 90 },
    ];
    await keeper.write();
    expect(written[0]).toMatchObject({
      nextSegmentId: 9, nextValueIndex: 77, position: 7, open: [4], checkpoint: null,
    });
    expect(written[0]!.sealed.map(({ id }) => id)).toEqual([1, 2]);
  });

  it('keeps the highest position, also when its segment is gone', async () => {
    await keeper.write();
    segments = [{ id: 1, state: 'sealed', kind: SEGMENT_LOG, position: 30 }];
    await keeper.write();
    segments = [{ id: 2, state: 'sealed', kind: SEGMENT_LOG, position: 8 }];
    await keeper.write();
    expect(written.map(({ position }) => position)).toEqual([5, 30, 30]);
  });

  it('drops its checkpoint with every change of the set, and the file behind the write', async () => {
    keeper.checkpoint = 'one.checkpoint';
    await keeper.write();
    isHeld = true;
    const changed = keeper.changed();
    await turns(1);
    expect(written.map((each) => each.checkpoint)).toEqual(['one.checkpoint']);
    expect(unlinked).toEqual([]);
    release!();
    await changed;
    expect([written[1]!.checkpoint, unlinked]).toEqual([null, ['/data/one.checkpoint']]);
    isHeld = false;
    await keeper.changed();
    expect(unlinked).toHaveLength(1);
  });

  it('that could not be written leaves the file of its checkpoint', async () => {
    keeper.checkpoint = 'one.checkpoint';
    fault = new Error('no space');
    await expect(keeper.changed()).rejects.toThrow('no space');
    expect([unlinked, keeper.checkpoint]).toEqual([[], null]);
  });
});

describe('writes', () => {
  it('are one at a time; all calls during one are answered by the next', async () => {
    isHeld = true;
    const first = keeper.write();
    segments = [{ id: 1, state: 'sealed', kind: SEGMENT_LOG, position: 30 }];
    const others = [keeper.write(), keeper.write()];
    let ended = 0;
    for (const other of others) void other.then(() => (ended += 1));
    await turns(2);
    expect(tries).toBe(1);
    release!();
    await first;
    await turns(2);
    expect([tries, ended, written[0]!.position]).toEqual([2, 0, 5]);
    release!();
    await Promise.all(others);
    expect(written.map(({ position }) => position)).toEqual([5, 30]);
    isHeld = false;
    await keeper.write();
    expect(tries).toBe(3);
  });

  it('behind one that failed are made all the same', async () => {
    isHeld = true;
    fault = new Error('no space');
    const first = keeper.write();
    const second = keeper.write();
    release!();
    await expect(first).rejects.toThrow('no space');
    fault = undefined;
    await turns(2);
    release!();
    await second;
    expect([tries, written.length, events]).toEqual([2, 1, ['Error: no space', 'recovered']]);
  });
});

describe('a write that failed', () => {
  /** How many ticks there were before each further try. */
  async function pauses(count: number): Promise<number[]> {
    const found: number[] = [];
    while (found.length < count) {
      found.push(ticksUntilTry(tries));
      await turns(1);
    }
    return found;
  }

  function ticksUntilTry(before: number): number {
    for (let ticks = 1; ticks < 100; ticks += 1) {
      keeper.tick();
      if (tries > before) return ticks;
    }
    throw new Error('it is not tried again');
  }

  it('is tried again with growing pauses, and told once', async () => {
    keeper.tick();
    expect(tries).toBe(0);
    fault = new Error('no space');
    await expect(keeper.write()).rejects.toThrow('no space');
    expect(await pauses(8)).toEqual([1, 2, 4, 8, 16, 32, 32, 32]);
    expect(events).toEqual(['Error: no space']);
  });

  it('is over with the first that succeeds, and the next one begins as it did', async () => {
    for (let round = 0; round < 2; round += 1) {
      fault = new Error(`round ${round}`);
      await expect(keeper.write()).rejects.toThrow();
      expect(await pauses(3)).toEqual([1, 2, 4]);
      fault = undefined;
      await pauses(1);
      const before = tries;
      for (let i = 0; i < 50; i += 1) keeper.tick();
      expect(tries).toBe(before);
    }
    expect(events).toEqual(['Error: round 0', 'recovered', 'Error: round 1', 'recovered']);
  });

  it('is not tried again while another is being made', async () => {
    fault = new Error('no space');
    await expect(keeper.write()).rejects.toThrow();
    isHeld = true;
    keeper.tick();
    for (let i = 0; i < 50; i += 1) keeper.tick();
    await turns(1);
    expect(tries).toBe(2);
    release!();
    await turns(1);
  });
});
