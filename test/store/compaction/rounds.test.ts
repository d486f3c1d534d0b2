/**
 * Rounds of the compactor over a host that only counts: what is done in which order, what is tried
 * again and when, and what is told. Copying itself is in copy-live.test.ts.
 */
import { beforeEach, describe, expect, it } from 'vitest';
import { DiskError, type Files } from '../../../src/io/files.ts';
import type { Choice, SegmentFacts } from '../../../src/store/compaction/choose.ts';
import { Compactor, type RoundReport } from '../../../src/store/compaction/compactor.ts';
import type {
  CompactionHost, SealedSegmentStats,
} from '../../../src/store/compaction/compaction-host.ts';
import {
  CopyStopped, type CopyJob, type CopyResult,
} from '../../../src/store/compaction/copy-job.ts';
import { SEGMENT_LOG, SEGMENT_PACK } from '../../../src/store/format/segment-header.ts';
import {
  COMPACTION_RETRY_MS_MAX, COMPACTION_RETRY_MS_MIN,
} from '../../../src/store/limits.ts';
import { SimClock } from '../../sim/sim-clock.ts';

const SEGMENT = {
  kind: SEGMENT_LOG, bytes: 1000, records: 10, tombstones: 0, minValueIndex: 1, maxValueIndex: 10,
  position: 0, liveBytes: 500, liveRecords: 5,
} as const;

const OUTPUT = { ...SEGMENT, id: 900, kind: SEGMENT_PACK };

let clock: SimClock;
let steps: string[];
let sealed: SealedSegmentStats[];
/** What the rules choose next; with none there is nothing to do. */
let choices: Choice[];
let asked: (readonly SegmentFacts[])[];
let takenBack: number;
/** The next step of this name fails with this; for good until it is taken out. */
let faults: Map<string, Error>;
let reports: RoundReport[];
let told: string[];
let duringStep: (step: string) => void;
let moves: CopyResult['moves'];
let compactor: Compactor;

function step(name: string, ...facts: readonly unknown[]): void {
  steps.push([name, ...facts].join(' '));
  duringStep(name);
  const fault = faults.get(name);
  if (fault !== undefined) throw fault;
}

const NOTHING: Choice = { reason: 'ratio', drop: [], inputs: [], outputBytes: 9 };
const drop = (...ids: number[]): Choice => ({ ...NOTHING, drop: ids });
const copy = (...ids: number[]): Choice => ({ ...NOTHING, inputs: ids });

/** Something has always changed. */
let stamps = 0;

const host: CompactionHost = {
  files: {
    syncDir: async () => step('syncDir'),
    unlink: async (path: string) => {
      step('unlink', path.split('/').at(-1));
    },
  } as unknown as Files,
  dir: '/data', seed: { a: 1, b: 2 }, segmentBytes: 1000,
  sealedSegments: () => sealed,
  stamp: () => `${(stamps += 1)}`,
  logBytes: () => 10_000, liveBytes: () => 5000, appendedBytes: () => 0,
  minOpenValueIndex: () => 100,
  rollActive: async () => step('roll'),
  syncLog: async () => step('syncLog'),
  takenBack: () => takenBack,
  reserveSegmentIds: (count) => Array.from({ length: count }, (_, i) => 900 + i),
  markLive: () => {},
  adoptOutput: ({ id }) => {
    step('adopt', id);
    return id - 850;
  },
  moveRecords: (from, to) => {
    step('move', from, to);
    return 1;
  },
  switchManifest: async (inputs, outputs) =>
    step('switch', `-${inputs.join()}`, `+${outputs.join()}`),
  abandonOutputs: async () => step('abandon'),
  setWriteDelay: () => {}, freeBytes: () => 1e9,
  onDamage: (file, offset) => step('damage', file, offset),
};

async function runCopy({ inputs }: CopyJob): Promise<CopyResult> {
  step('copy', inputs.map(({ id }) => id).join());
  return {
    outputs: [OUTPUT], moves, readBytes: 70, writtenBytes: 30,
    damage: faults.has('damaged') ? {
      inputId: inputs[0]!.id, path: '/data/1.log', offset: 5, reason: 'no checksum',
    } : null,
  } as CopyResult;
}

beforeEach(() => {
  clock = new SimClock();
  steps = [];
  sealed = [1, 2, 3].map((id) => ({ ...SEGMENT, id, slot: id + 10 }));
  choices = [];
  asked = [];
  takenBack = 0;
  faults = new Map();
  reports = [];
  told = [];
  duringStep = () => {};
  moves = [];
  compactor = new Compactor({
    host, clock, diskRatioMax: 1.5, minBytes: 0, reserveBytes: 0,
    copier: { run: runCopy, close: async () => step('close') },
    yieldToLoop: async () => step('yield'),
    rules: {
      choose: (facts) => {
        asked.push(facts);
        return choices[0] ?? null;
      },
      tombstoneFloor: () => 0,
    },
    onRound: (report) => {
      reports.push(report);
      if (report.error === null) choices.shift();
    },
    onTrouble: (error) => void told.push(error.message),
    onRecovered: () => void told.push('recovered'),
  });
});

const DROPPED = ['yield', 'syncLog', 'switch -11,12 +'];
const COPIED = ['copy 1', 'syncDir', 'adopt 900', 'syncLog', 'switch -11 +50'];

describe('a round that only drops', () => {
  it('syncs what made the segments dead, and switches', async () => {
    choices = [drop(1, 2)];
    await compactor.tick();
    expect(steps).toEqual(DROPPED);
    expect(reports).toMatchObject([{ inputs: 2, outputs: 0, writtenBytes: 0, error: null }]);
    expect(compactor.status()).toMatchObject({ rounds: 1, running: false, lastError: null });
  });

  it('drops nothing when changes were taken back meanwhile, and may later', async () => {
    choices = [drop(1, 2), drop(1, 2)];
    duringStep = (name) => {
      if (name === 'syncLog' && reports.length === 0) takenBack += 1;
    };
    await compactor.tick();
    expect(steps).toEqual(['yield', 'syncLog', ...DROPPED]);
  });

  it.each(['syncLog', 'switch'])('whose %s fails is made again, all of it', async (name) => {
    choices = [drop(1, 2)];
    faults.set(name, new Error('EIO'));
    await compactor.tick();
    expect(told).toEqual(['EIO']);
    faults.clear();
    steps.length = 0;
    clock.advance(COMPACTION_RETRY_MS_MIN);
    await compactor.tick();
    expect([steps, told]).toEqual([DROPPED, ['EIO', 'recovered']]);
  });
});

describe('a round that copies', () => {
  it('moves what lives, and switches last', async () => {
    choices = [copy(1)];
    moves = [{ output: 0, fromSlot: 11, records: { count: 3 }, newOffset: new Uint32Array(3) }] as
      unknown as CopyResult['moves'];
    await compactor.tick();
    expect(steps).toEqual([
      'copy 1', 'syncDir', 'adopt 900', 'move 11 50', 'syncLog', 'switch -11 +50',
    ]);
    expect(reports).toMatchObject([{ inputs: 1, outputs: 1, readBytes: 70, writtenBytes: 30 }]);
    expect(compactor.status().writtenBytes).toBe(30);
  });

  it('keeps its inputs beside the outputs when changes were taken back meanwhile', async () => {
    choices = [copy(1)];
    duringStep = (name) => {
      if (name === 'adopt') takenBack += 1;
    };
    await compactor.tick();
    expect(steps.at(-1)).toBe('switch - +50');
    choices = [copy(1)];
    duringStep = () => {};
    await compactor.tick();
    expect(steps.at(-1)).toBe('switch -11 +50');
  });

  it.each(['copy', 'syncDir', 'adopt'])('whose %s fails leaves no output', async (name) => {
    choices = [copy(1)];
    faults.set(name, new Error('EIO'));
    await compactor.tick();
    expect(steps.filter((each) => each.startsWith('unlink'))).toHaveLength(6);
    expect(steps.some((each) => each.startsWith('switch'))).toBe(false);
    faults.clear();
    steps.length = 0;
    clock.advance(COMPACTION_RETRY_MS_MIN);
    await compactor.tick();
    expect(steps).toEqual(COPIED);
  });

  it('whose outputs cannot be unlinked goes on, unless that is a bug', async () => {
    choices = [copy(1)];
    faults.set('copy', new Error('EIO'));
    faults.set('unlink', new DiskError('unlink', '/data/x', new Error('gone')));
    await compactor.tick();
    expect(compactor.status().lastError).toBe('EIO');
    faults.set('unlink', new Error('a bug'));
    clock.advance(COMPACTION_RETRY_MS_MIN);
    await compactor.tick();
    expect(compactor.status().lastError).toBe('a bug');
  });

  it.each(['syncLog', 'switch'])('whose %s fails is finished before all else', async (name) => {
    choices = [copy(1)];
    faults.set(name, new Error('EIO'));
    await compactor.tick();
    choices = [];
    clock.advance(COMPACTION_RETRY_MS_MIN);
    steps.length = 0;
    await compactor.tick();
    expect(steps[0]).toBe('syncLog');
    expect(compactor.status().lastError).toBe('EIO');
    faults.clear();
    clock.advance(2 * COMPACTION_RETRY_MS_MIN);
    steps.length = 0;
    await compactor.tick();
    expect([steps, told]).toEqual([['syncLog', 'switch -11 +50'], ['EIO', 'recovered']]);
    steps.length = 0;
    await compactor.tick();
    expect(steps).toEqual([]);
  });

  it('that throws while it moves is never tried again, nor is any other', async () => {
    choices = [copy(1)];
    moves = [{ output: 0, fromSlot: 11, records: { count: 3 }, newOffset: new Uint32Array(3) }] as
      unknown as CopyResult['moves'];
    faults.set('move', new Error('a bug'));
    await compactor.tick();
    faults.clear();
    steps.length = 0;
    clock.advance(COMPACTION_RETRY_MS_MAX);
    await compactor.tick();
    await compactor.compactAll();
    expect([steps, compactor.status().lastError]).toEqual([[], 'a bug']);
  });

  it('of a damaged input is told, and that is not chosen again; the others are', async () => {
    choices = [copy(1)];
    faults.set('damaged', new Error());
    await compactor.tick();
    expect(steps).toContain('damage /data/1.log 5');
    faults.clear();
    choices = [copy(2)];
    await compactor.tick();
    // It counts, and cannot be chosen.
    expect(asked.at(-1)!.map(({ id, sealed: maybe }) => [id, maybe])).toEqual(
      [[1, false], [2, true], [3, true], [-1, false]]);
    expect(steps.at(-1)).toBe('switch -12 +50');
    expect(compactor.status().lastError).toContain('is damaged at byte 5');
    expect(told).toHaveLength(1);
  });

  it('that is stopped is no failure', async () => {
    choices = [copy(1)];
    faults.set('copy', new CopyStopped());
    await compactor.tick();
    expect([told, compactor.status().lastError]).toEqual([[], null]);
  });
});

describe('failures', () => {
  it('are tried again with growing pauses, and told once', async () => {
    choices = [drop(1)];
    faults.set('switch', new Error('EIO'));
    const pauses: number[] = [];
    let failedAt = 0;
    for (let ms = 0; pauses.length < 9; ms += 500) {
      const before = reports.length;
      await compactor.tick();
      if (reports.length > before) {
        pauses.push(ms - failedAt);
        failedAt = ms;
      }
      clock.advance(500);
    }
    expect(pauses).toEqual([0, 1000, 2000, 4000, 8000, 16_000, 32_000, 60_000, 60_000]);
    expect(told).toEqual(['EIO']);
  });

  it('that are over begin again with the shortest pause, and are told again', async () => {
    for (let round = 1; round <= 2; round += 1) {
      choices = [drop(1)];
      faults.set('switch', new Error(`EIO ${round}`));
      for (const ms of [COMPACTION_RETRY_MS_MIN, 2 * COMPACTION_RETRY_MS_MIN]) {
        await compactor.tick();
        clock.advance(ms);
      }
      faults.clear();
      await compactor.tick();
      expect(compactor.status().lastError).toBeNull();
    }
    expect(told).toEqual(['EIO 1', 'recovered', 'EIO 2', 'recovered']);
  });
});

describe('a demand', () => {
  it('rolls first, and ends with what was there then', async () => {
    choices = [copy(1), copy(2)];
    await compactor.compactAll();
    expect(steps[0]).toBe('roll');
    expect(steps.filter((each) => each.startsWith('switch'))).toEqual(
      ['switch -11 +50', 'switch -12 +50']);
    steps.length = 0;
    await compactor.tick();
    expect(steps).toEqual([]);
  });

  it('whose roll fails is over, and the next one rolls again', async () => {
    choices = [copy(1)];
    faults.set('roll', new Error('no space'));
    await compactor.compactAll();
    expect([steps, told]).toEqual([['roll'], ['no space']]);
    faults.clear();
    steps.length = 0;
    await compactor.compactAll();
    expect(steps).toEqual(['roll', ...COPIED]);
  });

  it('is refused when it has stopped, which lets the copier go', async () => {
    await compactor.stop();
    choices = [copy(1)];
    await compactor.compactAll();
    await compactor.tick();
    expect(steps).toEqual(['close']);
  });
});

it('one round runs at a time, however often it is asked for', async () => {
  choices = [copy(1)];
  const ticks = [compactor.tick(), compactor.tick(), compactor.tick()];
  expect(compactor.status().running).toBe(true);
  await Promise.all(ticks);
  expect([steps, compactor.status().running]).toEqual([COPIED, false]);
});
